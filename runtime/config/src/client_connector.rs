//! The clients of one connector: the worker's settings, and the connector's overrides on top. Overrides that the worker does not
//! allow are refused by `validation`.

use weir_plugin::PluginKind;

use super::client::{Client, Kind};
use super::error::Error;
use super::topic_creation;
use super::worker::{WorkerConfig, with_prefix};
use weir_plugin::ConfigMap;

/// The key that gives a sink a dead letter queue, and with it a producer and an admin client.
const DEAD_LETTER_QUEUE: &str = "errors.deadletterqueue.topic.name";

/// The clients that a connector's tasks have. One they do not have has no settings.
#[derive(Debug, Default)]
pub(super) struct Clients {
    pub(super) producer: Client,
    pub(super) consumer: Client,
    pub(super) admin: Client,
}

/// Whether tasks of this connector have such a client, as Kafka Connect's `AbstractHerder` has it. Every connector is given settings
/// for an admin client, because the worker asks about its offsets with it.
pub(super) fn uses(kind: Kind, connector: PluginKind, config: &ConfigMap) -> bool {
    let is_sink = connector == PluginKind::Sink;
    let has_queue = || config.get(DEAD_LETTER_QUEUE).is_some_and(|topic| !topic.trim().is_empty());
    match kind {
        Kind::Producer => !is_sink || has_queue(),
        Kind::Consumer => is_sink,
        Kind::Admin if is_sink => has_queue(),
        Kind::Admin => topic_creation::is_asked_for(config),
    }
}

impl Clients {
    /// Parses the clients' settings. What is wrong with them goes to `faults`, what has no effect to `warnings`.
    pub(super) fn parse(
        name: &str,
        connector: PluginKind,
        config: &ConfigMap,
        worker: &WorkerConfig,
        faults: &mut Vec<Error>,
        warnings: &mut Vec<String>,
    ) -> Self {
        let mut client = |kind: Kind| {
            let mut overrides: ConfigMap = with_prefix(config, kind.override_prefix());
            let used = uses(kind, connector, config);
            let policy = &worker.override_policy;
            if !used && kind == Kind::Admin {
                // Nobody has said no to these yet.
                overrides.retain(|key, _| policy.check(kind, key).is_ok());
            } else if !used {
                return Client::default();
            }
            match worker.client(kind, &format!("connect-{name}"), &overrides) {
                Ok(mut client) => {
                    // The worker's own lines were said when it started.
                    client.warnings.retain(|warning| !worker.warnings.contains(warning));
                    warnings.append(&mut client.warnings);
                    client
                }
                Err(error) => {
                    faults.push(match error.key().starts_with(kind.override_prefix()) {
                        true => error,
                        false => Error::other(error.key(), format!("{error} (set in the worker's configuration)")),
                    });
                    Client::default()
                }
            }
        };
        Self { producer: client(Kind::Producer), consumer: client(Kind::Consumer), admin: client(Kind::Admin) }
    }
}
