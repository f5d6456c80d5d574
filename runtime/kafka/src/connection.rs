//! The state of the connections of Kafka clients. librdkafka reports failures as they happen, and every few seconds which connections
//! are up. A broker that cannot be reached is logged once, then counted; a client that reaches no broker is in the status of its tasks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tracing::{debug, error, info, warn};

use super::Properties;
use super::failure_text::{broker, in_words, was_idle};
use super::statistics::{Lag, Statistics};

/// How often the log says that a broker still cannot be reached.
const LOG_INTERVAL: Duration = Duration::from_secs(60);
/// An outage without a failure for this long is over: no client needs the broker.
const FORGET: Duration = Duration::from_secs(300);

/// The connections of all Kafka clients of a worker. Cheap to clone.
#[derive(Clone, Default)]
pub struct Connections(Arc<Shared>);

#[derive(Default)]
struct Shared {
    clients: Mutex<Vec<Weak<Connection>>>,
    /// By `host:port`.
    outages: Mutex<HashMap<String, Outage>>,
}

/// A broker that cannot be reached by any client.
struct Outage {
    since: Instant,
    failures: u64,
    last: Instant,
    logged: Instant,
}

/// The connections of one client.
pub struct Connection {
    client: &'static str,
    /// `security.protocol`, in upper case.
    protocol: String,
    /// Whether librdkafka reports which connections are up.
    is_watched: bool,
    read_committed: bool,
    up: AtomicU64,
    failing: Mutex<Option<Failures>>,
    lag: Mutex<Option<Lag>>,
    all: Connections,
}

/// Failures since a connection was up the last time.
struct Failures {
    since: Instant,
    count: u64,
    reason: String,
    /// None of the client's connections is up.
    none_is_up: bool,
}

impl Failures {
    fn new() -> Self {
        Self { since: Instant::now(), count: 0, reason: String::new(), none_is_up: false }
    }
}

impl Connections {
    /// Adds the connections of a client that is about to be created. `client` is `producer`, `consumer` or `admin`.
    pub fn open(&self, client: &'static str, properties: &Properties) -> Arc<Connection> {
        let get = |key: &str| properties.get(key).map(String::as_str);
        let connection = Arc::new(Connection {
            client,
            protocol: get("security.protocol").unwrap_or("plaintext").to_uppercase(),
            is_watched: get("statistics.interval.ms").is_some_and(|interval| interval != "0"),
            read_committed: get("isolation.level") == Some("read_committed"),
            up: AtomicU64::new(0),
            failing: Mutex::default(),
            lag: Mutex::default(),
            all: self.clone(),
        });
        let mut clients = self.0.clients.lock();
        clients.retain(|client| client.strong_count() > 0);
        clients.push(Arc::downgrade(&connection));
        connection
    }

    /// Returns how many connections of producers and of consumers are up.
    pub fn up(&self) -> [(&'static str, u64); 2] {
        let clients = self.0.clients.lock();
        let of = |kind: &'static str| {
            let clients = clients.iter().filter_map(Weak::upgrade).filter(|connection| connection.client == kind);
            (kind, clients.map(|connection| connection.up.load(Ordering::Relaxed)).sum())
        };
        [of("consumer"), of("producer")]
    }

    fn failed(&self, client: &str, broker: &str, reason: &str) {
        let now = Instant::now();
        let mut outages = self.0.outages.lock();
        outages.retain(|_, outage| now.duration_since(outage.last) < FORGET);
        match outages.get_mut(broker) {
            None => {
                warn!(broker, client, reason, "Kafka broker cannot be reached; trying again");
                outages.insert(broker.to_owned(), Outage { since: now, failures: 1, last: now, logged: now });
            }
            Some(outage) => {
                outage.failures += 1;
                outage.last = now;
                if now.duration_since(outage.logged) >= LOG_INTERVAL {
                    outage.logged = now;
                    let (failures, seconds) = (outage.failures, outage.since.elapsed().as_secs());
                    warn!(broker, failures, seconds, reason, "Kafka broker still cannot be reached; trying again");
                }
            }
        }
    }

    fn reached(&self, broker: &str) {
        if let Some(outage) = self.0.outages.lock().remove(broker) {
            let (failures, seconds) = (outage.failures, outage.since.elapsed().as_secs());
            info!(broker, failures, seconds, "Kafka broker can be reached again");
        }
    }
}

impl Connection {
    /// Notes a failure that librdkafka reports. `false` if it is not about a connection.
    pub(super) fn failed(&self, error: &KafkaError, reason: &str) -> bool {
        let Some(code) = error.rdkafka_error_code().filter(|code| is_about_connections(*code)) else { return false };
        // Whatever has a broker in it was in librdkafka's log before, with more.
        if broker(reason).is_none() {
            let mut failing = self.failing.lock();
            let known = failing.get_or_insert_with(Failures::new);
            // That all brokers are down is less specific than why one of them is down.
            if known.reason.is_empty() {
                known.reason = reason.to_owned();
            }
            if code == RDKafkaErrorCode::AllBrokersDown && self.is_watched {
                known.none_is_up = true;
                self.up.store(0, Ordering::Relaxed);
            }
        }
        true
    }

    /// Forwards a line of librdkafka's log. A failed connection becomes part of an outage instead.
    pub(super) fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if facility != "FAIL" {
            return forward(level, facility, message);
        }
        // `[thrd:NAME]: REASON`.
        let reason = message.split_once("]: ").map_or(message, |(_, reason)| reason);
        debug!(target: "librdkafka", "librdkafka: FAIL {message}");
        let Some(broker) = broker(reason).filter(|_| !was_idle(reason)) else { return };
        let words = in_words(reason, &self.protocol);
        self.all.failed(self.client, broker, &words);
        let mut failing = self.failing.lock();
        let known = failing.get_or_insert_with(Failures::new);
        known.count += 1;
        known.reason = words;
    }

    /// Notes librdkafka's statistics.
    pub(super) fn statistics(&self, json: &[u8]) {
        let statistics = match Statistics::parse(json) {
            Ok(statistics) => statistics,
            Err(error) => {
                debug!(%error, "cannot parse librdkafka's statistics");
                return;
            }
        };
        let mut up = 0;
        for broker in statistics.up() {
            up += 1;
            self.all.reached(broker);
        }
        self.up.store(up, Ordering::Relaxed);
        let mut failing = self.failing.lock();
        if up > 0 {
            *failing = None;
        } else if let Some(failing) = &mut *failing {
            failing.none_is_up = true;
        }
        *self.lag.lock() = statistics.lag(self.read_committed);
    }

    /// Describes since when and why the client reaches no broker; `None` if it does, or has no need to.
    pub fn outage(&self) -> Option<String> {
        let failing = self.failing.lock();
        let Failures { since, count, reason, .. } = failing.as_ref().filter(|failing| failing.none_is_up)?;
        let (seconds, client) = (since.elapsed().as_secs(), self.client);
        Some(format!(
            "Kafka cannot be reached by the task's {client} for {seconds} s; failed attempts: {count}\nCaused by: {reason}\nNext: check \
             that the brokers run, and check bootstrap.servers and security.protocol; the task continues when a broker answers"
        ))
    }

    /// Returns the last reason why a broker could not be reached.
    pub(super) fn reason(&self) -> Option<String> {
        self.failing.lock().as_ref().map(|failing| failing.reason.clone())
    }

    /// Returns the lag of a consumer; `None` if it is not known.
    pub fn lag(&self) -> Option<Lag> {
        *self.lag.lock()
    }
}

/// The connections of the clients that one task uses.
#[derive(Debug, Default)]
pub struct TaskConnections(Mutex<Vec<Weak<Connection>>>);

impl TaskConnections {
    /// Adds a client that the task uses.
    pub fn add(&self, connection: &Arc<Connection>) {
        let mut clients = self.0.lock();
        clients.retain(|client| client.strong_count() > 0);
        if !clients.iter().any(|known| std::ptr::eq(known.as_ptr(), Arc::as_ptr(connection))) {
            clients.push(Arc::downgrade(connection));
        }
    }

    /// Returns [`Connection::outage`] of the first client that reaches no broker.
    pub fn outage(&self) -> Option<String> {
        let clients = self.0.lock();
        clients.iter().filter_map(Weak::upgrade).find_map(|client| client.outage())
    }

    /// Returns the lag of the task's consumer.
    pub fn lag(&self) -> Option<Lag> {
        let clients = self.0.lock();
        clients.iter().filter_map(Weak::upgrade).find_map(|client| client.lag())
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("client", &self.client).field("up", &self.up).finish_non_exhaustive()
    }
}

/// Whether an error says that a broker could not be reached, or was lost.
pub fn is_about_connections(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::TimedOutQueue
            | Code::NetworkException
            | Code::SSL
            | Code::Authentication
    )
}

/// Logs a line of librdkafka's log, under its own name.
fn forward(level: RDKafkaLogLevel, facility: &str, message: &str) {
    use RDKafkaLogLevel as Level;
    match level {
        Level::Emerg | Level::Alert | Level::Critical | Level::Error => {
            error!(target: "librdkafka", "librdkafka: {facility} {message}");
        }
        Level::Warning => warn!(target: "librdkafka", "librdkafka: {facility} {message}"),
        Level::Notice | Level::Info => info!(target: "librdkafka", "librdkafka: {facility} {message}"),
        Level::Debug => debug!(target: "librdkafka", "librdkafka: {facility} {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(protocol: &str) -> (Connections, Arc<Connection>) {
        let connections = Connections::default();
        let properties = [("security.protocol", protocol), ("statistics.interval.ms", "5000")];
        let properties: Properties =
            properties.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let connection = connections.open("consumer", &properties);
        (connections, connection)
    }

    const REFUSED: &str = "127.0.0.1:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)";
    const UP: &[u8] = br#"{"brokers":{"x":{"nodename":"127.0.0.1:9092","state":"UP"}},"topics":{}}"#;
    const DOWN: &[u8] = br#"{"brokers":{"x":{"nodename":"127.0.0.1:9092","state":"TRY_CONNECT"}},"topics":{}}"#;

    fn transport() -> KafkaError {
        KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure)
    }

    fn fail(connection: &Connection, reason: &str) {
        connection.log(RDKafkaLogLevel::Error, "FAIL", &format!("[thrd:x]: {reason}"));
    }

    #[test]
    fn a_client_without_any_connection_says_why_until_one_is_up() {
        let (connections, connection) = watched("plaintext");
        connection.statistics(DOWN);
        assert_eq!(connection.outage(), None, "nothing failed: there was no need for a connection yet");
        fail(&connection, REFUSED);
        // The event adds nothing to the log.
        assert!(connection.failed(&transport(), REFUSED));
        assert_eq!(connection.outage(), None, "others may be up");
        fail(&connection, REFUSED);
        connection.statistics(DOWN);
        let text = connection.outage().expect("an outage");
        assert!(text.starts_with("Kafka cannot be reached by the task's consumer for "), "{text}");
        assert!(text.contains("failed attempts: 2\n") && text.contains("failed: Connection refused\n"), "{text}");
        connection.statistics(UP);
        assert_eq!((connection.outage(), connections.up()), (None, [("consumer", 1), ("producer", 0)]));
        assert!(connections.0.outages.lock().is_empty());
    }

    #[test]
    fn a_broker_that_is_away_is_no_outage_while_another_is_up() {
        let (connections, connection) = watched("plaintext");
        connection.statistics(UP);
        fail(&connection, "b:9092/2: Connect to ipv4#b failed: Connection refused");
        assert_eq!(connection.outage(), None);
        assert!(connection.failed(&KafkaError::Global(RDKafkaErrorCode::AllBrokersDown), "2/2 brokers are down"));
        assert!(connection.outage().is_some_and(|text| text.contains("b:9092/2: Connect to")));
        assert_eq!(connections.up()[0], ("consumer", 0));
        assert_eq!(connections.0.outages.lock().keys().collect::<Vec<_>>(), ["b:9092"]);
    }

    #[test]
    fn a_task_says_what_the_first_of_its_clients_cannot_do() {
        let task = TaskConnections::default();
        let (_, good) = watched("plaintext");
        let (_, bad) = watched("plaintext");
        task.add(&good);
        task.add(&bad);
        task.add(&bad);
        assert_eq!(task.0.lock().len(), 2);
        assert_eq!(task.outage(), None);
        fail(&bad, REFUSED);
        bad.statistics(DOWN);
        assert!(task.outage().is_some());
        drop(bad);
        assert_eq!(task.outage(), None);
    }

    #[test]
    fn what_is_not_about_connections_is_left_to_others() {
        let (_, connection) = watched("plaintext");
        let error = KafkaError::MessageConsumption(RDKafkaErrorCode::UnknownTopicOrPartition);
        assert!(!connection.failed(&error, "Subscribed topic not available: t: Broker: Unknown topic or partition"));
    }

    #[test]
    fn a_connection_that_a_broker_closes_because_it_is_idle_is_no_failure() {
        let (_, connection) = watched("plaintext");
        let idle =
            "b:9092/1: Disconnected: connection closed by peer: receive 0 after POLLIN (after 60012ms in state UP)";
        fail(&connection, idle);
        connection.statistics(DOWN);
        assert_eq!(connection.outage(), None);
    }
}
