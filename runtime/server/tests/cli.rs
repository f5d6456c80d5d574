//! The command as a process: its exit codes, its words, and that it ends when it is asked to. The broker is the one inside.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn weir() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    weir().args(arguments).output().expect("weir runs")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn file(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("written");
    path.display().to_string()
}

#[test]
fn wrong_usage_is_1_and_the_version_is_told() {
    for arguments in [&["standalone"][..], &["distributed"], &["dev", "--nothing"], &[]] {
        assert_eq!(run(arguments).status.code(), Some(1), "{arguments:?}");
    }
    let version = run(&["--version"]);
    assert!(version.status.success());
    assert_eq!(String::from_utf8_lossy(&version.stdout), format!("weir {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_worker_that_cannot_start_is_2_and_says_all_that_is_wrong() {
    let folder = tempfile::tempdir().expect("folder");
    let missing = run(&["standalone", "/no/such/file"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(errors(&missing).contains("/no/such/file"), "{}", errors(&missing));

    let wrong =
        file(folder.path(), "worker.properties", "key.converter=StringConverter\noffset.flush.interval.ms=soon\n");
    let output = run(&["standalone", &wrong]);
    assert_eq!(output.status.code(), Some(2));
    for text in [
        "Missing required configuration \"bootstrap.servers\" which has no default value.",
        "Missing required configuration \"offset.storage.file.filename\" which has no default value.",
        "Invalid value soon for configuration offset.flush.interval.ms: Not a number of type LONG",
    ] {
        assert!(errors(&output).contains(text), "{text} is not in {}", errors(&output));
    }
}

#[test]
fn a_connector_of_the_command_line_that_cannot_be_created_is_3() {
    let folder = tempfile::tempdir().expect("folder");
    let connector = file(folder.path(), "a.json", r#"{"name":"a","connector.class":"NoSuchClass"}"#);
    let output = run(&["dev", "--listen", "127.0.0.1:0", &connector]);
    assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
    assert!(errors(&output).contains("which name matches NoSuchClass"), "{}", errors(&output));
}

/// Also: which keys have no effect, what the broker is, where the REST API is, and that the log is JSON where that is asked for.
#[cfg(unix)]
#[test]
fn a_worker_says_what_it_does_and_ends_when_it_is_asked_to() {
    let folder = tempfile::tempdir().expect("folder");
    let keys = file(folder.path(), "worker.properties", "listeners=http://127.0.0.1:0\noffset.flash.interval.ms=1\n");
    let mut worker = weir()
        .args(["dev", "--log-format", "json", &keys])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("weir runs");
    let mut lines = BufReader::new(worker.stderr.take().expect("standard error")).lines().map_while(Result::ok);
    let mut said = Vec::new();
    let address = loop {
        let line = lines.next().unwrap_or_else(|| panic!("no address in {said:#?}"));
        said.push(line.clone());
        if let Some((_, address)) = line.split_once("REST API at http://") {
            break address.to_owned();
        }
    };
    assert!(address.starts_with("127.0.0.1:") && !address.ends_with(":0"), "{address}");
    for part in [r#""level":"WARN""#, "'offset.flash.interval.ms' is not known", "100,000 messages a partition"] {
        assert!(said.iter().any(|line| line.contains(part)), "{part} is not in {said:#?}");
    }
    let begin = Instant::now();
    let asked = Command::new("kill").arg(worker.id().to_string()).status().expect("kill runs");
    assert!(asked.success());
    let rest: Vec<_> = lines.collect();
    let status = worker.wait().expect("it ends");
    assert!(status.success(), "{status}: {rest:#?}");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    assert!(rest.iter().any(|line| line.contains("SIGTERM")), "{rest:#?}");
}
