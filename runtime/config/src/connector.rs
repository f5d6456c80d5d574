//! A connector's configuration with its plugins found: what the herder makes tasks of. Validation is the only way to get one.

use std::sync::Arc;

use weir_plugin::{Component, ComponentId, Limits, PluginInfo, PluginKind};

use super::client_connector::Clients;
use super::common::{self, Common, Errors};
use super::error::Error;
use super::providers::Resolved;
use super::restart_policy::RestartPolicy;
use super::steps;
use super::topic_creation::TopicCreation;
use super::validation::{self, ConfigInfos, StepPlugins, Validated};
use super::worker::WorkerConfig;
use crate::chain::{Predicate, Step};
use crate::converter::ConverterSettings;
use crate::subscription::Subscription;
use weir_api::ConnectorType;
use weir_api::json::StringMap;
use weir_catalogue::{LookupError, Plugin, Plugins, RangeError};
use weir_kafka::Properties;
use weir_plugin::ConfigMap;

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
    /// When it is restarted by itself.
    pub restarts: RestartPolicy,
    /// The topics that a source makes itself, where its worker lets it; none = it leaves that to the broker.
    pub topic_creation: Option<Arc<TopicCreation>>,
    producer: Properties,
    consumer: Properties,
    admin: Properties,
    /// One line for each key that has no effect, up to a bound.
    warnings: Vec<String>,
}

/// Why a configuration is not taken. The text is the `message` of Kafka Connect's 400.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Invalid {
    /// No class. The text has the configuration in it, as Java prints a map.
    #[error("Connector config {0} contains no connector type")]
    NoClass(String),
    /// `connector.plugin.version` is no version.
    #[error(transparent)]
    Version(#[from] RangeError),
    /// The class is not there, or not unique.
    #[error(transparent)]
    Class(#[from] LookupError),
    /// References to what no config provider has.
    #[error("{}", errors_text(.0.len(), .0.iter().map(ToString::to_string)))]
    Unresolved(Vec<Error>),
    /// Any of the above, without what came from config providers.
    #[error("{0}")]
    Hidden(String),
    /// Keys with errors.
    #[error("{}", errors_text(.0.error_count, .0.errors().map(ToString::to_string)))]
    Keys(Box<ConfigInfos>),
}

/// Kafka Connect's text.
fn errors_text(count: usize, errors: impl Iterator<Item = String>) -> String {
    let errors: String = errors.map(|error| format!("\n{error}")).collect();
    format!(
        "Connector configuration is invalid and contains the following {count} error(s):{errors}\nYou can also find the above list of \
         errors at the endpoint `/connector-plugins/{{connectorType}}/config/validate`"
    )
}

impl Invalid {
    /// The configuration names no class.
    pub(super) fn no_class(config: &StringMap) -> Self {
        let order = weir_java::hash_map::order_of_copy(config.keys().map(String::as_str));
        let entries = order.into_iter().filter_map(|place| config.get_index(place));
        let entries: Vec<String> =
            entries.map(|(key, value)| format!("{key}={}", value.as_deref().unwrap_or("null"))).collect();
        Self::NoClass(format!("{{{}}}", entries.join(", ")))
    }
}

impl ConnectorConfig {
    /// Checks everything that can be known before the connector starts: the common keys, the definitions of the connector's,
    /// the transforms' and the predicates' keys, the converters, what the plugins want from outside and whether the operator
    /// allows it, and the plugins' own checks. Calls guests, each within the connector's call timeout.
    ///
    /// # Errors
    ///
    /// All errors at once.
    pub async fn validate(
        name: &str,
        config: &ConfigMap,
        worker: &WorkerConfig,
        plugins: &Plugins,
    ) -> Result<Self, Invalid> {
        let mut submitted: StringMap = config.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
        submitted.entry("name".to_owned()).or_insert_with(|| Some(name.to_owned()));
        let Validated { infos, connector } = validation::validate(&submitted, worker, plugins).await?;
        let connector = connector.ok_or_else(|| Invalid::Keys(Box::new(infos)))?;
        for warning in &connector.warnings {
            tracing::warn!(connector = name, "{warning}");
        }
        Ok(connector)
    }

    /// Puts together what was found to be in order.
    pub(super) fn new(
        name: String,
        plugin: &Plugin,
        submitted: ConfigMap,
        common: Common,
        plugins: &StepPlugins,
    ) -> Self {
        let transforms = common.steps.into_iter().filter_map(|step| find_step(plugins, step)).collect();
        let warnings = common.warnings.into_iter().chain(common::unknown(&submitted, plugin.info())).collect();
        Self {
            name,
            class: plugin.info().class.clone(),
            kind: match plugin.info().kind {
                PluginKind::Sink => ConnectorType::Sink,
                _ => ConnectorType::Source,
            },
            component: Arc::clone(plugin.component()),
            plugin: plugin.info().clone(),
            resolved: Arc::new(Resolved::plain(submitted.clone())),
            plugin_config: submitted,
            tasks_max: common.tasks_max,
            tasks_max_enforce: common.tasks_max_enforce,
            converters: common.converters,
            transforms,
            errors: common.errors,
            subscription: common.subscription,
            max_poll_records: common.clients.consumer.max_poll_records,
            limits: common.limits,
            restarts: common.restarts,
            topic_creation: common.topic_creation.map(Arc::new),
            producer: common.clients.producer.properties,
            consumer: common.clients.consumer.properties,
            admin: common.clients.admin.properties,
            warnings: common::bounded(warnings),
        }
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

    /// Whether a key or trust store that the clients' settings name has another content than when this was made: new clients need
    /// new settings then. Reads the stores; without any it costs nothing.
    pub fn stores_changed(&self, worker: &WorkerConfig) -> bool {
        let known = [&self.producer, &self.consumer, &self.admin];
        if !known.iter().any(|properties| properties.keys().any(|key| key.ends_with(".pem"))) {
            return false;
        }
        let kind = if self.kind == ConnectorType::Sink { PluginKind::Sink } else { PluginKind::Source };
        let config = self.resolved.config();
        let Clients { producer, consumer, admin } =
            Clients::parse(&self.name, kind, config, worker, &mut Vec::new(), &mut Vec::new());
        known != [&producer.properties, &consumer.properties, &admin.properties]
    }

    /// Settings of the client for this connector's topics and group.
    pub fn admin_properties(&self) -> Properties {
        self.admin.clone()
    }

    /// Settings of the clients of a sink task's dead letter queue: its producer, and the one that makes the topic.
    pub fn dead_letter_properties(&self, task: u32) -> (Properties, Properties) {
        let (mut producer, mut admin) = (self.producer.clone(), self.admin.clone());
        let name = |properties: &mut Properties, name: String| {
            properties.entry("client.id".to_owned()).or_insert(name);
        };
        name(&mut producer, format!("connector-dlq-producer-{}-{task}", self.name));
        // Without a name and a number in Kafka Connect, too.
        name(&mut admin, "connector-dlq-adminclient-".to_owned());
        (producer, admin)
    }

    /// Settings of the consumer of a sink's task.
    pub fn consumer_properties(&self, task: u32) -> Properties {
        let mut properties = self.consumer.clone();
        // Kafka Connect's name for it, by which operators find the task in the broker's lists.
        properties.entry("client.id".to_owned()).or_insert_with(|| format!("connector-consumer-{}-{task}", self.name));
        properties
    }
}

/// The chain's next step, with its plugins.
fn find_step(plugins: &StepPlugins, step: steps::Step) -> Option<Step> {
    let predicate = step.predicate.and_then(|predicate| {
        let plugin = plugins.predicates.get(&predicate.alias)?;
        Some(Predicate {
            alias: predicate.alias,
            class: plugin.info().class.clone(),
            component: Arc::clone(plugin.component()),
            config: predicate.settings,
            negate: predicate.negate,
        })
    });
    let plugin = plugins.transforms.get(&step.alias)?;
    Some(Step {
        alias: step.alias,
        class: plugin.info().class.clone(),
        component: Arc::clone(plugin.component()),
        config: step.settings,
        predicate,
    })
}
