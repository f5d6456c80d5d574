//! Checks the description of a component, and limits its size, because it is stored, listed and shown.

use std::collections::HashSet;

use weir_data::text::{is_disguise, shown};

use crate::contract::{Exports, Interface};
use crate::info::{ConfigKey, PluginInfo, PluginKind, Validator};

/// The maximum length of a class name. Class names are part of log fields, metric labels, REST responses and messages.
const MAX_CLASS: usize = 256;
/// The maximum number of plugins of a component.
const MAX_PLUGINS: usize = 256;
/// The maximum length of a version.
const MAX_VERSION: usize = 128;
/// The maximum number of keys of a plugin's configuration. Known connectors of Kafka have less than a fifth of it.
const MAX_KEYS: usize = 1000;
/// The maximum length of the name of a key, of a group, and of a display name.
const MAX_NAME: usize = 256;
/// The maximum length of the documentation of a plugin or key.
const MAX_DOC: usize = 16 << 10;
/// The maximum length of a default value.
const MAX_DEFAULT: usize = 16 << 10;
/// The maximum number of entries in a list: recommended values, dependents, validators, allowed values.
const MAX_LIST: usize = 1000;
/// The maximum length of an entry in such a list.
const MAX_ENTRY: usize = 1 << 10;
/// The maximum number of bytes of a description, with an extra cost for each key and each entry of a list. It is stored for each component,
/// and the response to a validation contains a part of it for each alias of a transform.
const MAX_TOTAL: usize = 1 << 20;
/// The cost of a key apart from its texts.
const KEY_BYTES: usize = 256;
/// The cost of an entry of a list apart from its text.
const ENTRY_BYTES: usize = 64;

/// # Errors
///
/// What is wrong, with the name of the plugin.
pub(crate) fn check(plugins: &[PluginInfo], exports: &Exports) -> Result<(), String> {
    check_with(plugins, |interface| exports.has(interface))
}

fn check_with(plugins: &[PluginInfo], exports: impl Fn(Interface) -> bool) -> Result<(), String> {
    if plugins.is_empty() {
        return Err("it does not list any plugin".to_owned());
    }
    at_most(MAX_PLUGINS, plugins.len(), "the list of plugins", "entries")?;
    let mut size = Size::default();
    let mut classes = HashSet::new();
    for plugin in plugins {
        let class = &plugin.class;
        if class.is_empty() || class.len() > MAX_CLASS || class.chars().any(|c| c.is_whitespace() || is_disguise(c)) {
            let class = shown(class);
            return Err(format!(
                "{class:?} is not a valid class name: it must have 1 to {MAX_CLASS} characters and no space"
            ));
        }
        if !classes.insert(class) {
            return Err(format!("the class {class} is listed twice"));
        }
        let interface = needed(plugin.kind);
        if !exports(interface) {
            let (kind, interface) = (plugin.kind.as_str(), interface.name());
            return Err(format!("{class} is a {kind}, but the component does not export weir:connect/{interface}"));
        }
        size.text(class, MAX_CLASS, "the class")?;
        name(&mut size, &plugin.version, MAX_VERSION, "the version").map_err(|reason| format!("{class}: {reason}"))?;
        let doc = plugin.doc.as_deref().unwrap_or_default();
        size.text(doc, MAX_DOC, "the documentation").map_err(|reason| format!("{class}: {reason}"))?;
        check_config(&plugin.config, &mut size).map_err(|reason| format!("{class}: {reason}"))?;
    }
    Ok(())
}

fn needed(kind: PluginKind) -> Interface {
    match kind {
        PluginKind::Source => Interface::Source,
        PluginKind::Sink => Interface::Sink,
        PluginKind::Transformation => Interface::Transform,
        PluginKind::Predicate => Interface::Predicate,
    }
}

fn check_config(config: &[ConfigKey], size: &mut Size) -> Result<(), String> {
    at_most(MAX_KEYS, config.len(), "the configuration", "keys")?;
    let mut names = HashSet::new();
    for key in config {
        let of_key = |reason: String| format!("the configuration key {}: {reason}", shown(&key.name));
        if key.name.is_empty() {
            return Err("a configuration key has no name".to_owned());
        }
        size.add(KEY_BYTES)?;
        name(size, &key.name, MAX_NAME, "the name").map_err(of_key)?;
        if !names.insert(&key.name) {
            return Err(format!("the configuration key {} is listed twice", key.name));
        }
        if key.required && key.default.is_some() {
            return Err(format!("the configuration key {} is required, but has a default", key.name));
        }
        check_key(key, size).map_err(of_key)?;
    }
    Ok(())
}

fn check_key(key: &ConfigKey, size: &mut Size) -> Result<(), String> {
    size.text(&key.doc, MAX_DOC, "the documentation")?;
    size.text(key.default.as_deref().unwrap_or_default(), MAX_DEFAULT, "the default value")?;
    name(size, key.group.as_deref().unwrap_or_default(), MAX_NAME, "the group")?;
    name(size, &key.display_name, MAX_NAME, "the display name")?;
    size.list(&key.dependents, "the list of dependents", "a dependent")?;
    size.list(&key.recommended_values, "the list of recommended values", "a recommended value")?;
    at_most(MAX_LIST, key.validators.len(), "the list of validators", "entries")?;
    for validator in &key.validators {
        size.add(ENTRY_BYTES)?;
        if let Validator::OneOf(values) | Validator::OneOfIgnoringCase(values) = validator {
            size.list(values, "the list of valid values", "a valid value")?;
        }
    }
    Ok(())
}

/// Returns a text for the middle of a line.
fn name(size: &mut Size, text: &str, max: usize, part: &str) -> Result<(), String> {
    size.text(text, max, part)?;
    match text.chars().any(is_disguise) {
        true => Err(format!("{part} has control characters")),
        false => Ok(()),
    }
}

fn at_most(max: usize, found: usize, part: &str, unit: &str) -> Result<(), String> {
    match found > max {
        true => Err(format!("{part} has {found} {unit}; the limit is {max}")),
        false => Ok(()),
    }
}

/// Sums the cost of a description.
#[derive(Debug, Default)]
struct Size(usize);

impl Size {
    fn add(&mut self, bytes: usize) -> Result<(), String> {
        self.0 = self.0.saturating_add(bytes);
        match self.0 > MAX_TOTAL {
            true => Err(format!("up to here the description has more than {MAX_TOTAL} bytes; that is the limit")),
            false => Ok(()),
        }
    }

    fn text(&mut self, text: &str, max: usize, part: &str) -> Result<(), String> {
        at_most(max, text.len(), part, "bytes")?;
        self.add(text.len())
    }

    fn list(&mut self, entries: &[String], list: &str, entry: &str) -> Result<(), String> {
        at_most(MAX_LIST, entries.len(), list, "entries")?;
        self.add(entries.len() * ENTRY_BYTES)?;
        entries.iter().try_for_each(|text| self.text(text, MAX_ENTRY, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::{ConfigType, Importance, Width};

    fn plugin(class: &str, kind: PluginKind) -> PluginInfo {
        PluginInfo { class: class.into(), kind, version: "1".into(), config: vec![], doc: None, memory: None }
    }

    fn key(name: &str) -> ConfigKey {
        ConfigKey {
            name: name.into(),
            kind: ConfigType::String,
            required: false,
            default: None,
            validators: vec![],
            importance: Importance::High,
            doc: String::new(),
            group: None,
            order_in_group: -1,
            width: Width::None,
            display_name: name.into(),
            dependents: vec![],
            recommended_values: vec![],
            visible: true,
        }
    }

    #[test]
    fn an_honest_description_passes() {
        let mut source = plugin("org.example.Source", PluginKind::Source);
        source.config = vec![key("a"), key("b")];
        let plugins = [source, plugin("org.example.Sink", PluginKind::Sink)];
        assert_eq!(check_with(&plugins, |_| true), Ok(()));
    }

    #[test]
    fn everything_else_is_refused() {
        let source = || plugin("S", PluginKind::Source);
        let with_config = |config| PluginInfo { config, ..source() };
        let required = ConfigKey { required: true, default: Some("x".into()), ..key("a") };
        let cases = [
            (vec![], "any plugin"),
            (vec![plugin("", PluginKind::Source)], "not a valid class name"),
            (vec![plugin("a b", PluginKind::Source)], "not a valid class name"),
            (vec![source(), source()], "listed twice"),
            (vec![plugin("P", PluginKind::Predicate)], "does not export weir:connect/predicate"),
            (vec![with_config(vec![key("")])], "no name"),
            (vec![with_config(vec![key("a"), key("a")])], "a is listed twice"),
            (vec![with_config(vec![required])], "but has a default"),
            (vec![plugin("S\u{202e}", PluginKind::Source)], "not a valid class name"),
            (vec![PluginInfo { version: "1\n2".into(), ..source() }], "the version has control characters"),
            (vec![with_config(vec![key("a\0b")])], "the name has control characters"),
        ];
        for (plugins, expected) in cases {
            let reason = check_with(&plugins, |interface| interface != Interface::Predicate).expect_err(expected);
            assert!(reason.contains(expected), "{expected:?} in {reason:?}");
        }
    }

    #[test]
    fn each_part_has_a_limit_and_the_error_names_the_part() {
        type Bomb = fn(&mut PluginInfo);
        let many = |count: usize| -> Vec<String> { (0..count).map(|number| number.to_string()).collect() };
        let bombs: [(&str, Bomb); 15] = [
            ("is not a valid class name", |plugin| plugin.class = "c".repeat(12 << 20)),
            ("the version has 12582912 bytes; the limit is 128", |plugin| plugin.version = "1".repeat(12 << 20)),
            ("the configuration has 60000 keys; the limit is 1000", |plugin| plugin.config = vec![key("a"); 60_000]),
            ("the name has 257 bytes; the limit is 256", |plugin| plugin.config[0].name = "n".repeat(257)),
            ("the documentation has 12582912 bytes; the limit is 16384", |plugin| {
                plugin.config[0].doc = "d".repeat(12 << 20);
            }),
            ("the default value has 16385 bytes", |plugin| plugin.config[0].default = Some("d".repeat(16_385))),
            ("the group has 257 bytes", |plugin| plugin.config[0].group = Some("g".repeat(257))),
            ("the display name has 257 bytes", |plugin| plugin.config[0].display_name = "n".repeat(257)),
            ("the list of dependents has 1001 entries", |plugin| plugin.config[0].dependents = vec!["d".into(); 1001]),
            ("a dependent has 1025 bytes", |plugin| plugin.config[0].dependents = vec!["d".repeat(1025)]),
            ("the list of recommended values has 1001 entries", |plugin| {
                plugin.config[0].recommended_values = vec!["v".into(); 1001];
            }),
            ("a recommended value has 1025 bytes", |plugin| {
                plugin.config[0].recommended_values = vec!["v".repeat(1025)];
            }),
            ("the list of validators has 1001 entries", |plugin| {
                plugin.config[0].validators = vec![Validator::NonEmptyString; 1001];
            }),
            ("the list of valid values has 1001 entries", |plugin| {
                plugin.config[0].validators = vec![Validator::OneOf(vec!["v".into(); 1001])];
            }),
            ("a valid value has 1025 bytes", |plugin| {
                plugin.config[0].validators = vec![Validator::OneOfIgnoringCase(vec!["v".repeat(1025)])];
            }),
        ];
        for (expected, bomb) in bombs {
            let mut plugin = PluginInfo { config: vec![key("a")], ..plugin("org.example.Source", PluginKind::Source) };
            bomb(&mut plugin);
            let reason = check_with(&[plugin], |_| true).expect_err(expected);
            assert!(reason.contains(expected) && reason.len() < 1000, "{expected:?} in {reason:?}");
        }
        let plugins: Vec<PluginInfo> =
            many(MAX_PLUGINS + 1).iter().map(|class| plugin(class, PluginKind::Source)).collect();
        assert_eq!(check_with(&plugins[1..], |_| true), Ok(()));
        let reason = check_with(&plugins, |_| true).expect_err("too many");
        assert_eq!(reason, "the list of plugins has 257 entries; the limit is 256");
        // Each part is within its limit, but the total is not.
        let wordy = |name: &String| ConfigKey { doc: "d".repeat(MAX_DOC), ..key(name) };
        let config = many(200).iter().map(wordy).collect();
        let reason = check_with(&[PluginInfo { config, ..plugin("S", PluginKind::Source) }], |_| true);
        assert!(reason.expect_err("too long").contains("has more than 1048576 bytes"));
    }
}
