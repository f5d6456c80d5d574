//! The Weir worker: the REST API, the command line, and the code that connects the other crates. `ARCHITECTURE.md` lists the crates and
//! follows a record through them.

pub mod check;
pub mod cli;
pub mod version;
pub mod worker;

mod commands;
mod core_dumps;
mod error_text;
mod grants;
mod locks;
mod process_limits;
mod reload;
mod stop;
mod write_check;
