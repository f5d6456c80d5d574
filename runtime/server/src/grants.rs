//! Determines, before any plugin runs, what plugins may be granted: finds the worker's own files and directories, and checks that
//! `weir.allow.read` and `weir.allow.write` do not overlap with them.

use std::path::{Path, PathBuf};

use weir_plugin::{GrantError, Guarded};

use weir_catalogue as plugins;
use weir_config::WorkerConfig;
use weir_rest::security;

/// Adds the worker's and the connectors' files, which are named on the command line.
pub(crate) fn guard_files(config: &mut WorkerConfig, worker: Option<&Path>, connectors: &[PathBuf]) {
    let guarded = |what: &str, path: &Path| Guarded { what: what.to_owned(), path: path.to_owned() };
    config.allowed.guarded.extend(worker.map(|path| guarded("the worker's configuration", path)));
    let connectors = connectors.iter().map(|path| guarded("a connector's configuration", path));
    config.allowed.guarded.extend(connectors);
}

/// Adds the worker's other files and directories, and resolves the links in the allowed directories, once. Must be called before plugins
/// run.
///
/// # Errors
///
/// A directory of `weir.allow.read` or `weir.allow.write` overlaps with the worker's own files or directories.
pub(crate) fn settle(config: &mut WorkerConfig) -> Result<(), GrantError> {
    let own = own(config);
    config.allowed.guarded.extend(own);
    config.allowed = std::mem::take(&mut config.allowed).settle()?;
    Ok(())
}

fn own(config: &WorkerConfig) -> Vec<Guarded> {
    let mut own = Vec::new();
    let mut add = |what: &str, path: &Path| own.push(Guarded { what: what.to_owned(), path: path.to_owned() });
    add("weir.plugin.store", &config.plugin_store);
    add("weir.plugin.cache", &config.plugin_cache);
    add("offset.storage.file.filename", &config.offset_storage_file);
    if let Some(path) = &config.standalone_state {
        add("weir.standalone.state", path);
    }
    for path in &config.plugin_path {
        add("plugin.path", path);
        // The directory may contain links to files elsewhere.
        let Ok(directory) = path.canonicalize() else { continue };
        let is_elsewhere = |file: &PathBuf| file.canonicalize().is_ok_and(|file| !file.starts_with(&directory));
        for file in plugins::files_on_path(path).into_iter().filter(is_elsewhere) {
            add("plugin.path", &file);
        }
    }
    let auth = &config.rest_auth;
    for (key, path) in [
        ("weir.rest.auth.users.file", &auth.users_file),
        ("weir.rest.auth.jaas.file", &auth.jaas_file),
        ("weir.rest.auth.tokens.file", &auth.tokens_file),
    ] {
        if let Some(path) = path {
            add(key, path);
        }
    }
    // If it is not valid, the start fails later with its error.
    if let Ok(Some(path)) = security::users_file(auth) {
        add("users of the REST API", &path);
    }
    let stores =
        |key: &&String| ["ssl.keystore.location", "ssl.truststore.location"].iter().any(|end| key.ends_with(end));
    for key in config.originals.keys().filter(stores) {
        if let Some(path) = config.originals.get(key).map(|path| path.trim()).filter(|path| !path.is_empty()) {
            add(key, Path::new(path));
        }
    }
    if let Ok(program) = std::env::current_exe() {
        add("the worker's program", &program);
    }
    own
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use weir_plugin::ConfigMap;

    /// Settles a worker with these keys. Returns a refusal as text.
    fn settled(root: &Path, entries: &[(&str, &str)]) -> Result<WorkerConfig, String> {
        let path = |name: &str| root.join(name).display().to_string();
        let least = [
            ("bootstrap.servers", "b:9092".to_owned()),
            ("key.converter", "StringConverter".to_owned()),
            ("value.converter", "StringConverter".to_owned()),
            ("offset.storage.file.filename", path("worker/offsets")),
        ];
        let entries = entries
            .iter()
            .map(|(key, name)| (*key, if key.ends_with("password") { (*name).to_owned() } else { path(name) }));
        let keys: ConfigMap = least.into_iter().chain(entries).map(|(key, value)| (key.to_owned(), value)).collect();
        let mut config = WorkerConfig::parse(keys).map_err(|errors| format!("{errors:?}"))?;
        guard_files(&mut config, Some(&root.join("etc/worker.properties")), &[root.join("connectors/a.json")]);
        settle(&mut config).map(|()| config).map_err(|error| error.to_string())
    }

    #[test]
    fn each_thing_of_the_worker_is_apart_from_what_plugins_may_be_granted() {
        let root = tempfile::tempdir().expect("a directory");
        let root = root.path();
        for name in ["data", "etc/rest", "path", "linked", "worker/data"] {
            std::fs::create_dir_all(root.join(name)).expect("made");
        }
        std::fs::write(root.join("linked/a.wasm"), "").expect("written");
        symlink(root.join("linked/a.wasm"), root.join("path/a.wasm")).expect("linked");
        let users = root.join("users/users");
        let jaas = format!(
            "KafkaConnect {{ org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required file=\"{}\"; }};",
            users.display()
        );
        std::fs::write(root.join("etc/jaas"), jaas).expect("written");
        let worker = [
            ("weir.plugin.store", "store"),
            ("weir.plugin.cache", "caches/weir"),
            ("weir.standalone.state", "state/connectors"),
            ("plugin.path", "path"),
            ("weir.rest.auth.jaas.file", "etc/jaas"),
            ("weir.rest.auth.tokens.file", "tokens/tokens"),
        ];
        for (allowed, what) in [
            ("store", "weir.plugin.store"),
            ("store/below", "weir.plugin.store"),
            ("caches", "weir.plugin.cache"),
            ("worker", "offset.storage.file.filename"),
            ("state", "weir.standalone.state"),
            ("path", "plugin.path"),
            ("path/below", "plugin.path"),
            ("linked", "plugin.path"),
            ("etc", "the worker's configuration"),
            ("connectors", "a connector's configuration"),
            ("tokens", "weir.rest.auth.tokens.file"),
            ("users", "users of the REST API"),
        ] {
            for key in ["weir.allow.read", "weir.allow.write"] {
                let error = settled(root, &[&worker[..], &[(key, allowed)]].concat()).expect_err(allowed);
                assert!(error.contains(key) && error.contains(&format!("({what})")), "{allowed}: {error}");
            }
        }
        for key in ["weir.allow.read", "weir.allow.write"] {
            for allowed in ["data", "worker/data", "etc/rest", "elsewhere"] {
                settled(root, &[&worker[..], &[(key, allowed)]].concat()).expect(allowed);
            }
        }
    }

    #[test]
    fn key_stores_are_the_workers_own_and_so_is_its_program() {
        let root = tempfile::tempdir().expect("a directory");
        let mut config = settled(root.path(), &[]).expect("apart");
        let program = std::env::current_exe().expect("a program");
        config.allowed.read = vec![program.parent().expect("a directory").to_owned()];
        assert!(settle(&mut config).is_err());
        // Set directly, because parsing would check the files.
        let mut config = settled(root.path(), &[]).expect("apart");
        for key in
            ["ssl.keystore.location", "producer.ssl.truststore.location", "listeners.https.ssl.keystore.location"]
        {
            let path = root.path().join(key).join("store.p12").display().to_string();
            config.originals.insert(key.to_owned(), path);
        }
        for key in
            ["ssl.keystore.location", "producer.ssl.truststore.location", "listeners.https.ssl.keystore.location"]
        {
            let mut config = config.clone();
            config.allowed.write = vec![root.path().join(key)];
            let error = settle(&mut config).expect_err(key).to_string();
            assert!(error.contains(&format!("({key})")), "{error}");
        }
    }

    #[test]
    fn the_links_in_what_is_allowed_are_followed_once() {
        let root = tempfile::tempdir().expect("a directory");
        let real = root.path().canonicalize().expect("a path");
        std::fs::create_dir(real.join("data")).expect("made");
        symlink("data", real.join("link")).expect("linked");
        let config =
            settled(&real, &[("weir.allow.read", "link"), ("weir.allow.write", "link/not-there")]).expect("apart");
        assert_eq!(config.allowed.read, [real.join("data")]);
        assert_eq!(config.allowed.write, [real.join("data/not-there")]);
    }
}
