//! Requests of the worker about the Kafka cluster itself.

use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::producer::{BaseProducer, Producer as _};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::admin_context::AdminContext;
use super::connection::Connections;
use super::{Properties, client_config};

/// How long a thread waits for a response before it checks whether it should continue.
const LOOK: Duration = Duration::from_millis(500);
/// Events that are served after each attempt. A failed connection causes a few.
const EVENTS: usize = 100;

/// The cluster's id is not known. The first line is Kafka Connect's.
#[derive(Debug, thiserror::Error)]
#[error(
    "Failed to connect to and describe Kafka cluster. Check worker's broker connection and security properties.\n  Caused by: {0}"
)]
pub struct Unreachable(String);

/// Asks the cluster for its id, as Kafka Connect does before anything else. The client is closed after the answer.
///
/// # Errors
///
/// No broker answers within `limit`, or one refuses this client. Safe to drop.
pub async fn look_up(
    properties: &Properties,
    connections: &Connections,
    limit: Duration,
) -> Result<String, Unreachable> {
    let context = AdminContext::new(&connections.open("admin", properties));
    let client: Result<BaseProducer<AdminContext>, _> =
        BaseProducer::from_config_and_context(&client_config(properties), context);
    let client = client
        .map_err(|error| Unreachable(format!("cannot create a Kafka client from the worker configuration: {error}")))?;
    let stop = CancellationToken::new();
    // The thread ends when the answer is not waited for any more.
    let _stop = stop.clone().drop_guard();
    let asked = tokio::task::spawn_blocking(move || ask(&client, limit, &stop));
    let id = asked.await.unwrap_or_else(|panic| Err(Unreachable(panic.to_string())))?;
    info!(kafka_cluster_id = id, "connected to Kafka");
    Ok(id)
}

fn ask(client: &BaseProducer<AdminContext>, limit: Duration, stop: &CancellationToken) -> Result<String, Unreachable> {
    let began = Instant::now();
    loop {
        let left = limit.saturating_sub(began.elapsed());
        let id = client.client().fetch_cluster_id(left.min(LOOK));
        (0..EVENTS).for_each(|_| client.poll(Duration::ZERO));
        let context = client.context();
        if let Some(id) = id {
            return Ok(id);
        }
        if let Some(reason) = context.take_refusal() {
            return Err(Unreachable(reason));
        }
        if left.is_zero() || stop.is_cancelled() {
            let reason = context.connection.reason().map_or(String::new(), |reason| format!(": {reason}"));
            return Err(Unreachable(format!(
                "no answer within {} ms (default.api.timeout.ms){reason}",
                limit.as_millis()
            )));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dev_broker::DevBroker;

    async fn asked(address: String, limit: Duration) -> Result<String, Unreachable> {
        let properties = Properties::from([("bootstrap.servers".to_owned(), address)]);
        look_up(&properties, &Connections::default(), limit).await
    }

    #[tokio::test]
    async fn a_cluster_that_answers_has_an_id() {
        let broker = DevBroker::start().expect("a broker");
        let id = asked(broker.bootstrap_servers(), Duration::from_secs(60)).await.expect("an id");
        assert!(!id.is_empty());
    }

    #[tokio::test]
    async fn a_cluster_that_does_not_answer_is_given_up_with_the_reason() {
        let text =
            asked("127.0.0.1:1".to_owned(), Duration::from_millis(700)).await.expect_err("no answer").to_string();
        assert!(text.starts_with("Failed to connect to and describe Kafka cluster. Check worker's broker"), "{text}");
        assert!(text.contains("no answer within 700 ms") && text.contains("Connection refused"), "{text}");
    }
}
