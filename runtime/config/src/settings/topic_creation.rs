//! `topic.creation.*` of source connectors (KIP-158): the groups of topics that a connector creates, and their settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_java::regex::{JavaRegex, RegexError};

use crate::error::Error;
use crate::keys::check::has_duplicates;
use crate::keys::types::{self, Type, Value};
use crate::prefix::Sorted;
use weir_kafka::admin::NewTopic;
use weir_plugin::ConfigMap;

/// Prefix of the keys.
pub(crate) const PREFIX: &str = "topic.creation.";
/// The key that lists the groups.
const GROUPS: &str = "topic.creation.groups";
/// The group of the topics that match no other group.
const DEFAULT: &str = "default";
/// Keys of a group that are not settings of its topics.
const OWN_KEYS: [&str; 4] = [INCLUDE, EXCLUDE, REPLICATION_FACTOR, PARTITIONS];
const INCLUDE: &str = "include";
const EXCLUDE: &str = "exclude";
const REPLICATION_FACTOR: &str = "replication.factor";
const PARTITIONS: &str = "partitions";

/// Whether a connector creates its topics itself, if its worker allows it.
pub(crate) fn is_asked_for(config: &ConfigMap) -> bool {
    config.keys().any(|key| key.starts_with(PREFIX))
}

/// The definition of a key that each group may have (`TopicCreationConfig`).
pub(crate) struct Setting<'a> {
    pub(crate) group: &'a str,
    pub(crate) kind: Type,
    pub(crate) required: bool,
    pub(crate) order: i32,
    /// The display name, without the name of the group at its end.
    pub(crate) display: &'static str,
    pub(crate) doc: &'static str,
}

const INCLUDE_DOC: &str = "A list of regular expression literals used to match the topic names used by the source connector. \
                           This list is \
     used to include topics that should be created using the topic settings defined by this group.";
const EXCLUDE_DOC: &str = "A list of regular expression literals used to match the topic names used by the source connector. \
                           This list is \
     used to exclude topics from being created with the topic settings defined by this group. Note that exclusion rules have \
     precedent and override any inclusion rules for the topics.";
const REPLICATION_FACTOR_DOC: &str = "The replication factor for new topics created for this connector using this group. This value may \
     be -1 to use the broker'sdefault replication factor, or may be a positive number not larger than the number of brokers in the \
     Kafka cluster. A value larger than the number of brokers in the Kafka cluster will result in an error when the new topic is \
     created. For the default group this configuration is required. For any other group defined in topic.creation.groups this \
     config is optional and if it's missing it gets the value of the default group";
const PARTITIONS_DOC: &str = "The number of partitions new topics created for this connector. This value may be -1 to use the broker's \
     default number of partitions, or a positive number representing the desired number of partitions. For the default group this \
     configuration is required. For any other group defined in topic.creation.groups this config is optional and if it's missing it \
     gets the value of the default group";

/// Finds the definition of a group's key.
pub(crate) fn setting(key: &str) -> Option<Setting<'_>> {
    const SETTINGS: [(&str, Type, &str, &str); 4] = [
        (INCLUDE, Type::List, "Inclusion Topic Pattern for", INCLUDE_DOC),
        (EXCLUDE, Type::List, "Exclusion Topic Pattern for", EXCLUDE_DOC),
        (REPLICATION_FACTOR, Type::Short, "Replication Factor for Topics in", REPLICATION_FACTOR_DOC),
        (PARTITIONS, Type::Int, "Partition Count for Topics in", PARTITIONS_DOC),
    ];
    let key = key.strip_prefix(PREFIX)?;
    SETTINGS.into_iter().zip(1..).find_map(|((name, kind, display, doc), order)| {
        let group = key.strip_suffix(name)?.strip_suffix('.').filter(|group| !group.is_empty())?;
        let required = group == DEFAULT && matches!(name, REPLICATION_FACTOR | PARTITIONS);
        Some(Setting { group, kind, required, order, display, doc })
    })
}

/// The groups of a connector.
#[derive(Debug, Clone)]
pub struct TopicCreation {
    /// The groups in order; every topic matches the last one.
    groups: Vec<Group>,
}

#[derive(Debug, Clone)]
struct Group {
    name: String,
    include: Pattern,
    exclude: Pattern,
    partitions: i32,
    replication_factor: i16,
    configs: BTreeMap<String, String>,
}

impl TopicCreation {
    /// Parses the groups; `None` if the connector leaves topics to the broker, or if there are errors, which are added to `faults`.
    pub(crate) fn parse(config: &ConfigMap, faults: &mut Vec<Error>) -> Option<Self> {
        if !is_asked_for(config) {
            return None;
        }
        let before = faults.len();
        let names = config.get(GROUPS).map(|text| types::list(text)).unwrap_or_default();
        if has_duplicates(&names) {
            // The list itself is invalid, which its definition reports.
            return None;
        }
        let sorted = Sorted::new(config);
        let default = Group::parse(DEFAULT, config, &sorted, None, faults);
        // The default group is always the last one; Kafka Connect only warns if it is listed.
        let names = names.into_iter().filter(|name| !name.is_empty() && name != DEFAULT);
        let mut groups: Vec<Group> =
            names.map(|name| Group::parse(&name, config, &sorted, Some(&default), faults)).collect();
        groups.push(default);
        (faults.len() == before).then_some(Self { groups })
    }

    /// Returns the settings of a new topic, and the name of the first group that it matches.
    pub fn topic(&self, name: &str) -> Option<(NewTopic, &str)> {
        let group = self.groups.iter().find(|group| !group.exclude.matches(name) && group.include.matches(name))?;
        let topic = NewTopic {
            name: name.to_owned(),
            partitions: group.partitions,
            replication_factor: group.replication_factor,
            configs: group.configs.clone(),
        };
        Some((topic, &group.name))
    }
}

impl Group {
    fn parse(
        name: &str,
        config: &ConfigMap,
        sorted: &Sorted<'_>,
        default: Option<&Self>,
        faults: &mut Vec<Error>,
    ) -> Self {
        let prefix = format!("{PREFIX}{name}.");
        let mut number = |key: &str, kind: Type, fallback: Option<i64>, what: &str| {
            let key = format!("{prefix}{key}");
            let parsed = match (config.get(&key), fallback) {
                (Some(text), _) => types::parse(&key, kind, text),
                (None, Some(fallback)) => return fallback,
                (None, None) => Err(Error::missing(&key)),
            };
            match parsed {
                Ok(Value::Number(number)) if number == -1 || number >= 1 => return number,
                Ok(Value::Number(number)) => {
                    let detail = format!("{what}, or -1 to use the broker's default");
                    faults.push(Error::invalid(&key, number, detail));
                }
                Ok(_) => {}
                Err(error) => faults.push(error),
            }
            -1
        };
        let replicas =
            "Replication factor must be positive and not larger than the number of brokers in the Kafka cluster";
        let replication_factor =
            number(REPLICATION_FACTOR, Type::Short, default.map(|group| group.replication_factor.into()), replicas);
        let partitions = number(
            PARTITIONS,
            Type::Int,
            default.map(|group| group.partitions.into()),
            "Number of partitions must be positive",
        );
        let mut pattern = |key: &str| {
            let key = format!("{prefix}{key}");
            let text = config.get(&key).map(|text| types::list(text).join("|")).unwrap_or_default();
            Pattern::new(&text).unwrap_or_else(|error| {
                faults.push(Error::invalid(&key, &text, format!("Syntax error in regular expression: {error}")));
                Pattern::Nothing
            })
        };
        let (include, exclude) = match default {
            Some(_) => (pattern(INCLUDE), pattern(EXCLUDE)),
            // The patterns of the default group are ignored.
            None => (Pattern::Everything, Pattern::Nothing),
        };
        let mut configs: BTreeMap<String, String> = sorted.with_prefix(&prefix);
        configs.retain(|key, _| !key.is_empty() && !OWN_KEYS.contains(&key.as_str()));
        Self {
            name: name.to_owned(),
            include,
            exclude,
            // Their types were checked above.
            partitions: i32::try_from(partitions).unwrap_or(-1),
            replication_factor: i16::try_from(replication_factor).unwrap_or(-1),
            configs,
        }
    }
}

/// A regular expression that must match a whole name.
#[derive(Debug, Clone)]
enum Pattern {
    Everything,
    Nothing,
    Regex(Arc<JavaRegex>),
}

impl Pattern {
    fn new(text: &str) -> Result<Self, RegexError> {
        match text {
            // It matches only the empty name, which no topic has.
            "" => Ok(Self::Nothing),
            text => JavaRegex::new(text).map(|regex| Self::Regex(Arc::new(regex))),
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Nothing => false,
            // A pattern that backtracks for too long matches nothing.
            Self::Regex(regex) => regex.matches(name).unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(entries: &[(&str, &str)]) -> ConfigMap {
        entries.iter().map(|(key, value)| (format!("{PREFIX}{key}"), (*value).to_owned())).collect()
    }

    fn parsed(entries: &[(&str, &str)]) -> TopicCreation {
        TopicCreation::parse(&config(entries), &mut Vec::new()).expect("in order")
    }

    fn topic(creation: &TopicCreation, name: &str) -> String {
        let (topic, group) = creation.topic(name).expect("the default group takes every topic");
        format!("{group} {topic}")
    }

    fn faults(entries: &[(&str, &str)]) -> Vec<String> {
        let mut faults = Vec::new();
        assert!(TopicCreation::parse(&config(entries), &mut faults).is_none());
        faults.iter().map(ToString::to_string).collect()
    }

    /// The texts are those of Kafka Connect's `TopicCreationGroup` and `NewTopic` of 4.3.1 for these settings.
    #[test]
    fn topics_are_made_as_kafka_connect_makes_them() {
        let creation = parsed(&[
            ("groups", "g,h, default"),
            ("default.partitions", "2"),
            ("default.replication.factor", "3"),
            ("default.retention.ms", "7"),
            ("default.include", "x"),
            ("default.exclude", ".*"),
            ("g.include", "a.*, b"),
            ("g.exclude", "abc"),
            ("g.partitions", "5"),
            ("g.cleanup.policy", "compact"),
            ("h.replication.factor", "1"),
            ("zz.partitions", "9"),
        ]);
        let text = "numPartitions=5, replicationFactor=3, replicasAssignments=null, configs={cleanup.policy=compact})";
        assert_eq!(topic(&creation, "a"), format!("g (name=a, {text}"));
        assert_eq!(topic(&creation, "b"), format!("g (name=b, {text}"));
        let text = "numPartitions=2, replicationFactor=3, replicasAssignments=null, configs={retention.ms=7})";
        for other in ["abc", "ba", "b.", "h"] {
            assert_eq!(topic(&creation, other), format!("default (name={other}, {text}"));
        }
        let plain = parsed(&[("default.partitions", "-1"), ("default.replication.factor", " -1 ")]);
        assert_eq!(
            topic(&plain, "t"),
            "default (name=t, numPartitions=-1, replicationFactor=-1, replicasAssignments=null, configs={})"
        );
    }

    #[test]
    fn a_group_that_is_listed_twice_is_not_followed_by_more_errors() {
        let mut faults = Vec::new();
        assert!(TopicCreation::parse(&config(&[("groups", "g1,g2, g1")]), &mut faults).is_none());
        assert_eq!(faults.len(), 0, "the definition of the list has the error: {faults:?}");
    }

    /// If each group were compared with each key, this would take hours.
    #[test]
    fn very_many_groups_are_parsed() {
        let many = 150_000;
        let groups = (0..many).map(|number| format!("g{number}")).collect::<Vec<_>>().join(",");
        let mut config =
            config(&[("default.partitions", "1"), ("default.replication.factor", "1"), ("groups", &groups)]);
        config.extend((0..many).map(|number| (format!("{PREFIX}g{number}.retention.ms"), number.to_string())));
        let creation = TopicCreation::parse(&config, &mut Vec::new()).expect("in order");
        assert_eq!(creation.groups.len(), many + 1);
        assert_eq!(creation.groups[7].configs, BTreeMap::from([("retention.ms".to_owned(), "7".to_owned())]));
    }

    #[test]
    fn without_such_keys_the_broker_makes_topics() {
        assert!(TopicCreation::parse(&ConfigMap::from([("topic".into(), "t".into())]), &mut Vec::new()).is_none());
    }

    #[test]
    fn what_is_wrong_is_said_in_kafka_connects_words() {
        assert_eq!(
            faults(&[("default.partitions", "2")]),
            [
                "Missing required configuration \"topic.creation.default.replication.factor\" which has no default value."
            ]
        );
        assert_eq!(faults(&[("groups", "")]).len(), 2);
        assert_eq!(
            faults(&[("default.partitions", "0"), ("default.replication.factor", "-2")]),
            [
                "Invalid value -2 for configuration topic.creation.default.replication.factor: Replication factor must be positive \
                 and not larger than the number of brokers in the Kafka cluster, or -1 to use the broker's default",
                "Invalid value 0 for configuration topic.creation.default.partitions: Number of partitions must be positive, or -1 \
                 to use the broker's default",
            ]
        );
        let default =
            [("default.partitions", "1"), ("default.replication.factor", "1"), ("groups", "g"), ("g.include", "(")];
        assert!(
            faults(&default)[0]
                .starts_with("Invalid value ( for configuration topic.creation.g.include: Syntax error in")
        );
    }
}
