//! What every component exports: `describe`, `validate`, `capabilities`.

use crate::bindings::exports::weir::connect::plugin::{
    Capability, ConfigEntry, ConfigKey, ConfigType, ConfigValue, Guest, Importance, PluginInfo, PluginKind, Width,
};
use crate::{Hostile, commit, describe, plan, set_plan, wasi};

const KEYS: [&str; 16] = [
    "hook",
    "does",
    "after",
    "times",
    "until",
    "nap",
    "topic",
    "rows",
    "needs.read",
    "needs.write",
    "needs.connect",
    "reads",
    "writes",
    "connects",
    "poison",
    "keeps",
];

impl Guest for Hostile {
    fn describe() -> Vec<PluginInfo> {
        describe::misbehave();
        let kinds = [("weir.tests.HostileSource", PluginKind::Source), ("weir.tests.HostileSink", PluginKind::Sink)];
        let mut plugins: Vec<PluginInfo> = kinds.into_iter().map(|(class, kind)| info(class, kind)).collect();
        if describe::lies("lie-nothing") {
            plugins.clear();
        } else if describe::lies("lie-twice") {
            plugins.push(info("weir.tests.HostileSource", PluginKind::Source));
        } else if describe::lies("lie-nameless") {
            plugins.push(info("", PluginKind::Source));
        } else if describe::lies("bomb-doc") {
            plugins[0].config[0].doc = "d".repeat(12 << 20);
        } else if describe::lies("bomb-keys") {
            plugins[0].config = (0..60_000).map(|number| key(&number.to_string())).collect();
        } else if describe::lies("bomb-class") {
            plugins[0].class = "c".repeat(12 << 20);
        } else if describe::lies("bomb-plugins") {
            plugins = (0..10_000).map(|number| info(&number.to_string(), PluginKind::Source)).collect();
        }
        plugins
    }

    fn validate(_class: String, config: Vec<ConfigEntry>) -> Vec<ConfigValue> {
        set_plan(&config);
        let Some(deed) = plan::deed("plugin.validate") else { return Vec::new() };
        commit(&deed);
        let error = |key: &str, error: String| ConfigValue {
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

    fn capabilities(_class: String, config: Vec<ConfigEntry>) -> Result<Vec<Capability>, String> {
        set_plan(&config);
        if let Some(deed) = plan::deed("plugin.capabilities") {
            commit(&deed);
            return Err(wasi::attempt(&deed).unwrap_or_else(|| format!("hostile refusal: {deed}")));
        }
        let mut needs = Vec::new();
        for (key, need) in [
            ("needs.read", Capability::ReadFolder as fn(String) -> Capability),
            ("needs.write", Capability::WriteFolder),
            ("needs.connect", connect),
        ] {
            let value = plan::value(key);
            if !value.is_empty() {
                needs.push(need(value));
            }
        }
        Ok(needs)
    }
}

fn connect(address: String) -> Capability {
    let (host, port) = address.rsplit_once(':').unwrap_or((&address, "0"));
    Capability::Connect((host.to_owned(), port.parse().unwrap_or_default()))
}

fn info(class: &str, kind: PluginKind) -> PluginInfo {
    PluginInfo { class: class.into(), kind, version: describe::version(), config: KEYS.into_iter().map(key).collect() }
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
