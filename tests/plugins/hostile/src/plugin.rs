//! What describes the plugins: `plugin`, `validation` and `capabilities`.

use crate::bindings::exports::weir::connect::plugin::{ConfigKey, ConfigType, Importance, PluginInfo, Validator};
use crate::bindings::exports::weir::connect::{capabilities, plugin, validation};
use crate::bindings::weir::connect::data::ConfigEntry;
use crate::{Hostile, commit, describe, plan, set_plan, wasi};

const KEYS: [&str; 16] = [
    "hook",
    "does",
    "after",
    "times",
    "until",
    "nap",
    "topic",
    "records",
    "needs.read",
    "needs.write",
    "needs.connect",
    "reads",
    "writes",
    "connects",
    "poison",
    "keeps",
];

impl plugin::Guest for Hostile {
    fn describe() -> Vec<PluginInfo> {
        describe::misbehave();
        let kinds = [("weir.tests.HostileSource", "source"), ("weir.tests.HostileSink", "sink")];
        let mut plugins: Vec<PluginInfo> = kinds.into_iter().map(|(class, kind)| info(class, kind)).collect();
        if describe::lies("lie-nothing") {
            plugins.clear();
        } else if describe::lies("lie-twice") {
            plugins.push(info("weir.tests.HostileSource", "source"));
        } else if describe::lies("lie-nameless") {
            plugins.push(info("", "source"));
        } else if describe::lies("lie-kind") {
            plugins[0].kind = "no-such-kind".into();
        } else if describe::lies("lie-attribute") {
            plugins[0].config[0].attributes.push(("no-such-attribute".into(), "x".into()));
        } else if describe::lies("bomb-doc") {
            plugins[0].config[0].doc = "d".repeat(12 << 20);
        } else if describe::lies("bomb-keys") {
            plugins[0].config = (0..60_000).map(|number| key(&number.to_string())).collect();
        } else if describe::lies("bomb-class") {
            plugins[0].class_name = "c".repeat(12 << 20);
        } else if describe::lies("bomb-plugins") {
            plugins = (0..10_000).map(|number| info(&number.to_string(), "source")).collect();
        }
        plugins
    }
}

impl validation::Guest for Hostile {
    fn validate(_class: String, config: Vec<ConfigEntry>) -> Vec<validation::ConfigValue> {
        set_plan(&config);
        let Some(deed) = plan::deed("validation.validate") else { return Vec::new() };
        commit(&deed);
        let error = |key: &str, error: String| validation::ConfigValue {
            key: key.into(),
            errors: vec![error],
            recommended_values: Vec::new(),
            visible: true,
        };
        match wasi::attempt(&deed) {
            Some(found) => vec![error("does", found)],
            None if deed == "lie-key" => vec![error("no.such.key", "an error of a key that is not there".into())],
            None => vec![error("does", format!("no such deed: {deed}"))],
        }
    }
}

impl capabilities::Guest for Hostile {
    fn required(_class: String, config: Vec<ConfigEntry>) -> Result<Vec<capabilities::Capability>, String> {
        set_plan(&config);
        if let Some(deed) = plan::deed("capabilities.required") {
            commit(&deed);
            return Err(wasi::attempt(&deed).unwrap_or_else(|| format!("hostile refusal: {deed}")));
        }
        let kinds =
            [("needs.read", "read-directory"), ("needs.write", "write-directory"), ("needs.connect", "connect")];
        let needs = kinds.into_iter().map(|(key, kind)| (kind, plan::value(key)));
        let need = |(kind, target): (&str, String)| capabilities::Capability {
            kind: kind.into(),
            target,
            options: Vec::new(),
        };
        Ok(needs.filter(|(_, target)| !target.is_empty()).map(need).collect())
    }
}

fn info(class: &str, kind: &str) -> PluginInfo {
    let ratio = ConfigKey {
        value_type: ConfigType::Double,
        default: Some("0.5".into()),
        validators: vec![Validator { kind: "range".into(), args: vec!["0.25".into(), String::new()] }],
        ..key("ratio")
    };
    let password = ConfigKey { value_type: ConfigType::Password, ..key("password") };
    PluginInfo {
        class_name: class.into(),
        kind: kind.into(),
        version: describe::version(),
        config: KEYS.into_iter().map(key).chain([ratio, password]).collect(),
        attributes: Vec::new(),
    }
}

fn key(name: &str) -> ConfigKey {
    ConfigKey {
        name: name.into(),
        value_type: ConfigType::String,
        required: false,
        default: None,
        importance: Importance::Low,
        doc: String::new(),
        validators: Vec::new(),
        attributes: Vec::new(),
    }
}
