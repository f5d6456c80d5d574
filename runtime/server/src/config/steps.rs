//! The transforms of a connector and their predicates, out of `transforms`, `predicates` and what hangs below them.

use indexmap::IndexSet;

use super::def::{self, Type, Value};
use super::error::Error;
use super::worker::with_prefix;
use crate::herder::api::ConfigMap;

/// One transform of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// The name it has in this connector's configuration.
    pub(super) alias: String,
    /// `transforms.ALIAS.type`, as written.
    pub(super) class: String,
    /// Its own settings, prefix and the framework's keys removed.
    pub(super) settings: ConfigMap,
    /// The rows it is for; none = all.
    pub(super) predicate: Option<Predicate>,
}

/// The condition on a transform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Predicate {
    /// The name it has in this connector's configuration.
    pub(super) alias: String,
    /// `predicates.ALIAS.type`, as written.
    pub(super) class: String,
    /// Its own settings.
    pub(super) settings: ConfigMap,
    /// True = the transform is for the rows that the predicate does not hold for.
    pub(super) negate: bool,
}

/// The chain, and what is wrong with it. Duplicate aliases were reported with the keys themselves.
pub(super) fn parse(config: &ConfigMap) -> (Vec<Step>, Vec<Error>) {
    let mut errors = Vec::new();
    let predicates: Vec<Predicate> =
        aliases(config, "predicates").filter_map(|alias| predicate(config, alias, &mut errors)).collect();
    let steps =
        aliases(config, "transforms").filter_map(|alias| step(config, alias, &predicates, &mut errors)).collect();
    (steps, errors)
}

fn aliases(config: &ConfigMap, key: &str) -> impl Iterator<Item = String> {
    // One that is given twice is an error of the key, which need not be followed by its own errors twice.
    let aliases: IndexSet<String> =
        config.get(key).map(|text| def::list(text)).unwrap_or_default().into_iter().collect();
    aliases.into_iter().filter(|alias| !alias.is_empty())
}

fn predicate(config: &ConfigMap, alias: String, errors: &mut Vec<Error>) -> Option<Predicate> {
    let prefix = format!("predicates.{alias}.");
    let class = class(config, &prefix, errors)?;
    let mut settings: ConfigMap = with_prefix(config, &prefix);
    settings.retain(|key, _| !matches!(key.as_str(), "type" | "plugin.version"));
    Some(Predicate { alias, class, settings, negate: false })
}

fn step(config: &ConfigMap, alias: String, predicates: &[Predicate], errors: &mut Vec<Error>) -> Option<Step> {
    let prefix = format!("transforms.{alias}.");
    let key = format!("{prefix}predicate");
    let negate_key = format!("{prefix}negate");
    let negate = match config.get(&negate_key).map(|text| def::parse(&negate_key, Type::Boolean, text)) {
        Some(Ok(value)) => Some(value == Value::Boolean(true)),
        Some(Err(error)) => {
            errors.push(error);
            None
        }
        None => None,
    };
    let predicate = match config.get(&key).map(|text| text.trim()) {
        Some(wanted) => match predicates.iter().find(|known| known.alias == wanted) {
            Some(known) => Some(Predicate { negate: negate.unwrap_or(false), ..known.clone() }),
            None => {
                // One that is listed but has no usable class was reported above.
                if !aliases(config, "predicates").any(|alias| alias == wanted) {
                    errors.push(Error::invalid(&key, wanted, "No such alias in the configuration 'predicates'."));
                }
                None
            }
        },
        None => {
            if negate.is_some() {
                let text = format!(
                    "Config '{negate_key}' was provided but there is no config '{key}' defining a predicate to be negated."
                );
                errors.push(Error::other(&negate_key, text));
            }
            None
        }
    };
    let class = class(config, &prefix, errors)?;
    let mut settings: ConfigMap = with_prefix(config, &prefix);
    settings.retain(|key, _| !matches!(key.as_str(), "type" | "plugin.version" | "predicate" | "negate"));
    Some(Step { alias, class, settings, predicate })
}

fn class(config: &ConfigMap, prefix: &str, errors: &mut Vec<Error>) -> Option<String> {
    let key = format!("{prefix}type");
    match config.get(&key).map(|text| text.trim()) {
        Some(class) if !class.is_empty() => Some(class.to_owned()),
        Some(empty) => {
            errors.push(Error::invalid(&key, empty, "Class  could not be found."));
            None
        }
        None => {
            errors.push(Error::missing(&key));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(entries: &[(&str, &str)]) -> (Vec<Step>, Vec<String>) {
        let config = entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let (steps, errors) = parse(&config);
        (steps, errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_chain_with_a_predicate() {
        let (steps, errors) = parsed(&[
            ("transforms", "a, b"),
            ("transforms.a.type", "x.A"),
            ("transforms.a.field", "f"),
            ("transforms.b.type", "x.B"),
            ("transforms.b.predicate", "p"),
            ("transforms.b.negate", "True"),
            ("predicates", "p"),
            ("predicates.p.type", "x.P"),
            ("predicates.p.pattern", "t.*"),
        ]);
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(steps.iter().map(|step| step.alias.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(steps[0].settings.iter().collect::<Vec<_>>(), [(&"field".to_owned(), &"f".to_owned())]);
        let predicate = steps[1].predicate.as_ref().expect("a predicate");
        assert!(predicate.negate && steps[1].settings.is_empty());
        assert_eq!((predicate.class.as_str(), predicate.settings["pattern"].as_str()), ("x.P", "t.*"));
    }

    #[test]
    fn what_is_wrong_with_a_chain_is_said_in_kafka_connects_words() {
        let (_, errors) = parsed(&[
            ("transforms", "a,b,c,c"),
            ("transforms.a.type", "x.A"),
            ("transforms.a.negate", "true"),
            ("transforms.b.type", "x.B"),
            ("transforms.b.predicate", "q"),
        ]);
        assert_eq!(
            errors,
            [
                "Config 'transforms.a.negate' was provided but there is no config 'transforms.a.predicate' defining a \
                 predicate to be negated.",
                "Invalid value q for configuration transforms.b.predicate: No such alias in the configuration 'predicates'.",
                "Missing required configuration \"transforms.c.type\" which has no default value.",
            ]
        );
    }
}
