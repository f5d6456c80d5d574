//! The offsets topics.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use weir_storage::offsets::{Entry, Error, Limits, OffsetStore, StoreFuture, UnionOffsets};
use weir_storage::topics::offsets::{OffsetsState, source_offset};

use super::{read, run_cases, text};

const LIMITS: Limits = Limits { partitions: 1000, bytes: 1 << 20, total: 1 << 20 };

/// A topic whose records are kept in a list, and in a state if they are read.
struct Topic {
    name: &'static str,
    is_down: bool,
    state: Mutex<OffsetsState>,
    sent: Arc<Mutex<Vec<Value>>>,
}

impl Topic {
    fn new(name: &'static str, fails: &Value, sent: &Arc<Mutex<Vec<Value>>>) -> Arc<Self> {
        Arc::new(Self { name, is_down: fails == name, state: Mutex::default(), sent: Arc::clone(sent) })
    }
}

impl OffsetStore for Topic {
    fn get<'a>(&'a self, connector: &'a str, partitions: &'a [String]) -> StoreFuture<'a, Vec<Option<String>>> {
        let state = self.state.lock();
        let offsets = partitions.iter().map(|partition| state.get(connector, partition).map(str::to_owned)).collect();
        Box::pin(std::future::ready(Ok(offsets)))
    }

    fn all<'a>(&'a self, connector: &'a str) -> StoreFuture<'a, Vec<(String, String)>> {
        let state = self.state.lock();
        let all = state.all(connector).map(|(partition, offset)| (partition.to_owned(), offset.to_owned())).collect();
        Box::pin(std::future::ready(Ok(all)))
    }

    fn texts<'a>(&'a self, connector: &'a str, partitions: Vec<String>) -> StoreFuture<'a, Vec<String>> {
        let state = self.state.lock();
        let stored = |partition: String| state.text(connector, &partition).map(str::to_owned).unwrap_or(partition);
        let texts = partitions.into_iter().map(stored).collect();
        Box::pin(std::future::ready(Ok(texts)))
    }

    fn set<'a>(&'a self, connector: &'a str, entries: Vec<Entry>) -> StoreFuture<'a, ()> {
        let entries = self.state.lock().prepare(&LIMITS, connector, entries).expect("within the limits");
        for (partition, offset) in entries {
            let record = source_offset(connector, &partition, offset.as_deref());
            let value = record.value.map(|value| String::from_utf8(value).expect("UTF-8"));
            self.sent.lock().push(json!({"topic": self.name, "key": record.key, "value": value}));
        }
        let cause = || Arc::from(Box::<dyn std::error::Error + Send + Sync>::from("no answer"));
        let error = || Error::Topic { action: "write", topic: self.name.to_owned(), cause: cause() };
        Box::pin(std::future::ready(if self.is_down { Err(error()) } else { Ok(()) }))
    }

    fn failures(&self) -> u64 {
        0
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

#[test]
fn the_offsets_topics_are_written_as_by_kafka_connect() {
    run_cases("write-offsets", |case| {
        let sent = Arc::default();
        let worker = Topic::new("worker", &case["fails"], &sent);
        let store: Arc<dyn OffsetStore> = match case["own_topic"] == true {
            true => Arc::new(UnionOffsets::new(Topic::new("connector", &case["fails"], &sent), worker)),
            false => worker,
        };
        let entry = |entry: &Value| {
            let text = |member: &str| serde_json::to_string(&entry[member]).expect("JSON");
            (text("partition"), (!entry["offset"].is_null()).then(|| text("offset")))
        };
        let entries = case["offsets"].as_array().expect("offsets").iter().map(entry).collect();
        let done = run(async {
            let done = store.set(text(case, "connector"), entries).await;
            // Copies to the worker's topic are written by a task of their own, which never waits here.
            tokio::task::yield_now().await;
            done
        });
        json!({"records": *sent.lock(), "ok": done.is_ok()})
    });
}

#[test]
fn the_offsets_topics_are_read_as_by_kafka_connect() {
    run_cases("read-offsets", |case| {
        let sent = Arc::default();
        let topic = |name, list: &str| {
            let topic = Topic::new(name, &Value::Null, &sent);
            read(case, list, |record| topic.state.lock().apply(record));
            topic
        };
        let worker = topic("worker", "read");
        let store: Arc<dyn OffsetStore> = match case["read_own"].is_array() {
            true => Arc::new(UnionOffsets::new(topic("connector", "read_own"), worker)),
            false => worker,
        };
        let connector = text(case, "connector");
        let asked: Vec<String> = case["ask"].as_array().expect("partitions").iter().map(Value::to_string).collect();
        let (found, all) = run(async {
            (store.get(connector, &asked).await.expect("offsets"), store.all(connector).await.expect("offsets"))
        });
        let json = |text: Option<String>| text.map(|text| serde_json::from_str::<Map<_, _>>(&text).expect("an object"));
        let partitions: Vec<String> = all.into_iter().map(|(partition, _)| partition).collect();
        json!({"partitions": partitions, "found": found.into_iter().map(json).collect::<Vec<_>>()})
    });
}
