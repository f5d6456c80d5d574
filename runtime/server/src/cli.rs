//! The command line: `weir standalone` and `weir dev`. Exit codes are Kafka Connect's: 1 for usage, 2 for start, 3 for a connector
//! given on the command line, and 4 if stopping took too long (`stop.rs`).

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use weir_data::schema_check::STACK;

use crate::commands::{Failure, check, dev, standalone};
use crate::core_dumps::CoreDumps;
use crate::{process_limits, version};
use weir_logging as logging;
use weir_logging::{Level, LogFormat};

/// Runs Kafka connectors and transforms as sandboxed WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "weir", version = version::LINE, arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
    /// Format of log lines; takes precedence over the worker's key weir.log.format.
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
    /// Runs a worker that stores source offsets in a file.
    ///
    /// Example: weir standalone worker.properties orders.json
    Standalone {
        /// Properties file with the worker's keys: Kafka Connect's and Weir's own (docs/configuration.md).
        worker: PathBuf,
        /// Connectors to create: properties, a JSON map, or a body of POST /connectors.
        connectors: Vec<PathBuf>,
        /// Report what would prevent the worker or a connector from starting, and start nothing.
        #[arg(long)]
        check: bool,
    },
    /// Runs a worker and a Kafka broker in the same process, to try Weir out and to develop plugins.
    ///
    /// The broker keeps about 5 MB or 100,000 records per partition, and nothing after the process ends.
    ///
    /// Example: weir dev --listen 127.0.0.1:8083
    Dev {
        /// Where the REST API listens.
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8083")]
        listen: String,
        /// Directory for uploaded plugins, compiled code, connectors and, in DIR/data, files that plugins may read and write.
        /// Default: a temporary directory that is removed at the end.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Connectors to create. The first file may be a worker's properties file instead (it has no `name`), whose keys take
        /// precedence over these options.
        files: Vec<PathBuf>,
    },
    /// Run by a worker to compile a component.
    #[command(name = weir_catalogue::COMPILE_COMMAND, hide = true)]
    CompileComponent,
}

/// Maximum time for blocking calls of the worker itself to finish after everything else has stopped.
const LAST_CALLS: std::time::Duration = std::time::Duration::from_secs(1);

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    process_limits::abort_when_exhausted();
    // Before secrets are read.
    let core_dumps = CoreDumps::forbid();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Printing fails if the pipe is closed.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(1) } else { ExitCode::SUCCESS };
        }
    };
    if let Command::CompileComponent = args.command {
        return weir_plugin::compile_process();
    }
    // This is address space. A thread occupies as much memory as it has used of its stack.
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
    // Threads that wait for a file system or a name server may wait for ever, so they are not awaited.
    runtime.shutdown_timeout(LAST_CALLS);
    logging::flush();
    code
}

async fn run(args: Args, core_dumps: CoreDumps) -> Result<ExitCode, Failure> {
    let format = args.log_format.map(LogFormat::from);
    match args.command {
        Command::Standalone { worker, connectors, check: true } => {
            return Ok(check::run(&worker, &connectors, format).await);
        }
        Command::Standalone { worker, connectors, check: false } => {
            standalone::run(worker, &connectors, format, core_dumps).await?;
        }
        Command::Dev { listen, dir, files } => dev::run(&listen, dir, files, format, core_dumps).await?,
        // `main` has run it, without a runtime.
        Command::CompileComponent => {}
    }
    Ok(ExitCode::SUCCESS)
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
}
