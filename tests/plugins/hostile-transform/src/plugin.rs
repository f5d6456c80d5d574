//! What describes the plugins: `plugin`, `validation` and `capabilities`.

use crate::bindings::exports::weir::connect::plugin::{ConfigKey, ConfigType, Importance, PluginInfo};
use crate::bindings::exports::weir::connect::{capabilities, plugin, validation};
use crate::bindings::weir::connect::data::ConfigEntry;
use crate::{Hostile, commit, plan, set_plan};

impl plugin::Guest for Hostile {
    fn describe() -> Vec<PluginInfo> {
        let kinds = [("weir.tests.HostileTransform", "transformation"), ("weir.tests.HostilePredicate", "predicate")];
        let info = |(class, kind): (&str, &str)| PluginInfo {
            class_name: class.into(),
            kind: kind.into(),
            version: "0.1.0".into(),
            config: ["hook", "does", "after"].into_iter().map(key).collect(),
            attributes: Vec::new(),
        };
        kinds.into_iter().map(info).collect()
    }
}

impl validation::Guest for Hostile {
    fn validate(_class: String, config: Vec<ConfigEntry>) -> Vec<validation::ConfigValue> {
        set_plan(&config);
        if let Some(deed) = plan::deed("validation.validate") {
            commit(&deed);
        }
        Vec::new()
    }
}

impl capabilities::Guest for Hostile {
    fn required(_class: String, _config: Vec<ConfigEntry>) -> Result<Vec<capabilities::Capability>, String> {
        Ok(Vec::new())
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
