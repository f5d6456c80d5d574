//! The program that compiles components: this one, in a separate process.

use std::path::{Path, PathBuf};

use weir_plugin::{Compile, CompileChild, CompileLimits};

/// The hidden command that reads a component from standard input and compiles it.
pub const COMPILE_COMMAND: &str = "compile-component";

/// Refers, on Linux, to the running program, even if its file has been replaced since.
const RUNNING: &str = "/proc/self/exe";

/// Returns the command that compiles components. The worker never compiles in its own process.
pub fn compile(limits: CompileLimits) -> Compile {
    let running = Path::new(RUNNING);
    let program = match running.exists() {
        true => running.to_owned(),
        // If the system cannot tell, the command is looked up, and an upload says that it was not found.
        false => std::env::current_exe().unwrap_or_else(|_| PathBuf::from("weir")),
    };
    Compile::Child(CompileChild { program, arguments: vec![COMPILE_COMMAND.into()], limits })
}
