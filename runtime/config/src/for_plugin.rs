//! A configuration as plugins receive it: with the defaults of their definitions, and values in one spelling, so that a plugin needs no
//! parser of its own (`data.config-entry` of the contract). What is stored and shown stays as the user wrote it.

use weir_plugin::{ConfigKey, ConfigMap, ConfigType, PluginConfig};

use crate::keys::types;
use crate::providers::Resolved;

/// The configuration of a plugin with these keys. `prefix` comes before its keys in the connector's configuration, from which values of
/// config providers are known. Keys come in the order of the configuration, then those that have a default.
pub(crate) fn for_plugin(
    definition: &[ConfigKey],
    config: &ConfigMap,
    prefix: &str,
    resolved: &Resolved,
) -> PluginConfig {
    let mut received = PluginConfig::default();
    for (name, value) in config {
        let key = definition.iter().find(|key| key.name == *name);
        let normal = key.map_or_else(|| value.clone(), |key| normal(key, value));
        let secret = key.is_some_and(is_password) || is_from_provider(resolved, &format!("{prefix}{name}"), value);
        received.push(name.clone(), normal, secret);
    }
    for key in definition.iter().filter(|key| !config.contains_key(&key.name)) {
        if let Some(default) = &key.default {
            received.push(key.name.clone(), normal(key, default), is_password(key));
        }
    }
    received
}

fn is_password(key: &ConfigKey) -> bool {
    key.kind == ConfigType::Password
}

/// Whether the value, or a part of it, is known from a config provider. A connector may have made a task's value of it.
fn is_from_provider(resolved: &Resolved, key: &str, value: &str) -> bool {
    resolved.submitted(key).is_some() || resolved.secrets().hide(value) != value
}

/// As `ConfigDef.parse` reads it. A value that was not checked (a task's, or a default) stays as it is if it is none of its type.
fn normal(key: &ConfigKey, value: &str) -> String {
    types::parse(&key.name, key.kind, value).map_or_else(|_| value.to_owned(), |value| value.printed())
}

#[cfg(test)]
mod tests {
    use weir_plugin::{Importance, Width};

    use super::*;
    use crate::providers;

    fn key(name: &str, kind: ConfigType, default: Option<&str>) -> ConfigKey {
        ConfigKey {
            name: name.into(),
            kind,
            required: false,
            default: default.map(str::to_owned),
            validators: vec![],
            importance: Importance::Low,
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
    fn values_are_normalised_defaults_filled_in_and_secrets_marked() {
        let definition = [
            key("flag", ConfigType::Boolean, Some("TRUE")),
            key("count", ConfigType::Int, None),
            key("ratio", ConfigType::Double, Some("0.5")),
            key("list", ConfigType::List, None),
            key("name", ConfigType::String, None),
            key("password", ConfigType::Password, None),
            key("absent", ConfigType::String, None),
            key("bad", ConfigType::Int, None),
        ];
        let config: ConfigMap = [
            ("count", " +7 "),
            ("list", " a , b,c "),
            ("name", " n "),
            ("password", "p"),
            ("other", " as written "),
            ("bad", " seven "),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
        let received = for_plugin(&definition, &config, "", &Resolved::plain(config.clone()));
        let expected = [
            ("count", "7", false),
            ("list", "a,b,c", false),
            ("name", "n", false),
            ("password", "p", true),
            ("other", " as written ", false),
            ("bad", " seven ", false),
            ("flag", "true", false),
            ("ratio", "0.5", false),
        ];
        assert_eq!(received.iter().collect::<Vec<_>>(), expected);
    }

    #[tokio::test]
    async fn values_of_config_providers_are_secret_also_where_a_connector_put_them_into_another_key() {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("s"), "user=me\npassword=hunter2\n").expect("written");
        let path = directory.path().display().to_string();
        let settings = [
            ("config.providers", "file"),
            ("config.providers.file.class", "org.apache.kafka.common.config.provider.FileConfigProvider"),
            ("config.providers.file.param.allowed.paths", &path),
        ];
        let map = |entries: &[(&str, &str)]| -> ConfigMap {
            entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let providers = providers::open(map(&settings)).expect("opened").providers;
        let submitted = [
            ("transforms.t.user", format!("${{file:{path}/s:user}}")),
            ("transforms.t.url", format!("db://${{file:{path}/s:password}}@h")),
            ("transforms.t.plain", "me".to_owned()),
        ];
        let submitted = submitted.map(|(key, value)| (key.to_owned(), value)).into();
        let resolved = providers.resolve(&submitted).await.expect("resolved");
        let task = map(&[("user", "me"), ("url", "db://hunter2@h"), ("plain", "me"), ("copy", "x hunter2")]);
        let received = for_plugin(&[], &task, "transforms.t.", &resolved);
        let secret: Vec<(&str, bool)> = received.iter().map(|(key, _, secret)| (key, secret)).collect();
        assert_eq!(secret, [("user", true), ("url", true), ("plain", true), ("copy", true)]);
        let other = for_plugin(&[], &map(&[("other", "you")]), "", &resolved);
        assert_eq!(other.iter().collect::<Vec<_>>(), [("other", "you", false)]);
    }
}
