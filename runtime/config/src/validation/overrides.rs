//! Settings of Kafka clients in a connector's configuration, held against the worker's policy
//! (`AbstractHerder.validateClientOverrides`).

use weir_plugin::{ConfigType, PluginKind};

use super::definitions::{Definition, Definitions, Found, FoundValues, Rule};
use super::framework::Context;
use super::infos::ConfigInfos;
use super::recorded;
use crate::client::Kind;
use crate::{client_connector, def};
use weir_plugin::ConfigMap;

/// Looks at the overrides for the clients that the connector has. `submitted` is its configuration without nulls.
pub(super) fn validate(context: Context<'_>, connector: PluginKind, submitted: &ConfigMap) -> ConfigInfos {
    let mut infos = ConfigInfos::empty("");
    for (client, recorded) in [(Kind::Producer, "producer"), (Kind::Consumer, "consumer"), (Kind::Admin, "admin")] {
        if client_connector::uses(client, connector, submitted) {
            infos.append(validate_one(context, client, recorded));
        }
    }
    infos
}

fn validate_one(context: Context<'_>, client: Kind, recorded: &str) -> ConfigInfos {
    let prefix = client.override_prefix();
    let known = recorded::definitions(recorded);
    let mut definitions = Definitions::default();
    let mut values = FoundValues::new();
    for (name, given) in context.config.iter().filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value))) {
        let key = known.iter().find(|key| key.name == name);
        let mut found = Found::default();
        match (key.map(|key| key.kind), given) {
            (Some(ConfigType::Password), Some(_)) => found.value = Some("[hidden]".to_owned()),
            (Some(kind), Some(text)) => match def::parse(&format!("{prefix}{name}"), kind, text) {
                Ok(value) => found.value = Some(value.printed()),
                // Kafka Connect breaks off here and answers 500.
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
