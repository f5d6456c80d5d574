//! The few of librdkafka's statistics that Weir uses: which connections are up, and the lag of a consumer.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

/// librdkafka's statistics of one client at one time.
#[derive(Deserialize)]
pub(super) struct Statistics<'a> {
    #[serde(borrow, default)]
    brokers: HashMap<Cow<'a, str>, Broker<'a>>,
    #[serde(borrow, default)]
    topics: HashMap<Cow<'a, str>, Topic<'a>>,
}

#[derive(Deserialize)]
struct Broker<'a> {
    #[serde(borrow, default)]
    nodename: Cow<'a, str>,
    #[serde(borrow, default)]
    state: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Topic<'a> {
    #[serde(borrow, default)]
    partitions: HashMap<Cow<'a, str>, Partition<'a>>,
}

/// Offsets are negative where nothing is known.
#[derive(Deserialize)]
struct Partition<'a> {
    #[serde(borrow, default)]
    fetch_state: Cow<'a, str>,
    #[serde(default = "unknown")]
    app_offset: i64,
    #[serde(default = "unknown")]
    committed_offset: i64,
    /// The end of the partition.
    #[serde(default = "unknown")]
    hi_offset: i64,
    /// The end of what is committed by transactions.
    #[serde(default = "unknown")]
    ls_offset: i64,
}

fn unknown() -> i64 {
    -1
}

/// How many records a consumer has not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// The sum over all its partitions.
    pub total: u64,
    /// Of the partition that has most.
    pub largest: u64,
}

impl<'a> Statistics<'a> {
    pub(super) fn parse(json: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(json)
    }

    /// Returns the `host:port` of each connection that is up.
    pub(super) fn up(&self) -> impl Iterator<Item = &str> {
        let up = self.brokers.values().filter(|broker| matches!(&*broker.state, "UP" | "REAUTH"));
        up.map(|broker| &*broker.nodename)
    }

    /// Returns the lag; `None` if the consumer has no partition whose position and end are known. With `read_committed`, the end is where
    /// open transactions begin.
    pub(super) fn lag(&self, read_committed: bool) -> Option<Lag> {
        let partitions = self.topics.values().flat_map(|topic| topic.partitions.values());
        let lags = partitions.filter_map(|partition| partition.lag(read_committed));
        lags.fold(None, |sum: Option<Lag>, lag| {
            let sum = sum.unwrap_or(Lag { total: 0, largest: 0 });
            Some(Lag { total: sum.total.saturating_add(lag), largest: sum.largest.max(lag) })
        })
    }
}

impl Partition<'_> {
    fn lag(&self, read_committed: bool) -> Option<u64> {
        // Those that the task no longer has stay in the statistics.
        if self.fetch_state != "active" {
            return None;
        }
        let position = if self.app_offset >= 0 { self.app_offset } else { self.committed_offset };
        let end = if read_committed { self.ls_offset } else { self.hi_offset };
        (position >= 0 && end >= 0).then(|| u64::try_from(end.saturating_sub(position)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_that_of_the_partitions_which_are_read() {
        let json = br#"{"name":"c","brokers":{},"topics":{"t":{"topic":"t","partitions":{
            "0":{"fetch_state":"active","app_offset":5,"committed_offset":3,"hi_offset":12,"ls_offset":8},
            "1":{"fetch_state":"active","app_offset":-1001,"committed_offset":10,"hi_offset":11,"ls_offset":11},
            "2":{"fetch_state":"none","app_offset":0,"hi_offset":100},
            "3":{"fetch_state":"active","app_offset":-1001,"committed_offset":-1001,"hi_offset":100},
            "-1":{"fetch_state":"none","app_offset":-1001,"hi_offset":-1001}}}}}"#;
        let statistics = Statistics::parse(json).expect("JSON");
        assert_eq!(statistics.lag(false), Some(Lag { total: 8, largest: 7 }));
        assert_eq!(statistics.lag(true), Some(Lag { total: 4, largest: 3 }));
        assert_eq!(Statistics::parse(b"{}").expect("JSON").lag(false), None);
    }

    #[test]
    fn connections_that_are_being_made_are_not_up() {
        let json =
            br#"{"brokers":{"a":{"nodename":"a:1","state":"UP"},"b":{"nodename":"b:1","state":"APIVERSION_QUERY"}}}"#;
        assert_eq!(Statistics::parse(json).expect("JSON").up().collect::<Vec<_>>(), ["a:1"]);
    }
}
