//! The settings of one connector that do not depend on its plugins, and Weir's own objections to its configuration. Kafka Connect's
//! objections are found by `validation`.

pub(crate) mod clients;
mod errors;
pub(crate) mod steps;
mod subscription;
#[cfg(test)]
mod tests;
pub mod topic_creation;
pub(crate) mod unknown;

pub use errors::{DeadLetterQueue, Errors};
pub use subscription::Subscription;

use std::collections::HashMap;
use std::time::Duration;

use weir_plugin::{Limits, PluginInfo, PluginKind};

use self::clients::Clients;
use self::steps::{Predicate, Step};
use self::topic_creation::TopicCreation;
use crate::converter::{ConverterSetting, ConverterSettings};
use crate::error::Error;
use crate::keys::KeyReader;
use crate::prefix::with_prefix;
use crate::restart_policy::RestartPolicy;
use crate::worker::WorkerConfig;
use weir_plugin::ConfigMap;

/// The settings that all connectors have.
#[derive(Debug)]
pub(crate) struct ConnectorSettings {
    pub(crate) tasks_max: u32,
    pub(crate) tasks_max_enforce: bool,
    pub(crate) converters: ConverterSettings,
    pub(crate) steps: Vec<Step>,
    /// All predicates that are listed, whether or not a step uses them.
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) errors: Errors,
    /// `None` for a source.
    pub(crate) subscription: Option<Subscription>,
    /// The worker's limits, or the connector's lower ones.
    pub(crate) limits: Limits,
    /// The worker's policy, or the connector's own.
    pub(crate) restarts: RestartPolicy,
    pub(crate) clients: Clients,
    /// The topics that a source creates; `None` if it leaves that to the broker.
    pub(crate) topic_creation: Option<TopicCreation>,
    /// One line for each key that has no effect.
    pub(crate) warnings: Vec<String>,
    /// Weir's objections. If there are none and `validation` finds no errors either, all settings above are valid.
    pub(crate) faults: Vec<Error>,
}

impl ConnectorSettings {
    /// Parses the settings of a connector whose class is `plugin`.
    pub(crate) fn parse(name: &str, config: &ConfigMap, plugin: &PluginInfo, worker: &WorkerConfig) -> Self {
        let kind = plugin.kind;
        let mut warnings = unknown::without_effect(config, kind);
        let mut faults = unknown::of_weir(config, plugin);
        let steps = steps::parse(config);
        faults.extend(steps.errors);
        // `validation` reports the reader's errors, in the order of Kafka Connect's definitions.
        let mut reader = KeyReader::connector(config);
        let subscription = (kind == PluginKind::Sink).then(|| Subscription::read(&mut reader, &mut faults));
        if kind == PluginKind::Source {
            check_exactly_once(&mut reader, &mut faults);
        }
        let tasks_max = reader.optional_number("tasks.max").and_then(|max| u32::try_from(max).ok());
        Self {
            tasks_max: tasks_max.unwrap_or(1),
            tasks_max_enforce: reader.flag("tasks.max.enforce"),
            converters: ConverterSettings {
                key: converter(config, "key.converter", &worker.converters.key),
                value: converter(config, "value.converter", &worker.converters.value),
                header: converter(config, "header.converter", &worker.converters.header),
            },
            steps: steps.steps,
            predicates: steps.predicates,
            errors: Errors::read(&mut reader, kind),
            subscription,
            limits: limits(&mut reader, worker.limits, &mut faults),
            restarts: restarts(&mut reader, worker.restarts, &mut faults),
            clients: Clients::parse(name, kind, config, worker, &mut faults, &mut warnings),
            topic_creation: match kind {
                PluginKind::Source => TopicCreation::parse(config, &mut faults),
                _ => None,
            },
            warnings,
            faults,
        }
    }
}

/// The connector's converter with its settings, or the worker's.
fn converter(config: &ConfigMap, key: &str, worker: &ConverterSetting) -> ConverterSetting {
    match config.get(key).map(|class| class.trim()) {
        Some(class) if !class.is_empty() => {
            let mut settings: HashMap<_, _> = with_prefix(config, &format!("{key}."));
            settings.remove("plugin.version");
            ConverterSetting { class: class.to_owned(), settings }
        }
        _ => worker.clone(),
    }
}

fn check_exactly_once(reader: &mut KeyReader<'_>, faults: &mut Vec<Error>) {
    let key = "exactly.once.support";
    if reader.text(key).eq_ignore_ascii_case("required") {
        faults.push(Error::other(key, "This worker does not have exactly-once source support enabled."));
    }
}

fn restarts(reader: &mut KeyReader<'_>, worker: RestartPolicy, faults: &mut Vec<Error>) -> RestartPolicy {
    let attempts = reader.optional_number("weir.restart.max.attempts").and_then(|number| u32::try_from(number).ok());
    let policy = RestartPolicy {
        max_attempts: attempts.unwrap_or(worker.max_attempts),
        delay: reader.optional_millis("weir.restart.delay.ms").unwrap_or(worker.delay),
        delay_max: reader.optional_millis("weir.restart.delay.max.ms").unwrap_or(worker.delay_max),
        reset_after: reader.optional_millis("weir.restart.reset.after.ms").unwrap_or(worker.reset_after),
    };
    if policy.delay < worker.delay {
        let (name, bound) = ("weir.restart.delay.ms", worker.delay.as_millis());
        let detail = format!("Value must be at least {bound}, which is the worker's {name}");
        faults.push(Error::invalid(name, policy.delay.as_millis(), detail));
    }
    policy
}

fn limits(reader: &mut KeyReader<'_>, worker: Limits, faults: &mut Vec<Error>) -> Limits {
    let mut lower = |name: &str, bound: u64| match reader.optional_number(name) {
        Some(requested) if requested > bound => {
            let detail = format!("Value must be no more than {bound}, which is the worker's {name}");
            faults.push(Error::invalid(name, requested, detail));
            bound
        }
        Some(requested) => requested,
        None => bound,
    };
    let call_bound = u64::try_from(worker.call_timeout.as_millis()).unwrap_or(u64::MAX);
    let memory_max = lower("weir.task.memory.max", worker.memory_max);
    let call_timeout = Duration::from_millis(lower("weir.call.timeout.ms", call_bound));
    // A lowered limit applies also to a plugin that states a greater need.
    let is_lowered = memory_max < worker.memory_max;
    let memory_request_max = if is_lowered { memory_max } else { worker.memory_request_max };
    Limits { memory_max, memory_request_max, call_timeout, ..worker }
}
