//! The transforms of a connector and their predicates: `transforms`, `predicates` and the keys below them.

use indexmap::IndexSet;

use crate::error::Error;
use crate::keys::types::{self, Type, Value};
use crate::prefix::Sorted;
use weir_plugin::ConfigMap;

/// One transform of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The alias in the connector's configuration.
    pub(crate) alias: String,
    /// `transforms.ALIAS.type`, as written.
    pub(crate) class: String,
    /// The transform's own settings, without prefix and without the framework's keys.
    pub(crate) settings: ConfigMap,
    /// The condition for applying the transform; `None` if it applies to all records.
    pub(crate) predicate: Option<Predicate>,
}

/// The condition on a transform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Predicate {
    /// The alias in the connector's configuration.
    pub(crate) alias: String,
    /// `predicates.ALIAS.type`, as written.
    pub(crate) class: String,
    /// The predicate's own settings, without prefix.
    pub(crate) settings: ConfigMap,
    /// Whether the transform applies to the records for which the predicate is false.
    pub(crate) negate: bool,
}

/// The valid part of the chain; `validation` reports the errors in the rest.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) steps: Vec<Step>,
    /// All predicates that are listed.
    pub(crate) predicates: Vec<Predicate>,
    /// Errors about predicates that are not listed. Kafka Connect reports them when a task starts.
    pub(crate) errors: Vec<Error>,
}

/// Maximum number of transforms, and of predicates, of a connector. Each adds some kilobytes to the response of a validation for a few
/// bytes in the request. The aliases after these are ignored, because `validation` refuses the configuration.
pub(crate) const MAX_ALIASES: usize = 200;

/// Parses the chain.
pub(crate) fn parse(config: &ConfigMap) -> Steps {
    let mut errors = Vec::new();
    let sorted = Sorted::new(config);
    let listed = aliases(config, "predicates");
    let predicates: Vec<Predicate> =
        listed.iter().take(MAX_ALIASES).filter_map(|alias| predicate(config, &sorted, alias)).collect();
    let known = Known { listed: &listed, predicates: &predicates };
    let steps = aliases(config, "transforms")
        .into_iter()
        .take(MAX_ALIASES)
        .filter_map(|alias| step(config, &sorted, alias, &known, &mut errors))
        .collect();
    Steps { steps, predicates, errors }
}

/// The predicates that a transform may name.
struct Known<'a> {
    /// The aliases in the list.
    listed: &'a IndexSet<String>,
    /// Those of them that have a class.
    predicates: &'a [Predicate],
}

fn aliases(config: &ConfigMap, key: &str) -> IndexSet<String> {
    // A duplicate is an error of the key, so the errors of its own keys are not repeated.
    let aliases = config.get(key).map(|text| types::list(text)).unwrap_or_default();
    aliases.into_iter().filter(|alias| !alias.is_empty()).collect()
}

fn predicate(config: &ConfigMap, sorted: &Sorted<'_>, alias: &str) -> Option<Predicate> {
    let prefix = format!("predicates.{alias}.");
    let class = class(config, &prefix)?;
    let mut settings: ConfigMap = sorted.with_prefix(&prefix);
    settings.retain(|key, _| !matches!(key.as_str(), "type" | "plugin.version"));
    Some(Predicate { alias: alias.to_owned(), class, settings, negate: false })
}

fn step(
    config: &ConfigMap,
    sorted: &Sorted<'_>,
    alias: String,
    known: &Known<'_>,
    errors: &mut Vec<Error>,
) -> Option<Step> {
    let prefix = format!("transforms.{alias}.");
    let key = format!("{prefix}predicate");
    let negate_key = format!("{prefix}negate");
    let negate = config.get(&negate_key).and_then(|text| types::parse(&negate_key, Type::Boolean, text).ok());
    let negate = negate == Some(Value::Boolean(true));
    let predicate = config.get(&key).map(|text| text.trim()).and_then(|wanted| {
        // A predicate that is listed but has no valid class is reported with its class.
        if !known.listed.contains(wanted) {
            errors.push(Error::invalid(&key, wanted, "No such alias in the configuration 'predicates'."));
        }
        let predicate = known.predicates.iter().find(|predicate| predicate.alias == wanted)?;
        Some(Predicate { negate, ..predicate.clone() })
    });
    let class = class(config, &prefix)?;
    let mut settings: ConfigMap = sorted.with_prefix(&prefix);
    settings.retain(|key, _| !matches!(key.as_str(), "type" | "plugin.version" | "predicate" | "negate"));
    Some(Step { alias, class, settings, predicate })
}

fn class(config: &ConfigMap, prefix: &str) -> Option<String> {
    config.get(&format!("{prefix}type")).map(|text| text.trim().to_owned()).filter(|class| !class.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(entries: &[(&str, &str)]) -> (Vec<Step>, Vec<String>) {
        let config = entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let Steps { steps, errors, .. } = parse(&config);
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

    /// If each alias were compared with each key, or each predicate with each alias, this would take hours.
    #[test]
    fn a_configuration_with_very_many_aliases_is_parsed_up_to_the_limit() {
        let many = 300_000;
        let list = |letter: char| (0..many).map(|number| format!("{letter}{number}")).collect::<Vec<_>>().join(",");
        let mut config = ConfigMap::from([("transforms".into(), list('t')), ("predicates".into(), list('p'))]);
        for number in 0..many {
            config.insert(format!("transforms.t{number}.type"), "x.T".to_owned());
            config.insert(format!("transforms.t{number}.predicate"), format!("p{}", many - 1));
        }
        let Steps { steps, predicates, errors } = parse(&config);
        assert_eq!((steps.len(), predicates.len(), errors.len()), (MAX_ALIASES, 0, 0));
    }

    #[test]
    fn a_predicate_has_to_be_listed() {
        let (steps, errors) = parsed(&[
            ("transforms", "a,b"),
            ("transforms.a.type", "x.A"),
            ("transforms.a.predicate", "q"),
            ("transforms.b.negate", "true"),
        ]);
        assert_eq!(steps.len(), 1, "one without a class is left out: {steps:?}");
        assert_eq!(
            errors,
            [
                "Invalid value q for configuration transforms.a.predicate: No such alias in the configuration 'predicates'."
            ]
        );
    }
}
