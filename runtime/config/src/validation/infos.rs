//! The result of a validation: `ConfigInfos` and its parts, as in `org.apache.kafka.connect.runtime.rest.entities`, and how they
//! are combined and counted.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use indexmap::IndexSet;
use serde::Serialize;
use weir_plugin::{Importance, Width};

use super::definitions::{Definition, Definitions, Found, FoundValues};
use super::framework::WEIR;
use super::unlisted;
use crate::error::Error;
use crate::keys::types::type_name;
use crate::providers::Resolved;

/// The response of `PUT /connector-plugins/{p}/config/validate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigInfos {
    /// `connector.class` as submitted.
    pub name: String,
    /// The number of errors, as Kafka Connect counts them. The configuration is valid if it is 0.
    pub error_count: usize,
    /// All groups, in the order in which a user interface shows them.
    pub groups: Vec<String>,
    /// One entry for each key that has a definition or an error.
    pub configs: Vec<ConfigInfo>,
}

/// A key's definition and value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigInfo {
    /// `None` if the key has no definition.
    pub definition: Option<ConfigKeyInfo>,
    /// What is known about the value.
    pub value: ConfigValueInfo,
}

/// A key's definition. Field names and values are Kafka Connect's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of Kafka's ConfigKey")]
pub struct ConfigKeyInfo {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub required: bool,
    pub default_value: Option<String>,
    pub importance: &'static str,
    pub documentation: String,
    pub group: Option<String>,
    pub order_in_group: i32,
    pub width: &'static str,
    pub display_name: String,
    pub dependents: Vec<String>,
}

/// A key's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigValueInfo {
    /// The key.
    pub name: String,
    /// The parsed value as text; `[hidden]` for a password. `None` if it is null or could not be parsed.
    pub value: Option<String>,
    /// Values that a user interface may offer.
    pub recommended_values: Vec<String>,
    /// The error messages.
    pub errors: Vec<String>,
    /// Whether the key matters, given the values of other keys.
    pub visible: bool,
}

impl ConfigKeyInfo {
    /// Returns the definition of a key, with a prefix before its name.
    pub(super) fn new(definition: &Definition, prefix: &str) -> Self {
        let key = &definition.key;
        Self {
            name: format!("{prefix}{}", key.name),
            kind: type_name(key.kind),
            required: key.required,
            default_value: definition.printed_default(),
            importance: match key.importance {
                Importance::High => "HIGH",
                Importance::Medium => "MEDIUM",
                Importance::Low => "LOW",
            },
            documentation: key.doc.clone(),
            group: key.group.clone(),
            order_in_group: key.order_in_group,
            width: match key.width {
                Width::None => "NONE",
                Width::Short => "SHORT",
                Width::Medium => "MEDIUM",
                Width::Long => "LONG",
            },
            display_name: key.display_name.clone(),
            dependents: key.dependents.clone(),
        }
    }
}

impl ConfigValueInfo {
    fn new(name: String, found: Found) -> Self {
        let Found { value, recommended, errors, visible } = found;
        Self { name, value, recommended_values: recommended, errors, visible }
    }
}

impl ConfigInfos {
    /// Returns a result without entries.
    pub(super) fn empty(name: &str) -> Self {
        Self { name: name.to_owned(), error_count: 0, groups: Vec::new(), configs: Vec::new() }
    }

    /// `AbstractHerder.generateResult`: values without a definition first, then one entry for each definition. Each message counts
    /// as an error.
    pub(super) fn of_connector(name: &str, definitions: &Definitions, values: FoundValues) -> Self {
        let (mut values, undefined): (FoundValues, FoundValues) =
            values.into_iter().partition(|(key, _)| definitions.get(key).is_some());
        let undefined = undefined.into_iter();
        let mut configs: Vec<_> = undefined
            .map(|(key, found)| ConfigInfo { definition: None, value: ConfigValueInfo::new(key, found) })
            .collect();
        for definition in definitions.iter() {
            let name = definition.key.name.clone();
            let found = values.swap_remove(&name).unwrap_or_default();
            configs.push(ConfigInfo {
                definition: Some(ConfigKeyInfo::new(definition, "")),
                value: ConfigValueInfo::new(name, found),
            });
        }
        let error_count = configs.iter().map(|config| config.value.errors.len()).sum();
        Self { name: name.to_owned(), error_count, groups: definitions.groups().iter().cloned().collect(), configs }
    }

    /// `AbstractHerder.prefixedConfigInfos`: values of a part of the configuration, in the order of Java's hash map. A key with
    /// errors counts once.
    pub(super) fn of_part(definitions: &Definitions, values: FoundValues, prefix: &str) -> Self {
        let order = weir_java::hash_map::order(values.keys().map(String::as_str));
        let mut infos = Self::empty("");
        let mut values: Vec<Option<(String, Found)>> = values.into_iter().map(Some).collect();
        let mut groups = IndexSet::new();
        for (name, found) in order.into_iter().filter_map(|place| values.get_mut(place)?.take()) {
            let definition = definitions.get(&name);
            groups.extend(definition.and_then(|definition| definition.key.group.clone()));
            infos.error_count += usize::from(!found.errors.is_empty());
            infos.configs.push(ConfigInfo {
                definition: definition.map(|definition| ConfigKeyInfo::new(definition, prefix)),
                // Kafka Connect creates a new value here, which is always visible.
                value: ConfigValueInfo::new(format!("{prefix}{name}"), Found { visible: true, ..found }),
            });
        }
        infos.groups = groups.into_iter().collect();
        infos
    }

    /// `AbstractHerder.mergeConfigInfos`: adds another part at the end.
    pub(super) fn append(&mut self, other: Self) {
        self.error_count += other.error_count;
        self.configs.extend(other.configs);
        let groups: IndexSet<String> = self.groups.drain(..).chain(other.groups).collect();
        self.groups = groups.into_iter().collect();
    }

    /// Returns the keys that have errors.
    pub(super) fn keys_with_errors(&self) -> impl Iterator<Item = &str> {
        self.configs
            .iter()
            .map(|config| &config.value)
            .filter(|value| !value.errors.is_empty())
            .map(|value| &*value.name)
    }

    /// Adds errors of Weir, each to the first entry of its key, or to a new entry.
    pub(crate) fn add_errors<'a>(&mut self, errors: impl IntoIterator<Item = &'a Error>) {
        // Not looked for with each error: there may be as many errors as entries.
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut errors = errors.into_iter().peekable();
        if errors.peek().is_some() {
            // From the end: of equal keys, the first one remains.
            let entries = self.configs.iter().enumerate().rev();
            numbers.extend(entries.map(|(number, config)| (config.value.name.clone(), number)));
        }
        for error in errors {
            self.error_count += 1;
            match numbers.entry(error.key().to_owned()) {
                Entry::Occupied(number) => self.configs[*number.get()].value.errors.push(error.to_string()),
                Entry::Vacant(unknown) => {
                    let found = Found { errors: vec![error.to_string()], ..Found::default() };
                    // Clients look for the key's name in the definition.
                    let definition = Some(ConfigKeyInfo::new(&unlisted::definition(error.key()), ""));
                    let value = ConfigValueInfo::new(error.key().to_owned(), found);
                    unknown.insert(self.configs.len());
                    self.configs.push(ConfigInfo { definition, value });
                }
            }
        }
    }

    /// Removes Weir's own keys without errors, for clients that compare the definitions with Kafka Connect's.
    pub fn without_weirs_own(mut self) -> Self {
        let is_weirs = |config: &ConfigInfo| {
            config.definition.as_ref().is_some_and(|definition| definition.group.as_deref() == Some(WEIR))
        };
        self.configs.retain(|config| !is_weirs(config) || !config.value.errors.is_empty());
        if !self.configs.iter().any(is_weirs) {
            self.groups.retain(|group| group != WEIR);
        }
        self
    }

    /// Removes the values of config providers: replaces a resolved value with its reference, and each of its errors with a text
    /// that does not contain the value, because a short value cannot be recognized in a text.
    pub(crate) fn hide(&mut self, resolved: &Resolved) {
        let hide = |text: &mut String| *text = resolved.secrets().hide(text).into_owned();
        match resolved.submitted("connector.class") {
            Some(class) => class.clone_into(&mut self.name),
            None => hide(&mut self.name),
        }
        for value in self.configs.iter_mut().map(|config| &mut config.value) {
            let name = value.name.clone();
            match resolved.submitted(&name) {
                Some(reference) => {
                    value.value = Some(reference.to_owned());
                    for error in &mut value.errors {
                        *error = resolved.hide_error(Error::other(&name, std::mem::take(error))).to_string();
                    }
                }
                None => value.value.iter_mut().chain(&mut value.errors).for_each(hide),
            }
            value.recommended_values.iter_mut().for_each(hide);
        }
    }

    /// Returns all messages, in the order of the entries.
    pub fn errors(&self) -> impl Iterator<Item = &str> {
        self.configs.iter().flat_map(|config| config.value.errors.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If each error were compared with each entry, this would take hours.
    #[test]
    fn very_many_errors_are_added() {
        let many = 200_000;
        let errors: Vec<Error> = (0..many).map(|number| Error::other(format!("k{number}"), "no")).collect();
        let mut infos = ConfigInfos::empty("c");
        infos.add_errors(&errors);
        infos.add_errors(&errors);
        assert_eq!((infos.error_count, infos.configs.len()), (2 * many, many));
        assert!(infos.configs.iter().all(|config| config.value.errors == ["no", "no"]));
    }
}
