//! What every component exports: `describe`, `validate`, `capabilities`.

use crate::bindings::exports::weir::connect::plugin::{
    Capability, ConfigEntry, ConfigKey, ConfigType, ConfigValue, Guest, Importance, PluginInfo, PluginKind, Width,
};
use crate::{Hostile, commit, plan, set_plan};

impl Guest for Hostile {
    fn describe() -> Vec<PluginInfo> {
        let kinds = [
            ("weir.tests.HostileTransform", PluginKind::Transformation),
            ("weir.tests.HostilePredicate", PluginKind::Predicate),
        ];
        let info = |(class, kind): (&str, PluginKind)| PluginInfo {
            class: class.into(),
            kind,
            version: "0.1.0".into(),
            config: ["hook", "does", "after"].into_iter().map(key).collect(),
        };
        kinds.into_iter().map(info).collect()
    }

    fn validate(_class: String, config: Vec<ConfigEntry>) -> Vec<ConfigValue> {
        set_plan(&config);
        if let Some(deed) = plan::deed("plugin.validate") {
            commit(&deed);
        }
        Vec::new()
    }

    fn capabilities(_class: String, _config: Vec<ConfigEntry>) -> Result<Vec<Capability>, String> {
        Ok(Vec::new())
    }
}

fn key(name: &str) -> ConfigKey {
    ConfigKey {
        name: name.into(),
        kind: ConfigType::String,
        required: false,
        default: None,
        validators: Vec::new(),
        importance: Importance::Low,
        doc: String::new(),
        group: None,
        order_in_group: -1,
        width: Width::None,
        display_name: name.into(),
        dependents: Vec::new(),
        recommended_values: Vec::new(),
        visible: true,
    }
}
