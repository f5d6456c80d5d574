//! The settings of a connector's clients: the worker's settings and the connector's overrides. Overrides that the worker's policy
//! does not allow are errors of `validation`.

use weir_plugin::PluginKind;

use super::topic_creation;
use crate::client::{ClientSettings, Kind};
use crate::error::Error;
use crate::prefix::with_prefix;
use crate::worker::WorkerConfig;
use weir_plugin::ConfigMap;

/// The key that gives a sink a dead letter queue, and with it a producer and an admin client.
const DEAD_LETTER_QUEUE: &str = "errors.deadletterqueue.topic.name";

/// The settings of the clients of a connector's tasks; empty for a client that they do not have.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    pub(crate) producer: ClientSettings,
    pub(crate) consumer: ClientSettings,
    pub(crate) admin: ClientSettings,
}

/// Whether tasks of this connector have such a client, as in Kafka Connect's `AbstractHerder`. Every connector has settings for an
/// admin client, with which the worker reads and changes its offsets.
pub(crate) fn uses(kind: Kind, connector: PluginKind, config: &ConfigMap) -> bool {
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
    /// Parses the clients' settings. Adds errors to `faults`, and settings without effect to `warnings`.
    pub(crate) fn parse(
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
                // `validation` has not checked these against the policy.
                overrides.retain(|key, _| policy.check(kind, key).is_ok());
            } else if !used {
                return ClientSettings::default();
            }
            match worker.client(kind, &format!("connect-{name}"), &overrides) {
                Ok(mut client) => {
                    // The worker logged its own warnings when it started.
                    client.warnings.retain(|warning| !worker.warnings.contains(warning));
                    warnings.append(&mut client.warnings);
                    client
                }
                Err(error) => {
                    faults.push(match error.key().starts_with(kind.override_prefix()) {
                        true => error,
                        false => Error::other(error.key(), format!("{error} (set in the worker's configuration)")),
                    });
                    ClientSettings::default()
                }
            }
        };
        Self { producer: client(Kind::Producer), consumer: client(Kind::Consumer), admin: client(Kind::Admin) }
    }
}
