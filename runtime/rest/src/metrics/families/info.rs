//! Families with texts, such as classes and versions, as labels of a sample with the value 1.

use std::sync::Arc;

use weir_plugin::Component;

use crate::metrics::family::Family;
use crate::metrics::text::Kind::Gauge;
use weir_api::ConnectorType;
use weir_catalogue::BUILT_IN_VERSION;
use weir_herder::{ConnectorSnapshot, TaskSnapshot};

fn kind(kind: ConnectorType) -> &'static str {
    match kind {
        ConnectorType::Source => "source",
        ConnectorType::Sink => "sink",
        ConnectorType::Unknown => "unknown",
    }
}

fn version<'a>(component: &'a Arc<Component>, class: &str) -> &'a str {
    component.plugin(class).map_or("", |plugin| plugin.version.as_str())
}

/// The info families of a connector.
pub(in crate::metrics) const CONNECTOR_INFO: &[Family<ConnectorSnapshot>] = &[Family {
    name: "kafka_connect_connector_info",
    kind: Gauge,
    help: "1, with the connector's class, version and type as labels.",
    attributes: &[
        "connector-metrics/connector-type",
        "connector-metrics/connector-class",
        "connector-metrics/connector-version",
    ],
    write: |connector, samples| {
        let Some(config) = &connector.config else { return };
        let labels = [
            ("connector_class", config.class.as_str()),
            ("connector_version", config.plugin.version.as_str()),
            ("connector_type", kind(config.kind)),
        ];
        samples.with(&labels, 1_u64);
    },
}];

/// The info families of a task.
pub(in crate::metrics) const TASK_INFO: &[Family<TaskSnapshot>] = &[
    Family {
        name: "kafka_connect_connector_task_info",
        kind: Gauge,
        help: "1, with the classes and versions of the connector and of the task's converters as labels. A component has one class for \
               connector and task, so task_class and task_version are the connector's.",
        attributes: &[
            "connector-task-metrics/connector-class",
            "connector-task-metrics/connector-version",
            "connector-task-metrics/connector-type",
            "connector-task-metrics/task-class",
            "connector-task-metrics/task-version",
            "connector-task-metrics/key-converter-class",
            "connector-task-metrics/key-converter-version",
            "connector-task-metrics/value-converter-class",
            "connector-task-metrics/value-converter-version",
            "connector-task-metrics/header-converter-class",
            "connector-task-metrics/header-converter-version",
        ],
        write: |task, samples| {
            let config = &task.config;
            let (class, version) = (config.class.as_str(), config.plugin.version.as_str());
            let converters = &config.converters;
            let labels = [
                ("connector_class", class),
                ("connector_version", version),
                ("connector_type", kind(config.kind)),
                ("task_class", class),
                ("task_version", version),
                ("key_converter_class", &converters.key.class),
                ("key_converter_version", BUILT_IN_VERSION),
                ("value_converter_class", &converters.value.class),
                ("value_converter_version", BUILT_IN_VERSION),
                ("header_converter_class", &converters.header.class),
                ("header_converter_version", BUILT_IN_VERSION),
            ];
            samples.with(&labels, 1_u64);
        },
    },
    Family {
        name: "kafka_connect_connector_transform_info",
        kind: Gauge,
        help: "1 for each transform of the task, with its alias, class and version as labels.",
        attributes: &["connector-transform-metrics/transform-class", "connector-transform-metrics/transform-version"],
        write: |task, samples| {
            for step in &task.config.transforms {
                let labels = [
                    ("transform", step.alias.as_str()),
                    ("transform_class", &step.class),
                    ("transform_version", version(&step.component, &step.class)),
                ];
                samples.with(&labels, 1_u64);
            }
        },
    },
    Family {
        name: "kafka_connect_connector_predicate_info",
        kind: Gauge,
        help: "1 for each predicate of the task, with its alias, class and version as labels.",
        attributes: &["connector-predicate-metrics/predicate-class", "connector-predicate-metrics/predicate-version"],
        write: |task, samples| {
            let steps = &task.config.transforms;
            let used = |index: usize| steps.get(index).and_then(|step| step.predicate.as_ref());
            for (index, predicate) in (0..steps.len()).filter_map(|index| Some((index, used(index)?))) {
                // Several transforms may use the same predicate.
                if (0..index).filter_map(used).any(|earlier| earlier.alias == predicate.alias) {
                    continue;
                }
                let labels = [
                    ("predicate", predicate.alias.as_str()),
                    ("predicate_class", &predicate.class),
                    ("predicate_version", version(&predicate.component, &predicate.class)),
                ];
                samples.with(&labels, 1_u64);
            }
        },
    },
];
