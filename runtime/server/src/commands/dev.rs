//! `weir dev`: a worker with a Kafka broker in the same process.

use std::path::{Path, PathBuf};

use super::Failure;
use super::serve::serve;
use super::settings::prepare;
use crate::core_dumps::CoreDumps;
use crate::grants;
use weir_config::properties;
use weir_kafka::dev_broker::DevBroker;
use weir_logging::{self as logging, Level, LogFormat};
use weir_plugin::ConfigMap;

/// Runs a worker and its broker until a signal stops them.
pub(crate) async fn run(
    listen: &str,
    dir: Option<PathBuf>,
    mut files: Vec<PathBuf>,
    format: Option<LogFormat>,
    core_dumps: CoreDumps,
) -> Result<(), Failure> {
    let mut keys = ConfigMap::new();
    let mut own_file = None;
    if let Some(own) = files.first().and_then(|file| worker_file(file)) {
        keys = own;
        own_file = Some(files.remove(0));
    }
    // Removed with its files at the end.
    let temporary = tempfile::Builder::new().prefix("weir-dev-").tempdir().map_err(Failure::start)?;
    let dir = dir.as_deref().unwrap_or(temporary.path());
    let data = dir.join("data");
    std::fs::create_dir_all(&data).map_err(Failure::start)?;
    let data = data.canonicalize().map_err(Failure::start)?;
    let broker = DevBroker::start().map_err(Failure::start)?;
    dev_defaults(&mut keys, listen, dir, &data, temporary.path());
    keys.insert("bootstrap.servers".to_owned(), broker.bootstrap_servers());
    // The broker in this process creates topics when records arrive, and cannot create them with settings.
    keys.insert("topic.creation.enable".to_owned(), "false".to_owned());
    let mut config = prepare(keys, format, core_dumps)?;
    grants::guard_files(&mut config, own_file.as_deref(), &files);
    let (read, write) = (&config.allowed.read, &config.allowed.write);
    let first = format!(
        "Weir dev: Kafka broker in this process at {}\n  It keeps about 5 MB or 100,000 records per partition, and nothing after this \
         process ends.\n  Use it to try Weir out and to develop plugins; for anything else run Apache Kafka and `weir \
         standalone`.\n  Plugins may be granted files below: read {}, write {}",
        broker.bootstrap_servers(),
        joined(read),
        joined(write)
    );
    logging::say(Level::Info, &first);
    let done = serve(config, None, &files).await;
    drop(broker);
    done
}

fn joined(directories: &[PathBuf]) -> String {
    match directories {
        [] => "nothing".to_owned(),
        _ => directories.iter().map(|directory| directory.display().to_string()).collect::<Vec<_>>().join(", "),
    }
}

/// Returns the keys of a worker's file: properties without a `name`. Any other file is read as a connector's later.
fn worker_file(file: &Path) -> Option<ConfigMap> {
    let is_properties = file.extension().is_some_and(|extension| extension == "properties");
    let keys = is_properties.then(|| properties::properties(file).ok()).flatten()?;
    (!keys.contains_key("name")).then_some(keys)
}

/// Adds the keys that are not set, as `weir dev` needs them.
fn dev_defaults(keys: &mut ConfigMap, listen: &str, dir: &Path, data: &Path, temporary: &Path) {
    let json = "org.apache.kafka.connect.json.JsonConverter";
    for side in ["key.converter", "value.converter"] {
        if !keys.contains_key(side) {
            keys.insert(side.to_owned(), json.to_owned());
            keys.entry(format!("{side}.schemas.enable")).or_insert_with(|| "false".to_owned());
        }
    }
    let data = data.display().to_string();
    for (key, value) in [
        ("listeners", format!("http://{listen}")),
        ("weir.plugin.store", dir.join("plugins").display().to_string()),
        ("weir.plugin.cache", dir.join("cache").display().to_string()),
        ("weir.standalone.state", dir.join("connectors").display().to_string()),
        ("weir.allow.read", data.clone()),
        ("weir.allow.write", data),
        // Not kept: the topics do not outlive the process, so sources have to start from the beginning.
        ("offset.storage.file.filename", temporary.join("offsets").display().to_string()),
        // New users should not have to wait a minute for an offset.
        ("offset.flush.interval.ms", "1000".to_owned()),
    ] {
        keys.entry(key.to_owned()).or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use weir_config::WorkerConfig;

    use super::*;

    #[test]
    fn dev_needs_no_key_at_all_and_overrides_none() {
        let mut keys = ConfigMap::new();
        keys.insert("value.converter".to_owned(), "org.apache.kafka.connect.storage.StringConverter".to_owned());
        keys.insert("listeners".to_owned(), "http://127.0.0.1:0".to_owned());
        dev_defaults(&mut keys, "127.0.0.1:8083", Path::new("/d"), Path::new("/d/data"), Path::new("/t"));
        keys.insert("bootstrap.servers".to_owned(), "127.0.0.1:1".to_owned());
        let config = WorkerConfig::parse(keys).expect("complete");
        assert_eq!(config.listeners[0].port, 0);
        assert_eq!(config.plugin_store, Path::new("/d/plugins"));
        assert_eq!(config.standalone_state.as_deref(), Some(Path::new("/d/connectors")));
        assert!(config.converters.value.settings.is_empty());
        assert_eq!(config.converters.key.settings["schemas.enable"], "false");
        assert_eq!(config.warnings, Vec::<String>::new());
    }

    #[test]
    fn a_properties_file_without_a_name_is_the_workers() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).expect("written");
            path
        };
        assert!(worker_file(&file("w.properties", "listeners=http://:1\n")).is_some());
        assert!(worker_file(&file("c.properties", "name=a\n")).is_none());
        assert!(worker_file(&file("c.json", "{}")).is_none());
        assert!(worker_file(&directory.path().join("none.properties")).is_none());
    }
}
