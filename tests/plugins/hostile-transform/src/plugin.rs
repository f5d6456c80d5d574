//! What every component exports: `describe`, `validate`, `capabilities`.

use crate::bindings::exports::weir::connect::plugin::{
    Capability, ConfigEntry, ConfigKey, ConfigType, ConfigValue, Guest, Importance, PluginInfo, PluginKind, Width,
};
use crate::{Hostile, deeds, plan};

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
        plan::set(&config);
        if let Some(deed) = plan::deed("plugin.validate") {
            deeds::commit(&deed);
        }
        Vec::new()
    }

    fn capabilities(_class: String, config: Vec<ConfigEntry>) -> Result<Vec<Capability>, String> {
        plan::set(&config);
        match plan::deed("plugin.capabilities").as_deref() {
            // A transform that gets a folder would have no way to read it; asking alone is a lie.
            Some("lie-capability") => Ok(vec![Capability::ReadFolder("/".into())]),
            Some(deed) => {
                deeds::commit(deed);
                Err(format!("hostile refusal: {deed}"))
            }
            None => Ok(Vec::new()),
        }
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
