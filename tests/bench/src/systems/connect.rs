//! Kafka Connect's standalone worker, with the JVM that its own script gives it.

use std::time::Instant;

use anyhow::Result;
use weir_tests::rest::Rest;
use weir_tests::{connect, jars};

use super::{Running, Setup, System};
use crate::sample::Name;

/// What `connect-standalone.sh` and `kafka-run-class.sh` pass to `java`.
pub(crate) const JVM: [&str; 7] = [
    "-Xms256M",
    "-Xmx2G",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
];

/// Keys of the worker's file with which it needs less CPU, as `weir-bench --tune` finds them.
pub(crate) const TUNING: &[(&str, &str)] = &[
    ("producer.batch.size", "262144"),
    ("producer.linger.ms", "50"),
    ("consumer.max.poll.records", "10000"),
    ("consumer.max.partition.fetch.bytes", "8388608"),
];

/// The jar with the sink that drops every row.
const TEST_PLUGINS: &str = "connect-test-plugins";

/// Kafka Connect with one broker.
pub(crate) struct Connect {
    pub(crate) bootstrap: String,
}

impl System for Connect {
    fn name(&self) -> Name {
        Name::KafkaConnect
    }

    fn launch(&self, setup: &Setup) -> Result<Box<dyn Running>> {
        let tuning = if setup.tuned { TUNING } else { &[] };
        let properties = tuning.iter().chain(&setup.properties);
        let setup = connect::Setup {
            jvm: JVM.into(),
            // As its own configuration of log4j has it.
            log_level: "info",
            properties: properties.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            jars: if setup.discard { vec![jars::another(TEST_PLUGINS)?] } else { Vec::new() },
            distributed: false,
        };
        let mut connect = connect::Connect::launch(&self.bootstrap, &setup)?;
        connect.process().quiet();
        let (id, started) = (connect.process().id(), connect.process().started());
        Ok(Box::new(RunningConnect { connect, id, started }))
    }
}

struct RunningConnect {
    connect: connect::Connect,
    id: u32,
    started: Instant,
}

impl Running for RunningConnect {
    fn wait_healthy(&mut self) -> Result<()> {
        self.connect.wait_healthy()
    }

    fn rest(&self) -> Rest {
        self.connect.rest().clone()
    }

    fn process(&self) -> u32 {
        self.id
    }

    fn started(&self) -> Instant {
        self.started
    }

    fn check_runs(&mut self) -> Result<(), String> {
        self.connect.process().check_runs()
    }

    fn tail(&mut self) -> String {
        self.connect.process().tail()
    }
}
