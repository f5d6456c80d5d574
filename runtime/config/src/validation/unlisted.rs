//! Definitions of keys that Kafka Connect does not check before a connector starts. A response contains them only if they have
//! errors, because clients expect a definition with every error.

use weir_plugin::{ConfigKey, ConfigType, Importance, Width};

use super::definitions::{Definition, Rule};
use crate::settings::topic_creation;

/// Returns the definition of such a key: Kafka Connect's for `topic.creation.GROUP.*` (`TopicCreationConfig`), and that of a text
/// for any other key.
pub(super) fn definition(name: &str) -> Definition {
    let setting = topic_creation::setting(name);
    let key = ConfigKey {
        name: name.to_owned(),
        kind: setting.as_ref().map_or(ConfigType::String, |setting| setting.kind),
        required: setting.as_ref().is_some_and(|setting| setting.required),
        default: None,
        validators: Vec::new(),
        importance: if setting.is_some() { Importance::Low } else { Importance::Medium },
        doc: setting.as_ref().map_or_else(String::new, |setting| setting.doc.to_owned()),
        group: setting.as_ref().map(|setting| setting.group.to_owned()),
        order_in_group: setting.as_ref().map_or(-1, |setting| setting.order),
        width: if setting.is_some() { Width::Long } else { Width::None },
        display_name: match &setting {
            Some(setting) => format!("{} {}", setting.display, setting.group),
            None => name.to_owned(),
        },
        dependents: Vec::new(),
        recommended_values: Vec::new(),
        visible: true,
    };
    Definition { key, rule: Rule::Checks(&[]), is_class: false, visible: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_of_topics_has_kafka_connects_definitions() {
        let definition = |name| definition(name).key;
        let factor = definition("topic.creation.default.replication.factor");
        assert_eq!((factor.kind, factor.required, factor.order_in_group), (ConfigType::Short, true, 3));
        assert_eq!(factor.display_name, "Replication Factor for Topics in default");
        let include = definition("topic.creation.a.b.include");
        assert_eq!((include.kind, include.required), (ConfigType::List, false));
        assert_eq!(
            (include.group.as_deref(), include.display_name.as_str()),
            (Some("a.b"), "Inclusion Topic Pattern for a.b")
        );
        let other = definition("topic.creation.default.retention.ms");
        assert_eq!((other.kind, other.group), (ConfigType::String, None));
    }
}
