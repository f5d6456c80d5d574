//! A connector's configuration with its plugins: what the herder creates tasks from. Validation is the only way to get one.

mod chain;
mod prepare;

pub use chain::{Predicate, Step};
pub use prepare::{PrepareError, ValidateError, validate};

use std::sync::Arc;

use weir_plugin::{Component, ComponentId, Limits, PluginInfo, PluginKind};

use crate::converter::ConverterSettings;
use crate::for_plugin::for_plugin;
use crate::providers::Resolved;
use crate::restart_policy::RestartPolicy;
use crate::settings::clients::Clients;
use crate::settings::topic_creation::TopicCreation;
use crate::settings::{Errors, Subscription, steps, unknown};
use crate::validation::{self, InvalidConfig, StepPlugins, Valid, Validated};
use crate::worker::WorkerConfig;
use weir_api::ConnectorType;
use weir_api::json::StringMap;
use weir_catalogue::Plugins;
use weir_kafka::Properties;
use weir_plugin::{ConfigMap, PluginConfig};

/// A valid configuration of a connector.
#[derive(Clone)]
pub struct ConnectorConfig {
    /// `name`.
    pub name: String,
    /// The full class name.
    pub class: String,
    /// Source or sink.
    pub kind: ConnectorType,
    /// The component that contains the class.
    pub component: Arc<Component>,
    /// The component's description of the class.
    pub plugin: PluginInfo,
    /// The configuration as submitted, with references to config providers resolved. The plugin receives what
    /// [`ConnectorConfig::for_plugin`] makes of it.
    pub plugin_config: ConfigMap,
    /// The same configuration, and the references that are shown instead of resolved values.
    pub resolved: Arc<Resolved>,
    /// `tasks.max`, at least 1.
    pub tasks_max: u32,
    /// `tasks.max.enforce`: whether a connector that creates more tasks than `tasks.max` fails.
    pub tasks_max_enforce: bool,
    /// The connector's converters, or the worker's.
    pub converters: ConverterSettings,
    /// The transforms, in the order in which they are applied.
    pub transforms: Vec<Step>,
    /// `errors.*`.
    pub errors: Errors,
    /// The topics that a sink reads; `None` for a source.
    pub subscription: Option<Subscription>,
    /// `max.poll.records` of a sink's consumer: the number of records that one `put` may contain; `None` if it is not set.
    pub max_poll_records: Option<u32>,
    /// The worker's limits, or the connector's lower ones.
    pub limits: Limits,
    /// When the connector and its tasks are restarted automatically.
    pub restarts: RestartPolicy,
    /// The topics that a source creates, if its worker allows it; `None` if it leaves that to the broker.
    pub topic_creation: Option<Arc<TopicCreation>>,
    producer: Properties,
    consumer: Properties,
    admin: Properties,
    /// One line for each key that has no effect, up to a limit.
    warnings: Vec<String>,
}

impl ConnectorConfig {
    /// Checks everything that can be checked before the connector starts: the common keys, the keys that the connector's plugins
    /// define, the converters, whether the operator has granted the access that the connector needs, and the plugins' own checks.
    /// Calls plugins, with the connector's call timeout.
    ///
    /// # Errors
    ///
    /// All errors of the configuration.
    pub async fn validate(
        name: &str,
        resolved: &Resolved,
        worker: &WorkerConfig,
        plugins: &Plugins,
    ) -> Result<Self, InvalidConfig> {
        let config = resolved.config();
        let mut submitted: StringMap = config.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
        submitted.entry("name".to_owned()).or_insert_with(|| Some(name.to_owned()));
        let Validated { infos, valid } = validation::validate(&submitted, resolved, worker, plugins).await?;
        let connector = Self::new(valid.ok_or_else(|| InvalidConfig::Keys(Box::new(infos)))?, resolved);
        for warning in &connector.warnings {
            tracing::warn!(connector = name, "{warning}");
        }
        Ok(connector)
    }

    /// Combines the parts of a valid configuration.
    fn new(valid: Valid, resolved: &Resolved) -> Self {
        let Valid { name, plugin, config, settings, step_plugins } = valid;
        let transforms =
            settings.steps.into_iter().filter_map(|step| find_step(&step_plugins, step, resolved)).collect();
        let warnings = settings.warnings.into_iter().chain(unknown::find(&config, plugin.info())).collect();
        Self {
            name,
            class: plugin.info().class.clone(),
            kind: match plugin.info().kind {
                PluginKind::Sink => ConnectorType::Sink,
                _ => ConnectorType::Source,
            },
            component: Arc::clone(plugin.component()),
            plugin: plugin.info().clone(),
            resolved: Arc::new(Resolved::plain(config.clone())),
            plugin_config: config,
            tasks_max: settings.tasks_max,
            tasks_max_enforce: settings.tasks_max_enforce,
            converters: settings.converters,
            transforms,
            errors: settings.errors,
            subscription: settings.subscription,
            max_poll_records: settings.clients.consumer.max_poll_records,
            limits: settings.limits,
            restarts: settings.restarts,
            topic_creation: settings.topic_creation.map(Arc::new),
            producer: settings.clients.producer.properties,
            consumer: settings.clients.consumer.properties,
            admin: settings.clients.admin.properties,
            warnings: unknown::bounded(warnings),
        }
    }

    /// The connector's configuration, or that of one of its tasks, as the plugin receives it: with defaults, and with values in one
    /// spelling.
    pub fn for_plugin(&self, config: &ConfigMap) -> PluginConfig {
        for_plugin(&self.plugin.config, config, "", &self.resolved)
    }

    /// The consumer group of a sink; empty for a source.
    pub fn consumer_group(&self) -> &str {
        self.consumer.get("group.id").map_or("", |group| group)
    }

    /// Completes a task configuration as Kafka Connect stores it: what the connector returned, the task's class, and a sink's
    /// topics.
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

    /// Whether this component contains the connector's class or one of its transforms or predicates.
    pub fn uses(&self, id: &ComponentId) -> bool {
        let steps = self.transforms.iter().flat_map(|step| {
            std::iter::once(&step.component).chain(step.predicate.as_ref().map(|predicate| &predicate.component))
        });
        std::iter::once(&self.component).chain(steps).any(|component| component.id() == id)
    }

    /// Returns the settings of the producer of a source's tasks, or of a sink's dead letter queue; empty for a sink without one.
    /// They are equal for connectors with equal client settings.
    pub fn producer_properties(&self) -> Properties {
        self.producer.clone()
    }

    /// Whether the content of a key or trust store of the clients has changed since the settings were parsed, so that new clients
    /// need new settings. Reads the stores, if there are any.
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

    /// Returns the settings of the client for the connector's topics and group.
    pub fn admin_properties(&self) -> Properties {
        self.admin.clone()
    }

    /// Returns the settings of the clients of a sink task's dead letter queue: its producer, and the admin client that creates the
    /// topic.
    pub fn dead_letter_properties(&self, task: u32) -> (Properties, Properties) {
        let (mut producer, mut admin) = (self.producer.clone(), self.admin.clone());
        let name = |properties: &mut Properties, name: String| {
            properties.entry("client.id".to_owned()).or_insert(name);
        };
        name(&mut producer, format!("connector-dlq-producer-{}-{task}", self.name));
        // Kafka Connect does not add the connector and the task here either.
        name(&mut admin, "connector-dlq-adminclient-".to_owned());
        (producer, admin)
    }

    /// Returns the settings of the consumer of a sink task.
    pub fn consumer_properties(&self, task: u32) -> Properties {
        let mut properties = self.consumer.clone();
        // Kafka Connect's name. Operators find the task by it in the broker's lists of clients.
        properties.entry("client.id".to_owned()).or_insert_with(|| format!("connector-consumer-{}-{task}", self.name));
        properties
    }
}

/// Finds the components of a transform and its predicate.
fn find_step(plugins: &StepPlugins, step: steps::Step, resolved: &Resolved) -> Option<Step> {
    let predicate = step.predicate.and_then(|predicate| {
        let plugin = plugins.predicates.get(&predicate.alias)?;
        let prefix = format!("predicates.{}.", predicate.alias);
        Some(Predicate {
            alias: predicate.alias,
            class: plugin.info().class.clone(),
            component: Arc::clone(plugin.component()),
            config: for_plugin(&plugin.info().config, &predicate.settings, &prefix, resolved),
            negate: predicate.negate,
        })
    });
    let plugin = plugins.transforms.get(&step.alias)?;
    let prefix = format!("transforms.{}.", step.alias);
    Some(Step {
        alias: step.alias,
        class: plugin.info().class.clone(),
        component: Arc::clone(plugin.component()),
        config: for_plugin(&plugin.info().config, &step.settings, &prefix, resolved),
        predicate,
    })
}
