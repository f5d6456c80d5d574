//! `ConfigDef`: definitions in order, and the validation of a configuration with them (`ConfigDef.validateAll`).

use std::collections::{HashMap, HashSet};

use indexmap::{IndexMap, IndexSet};
use weir_plugin::{ConfigKey, Importance, Validator};

use crate::error::Error;
use crate::keys::check::{self, Check};
use crate::keys::types::{self, Type, Value};
use weir_api::json::StringMap;
use weir_catalogue::Catalogue;

/// The definition of a key.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) key: ConfigKey,
    pub(super) rule: Rule,
    /// Whether the value must be the name of an existing class.
    pub(super) is_class: bool,
    /// Whether the key matters, given the values of other keys.
    pub(super) visible: bool,
}

/// How the value of a key is checked.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    /// A key of the framework.
    Checks(&'static [Check<'static>]),
    /// One of Weir's own keys, whose value may be null.
    Optional(&'static [Check<'static>]),
    /// A plugin's key with its own validators. Their texts contain the key without this prefix, as those of an embedded `ConfigDef`
    /// do.
    Plugin(String),
    /// The class of a converter.
    Converter {
        /// Whether it converts header values.
        for_headers: bool,
    },
    /// Errors that have been found already.
    Errors(Vec<String>),
}

/// The result for a key (`ConfigValue`).
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The value as the REST API prints it.
    pub(super) value: Option<String>,
    pub(super) recommended: Vec<String>,
    pub(super) errors: Vec<String>,
    pub(super) visible: bool,
}

impl Default for Found {
    fn default() -> Self {
        Self { value: None, recommended: Vec::new(), errors: Vec::new(), visible: true }
    }
}

/// The results for several keys.
pub(super) type FoundValues = IndexMap<String, Found>;

impl Definition {
    /// Returns the definition of a plugin's key.
    pub(super) fn of_plugin(key: ConfigKey) -> Self {
        let visible = key.visible;
        Self { key, rule: Rule::Plugin(String::new()), is_class: false, visible }
    }

    /// Returns the default value as the REST API prints it.
    pub(super) fn printed_default(&self) -> Option<String> {
        let text = self.key.default.as_deref()?;
        Some(match self.key.kind {
            Type::Password => HIDDEN.to_owned(),
            kind => types::parse(&self.key.name, kind, text).map_or_else(|_| text.to_owned(), |value| value.printed()),
        })
    }

    /// Parses and checks a value (`ConfigDef.parseForValidate`).
    fn validate(&self, given: Option<&Option<String>>, catalogue: &Catalogue) -> Found {
        let name = &self.key.name;
        let mut errors = Vec::new();
        let value = match given {
            Some(Some(text)) => self.parse(text, catalogue).map_err(|error| errors.push(self.text(error))).ok(),
            Some(None) => None,
            None if self.key.required => {
                errors.push(Error::missing(name).to_string());
                None
            }
            None => self.key.default.as_deref().and_then(|text| self.parse(text, catalogue).ok()),
        };
        self.check(value.as_ref(), catalogue, &mut errors);
        let printed =
            value.map(|value| if self.key.kind == Type::Password { HIDDEN.to_owned() } else { value.printed() });
        Found { value: printed, recommended: self.key.recommended_values.clone(), errors, visible: self.visible }
    }

    fn parse(&self, text: &str, catalogue: &Catalogue) -> Result<Value, Error> {
        if !self.is_class {
            return types::parse(&self.key.name, self.key.kind, text);
        }
        match catalogue.class(weir_java::text::trim(text)) {
            Some(class) => Ok(Value::Text(class)),
            None => Err(Error::invalid(&self.key.name, text, format!("Class {text} could not be found."))),
        }
    }

    fn check(&self, value: Option<&Value>, catalogue: &Catalogue, errors: &mut Vec<String>) {
        let name = &self.key.name;
        let checked = match (&self.rule, value) {
            (Rule::Optional(_), None) => Ok(()),
            (Rule::Checks(checks) | Rule::Optional(checks), Some(value)) => {
                checks.iter().try_for_each(|check| check::check(name, value, *check))
            }
            (Rule::Checks(checks), None) => checks.iter().try_for_each(|check| check::check_null(name, *check)),
            (Rule::Plugin(prefix), value) => {
                let name = name.strip_prefix(prefix.as_str()).unwrap_or(name);
                // The default is null, so null is valid. Kafka does not use validators that refuse null for such keys.
                let may_be_null = !self.key.required && self.key.default.is_none();
                let mut validators = self.key.validators.iter();
                match value {
                    None if may_be_null => Ok(()),
                    value => validators.try_for_each(|validator| check_with(name, value, validator)),
                }
            }
            (Rule::Converter { for_headers }, Some(Value::Text(class))) => catalogue
                .converter(class, *for_headers, None)
                .map(drop)
                .map_err(|error| Error::other(name, error.to_string())),
            (Rule::Converter { .. }, _) => Ok(()),
            (Rule::Errors(said), _) => {
                errors.extend(said.iter().cloned());
                Ok(())
            }
        };
        if let Err(error) = checked {
            errors.push(self.text(error));
        }
    }

    /// Returns the text of an error, without a secret value.
    fn text(&self, error: Error) -> String {
        match error {
            Error::Invalid { key, detail, value } if self.key.kind == Type::Password && value != "null" => {
                Error::invalid(key, HIDDEN, detail).to_string()
            }
            error => error.to_string(),
        }
    }
}

/// What is shown instead of a password.
const HIDDEN: &str = "[hidden]";

fn check_with(name: &str, value: Option<&Value>, validator: &Validator) -> Result<(), Error> {
    let check = |check: Check<'_>| match value {
        Some(value) => check::check(name, value, check),
        None => check::check_null(name, check),
    };
    fn borrowed(allowed: &[String]) -> Vec<&str> {
        allowed.iter().map(String::as_str).collect()
    }
    match validator {
        Validator::Range(low, high) => check(Check::Between(*low, *high)),
        Validator::NonEmptyString => check(Check::NonEmptyString),
        Validator::OneOf(allowed) => check(Check::OneOf(&borrowed(allowed))),
        Validator::OneOfIgnoringCase(allowed) => check(Check::OneOfIgnoringCase(&borrowed(allowed))),
        Validator::NonEmptyList => check(Check::NonEmptyList),
        Validator::NonEmptyListWithoutDuplicates => check(Check::UniqueList { may_be_empty: false }),
        Validator::ListWithoutDuplicates => check(Check::UniqueList { may_be_empty: true }),
        Validator::Regex => check(Check::Regex),
    }
}

/// Definitions in the order in which they were added, and their groups.
#[derive(Debug, Clone, Default)]
pub(super) struct Definitions {
    all: IndexMap<String, Definition>,
    groups: IndexSet<String>,
}

impl Definitions {
    /// Adds a definition. It replaces the one of the same key.
    pub(super) fn define(&mut self, definition: Definition) {
        if let Some(group) = &definition.key.group {
            self.groups.insert(group.clone());
        }
        self.all.insert(definition.key.name.clone(), definition);
    }

    /// Returns the definition of a key.
    pub(super) fn get(&self, name: &str) -> Option<&Definition> {
        self.all.get(name)
    }

    /// Returns all definitions in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Definition> {
        self.all.values()
    }

    /// Returns the groups, in the order in which they were first used.
    pub(super) fn groups(&self) -> &IndexSet<String> {
        &self.groups
    }

    /// Adds the definitions of a plugin, with a prefix and in a group of their own (`ConfigDef.embed`).
    pub(super) fn embed(&mut self, prefix: &str, group: &str, first: i32, part: &Self) {
        for (definition, order) in part.sorted().into_iter().zip(first..) {
            let mut definition = definition.clone();
            let key = &mut definition.key;
            key.name = format!("{prefix}{}", key.name);
            key.group = Some(match &key.group {
                Some(inner) => format!("{group}: {inner}"),
                None => group.to_owned(),
            });
            key.order_in_group = order;
            for dependent in &mut key.dependents {
                dependent.insert_str(0, prefix);
            }
            if let Rule::Plugin(hidden) = &mut definition.rule {
                prefix.clone_into(hidden);
            }
            // A plugin's key does not replace one of the framework's keys.
            if !self.all.contains_key(&definition.key.name) {
                self.define(definition);
            }
        }
    }

    /// Sorts by group, position in the group, required keys first, importance and name (`ConfigDef.sortedConfigs`).
    fn sorted(&self) -> Vec<&Definition> {
        let places: HashMap<&str, usize> = self.groups.iter().map(String::as_str).zip(1..).collect();
        let mut sorted: Vec<_> = self.all.values().collect();
        sorted.sort_by_key(|definition| {
            let key = &definition.key;
            let group = key.group.as_deref().and_then(|group| places.get(group)).copied().unwrap_or(0);
            let importance = match key.importance {
                Importance::High => 0,
                Importance::Medium => 1,
                Importance::Low => 2,
            };
            (group, key.order_in_group, !key.required, importance, key.name.as_str())
        });
        sorted
    }

    /// Validates a configuration. Keys without a definition are ignored.
    pub(super) fn validate_all(&self, config: &StringMap, catalogue: &Catalogue) -> FoundValues {
        let mut found: FoundValues = self.all.keys().map(|name| (name.clone(), Found::default())).collect();
        for dependent in self.all.values().flat_map(|definition| &definition.key.dependents) {
            if !self.all.contains_key(dependent) {
                let error = format!("{dependent} is referred in the dependents, but not defined.");
                found.insert(dependent.clone(), Found { errors: vec![error], visible: false, ..Found::default() });
            }
        }
        for definition in self.reached() {
            let name = &definition.key.name;
            found.insert(name.clone(), definition.validate(config.get(name), catalogue));
        }
        found
    }

    /// Returns the keys that are not a dependent of another key, their dependents, and so on. Keys that depend on each other in a
    /// circle are never reached, as in Kafka.
    fn reached(&self) -> Vec<&Definition> {
        let dependents: HashSet<&str> =
            self.all.values().flat_map(|definition| &definition.key.dependents).map(String::as_str).collect();
        let mut waiting: Vec<&str> =
            self.all.keys().map(String::as_str).filter(|name| !dependents.contains(name)).collect();
        let mut seen = HashSet::new();
        let mut reached = Vec::new();
        while let Some(name) = waiting.pop() {
            if let Some(definition) = self.all.get(name).filter(|_| seen.insert(name)) {
                reached.push(definition);
                waiting.extend(definition.key.dependents.iter().map(String::as_str));
            }
        }
        reached
    }
}
