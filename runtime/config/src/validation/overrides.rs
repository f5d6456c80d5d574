//! Checks the settings of Kafka clients in a connector's configuration against the worker's policy
//! (`AbstractHerder.validateClientOverrides`).

use weir_plugin::{ConfigType, PluginKind};

use super::context::Context;
use super::definitions::{Definition, Definitions, Found, FoundValues, Rule};
use super::infos::ConfigInfos;
use crate::client::Kind;
use crate::keys::types;
use crate::recorded;
use crate::settings::clients;
use weir_plugin::ConfigMap;

/// Validates the overrides for the clients that the connector has. `submitted` is its configuration without null values.
pub(super) fn validate(context: Context<'_>, connector: PluginKind, submitted: &ConfigMap) -> ConfigInfos {
    let mut infos = ConfigInfos::empty("");
    for client in [Kind::Producer, Kind::Consumer, Kind::Admin] {
        if clients::uses(client, connector, submitted) {
            infos.append(validate_one(context, client));
        }
    }
    infos
}

fn validate_one(context: Context<'_>, client: Kind) -> ConfigInfos {
    let prefix = client.override_prefix();
    let known = recorded::definitions(client.name());
    let mut definitions = Definitions::default();
    let mut values = FoundValues::new();
    for (name, given) in context.config.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value))) {
        let key = known.iter().find(|key| key.name == name);
        let mut found = Found::default();
        match (key.map(|key| key.kind), given) {
            (Some(ConfigType::Password), Some(_)) => found.value = Some("[hidden]".to_owned()),
            (Some(kind), Some(text)) => match types::parse(&format!("{prefix}{name}"), kind, text) {
                Ok(value) => found.value = Some(value.printed()),
                // Kafka Connect answers with 500 here.
                Err(error) => found.errors.push(error.to_string()),
            },
            (None, Some(text)) => found.value = Some(text.clone()),
            (_, None) => {}
        }
        found.errors.extend(context.worker.override_policy.check(client, name).err().map(|error| error.to_string()));
        values.insert(name.to_owned(), found);
        if let Some(key) = key {
            let rule = Rule::Checks(&[]);
            definitions.define(Definition { key: key.clone(), rule, is_class: false, visible: true });
        }
    }
    ConfigInfos::of_part(&definitions, values, prefix)
}
