//! `plugin`, `validation` and `capabilities`: the description of a component, and calls about configurations.

use wasmtime::Store;
use weir_data::text::shown;

use super::data::{self, fatal};
use super::exports::{capabilities, plugin as wit, validation};
use crate::answers::Needed;
use crate::batch::PluginConfig;
use crate::call::CallError;
use crate::info::{Bound, ConfigKey, ConfigType, ConfigValue, Importance, PluginInfo, PluginKind, Validator, Width};
use crate::store::StoreState;

pub(crate) struct Plugin(pub(super) wit::Guest);

impl Plugin {
    /// The inner error is about a name in an open list that this worker does not know, or an invalid value.
    pub(crate) async fn describe(
        &self,
        store: &mut Store<StoreState>,
    ) -> wasmtime::Result<Result<Vec<PluginInfo>, String>> {
        let plugins = self.0.call_describe(store).await?;
        Ok(plugins.into_iter().map(plugin_info).collect())
    }
}

pub(crate) struct Validation(pub(super) validation::Guest);

impl Validation {
    pub(crate) async fn validate(
        &self,
        store: &mut Store<StoreState>,
        class: &str,
        config: &PluginConfig,
    ) -> wasmtime::Result<Vec<ConfigValue>> {
        let values = self.0.call_validate(store, class, &data::to_config(config)).await?;
        let value = |validation::ConfigValue { key, errors, recommended_values, visible }| ConfigValue {
            key,
            errors,
            recommended_values,
            visible,
        };
        Ok(values.into_iter().map(value).collect())
    }
}

pub(crate) struct Capabilities(pub(super) capabilities::Guest);

impl Capabilities {
    pub(crate) async fn required(
        &self,
        store: &mut Store<StoreState>,
        class: &str,
        config: &PluginConfig,
    ) -> wasmtime::Result<Result<Vec<Needed>, CallError>> {
        let capabilities = self.0.call_required(&mut *store, class, &data::to_config(config)).await?;
        let needed = |capabilities::Capability { kind, target, options }| Needed { kind, target, options };
        Ok(capabilities.map(|needs| needs.into_iter().map(needed).collect()).map_err(fatal(store)))
    }
}

fn plugin_info(plugin: wit::PluginInfo) -> Result<PluginInfo, String> {
    let of_plugin = |reason: String| format!("{}: {reason}", shown(&plugin.class_name));
    let kind = plugin_kind(&plugin.kind).map_err(of_plugin)?;
    let mut doc = Once::new("doc");
    let mut memory = Once::new("memory");
    for (name, value) in plugin.attributes {
        match name.as_str() {
            "doc" => doc.set(value),
            "memory" => number(&value, "memory").and_then(|bytes| memory.set(bytes)),
            _ => Err(unknown("attribute of a plugin", &name, "doc, memory")),
        }
        .map_err(of_plugin)?;
    }
    let config = plugin.config.into_iter().map(config_key).collect::<Result<_, _>>().map_err(of_plugin)?;
    Ok(PluginInfo {
        class: plugin.class_name,
        kind,
        version: plugin.version,
        config,
        doc: doc.value,
        memory: memory.value,
    })
}

fn plugin_kind(kind: &str) -> Result<PluginKind, String> {
    match kind {
        "source" => Ok(PluginKind::Source),
        "sink" => Ok(PluginKind::Sink),
        "transformation" => Ok(PluginKind::Transformation),
        "predicate" => Ok(PluginKind::Predicate),
        "converter" => Err("it is a converter, and this worker cannot run converters of plugins".to_owned()),
        _ => Err(unknown("kind of plugin", kind, "source, sink, transformation, predicate")),
    }
}

fn config_key(key: wit::ConfigKey) -> Result<ConfigKey, String> {
    let of_key = |reason: String| format!("the configuration key {}: {reason}", shown(&key.name));
    let kind = match key.value_type {
        wit::ConfigType::Boolean => ConfigType::Boolean,
        wit::ConfigType::String => ConfigType::String,
        wit::ConfigType::Int => ConfigType::Int,
        wit::ConfigType::Short => ConfigType::Short,
        wit::ConfigType::Long => ConfigType::Long,
        wit::ConfigType::Double => ConfigType::Double,
        wit::ConfigType::List => ConfigType::List,
        wit::ConfigType::Class => ConfigType::Class,
        wit::ConfigType::Password => ConfigType::Password,
    };
    let importance = match key.importance {
        wit::Importance::High => Importance::High,
        wit::Importance::Medium => Importance::Medium,
        wit::Importance::Low => Importance::Low,
    };
    let validators = key.validators.into_iter().map(validator).collect::<Result<_, _>>().map_err(of_key)?;
    let attributes = Attributes::read(key.attributes).map_err(of_key)?;
    Ok(ConfigKey {
        kind,
        required: key.required,
        default: key.default,
        validators,
        importance,
        doc: key.doc,
        group: attributes.group.value,
        order_in_group: attributes.order.value.unwrap_or(-1),
        width: attributes.width.value.unwrap_or(Width::None),
        display_name: attributes.display_name.value.unwrap_or_else(|| key.name.clone()),
        dependents: attributes.dependents,
        recommended_values: attributes.recommended,
        visible: !attributes.internal.value.unwrap_or(false),
        name: key.name,
    })
}

/// The attributes of a configuration key.
struct Attributes {
    group: Once<String>,
    order: Once<i32>,
    width: Once<Width>,
    display_name: Once<String>,
    dependents: Vec<String>,
    recommended: Vec<String>,
    internal: Once<bool>,
}

impl Attributes {
    fn read(attributes: Vec<(String, String)>) -> Result<Self, String> {
        let mut read = Self {
            group: Once::new("group"),
            order: Once::new("order"),
            width: Once::new("width"),
            display_name: Once::new("display-name"),
            dependents: Vec::new(),
            recommended: Vec::new(),
            internal: Once::new("internal"),
        };
        for (name, value) in attributes {
            read.set(&name, value)?;
        }
        Ok(read)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "group" => self.group.set(value),
            "order" => number(&value, "order").and_then(|order| self.order.set(order)),
            "width" => match value.as_str() {
                "short" => self.width.set(Width::Short),
                "medium" => self.width.set(Width::Medium),
                "long" => self.width.set(Width::Long),
                _ => Err(unknown("width", &value, "short, medium, long")),
            },
            "display-name" => self.display_name.set(value),
            "dependent" => {
                self.dependents.push(value);
                Ok(())
            }
            "recommended" => {
                self.recommended.push(value);
                Ok(())
            }
            "internal" => match value.as_str() {
                "true" => self.internal.set(true),
                "false" => self.internal.set(false),
                _ => Err(unknown("value of the attribute internal", &value, "true, false")),
            },
            _ => Err(unknown(
                "attribute of a key",
                name,
                "group, order, width, display-name, dependent, recommended, internal",
            )),
        }
    }
}

fn validator(validator: wit::Validator) -> Result<Validator, String> {
    let wit::Validator { kind, args } = validator;
    match kind.as_str() {
        "range" => match args.as_slice() {
            [min, max] => Ok(Validator::Range(bound(min)?, bound(max)?)),
            _ => Err(format!("the validator range has {} arguments; it needs 2", args.len())),
        },
        "one-of" => Ok(Validator::OneOf(args)),
        "one-of-ignoring-case" => Ok(Validator::OneOfIgnoringCase(args)),
        "non-empty-string" => without_arguments(&kind, &args, Validator::NonEmptyString),
        "non-empty-list" => without_arguments(&kind, &args, Validator::NonEmptyList),
        "non-empty-list-without-duplicates" => {
            without_arguments(&kind, &args, Validator::NonEmptyListWithoutDuplicates)
        }
        "list-without-duplicates" => without_arguments(&kind, &args, Validator::ListWithoutDuplicates),
        "regex" => without_arguments(&kind, &args, Validator::Regex),
        _ => Err(unknown(
            "kind of validator",
            &kind,
            "range, non-empty-string, one-of, one-of-ignoring-case, non-empty-list, \
             non-empty-list-without-duplicates, list-without-duplicates, regex",
        )),
    }
}

fn without_arguments(kind: &str, args: &[String], validator: Validator) -> Result<Validator, String> {
    match args.len() {
        0 => Ok(validator),
        count => Err(format!("the validator {kind} has {count} arguments; it needs none")),
    }
}

/// A bound of a range. An empty text stands for no bound.
fn bound(text: &str) -> Result<Option<Bound>, String> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

/// Parses an integer that is at least 1.
fn number<N: std::str::FromStr + PartialOrd + From<u8>>(text: &str, attribute: &str) -> Result<N, String> {
    let number = text.parse().ok().filter(|number| *number >= N::from(1));
    number.ok_or_else(|| {
        let text = shown(text);
        format!("{text:?} is not a valid value of the attribute {attribute}: it must be a whole number of at least 1")
    })
}

/// Returns an attribute that may occur at most once.
struct Once<T> {
    name: &'static str,
    value: Option<T>,
}

impl<T> Once<T> {
    fn new(name: &'static str) -> Self {
        Self { name, value: None }
    }

    fn set(&mut self, value: T) -> Result<(), String> {
        match self.value.replace(value) {
            None => Ok(()),
            Some(_) => Err(format!("the attribute {} is listed twice", self.name)),
        }
    }
}

fn unknown(what: &str, text: &str, valid: &str) -> String {
    format!("{:?} is not a valid {what}. This worker knows {valid}; a newer one may know more", shown(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(attributes: &[(&str, &str)], validators: Vec<(&str, &[&str])>) -> wit::ConfigKey {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        wit::ConfigKey {
            name: "a".into(),
            value_type: wit::ConfigType::String,
            required: false,
            default: None,
            importance: wit::Importance::Low,
            doc: String::new(),
            validators: validators
                .into_iter()
                .map(|(kind, args)| wit::Validator { kind: kind.into(), args: owned(args) })
                .collect(),
            attributes: attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        }
    }

    fn plugin(kind: &str, attributes: &[(&str, &str)]) -> wit::PluginInfo {
        let attributes = attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        wit::PluginInfo {
            class_name: "C".into(),
            kind: kind.into(),
            version: "1".into(),
            config: vec![key(&[], vec![])],
            attributes,
        }
    }

    #[test]
    fn what_is_not_said_has_a_default_and_what_is_said_is_kept() {
        let plain = plugin_info(plugin("sink", &[])).unwrap();
        assert_eq!((plain.kind, plain.doc, plain.memory), (PluginKind::Sink, None, None));
        let ConfigKey { group, order_in_group, width, display_name, visible, .. } = plain.config[0].clone();
        assert_eq!((group, order_in_group, width, display_name, visible), (None, -1, Width::None, "a".into(), true));

        let said = plugin_info(plugin("transformation", &[("memory", "1048576"), ("doc", "Does it.")])).unwrap();
        assert_eq!((said.doc.as_deref(), said.memory), (Some("Does it."), Some(1 << 20)));
        let attributes = [
            ("group", "G"),
            ("order", "3"),
            ("width", "long"),
            ("display-name", "A"),
            ("dependent", "b"),
            ("dependent", "c"),
            ("recommended", "x"),
            ("internal", "true"),
        ];
        let ranges: [(&str, &[&str]); 2] = [("range", &["1", ""]), ("range", &["-0.5", "1e3"])];
        let key = config_key(key(&attributes, [&ranges[..], &[("one-of", &["x"]), ("regex", &[])]].concat())).unwrap();
        assert_eq!((key.group.as_deref(), key.order_in_group, key.width), (Some("G"), 3, Width::Long));
        assert_eq!((key.display_name.as_str(), key.visible), ("A", false));
        assert_eq!((key.dependents, key.recommended_values), (vec!["b".to_owned(), "c".into()], vec!["x".to_owned()]));
        let validators = [
            Validator::Range(Some(Bound::Whole(1)), None),
            Validator::Range(Some(Bound::Double(-0.5)), Some(Bound::Double(1000.0))),
            Validator::OneOf(vec!["x".into()]),
            Validator::Regex,
        ];
        assert_eq!(key.validators, validators);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_name() {
        for (found, expected) in [
            (plugin_info(plugin("converter", &[])), "C: it is a converter"),
            (plugin_info(plugin("rest-extension", &[])), "\"rest-extension\" is not a valid kind of plugin"),
            (plugin_info(plugin("sink", &[("colour", "red")])), "\"colour\" is not a valid attribute of a plugin"),
            (
                plugin_info(plugin("sink", &[("memory", "lots")])),
                "\"lots\" is not a valid value of the attribute memory",
            ),
            (plugin_info(plugin("sink", &[("memory", "0")])), "at least 1"),
            (plugin_info(plugin("sink", &[("doc", "a"), ("doc", "b")])), "the attribute doc is listed twice"),
        ] {
            let reason = found.map(drop).expect_err(expected);
            assert!(reason.contains(expected), "{expected:?} in {reason:?}");
        }
        for (key, expected) in [
            (key(&[("width", "wide")], vec![]), "the configuration key a: \"wide\" is not a valid width"),
            (key(&[("order", "-1")], vec![]), "\"-1\" is not a valid value of the attribute order"),
            (key(&[("internal", "yes")], vec![]), "\"yes\" is not a valid value of the attribute internal"),
            (key(&[("colour", "red")], vec![]), "\"colour\" is not a valid attribute of a key"),
            (key(&[], vec![("url", &[])]), "\"url\" is not a valid kind of validator"),
            (key(&[], vec![("range", &["1"])]), "the validator range has 1 arguments"),
            (key(&[], vec![("range", &["1", "x"])]), "\"x\" is not a valid bound"),
            (key(&[], vec![("range", &["1", "inf"])]), "\"inf\" is not a valid bound"),
            (key(&[], vec![("range", &["1e999", ""])]), "\"1e999\" is not a valid bound"),
            (key(&[], vec![("regex", &["x"])]), "the validator regex has 1 arguments"),
        ] {
            let reason = config_key(key).map(drop).expect_err(expected);
            assert!(reason.contains(expected), "{expected:?} in {reason:?}");
        }
    }
}
