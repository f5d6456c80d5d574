//! The command line: `weir standalone` and `weir dev`. Reads the files, starts a worker, creates the connectors of the command
//! line, waits for a signal, stops. Exit codes are Kafka Connect's: 1 usage, 2 start, 3 a connector of the command line; and 4 for a
//! stop that took too long (`stop.rs`).

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, info, warn};
use weir_data::schema_check::STACK;

use crate::core_dumps::CoreDumps;
use crate::error_text::chain;
use crate::stop::Signals;
use crate::worker::{Reload, Worker};
use crate::{check, grants, process_limits, version};
use weir_api::json;
use weir_config::properties::{self, ConnectorFile};
use weir_config::{self as config, WorkerConfig};
use weir_kafka::dev_broker::DevBroker;
use weir_logging as logging;
use weir_logging::{Level, LogFormat};
use weir_plugin::ConfigMap;

/// Runs Kafka connectors and transforms as sandboxed WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "weir", version = version::LINE, arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
    /// How log lines look; wins over the worker's key weir.log.format.
    #[arg(long, global = true, value_enum)]
    log_format: Option<Format>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl From<Format> for LogFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One worker that keeps its source offsets in a file.
    ///
    /// Example: weir standalone worker.properties orders.json
    Standalone {
        /// The worker's keys, those of Kafka Connect and Weir's own (docs/configuration.md).
        worker: PathBuf,
        /// Connectors to create: properties, a JSON map, or a body of POST /connectors.
        connectors: Vec<PathBuf>,
        /// Say what would keep the worker or a connector from starting, and start nothing.
        #[arg(long)]
        check: bool,
    },
    /// A worker with a broker in the same process: for a first look, and for authors of plugins.
    ///
    /// The broker keeps about 5 MB or 100,000 messages a partition, and nothing after the end.
    ///
    /// Example: weir dev --listen 127.0.0.1:8083
    Dev {
        /// Where the REST API listens.
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8083")]
        listen: String,
        /// Folder for uploaded plugins, compiled code, connectors and, in DIR/data, files that plugins may read and write. Default: a
        /// temporary folder that is removed at the end.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Connectors to create. The first file may be a worker's properties file instead (it has no `name`), whose keys win
        /// over what is said above.
        files: Vec<PathBuf>,
    },
    /// What a worker runs to compile a component.
    #[command(name = weir_catalogue::COMPILE_COMMAND, hide = true)]
    CompileComponent,
}

/// How long blocking calls of the worker's own may take after everything has stopped.
const LAST_CALLS: std::time::Duration = std::time::Duration::from_secs(1);

/// Why the process ends other than by a signal. Decides the exit code.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot start:{}", .0.iter().map(|error| format!("\n  {error}")).collect::<String>())]
    Config(Vec<config::Error>),
    #[error("cannot start: {}", chain(.0.as_ref()))]
    Start(anyhow::Error),
    #[error("cannot create the connector of {}: {}", file.display(), chain(cause.as_ref()))]
    Connector { file: PathBuf, cause: anyhow::Error },
}

impl Failure {
    fn start(cause: impl Into<anyhow::Error>) -> Self {
        Self::Start(cause.into())
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_) | Self::Start(_) => ExitCode::from(2),
            Self::Connector { .. } => ExitCode::from(3),
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    process_limits::abort_when_exhausted();
    // Before anything is read that is secret.
    let core_dumps = CoreDumps::forbid();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // To a closed pipe nothing can be said.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(1) } else { ExitCode::SUCCESS };
        }
    };
    if let Command::CompileComponent = args.command {
        return weir_plugin::compile_process();
    }
    // Address space; memory is what a thread has used of it.
    let builder = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build();
    let runtime = match builder {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("weir: cannot start: {error}");
            return ExitCode::from(2);
        }
    };
    let code = match runtime.block_on(run(args, core_dumps)) {
        Ok(code) => code,
        Err(failure) => {
            logging::say(Level::Error, &format!("weir: {failure}"));
            failure.exit_code()
        }
    };
    // Threads that wait for a file system or a name server are not waited for: they may do so for ever.
    runtime.shutdown_timeout(LAST_CALLS);
    logging::flush();
    code
}

async fn run(args: Args, core_dumps: CoreDumps) -> Result<ExitCode, Failure> {
    match args.command {
        Command::Standalone { worker, connectors, check: true } => {
            return Ok(check_only(&worker, &connectors, args.log_format).await);
        }
        Command::Standalone { worker, connectors, check: false } => {
            let keys = properties::properties(&worker).map_err(Failure::start)?;
            let mut config = prepare(keys, args.log_format, core_dumps)?;
            grants::guard_files(&mut config, Some(&worker), &connectors);
            serve(config, Some(worker), &connectors).await?;
        }
        Command::Dev { listen, dir, files } => dev(&listen, dir, files, args.log_format, core_dumps).await?,
        // Ran already, without a runtime.
        Command::CompileComponent => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what is wrong, a line for each problem, or that all is well.
async fn check_only(worker: &Path, connectors: &[PathBuf], format: Option<Format>) -> ExitCode {
    let prepared = |config: &WorkerConfig| {
        // What a start says in passing is not what is asked for here, but for warnings.
        begin_log(config, format, "warn").map_err(|error| error.to_string())
    };
    let report = check::check(worker, connectors, prepared).await;
    for problem in report.worker.iter().chain(&report.connectors) {
        println!("{}", logging::set_off(&problem.to_string()));
    }
    if report.exit_code() == 0 {
        println!(
            "OK: {} and {} connectors; {} plugins. Not checked: Kafka, and whether another worker uses the same files",
            worker.display(),
            connectors.len(),
            report.plugins
        );
    }
    ExitCode::from(report.exit_code())
}

fn begin_log(config: &WorkerConfig, format: Option<Format>, level: &str) -> Result<(), logging::Error> {
    let format = format.map_or(config.log_format, LogFormat::from);
    logging::init(format, level, config.providers.redactor())?;
    process_limits::abort_when_exhausted();
    for warning in &config.warnings {
        warn!("{warning}");
    }
    Ok(())
}

/// Parses the worker's keys, begins the log, and says which keys have no effect.
fn prepare(keys: ConfigMap, format: Option<Format>, core_dumps: CoreDumps) -> Result<WorkerConfig, Failure> {
    // What is wrong with the keys is said in the form that is asked for, too.
    let json = || keys.get("weir.log.format").is_some_and(|format| format.trim() == "json");
    logging::expect(format.map_or_else(|| if json() { LogFormat::Json } else { LogFormat::Text }, LogFormat::from));
    let config = WorkerConfig::parse(keys).map_err(Failure::Config)?;
    begin_log(&config, format, &config.log_level).map_err(Failure::start)?;
    if config.core_dumps {
        core_dumps.allow();
        warn!("core dumps are allowed (weir.core.dumps): one holds passwords and records");
    }
    Ok(config)
}

/// Runs a worker until a signal asks it to stop.
async fn serve(config: WorkerConfig, file: Option<PathBuf>, connectors: &[PathBuf]) -> Result<(), Failure> {
    // Before anything runs that a signal would have to stop.
    let patience = config.task_shutdown_graceful_timeout.saturating_add(config.shutdown_timeout);
    let mut signals = Signals::start(patience).map_err(Failure::start)?;
    process_limits::raise_descriptors();
    process_limits::outlive_large_files();
    // It may have to wait for the worker before it.
    let worker = tokio::select! {
        worker = Worker::start(config) => worker.map_err(Failure::start)?,
        name = signals.next() => {
            info!(signal = name, "stopping before the start was complete");
            return Ok(());
        }
    };
    let _reloading = AbortOnDropHandle::new(tokio::spawn(reload(worker.reload(file), signals.hangups())));
    for url in worker.urls() {
        logging::say(Level::Info, &format!("Weir {}: REST API at {url}", version::WEIR));
    }
    let created = tokio::select! {
        created = create_all(&worker, connectors) => created,
        name = signals.next() => {
            info!(signal = name, "stopping before all connectors were created");
            worker.shut_down().await;
            return Ok(());
        }
    };
    if let Err(failure) = created {
        error!("stopping, because a connector of the command line could not be created");
        worker.shut_down().await;
        return Err(failure);
    }
    worker.set_ready();
    let name = signals.next().await;
    info!(signal = name, "stopping");
    worker.shut_down().await;
    Ok(())
}

/// Reads what can be read again with each SIGHUP.
async fn reload(mut reload: Reload, mut hangups: watch::Receiver<u64>) {
    while hangups.changed().await.is_ok() {
        let work = tokio::task::spawn_blocking(move || {
            reload.run();
            reload
        });
        match work.await {
            Ok(done) => reload = done,
            Err(panic) => {
                error!(%panic, "reading files again ended unexpectedly; SIGHUP has no effect any more");
                return;
            }
        }
    }
}

async fn create_all(worker: &Worker, connectors: &[PathBuf]) -> Result<(), Failure> {
    let failed = |file: &Path| {
        let file = file.to_owned();
        move |cause| Failure::Connector { file, cause }
    };
    let mut named = Vec::new();
    for file in connectors {
        let connector = properties::connector(file).map_err(anyhow::Error::from);
        named.push((file, connector.map_err(failed(file))?));
    }
    let names = named.iter().map(|(_, connector)| connector.name.clone()).collect();
    worker.herder().start_stored(&names).await.map_err(Failure::start)?;
    for (file, connector) in named {
        create(worker, file, connector).await.map_err(failed(file))?;
    }
    Ok(())
}

async fn create(worker: &Worker, file: &Path, connector: ConnectorFile) -> anyhow::Result<()> {
    let ConnectorFile { name, config, initial_state } = connector;
    let initial = match &initial_state {
        Some(text) => Some(
            json::target_state(text)
                .ok_or_else(|| anyhow::anyhow!("initial_state is {text:?}; it may be RUNNING, PAUSED or STOPPED"))?,
        ),
        None => None,
    };
    worker.herder().create_named(&name, config, initial).await?;
    info!(connector = name, file = %file.display(), "connector created");
    Ok(())
}

async fn dev(
    listen: &str,
    dir: Option<PathBuf>,
    mut files: Vec<PathBuf>,
    format: Option<Format>,
    core_dumps: CoreDumps,
) -> Result<(), Failure> {
    let mut keys = ConfigMap::new();
    let mut own_file = None;
    if let Some(own) = files.first().and_then(|file| worker_file(file)) {
        keys = own;
        own_file = Some(files.remove(0));
    }
    // Kept until the end; its files go with it.
    let temporary = tempfile::Builder::new().prefix("weir-dev-").tempdir().map_err(Failure::start)?;
    let dir = dir.as_deref().unwrap_or(temporary.path());
    let data = dir.join("data");
    std::fs::create_dir_all(&data).map_err(Failure::start)?;
    let data = data.canonicalize().map_err(Failure::start)?;
    let broker = DevBroker::start().map_err(Failure::start)?;
    dev_defaults(&mut keys, listen, dir, &data, temporary.path());
    keys.insert("bootstrap.servers".to_owned(), broker.bootstrap_servers());
    // The broker in this process makes topics when rows come, and takes no orders for them.
    keys.insert("topic.creation.enable".to_owned(), "false".to_owned());
    let mut config = prepare(keys, format, core_dumps)?;
    grants::guard_files(&mut config, own_file.as_deref(), &files);
    let (read, write) = (&config.allowed.read, &config.allowed.write);
    let first = format!(
        "Weir dev: a broker in this process, at {}\n  It keeps about 5 MB or 100,000 messages a partition, and nothing after this \
         process ends.\n  Good for a first look and for writing plugins; for anything else run Apache Kafka and `weir \
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

fn joined(folders: &[PathBuf]) -> String {
    match folders {
        [] => "nothing".to_owned(),
        _ => folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", "),
    }
}

/// The file's keys, if it is a worker's: properties without a `name`. Anything else is read as a connector's later.
fn worker_file(file: &Path) -> Option<ConfigMap> {
    let is_properties = file.extension().is_some_and(|extension| extension == "properties");
    let keys = is_properties.then(|| properties::properties(file).ok()).flatten()?;
    (!keys.contains_key("name")).then_some(keys)
}

/// What `weir dev` adds to the worker's keys where they are not given.
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
        // Never kept: the topics are gone after the end, so sources have to begin anew.
        ("offset.storage.file.filename", temporary.join("offsets").display().to_string()),
        // A first look should not wait a minute to see an offset.
        ("offset.flush.interval.ms", "1000".to_owned()),
    ] {
        keys.entry(key.to_owned()).or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
        let args = Args::try_parse_from(["weir", "standalone", "w.properties", "a.json", "--log-format", "json"]);
        let args = args.expect("parsed");
        assert!(matches!(args.log_format, Some(Format::Json)));
        assert!(matches!(args.command, Command::Standalone { connectors, .. } if connectors.len() == 1));
        assert!(Args::try_parse_from(["weir", "standalone"]).is_err_and(|error| error.use_stderr()));
    }

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
        let folder = tempfile::tempdir().expect("folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("written");
            path
        };
        assert!(worker_file(&file("w.properties", "listeners=http://:1\n")).is_some());
        assert!(worker_file(&file("c.properties", "name=a\n")).is_none());
        assert!(worker_file(&file("c.json", "{}")).is_none());
        assert!(worker_file(&folder.path().join("none.properties")).is_none());
    }
}
