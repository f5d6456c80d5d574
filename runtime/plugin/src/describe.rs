//! Whether what a component says about itself can be true.

use std::collections::HashSet;

use crate::info::{ConfigKey, PluginInfo, PluginKind};
use crate::v0_1::{Exports, Interface};

/// Longest class name. They become log fields, REST answers and parts of messages.
const MAX_CLASS: usize = 256;

/// # Errors
///
/// What is wrong, naming the plugin.
pub(crate) fn check(plugins: &[PluginInfo], exports: &Exports) -> Result<(), String> {
    check_with(plugins, |interface| exports.has(interface))
}

fn check_with(plugins: &[PluginInfo], exports: impl Fn(Interface) -> bool) -> Result<(), String> {
    if plugins.is_empty() {
        return Err("it lists no plugin".to_owned());
    }
    let mut classes = HashSet::new();
    for plugin in plugins {
        let class = &plugin.class;
        if class.is_empty() || class.len() > MAX_CLASS || class.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(format!("{class:?} is no class name: it must have 1 to {MAX_CLASS} characters and no space"));
        }
        if !classes.insert(class) {
            return Err(format!("the class {class} is listed twice"));
        }
        for &interface in needed(plugin.kind) {
            if !exports(interface) {
                let kind = plugin.kind.as_str();
                let interface = interface.name();
                return Err(format!("{class} is a {kind}, but the component does not export weir:connect/{interface}"));
            }
        }
        check_config(&plugin.config).map_err(|reason| format!("{class}: {reason}"))?;
    }
    Ok(())
}

fn needed(kind: PluginKind) -> &'static [Interface] {
    match kind {
        PluginKind::Source => &[Interface::Connector, Interface::Source],
        PluginKind::Sink => &[Interface::Connector, Interface::Sink],
        PluginKind::Transformation => &[Interface::Transform],
        PluginKind::Predicate => &[Interface::Predicate],
    }
}

fn check_config(config: &[ConfigKey]) -> Result<(), String> {
    let mut names = HashSet::new();
    for key in config {
        let name = &key.name;
        if name.is_empty() {
            return Err("a configuration key has no name".to_owned());
        }
        if !names.insert(name) {
            return Err(format!("the configuration key {name} is listed twice"));
        }
        if key.required && key.default.is_some() {
            return Err(format!("the configuration key {name} is required, and yet it has a default"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::{ConfigType, Importance, Width};

    fn plugin(class: &str, kind: PluginKind) -> PluginInfo {
        PluginInfo { class: class.into(), kind, version: "1".into(), config: vec![] }
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
            (vec![], "no plugin"),
            (vec![plugin("", PluginKind::Source)], "no class name"),
            (vec![plugin("a b", PluginKind::Source)], "no class name"),
            (vec![source(), source()], "listed twice"),
            (vec![plugin("P", PluginKind::Predicate)], "does not export weir:connect/predicate"),
            (vec![with_config(vec![key("")])], "no name"),
            (vec![with_config(vec![key("a"), key("a")])], "a is listed twice"),
            (vec![with_config(vec![required])], "yet it has a default"),
        ];
        for (plugins, expected) in cases {
            let reason = check_with(&plugins, |interface| interface != Interface::Predicate).expect_err(expected);
            assert!(reason.contains(expected), "{expected:?} in {reason:?}");
        }
    }
}
