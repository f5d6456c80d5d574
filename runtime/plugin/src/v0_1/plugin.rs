//! `plugin`: what a component contains.

use wasmtime::Store;

use super::data;
use super::exports::plugin as wit;
use crate::batch::ConfigMap;
use crate::grants::Capability;
use crate::info::{ConfigKey, ConfigType, ConfigValue, Importance, PluginInfo, PluginKind, Validator, Width};
use crate::store::StoreState;

pub(crate) struct Plugin(pub(super) wit::Guest);

impl Plugin {
    pub(crate) async fn describe(&self, store: &mut Store<StoreState>) -> wasmtime::Result<Vec<PluginInfo>> {
        let plugins = self.0.call_describe(store).await?;
        Ok(plugins.into_iter().map(plugin_info).collect())
    }

    pub(crate) async fn validate(
        &self,
        store: &mut Store<StoreState>,
        class: &str,
        config: &ConfigMap,
    ) -> wasmtime::Result<Vec<ConfigValue>> {
        let values = self.0.call_validate(store, class, &data::to_config(config)).await?;
        let value = |wit::ConfigValue { key, errors, recommended_values, visible }| ConfigValue {
            key,
            errors,
            recommended_values,
            visible,
        };
        Ok(values.into_iter().map(value).collect())
    }

    pub(crate) async fn capabilities(
        &self,
        store: &mut Store<StoreState>,
        class: &str,
        config: &ConfigMap,
    ) -> wasmtime::Result<Result<Vec<Capability>, String>> {
        let capabilities = self.0.call_capabilities(store, class, &data::to_config(config)).await?;
        Ok(capabilities.map(|needed| needed.into_iter().map(capability).collect()).map_err(data::said))
    }
}

fn capability(capability: wit::Capability) -> Capability {
    match capability {
        wit::Capability::ReadFolder(name) => Capability::ReadFolder(name),
        wit::Capability::WriteFolder(name) => Capability::WriteFolder(name),
        wit::Capability::Connect((host, port)) => Capability::Connect(host, port),
    }
}

fn plugin_info(plugin: wit::PluginInfo) -> PluginInfo {
    let kind = match plugin.kind {
        wit::PluginKind::Source => PluginKind::Source,
        wit::PluginKind::Sink => PluginKind::Sink,
        wit::PluginKind::Transformation => PluginKind::Transformation,
        wit::PluginKind::Predicate => PluginKind::Predicate,
    };
    let config = plugin.config.into_iter().map(config_key).collect();
    PluginInfo { class: plugin.class, kind, version: plugin.version, config }
}

fn config_key(key: wit::ConfigKey) -> ConfigKey {
    let kind = match key.kind {
        wit::ConfigType::Boolean => ConfigType::Boolean,
        wit::ConfigType::String => ConfigType::String,
        wit::ConfigType::Int => ConfigType::Int,
        wit::ConfigType::Short => ConfigType::Short,
        wit::ConfigType::Long => ConfigType::Long,
        wit::ConfigType::Double => ConfigType::Double,
        wit::ConfigType::List => ConfigType::List,
        wit::ConfigType::Class => ConfigType::Class,
        wit::ConfigType::Password => ConfigType::Password,
    };
    let importance = match key.importance {
        wit::Importance::High => Importance::High,
        wit::Importance::Medium => Importance::Medium,
        wit::Importance::Low => Importance::Low,
    };
    let width = match key.width {
        wit::Width::None => Width::None,
        wit::Width::Short => Width::Short,
        wit::Width::Medium => Width::Medium,
        wit::Width::Long => Width::Long,
    };
    ConfigKey {
        name: key.name,
        kind,
        required: key.required,
        default: key.default,
        validators: key.validators.into_iter().map(validator).collect(),
        importance,
        doc: key.doc,
        group: key.group,
        order_in_group: key.order_in_group,
        width,
        display_name: key.display_name,
        dependents: key.dependents,
        recommended_values: key.recommended_values,
        visible: key.visible,
    }
}

fn validator(validator: wit::Validator) -> Validator {
    match validator {
        wit::Validator::IntRange((min, max)) => Validator::IntRange(min, max),
        wit::Validator::NonEmptyString => Validator::NonEmptyString,
        wit::Validator::OneOf(values) => Validator::OneOf(values),
        wit::Validator::OneOfIgnoringCase(values) => Validator::OneOfIgnoringCase(values),
        wit::Validator::NonEmptyList => Validator::NonEmptyList,
        wit::Validator::NonEmptyListWithoutDuplicates => Validator::NonEmptyListWithoutDuplicates,
        wit::Validator::ListWithoutDuplicates => Validator::ListWithoutDuplicates,
        wit::Validator::Regex => Validator::Regex,
    }
}
