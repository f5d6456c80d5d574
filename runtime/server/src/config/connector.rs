//! A connector's configuration with its plugins found: what the herder makes tasks of. Validation is the only way to get one.

use std::sync::Arc;

use weir_data::converter::ConfigError;
use weir_plugin::{CallError, Component, ComponentId, Limits, PluginInfo, PluginKind};

use super::common::{self, Common, Errors};
use super::def;
use super::error::Error;
use super::providers::Resolved;
use super::steps;
use super::topic_creation::TopicCreation;
use super::worker::WorkerConfig;
use crate::herder::api::{ConfigMap, ConnectorType};
use crate::kafka::Properties;
use crate::plugins::{FindError, LookupError, Plugin, Plugins};
use crate::task::chain::{Predicate, Step};
use crate::task::convert::{ConverterSetting, ConverterSettings};
use crate::task::sink::Subscription;

/// A connector's configuration, found to be in order.
#[derive(Clone)]
pub struct ConnectorConfig {
    /// `name`.
    pub name: String,
    /// The class, as its component calls it.
    pub class: String,
    /// Source or sink.
    pub kind: ConnectorType,
    /// Where the class lives.
    pub component: Arc<Component>,
    /// What the component says about the class.
    pub plugin: PluginInfo,
    /// What the plugin is given: the configuration as submitted, its references to config providers resolved.
    pub plugin_config: ConfigMap,
    /// The same, with the way back to what may be shown.
    pub resolved: Arc<Resolved>,
    /// `tasks.max`, at least 1.
    pub tasks_max: u32,
    /// `tasks.max.enforce`: false = a connector that makes more tasks than that is let through.
    pub tasks_max_enforce: bool,
    /// Own or the worker's.
    pub converters: ConverterSettings,
    /// The chain, in its order.
    pub transforms: Vec<Step>,
    /// `errors.*`.
    pub errors: Errors,
    /// What a sink reads; none for a source.
    pub subscription: Option<Subscription>,
    /// `max.poll.records` of a sink's consumer: rows that one `put` may carry; none = not set.
    pub max_poll_records: Option<u32>,
    /// The worker's limits, or the lower ones of this connector.
    pub limits: Limits,
    /// The topics that a source makes itself, where its worker lets it; none = it leaves that to the broker.
    pub topic_creation: Option<Arc<TopicCreation>>,
    producer: Properties,
    consumer: Properties,
    admin: Properties,
}

/// Why a configuration is not taken. The text is the `message` of Kafka Connect's 400.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// No class.
    #[error("Connector config contains no connector type")]
    NoClass,
    /// The class is not there, or not unique.
    #[error(transparent)]
    Class(#[from] LookupError),
    /// Keys with errors.
    #[error(
        "Connector configuration is invalid and contains the following {} error(s):{}\nYou can also find the above list of errors \
         at the endpoint `/connector-plugins/{{connectorType}}/config/validate`",
        .0.len(),
        .0.iter().map(|error| format!("\n{error}")).collect::<String>()
    )]
    Keys(Vec<Error>),
}

impl ConnectorConfig {
    /// Checks everything that can be known before the connector starts: the common keys, the definitions of the connector's,
    /// the transforms' and the predicates' keys, the converters, what the plugins want from outside and whether the operator
    /// allows it, and at last the plugins' own checks. Calls guests, each within the connector's call timeout.
    ///
    /// # Errors
    ///
    /// All errors of one stage at once; the plugins' own checks are made only when nothing else is wrong.
    pub async fn validate(
        name: &str,
        config: &ConfigMap,
        worker: &WorkerConfig,
        plugins: &Plugins,
    ) -> Result<Self, Invalid> {
        let class = config.get("connector.class").map(|class| class.trim()).unwrap_or_default();
        if class.is_empty() {
            return Err(Invalid::NoClass);
        }
        let plugin = plugins.connector(class)?;
        let Common {
            tasks_max,
            tasks_max_enforce,
            converters,
            steps,
            errors,
            subscription,
            limits,
            clients,
            topic_creation,
            warnings,
            mut faults,
        } = Common::parse(name, config, plugin.info().kind, worker);
        faults.extend(def::check_all(&plugin.info().config, config, ""));
        check_converters(&converters, config, &mut faults);
        let transforms = steps.into_iter().filter_map(|step| find_step(plugins, step, &mut faults)).collect();
        if !faults.is_empty() {
            return Err(Invalid::Keys(faults));
        }
        let validated = Self {
            name: name.to_owned(),
            class: plugin.info().class.clone(),
            kind: match plugin.info().kind {
                PluginKind::Sink => ConnectorType::Sink,
                _ => ConnectorType::Source,
            },
            component: Arc::clone(plugin.component()),
            plugin: plugin.info().clone(),
            plugin_config: config.clone(),
            resolved: Arc::new(Resolved::plain(config.clone())),
            tasks_max,
            tasks_max_enforce,
            converters,
            transforms,
            errors,
            subscription,
            max_poll_records: clients.consumer.max_poll_records,
            limits,
            topic_creation: topic_creation.map(Arc::new),
            producer: clients.producer.properties,
            consumer: clients.consumer.properties,
            admin: clients.admin.properties,
        };
        validated.ask_plugins(worker).await?;
        for warning in warnings.into_iter().chain(common::unknown(config, plugin.info())) {
            tracing::warn!(connector = name, "{warning}");
        }
        Ok(validated)
    }

    /// The plugins' own checks: the connector's, with what it may be granted, and those of its transforms and predicates.
    async fn ask_plugins(&self, worker: &WorkerConfig) -> Result<(), Invalid> {
        let mut faults = Vec::new();
        let failed = |key: &str, error: CallError| Invalid::Keys(vec![Error::other(key, error.to_string())]);
        let needed = self.component.capabilities(&self.class, &self.plugin_config, &self.limits).await;
        let needed = needed.map_err(|error| failed("connector.class", error))?;
        let grants = match worker.allowed.grant(&needed).await {
            Ok(grants) => grants,
            Err(refusal) => return Err(Invalid::Keys(vec![Error::other("connector.class", refusal.to_string())])),
        };
        let values = self.component.validate(&self.class, &self.plugin_config, &self.limits, &grants).await;
        for value in values.map_err(|error| failed("connector.class", error))? {
            faults.extend(value.errors.into_iter().map(|text| Error::other(&value.key, text)));
        }
        let predicates = self.transforms.iter().filter_map(|step| Some((&step.alias, step.predicate.as_ref()?)));
        let parts = self
            .transforms
            .iter()
            .map(|step| (format!("transforms.{}.", step.alias), &step.component, &step.class, &step.config))
            .chain(predicates.map(|(alias, predicate)| {
                (format!("transforms.{alias}.predicate: "), &predicate.component, &predicate.class, &predicate.config)
            }));
        for (prefix, component, class, config) in parts {
            let values = component.validate(class, config, &self.limits, &weir_plugin::Grants::none()).await;
            for value in values.map_err(|error| failed(&prefix, error))? {
                let key = format!("{prefix}{}", value.key);
                faults.extend(value.errors.into_iter().map(|text| Error::other(&key, text)));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Invalid::Keys(faults)) }
    }

    /// A task's configuration as Kafka Connect stores it: what the connector made, the task's class, and a sink's topics.
    pub fn complete_task_config(&self, mut task: ConfigMap) -> ConfigMap {
        let stem = self.class.strip_suffix("Connector").unwrap_or(&self.class);
        task.insert("task.class".to_owned(), format!("{stem}Task"));
        for key in ["topics", "topics.regex"] {
            if let Some(value) = self.plugin_config.get(key) {
                task.insert(key.to_owned(), value.clone());
            }
        }
        task
    }

    /// True = the connector or one of its transforms or predicates lives in this component.
    pub fn uses(&self, id: &ComponentId) -> bool {
        let steps = self.transforms.iter().flat_map(|step| {
            std::iter::once(&step.component).chain(step.predicate.as_ref().map(|predicate| &predicate.component))
        });
        std::iter::once(&self.component).chain(steps).any(|component| component.id() == id)
    }

    /// Settings of the producer of a source's tasks, or of a sink's dead letter queue; empty for a sink without one. Equal for
    /// connectors with equal client settings.
    pub fn producer_properties(&self) -> Properties {
        self.producer.clone()
    }

    /// Settings of the client for this connector's topics and group.
    pub fn admin_properties(&self) -> Properties {
        self.admin.clone()
    }

    /// Settings of the consumer of a sink's task.
    pub fn consumer_properties(&self, task: u32) -> Properties {
        let mut properties = self.consumer.clone();
        // Kafka Connect's name for it, by which operators find the task in the broker's lists.
        properties.entry("client.id".to_owned()).or_insert_with(|| format!("connector-consumer-{}-{task}", self.name));
        properties
    }
}

/// Makes each converter once, to see that it can be made. A converter that is the worker's is no error of the connector's, but
/// the connector cannot run without it.
pub(super) fn check_converters(converters: &ConverterSettings, config: &ConfigMap, faults: &mut Vec<Error>) {
    let ConverterSettings { key, value, header } = converters;
    check_converter("key.converter", key, config, faults, |setting| {
        weir_data::converter::converter(&setting.class, &setting.settings, true).map(drop)
    });
    check_converter("value.converter", value, config, faults, |setting| {
        weir_data::converter::converter(&setting.class, &setting.settings, false).map(drop)
    });
    check_converter("header.converter", header, config, faults, |setting| {
        weir_data::converter::header_converter(&setting.class, &setting.settings).map(drop)
    });
}

fn check_converter(
    key: &str,
    setting: &ConverterSetting,
    config: &ConfigMap,
    faults: &mut Vec<Error>,
    make: impl FnOnce(&ConverterSetting) -> Result<(), ConfigError>,
) {
    // The worker's file lacks it, which is said already.
    if setting.class.is_empty() {
        return;
    }
    let Err(error) = make(setting) else { return };
    let owner = if config.contains_key(key) { "" } else { " (set in the worker's configuration)" };
    faults.push(match error {
        ConfigError::UnknownClass { class, known, .. } => {
            let detail = format!("Class {class} could not be found. Weir has {known}{owner}");
            Error::invalid(key, &class, detail)
        }
        // Kafka Connect names the setting without the converter's prefix.
        error => Error::other(key, format!("{error}{owner}")),
    });
}

fn find_step(plugins: &Plugins, step: steps::Step, faults: &mut Vec<Error>) -> Option<Step> {
    let prefix = format!("transforms.{}.", step.alias);
    let plugin = find(plugins, PluginKind::Transformation, &prefix, &step.class, &step.settings, faults);
    let predicate = step.predicate.map(|predicate| {
        let prefix = format!("predicates.{}.", predicate.alias);
        let plugin = find(plugins, PluginKind::Predicate, &prefix, &predicate.class, &predicate.settings, faults)?;
        Some(Predicate {
            class: plugin.info().class.clone(),
            component: Arc::clone(plugin.component()),
            config: predicate.settings,
            negate: predicate.negate,
        })
    });
    let plugin = plugin?;
    let predicate = match predicate {
        Some(found) => Some(found?),
        None => None,
    };
    Some(Step {
        alias: step.alias,
        class: plugin.info().class.clone(),
        component: Arc::clone(plugin.component()),
        config: step.settings,
        predicate,
    })
}

fn find(
    plugins: &Plugins,
    kind: PluginKind,
    prefix: &str,
    class: &str,
    settings: &ConfigMap,
    faults: &mut Vec<Error>,
) -> Option<Plugin> {
    match plugins.find(kind, class) {
        Ok(plugin) => {
            faults.extend(def::check_all(&plugin.info().config, settings, prefix));
            Some(plugin)
        }
        Err(detail) => {
            let key = format!("{prefix}type");
            faults.push(match detail {
                FindError::Unknown(_) => Error::invalid(key, class, detail.to_string()),
                FindError::OtherKind { .. } => Error::other(key, detail.to_string()),
            });
            None
        }
    }
}
