//! The stores of a cluster on a real Apache Kafka, each opened by two workers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::sync::mpsc;
use tokio::time::timeout;
use weir_api::{ConnectorTaskId, State, TargetState};
use weir_kafka::Properties;
use weir_kafka::admin::Admins;
use weir_kafka::compacted::{CompactedTopic, FencedWriteError, KeyValue, TopicKeys, TopicWriter};
use weir_kafka::connection::Connections;
use weir_storage::cluster::{ConfigError, ConfigTopic, Leadership, StatusTopic, TopicClients, TopicSettings};
use weir_storage::offsets::{Limits, OffsetStore, TopicOffsets, UnionOffsets};
use weir_storage::topics::config::{self, ConfigEvent, Properties as Config, RestartRequest, SessionKey};
use weir_storage::topics::status::{Status, TopicStatus};
use weir_tests::{kafka, topics};

/// Longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);
const OFFSETS: Limits = Limits { partitions: 10, bytes: 1 << 20, total: 1 << 20 };

fn properties(more: &[(&str, &str)]) -> Result<Properties> {
    let all = [("bootstrap.servers", kafka::bootstrap()?)].into_iter().chain(more.iter().copied());
    Ok(all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

/// The clients of one worker.
async fn clients(name: &str, partitions: i32, isolation: &str) -> Result<TopicClients> {
    let keys = TopicKeys {
        name: "config.storage.topic",
        purpose: "connector configurations",
        creation: "internal.topics.automatic.creation.enable",
    };
    let topic = CompactedTopic {
        name: topics::unique(name),
        keys,
        partitions,
        is_single: partitions == 1,
        replication_factor: 1,
        settings: BTreeMap::new(),
        is_created: true,
    };
    let settings = TopicSettings {
        topic,
        consumer: properties(&[("group.id", "cluster-topics"), ("isolation.level", isolation)])?,
        producer: properties(&[])?,
        admin: Admins::default().get(&properties(&[])?)?,
        connections: Connections::default(),
        limit: LIMIT,
        pause: PAUSE,
    };
    Ok(TopicClients::prepare(settings).await?)
}

fn config(entries: &[(&str, &str)]) -> Config {
    entries.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect()
}

async fn next(events: &mut mpsc::UnboundedReceiver<ConfigEvent>) -> Result<ConfigEvent> {
    timeout(LIMIT, events.recv()).await?.context("the topic is read")
}

fn task(connector: &str, task: u32) -> ConnectorTaskId {
    ConnectorTaskId { connector: connector.to_owned(), task }
}

#[tokio::test]
async fn a_change_of_the_leader_is_visible_when_it_returns_and_reaches_all_workers() -> Result<()> {
    let clients = clients("cl-configs", 1, "read_committed").await?;
    let id = topics::unique("connect-cluster-cl-configs");
    let (leader, _) = ConfigTopic::open(&clients, Leadership::Fenced(&id)).await?;
    let error = leader.remove_connector("a").await.expect_err("not claimed");
    ensure!(matches!(error, ConfigError::Privileged(FencedWriteError::Unclaimed)), "{error}");
    leader.claim(LIMIT).await?;
    // Before the other worker has started: it has no effect there.
    leader.put_restart(&RestartRequest { connector: "a".into(), only_failed: true, include_tasks: true }).await?;
    let (follower, mut events) = ConfigTopic::open(&clients, Leadership::Fenced(&id)).await?;

    let source = config(&[("connector.class", "S"), ("name", "a")]);
    leader.put_connector("a", &source, Some(TargetState::Paused)).await?;
    let state = leader.snapshot();
    assert_eq!(state.config("a").map(|config| &**config), Some(&source));
    assert_eq!(state.target("a"), Some(TargetState::Paused));
    assert_eq!(next(&mut events).await?, ConfigEvent::ConnectorChanged { connector: "a".into(), is_new: true });

    leader.put_tasks("a", &[config(&[("task", "0")]), config(&[("task", "1")])]).await?;
    let state = leader.snapshot();
    assert_eq!(state.tasks("a").collect::<Vec<_>>(), [task("a", 0), task("a", 1)]);
    ensure!(state.is_fencing_pending("a") && state.generation("a") == Some(0), "{state:?}");
    let changed = vec![task("a", 0), task("a", 1)];
    assert_eq!(next(&mut events).await?, ConfigEvent::TasksChanged { connector: "a".into(), tasks: changed });
    leader.put_fenced_tasks("a", 2).await?;
    assert_eq!(leader.snapshot().fenced_tasks("a"), Some(2));
    assert_eq!(next(&mut events).await?, ConfigEvent::TasksFenced("a".into()));

    // Any worker.
    follower.put_target("a", TargetState::Started).await?;
    assert_eq!(next(&mut events).await?, ConfigEvent::TargetChanged("a".into()));
    follower.put_logger_level("root", "DEBUG").await?;
    let level = ConfigEvent::LoggerLevel { namespace: "root".into(), level: "DEBUG".into() };
    assert_eq!(next(&mut events).await?, level);
    leader.refresh(LIMIT).await?;
    assert_eq!(leader.snapshot().target("a"), Some(TargetState::Started));

    let key = SessionKey { key: vec![1, 2, 3], algorithm: "HmacSHA256".into(), created: 1_750_000_000_000 };
    leader.put_session_key(&key).await?;
    assert_eq!(leader.snapshot().session_key(), Some(&key));
    assert_eq!(next(&mut events).await?, ConfigEvent::SessionKey(key));

    leader.remove_connector("a").await?;
    assert_eq!(leader.snapshot().config("a"), None);
    assert_eq!(next(&mut events).await?, ConfigEvent::ConnectorRemoved("a".into()));
    Ok(())
}

#[tokio::test]
async fn a_deposed_leader_cannot_change_connectors_and_a_half_written_set_has_no_effect() -> Result<()> {
    let clients = clients("cl-deposed", 1, "read_committed").await?;
    let id = topics::unique("connect-cluster-cl-deposed");
    let (old, _) = ConfigTopic::open(&clients, Leadership::Fenced(&id)).await?;
    let (new, _) = ConfigTopic::open(&clients, Leadership::Fenced(&id)).await?;
    old.claim(LIMIT).await?;
    old.put_connector("a", &config(&[("v", "1")]), None).await?;
    old.put_tasks("a", &[config(&[("v", "1")])]).await?;
    new.claim(LIMIT).await?;
    let error = old.put_connector("a", &config(&[("v", "2")]), None).await.expect_err("fenced");
    ensure!(matches!(error, ConfigError::Privileged(FencedWriteError::Fenced { .. })), "{error}");
    ensure!(
        error.to_string().starts_with("Failed to write to config topic; this may be due to a transient error"),
        "{error}"
    );

    // A leader that ended between the configurations of tasks and their commit.
    let writer = TopicWriter::open(clients.topic(), &properties(&[])?, &Connections::default())?;
    let half = config::task_config("a", 0, [("v", Some("half"))]);
    writer.write(&[KeyValue { key: half.key.as_bytes(), value: half.value.as_deref() }]).await?;
    new.refresh(LIMIT).await?;
    let value = |topic: &ConfigTopic| topic.snapshot().task_config("a", 0).and_then(|config| config["v"].clone());
    assert_eq!(value(&new).as_deref(), Some("1"));
    assert_eq!(new.snapshot().config("a").and_then(|config| config["v"].clone()).as_deref(), Some("1"));
    new.put_tasks("a", &[config(&[("v", "3")])]).await?;
    assert_eq!(value(&new).as_deref(), Some("3"));
    let (later, _) = ConfigTopic::open(&clients, Leadership::Unfenced).await?;
    assert_eq!(*later.snapshot(), *new.snapshot());
    Ok(())
}

fn status(state: State, worker: &str, generation: i32) -> Status {
    Status { state, trace: None, worker_id: worker.to_owned(), generation, version: Some("1".to_owned()) }
}

#[tokio::test]
async fn the_status_of_a_worker_that_has_lost_a_task_does_not_replace_the_new_ones() -> Result<()> {
    let clients = clients("cl-statuses", 5, "read_uncommitted").await?;
    let (old, new) = (StatusTopic::open(&clients).await?, StatusTopic::open(&clients).await?);
    let of = |topic: &StatusTopic| topic.with_state(|state| state.task(&task("a", 0)).cloned());
    old.put_connector("a", &status(State::Running, "old:1", 1));
    old.put_task(&task("a", 0), &status(State::Running, "old:1", 1));
    timeout(LIMIT, old.flush()).await?;
    new.put_task(&task("a", 0), &status(State::Running, "new:1", 2));
    timeout(LIMIT, new.flush()).await?;

    // It has not read the new status, so that it writes; readers ignore it.
    old.put_task(&task("a", 0), &status(State::Unassigned, "old:1", 1));
    timeout(LIMIT, old.flush()).await?;
    for topic in [&old, &new] {
        topic.read_to_end().await?;
        assert_eq!(of(topic), Some(status(State::Running, "new:1", 2)));
    }
    // It has read it, so that it does not write.
    let before = topics::count(kafka::bootstrap()?, clients.topic())?;
    old.put_task_safely(&task("a", 0), &status(State::Failed, "old:1", 1));
    timeout(LIMIT, old.flush()).await?;
    assert_eq!(topics::count(kafka::bootstrap()?, clients.topic())?, before);
    new.put_task_safely(&task("a", 0), &status(State::Failed, "new:1", 2));
    // Larger than a record may be. It does not prevent the others.
    let large = Status { trace: Some("x".repeat(2 << 20)), ..status(State::Failed, "new:1", 2) };
    new.put_task(&task("a", 1), &large);
    new.put_topic(&TopicStatus { topic: "t".into(), connector: "a".into(), task: 0, discovered: 5 });
    timeout(LIMIT, new.flush()).await?;
    old.read_to_end().await?;
    assert_eq!(of(&old).map(|status| status.state), Some(State::Failed));
    ensure!(old.with_state(|state| state.has_topic("a", "t")), "the connector uses it");
    assert_eq!(old.with_state(|state| state.task(&task("a", 1)).cloned()), None);

    new.remove_topic("a", "t");
    new.remove_task(&task("a", 0));
    new.remove_connector("a");
    timeout(LIMIT, new.flush()).await?;
    let third = StatusTopic::open(&clients).await?;
    ensure!(third.with_state(|state| state.connectors().next().is_none() && !state.has_topic("a", "t")), "deleted");
    assert_eq!(of(&third), None);
    Ok(())
}

#[tokio::test]
async fn offsets_that_one_worker_has_stored_are_those_that_another_one_starts_with() -> Result<()> {
    let clients = clients("cl-offsets", 25, "read_committed").await?;
    let (one, two) = (TopicOffsets::open(&clients, OFFSETS).await?, TopicOffsets::open(&clients, OFFSETS).await?);
    let entry = |partition: &str, offset: Option<&str>| (partition.to_owned(), offset.map(str::to_owned));
    one.set("a", vec![entry(r#"{"b":1,"a":"x"}"#, Some(r#"{"o":1}"#)), entry(r#"{"p":2}"#, Some(r#"{"o":2}"#))])
        .await?;
    // An operator writes the partition in another way; the record of the source is replaced.
    two.set("a", vec![]).await?;
    assert_eq!(two.get("a", &[r#"{"a":"x","b":1}"#.to_owned()]).await?, [Some(r#"{"o":1}"#.to_owned())]);
    two.set("a", vec![entry(r#"{ "a": "x", "b": 1 }"#, Some(r#"{ "o": 3 }"#)), entry(r#"{"p":2}"#, None)]).await?;
    assert_eq!(one.all("a").await?, [(r#"{"b":1,"a":"x"}"#.to_owned(), r#"{"o":3}"#.to_owned())]);
    let keys: Vec<_> =
        topics::read(kafka::bootstrap()?, clients.topic())?.into_iter().map(|record| record.key).collect();
    let key = |key: &str| keys.iter().filter(|known| known.as_deref() == Some(key.as_bytes())).count();
    assert_eq!((key(r#"["a",{"b":1,"a":"x"}]"#), key(r#"["a",{"p":2}]"#), keys.len()), (2, 2, 4));

    let many = (0..11).map(|number| entry(&format!("{{\"n\":{number}}}"), Some("{}"))).collect();
    ensure!(one.set("b", many).await.is_err(), "more than a connector may have");
    Ok(())
}

#[tokio::test]
async fn a_connector_with_a_topic_of_its_own_starts_with_the_offsets_in_the_workers() -> Result<()> {
    let worker = Arc::new(TopicOffsets::open(&clients("cl-worker", 5, "read_committed").await?, OFFSETS).await?);
    let own = Arc::new(TopicOffsets::open(&clients("cl-own", 5, "read_committed").await?, OFFSETS).await?);
    let partition = |number: u32| format!("{{\"p\":{number}}}");
    let entry = |number: u32, offset: Option<&str>| (partition(number), offset.map(str::to_owned));
    worker.set("a", vec![entry(1, Some(r#"{"o":1}"#)), entry(2, Some(r#"{"o":2}"#))]).await?;
    let both = UnionOffsets::new(own.clone(), worker.clone());
    both.set("a", vec![entry(2, Some(r#"{"o":20}"#))]).await?;
    let found = both.get("a", &[partition(1), partition(2)]).await?;
    assert_eq!(found, [Some(r#"{"o":1}"#.to_owned()), Some(r#"{"o":20}"#.to_owned())]);
    assert_eq!(own.all("a").await?.len(), 1);
    let copied = async {
        while worker.get("a", &[partition(2)]).await? != [Some(r#"{"o":20}"#.to_owned())] {
            tokio::time::sleep(PAUSE).await;
        }
        anyhow::Ok(())
    };
    timeout(LIMIT, copied).await??;
    both.set("a", vec![entry(1, None), entry(2, None)]).await?;
    assert_eq!((both.all("a").await?.len(), worker.all("a").await?.len(), own.all("a").await?.len()), (0, 0, 0));
    Ok(())
}
