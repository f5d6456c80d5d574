//! Misbehaviour that uses WASI: files, hosts, the environment, and waiting for an hour. Each result says `escaped` if something was
//! reached and `denied` if not.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use weir_hostile_common::plan;

use crate::bindings::weir::connect::host::{self, Level};

/// Does it and returns the result, or `None` if the deed is not one of these.
pub(crate) fn attempt(deed: &str) -> Option<String> {
    let found = match deed {
        "sleep" => {
            std::thread::sleep(Duration::from_secs(3600));
            Ok("slept".to_owned())
        }
        "read-file" => std::fs::read_to_string(plan::value("reads")).map_err(|error| error.to_string()),
        "write-file" => std::fs::write(plan::value("writes"), "hostile")
            .map(|()| "written".to_owned())
            .map_err(|error| error.to_string()),
        "hold-files" => hold_files(&plan::value("reads")),
        "list-root" => list("/"),
        "connect-host" => TcpStream::connect(plan::value("connects"))
            // A refused connection is seen only when the socket is asked.
            .and_then(|stream| stream.peer_addr())
            .map(|address| address.to_string())
            .map_err(|error| error.to_string()),
        "resolve-host" => {
            ("localhost", 80).to_socket_addrs().map(|found| format!("{found:?}")).map_err(|error| error.to_string())
        }
        "read-env" => environment(),
        _ => return None,
    };
    Some(match found {
        Ok(found) => format!("{deed} escaped: {found}"),
        Err(error) => format!("{deed} denied: {error}"),
    })
}

/// Opens a file until that fails, and then sleeps without closing any.
fn hold_files(path: &str) -> Result<String, String> {
    let mut held = Vec::new();
    loop {
        match std::fs::File::open(path) {
            Ok(file) => held.push(file),
            Err(error) => {
                host::log(Level::Info, "hostile", &format!("hostile, holding {} files: {error}", held.len()));
                std::thread::sleep(Duration::from_secs(3600));
                return Err(error.to_string());
            }
        }
    }
}

fn list(path: &str) -> Result<String, String> {
    let entries = std::fs::read_dir(path).map_err(|error| error.to_string())?;
    Ok(entries.flatten().map(|entry| entry.path().display().to_string() + " ").collect())
}

fn environment() -> Result<String, String> {
    let found: Vec<String> =
        std::env::vars().map(|(key, value)| format!("{key}={value}")).chain(std::env::args()).collect();
    if found.is_empty() { Err("there is none".into()) } else { Ok(found.join(" ")) }
}
