//! `weir standalone --check`: does what a start does before anything runs, and collects the problems. It writes nothing, keeps no port
//! bound, and does not connect to Kafka.

use std::path::{Path, PathBuf};

use tokio::net::TcpListener;
use weir_plugin::{Engine, EngineOptions};

use crate::error_text::chain;
use crate::grants;
use crate::write_check;
use weir_api::json;
use weir_catalogue::{self as plugins, Plugins};
use weir_config::InvalidConfig;
use weir_config::properties::{self, ConnectorFile};
use weir_config::{ConnectorConfig, PrepareError, WorkerConfig};
use weir_herder::ConfigFile;
use weir_rest as rest;
use weir_rest::security::Security;
use weir_storage::offsets::OffsetFile;

/// A problem that would prevent a worker or a connector from starting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file with the problem.
    pub file: PathBuf,
    /// The key with the problem, if it is a single one.
    pub key: Option<String>,
    /// The description of the problem.
    pub text: String,
}

impl std::fmt::Display for Problem {
    /// Writes a single line, even if a plugin's text has several.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if let Some(key) = self.key.as_deref().filter(|key| !key.is_empty()) {
            write!(f, "{key}: ")?;
        }
        // Some texts already contain the key.
        let text = match &self.key {
            Some(key) => self.text.strip_prefix(&format!("{key}: ")).unwrap_or(&self.text),
            None => &self.text,
        };
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        f.write_str(lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| write!(f, "; {line}"))
    }
}

/// The result of a check.
#[derive(Debug, Default)]
pub struct Report {
    /// Problems that would prevent the worker from starting.
    pub worker: Vec<Problem>,
    /// Problems that would prevent connectors given on the command line from being created.
    pub connectors: Vec<Problem>,
    /// The number of plugins that connectors may use.
    pub plugins: usize,
}

impl Report {
    /// Returns the exit code that a start would have.
    pub fn exit_code(&self) -> u8 {
        match (self.worker.is_empty(), self.connectors.is_empty()) {
            (false, _) => 2,
            (true, false) => 3,
            (true, true) => 0,
        }
    }
}

/// Checks a worker's file and connectors' files. `prepared` is called once the worker's keys are known to be valid; its error is a
/// problem, too.
pub async fn check(
    file: &Path,
    connectors: &[PathBuf],
    prepared: impl FnOnce(&WorkerConfig) -> Result<(), String>,
) -> Report {
    let mut report = Report::default();
    let named = named(connectors, &mut report.connectors);
    let problem = |key: &str, text: String| {
        let key = (!key.is_empty()).then(|| key.to_owned());
        Problem { file: file.to_owned(), key, text }
    };
    let keys = match properties::properties(file) {
        Ok(keys) => keys,
        Err(error) => {
            report.worker.push(problem("", chain(&error)));
            return report;
        }
    };
    let mut config = match WorkerConfig::parse(keys) {
        Ok(config) => config,
        Err(errors) => {
            report.worker.extend(errors.into_iter().map(|error| problem(error.key(), error.to_string())));
            return report;
        }
    };
    if let Err(text) = prepared(&config) {
        report.worker.push(problem("", text));
    }
    grants::guard_files(&mut config, Some(file), connectors);
    if let Err(error) = grants::settle(&mut config) {
        report.worker.push(problem(error.key(), error.to_string()));
    }
    report.worker.extend(worker(&config).await.into_iter().map(|(key, text)| problem(key, text)));
    match opened(&config).await {
        Ok(plugins) => {
            report.plugins = plugins.components().iter().map(|stored| stored.component.plugins().len()).sum();
            for (file, connector) in named {
                report.connectors.extend(validate(&file, &connector, &config, &plugins).await);
            }
        }
        Err(problems) => {
            let known: Vec<Option<String>> = report.worker.iter().map(|problem| problem.key.clone()).collect();
            let new = problems.into_iter().map(|(key, text)| problem(key, text));
            report.worker.extend(new.filter(|problem| !known.contains(&problem.key)));
        }
    }
    report
}

/// Reads the connectors' files, without those that are not valid and those with a name that an earlier one has.
fn named(files: &[PathBuf], problems: &mut Vec<Problem>) -> Vec<(PathBuf, ConnectorFile)> {
    let mut named: Vec<(PathBuf, ConnectorFile)> = Vec::new();
    for file in files {
        let problem = |key: Option<&str>, text| Problem { file: file.clone(), key: key.map(str::to_owned), text };
        let connector = match properties::connector(file) {
            Ok(connector) => connector,
            Err(error) => {
                problems.push(problem(None, chain(&error)));
                continue;
            }
        };
        if let Some(state) = connector.initial_state.as_ref().filter(|state| json::target_state(state).is_none()) {
            let text = format!("initial_state is {state:?}; it must be RUNNING, PAUSED or STOPPED");
            problems.push(problem(Some("initial_state"), text));
        }
        match named.iter().find(|(_, other)| other.name == connector.name) {
            Some((other, _)) => {
                let text =
                    format!("Connector {} already exists: {} has the same name", connector.name, other.display());
                problems.push(problem(Some("name"), text));
            }
            None => named.push((file.clone(), connector)),
        }
    }
    named
}

/// Checks what a worker opens when it starts.
async fn worker(config: &WorkerConfig) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    if let Err(error) = OffsetFile::open(&config.offset_storage_file, config.offset_limits) {
        problems.push(("offset.storage.file.filename", error.to_string()));
    }
    if let Some(Err(error)) = config.standalone_state.as_deref().map(ConfigFile::look) {
        problems.push(("weir.standalone.state", error.to_string()));
    }
    let mut note = |key: &'static str, looked: Result<(), String>| {
        // Report only one problem per key.
        if let Err(text) = looked
            && !problems.iter().any(|(noted, _)| *noted == key)
        {
            problems.push((key, text));
        }
    };
    note("offset.storage.file.filename", write_check::file(&config.offset_storage_file));
    if let Some(path) = &config.standalone_state {
        note("weir.standalone.state", write_check::file(path));
    }
    note("weir.plugin.store", write_check::directory(&config.plugin_store));
    // If it is in the store, as by default, the store has been checked.
    if !config.plugin_cache.starts_with(&config.plugin_store) {
        note("weir.plugin.cache", write_check::directory(&config.plugin_cache));
    }
    if let Err(error) = Security::open(&config.rest_auth) {
        problems.push(("weir.rest.auth", chain(&error)));
    }
    for tls in [&config.listeners_tls, &config.admin_listeners_tls].into_iter().flatten() {
        if let Err(error) = rest::tls::acceptor(tls) {
            problems.push(("listeners", chain(&error)));
        }
    }
    let admin = config.admin_listeners.iter().flatten().map(|listener| ("admin.listeners", listener));
    for (key, listener) in config.listeners.iter().map(|listener| ("listeners", listener)).chain(admin) {
        let (host, port) = (listener.bind_host(), listener.port);
        // Released at once.
        if let Err(error) = TcpListener::bind((host, port)).await {
            problems.push((key, format!("cannot listen on {host}:{port}: {error}")));
        }
    }
    problems
}

/// Opens the plugins without writing anything.
async fn opened(config: &WorkerConfig) -> Result<Plugins, Vec<(&'static str, String)>> {
    let engine = Engine::read_only(EngineOptions {
        cache: config.plugin_cache.clone(),
        compile: plugins::compile(config.compile),
    });
    let engine = engine.map_err(|error| vec![("weir.plugin.cache", chain(&error))])?;
    let plugins = Plugins::read_only(&config.plugins(), engine).await;
    let plugins = plugins.map_err(|error| vec![("weir.plugin.store", chain(&error))])?;
    plugins.loaded().await;
    Ok(plugins)
}

async fn validate(file: &Path, connector: &ConnectorFile, config: &WorkerConfig, plugins: &Plugins) -> Vec<Problem> {
    let problem = |key: &str, text| Problem { file: file.to_owned(), key: Some(key.to_owned()), text };
    match ConnectorConfig::prepare(&connector.name, &connector.config, config, plugins).await {
        Ok(_) => Vec::new(),
        Err(PrepareError::Unresolved(error)) => vec![problem("", error.to_string())],
        Err(PrepareError::Invalid(InvalidConfig::Keys(infos))) => {
            let values = infos.configs.iter().map(|config| &config.value);
            values.flat_map(|value| value.errors.iter().map(|error| problem(&value.name, error.clone()))).collect()
        }
        Err(PrepareError::Invalid(InvalidConfig::Unresolved(errors))) => {
            errors.into_iter().map(|error| problem(error.key(), error.to_string())).collect()
        }
        Err(PrepareError::Invalid(other)) => vec![problem("connector.class", other.to_string())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_one_line_and_says_where() {
        let problem = |key: Option<&str>, text: &str| {
            Problem { file: "a.json".into(), key: key.map(str::to_owned), text: text.to_owned() }.to_string()
        };
        assert_eq!(problem(Some("topics"), "a\n  b\r\n\nc\n"), "a.json: topics: a; b; c");
        assert_eq!(problem(Some("topics"), "topics: a"), "a.json: topics: a");
        assert_eq!(problem(None, "a"), "a.json: a");
        assert_eq!(problem(Some(""), ""), "a.json: ");
    }

    #[test]
    fn the_exit_code_is_a_starts() {
        let problem = || vec![Problem { file: "f".into(), key: None, text: "t".to_owned() }];
        assert_eq!(Report::default().exit_code(), 0);
        assert_eq!(Report { connectors: problem(), ..Report::default() }.exit_code(), 3);
        assert_eq!(Report { worker: problem(), connectors: problem(), plugins: 1 }.exit_code(), 2);
    }
}
