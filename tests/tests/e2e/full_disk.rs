//! A file sink that finds no room: it says so, waits, and loses nothing. And a file source that is given something else than a file.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use crate::support::{sink, source, with};

/// Generous: the machine may be busy.
const LIMIT: Duration = Duration::from_secs(90);
/// Lines of 100 bytes.
const LINES: usize = 5000;

fn line(number: usize) -> String {
    format!("line {number:06} {}", "x".repeat(88))
}

fn produce(bootstrap: &str, topic: &str) -> Result<()> {
    let record = |number| topics::Record { value: Some(line(number).into_bytes()), ..Default::default() };
    topics::produce(bootstrap, topic, &(0..LINES).map(record).collect::<Vec<_>>())
}

/// Waits until the sink says what it waits for, and sees that it goes on waiting.
fn wait_for_complaint(worker: &Worker, rest: &Rest, name: &str, what: &str) -> Result<()> {
    wait::until("the sink to say that there is no room", LIMIT, || {
        let log = worker.log();
        let said = log.lines().any(|line| line.contains("asks for the same records again") && line.contains(what));
        if said { Ok(()) } else { Err(log.lines().last().unwrap_or_default().to_owned()) }
    })?;
    rest.wait_running(name, 1)
}

/// Waits until each line is in the file, and sees that few came again: those of the write that failed, of up to 64 KiB, and
/// of the smaller ones that were tried afterwards.
fn wait_for_lines(read: impl Fn() -> Result<String>) -> Result<()> {
    wait::until("every line", LIMIT, || {
        let text = read().map_err(|error| format!("{error:#}"))?;
        let found = (0..LINES).filter(|number| text.contains(&format!("{}\n", line(*number)))).count();
        if found == LINES { Ok(()) } else { Err(format!("{found} of {LINES}")) }
    })?;
    let text = read()?;
    let whole = text.lines().filter(|found| found.len() == line(0).len()).count();
    ensure!(whole < LINES + 1000, "{whole} whole lines of {LINES}: the whole batch came again");
    Ok(())
}

#[test]
fn a_sink_whose_file_may_not_grow_waits_and_loses_nothing() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("size-limit");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let rest = worker.rest();
    let file = worker.data().join("out.txt");
    rest.create("limited", &sink(&file, topic))?;
    rest.wait_running("limited", 1)?;
    let limit = |bytes: &str| -> Result<()> {
        let pid = worker.id().context("it runs")?;
        let status = Command::new("prlimit").args([format!("--pid={pid}"), format!("--fsize={bytes}:")]).status()?;
        ensure!(status.success(), "prlimit: {status}");
        Ok(())
    };
    // Without its own care the system would end the worker at the first byte beyond.
    limit("200000")?;
    produce(bootstrap, topic)?;
    wait_for_complaint(&worker, &rest, "limited", "the file has reached the size limit")?;
    ensure!(file.metadata()?.len() <= 200_000);
    limit("unlimited")?;
    wait_for_lines(|| Ok(fs::read_to_string(&file)?))?;
    worker.stop()
}

#[test]
fn a_sink_on_a_full_disk_waits_and_loses_nothing() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("no-room");
    topics::create(bootstrap, topic, 1)?;
    let worker = Worker::new(bootstrap)?;
    // The worker sees a small file system in the place of its data.
    let mount = format!("mount -t tmpfs -o size=1m tmpfs {}", worker.data().display());
    let unshare = "unshare --user --map-root-user --mount";
    let probe = Command::new("sh").args(["-c", &format!("{unshare} sh -c '{mount}'")]).output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        println!("skipped: this system lets no process mount a file system of its own");
        return Ok(());
    }
    let script = worker.dir().join("small-disk.sh");
    let weir = paths::weir()?;
    fs::write(
        &script,
        format!("#!/bin/sh\nexec {unshare} sh -c '{mount} && exec {} \"$@\"' weir \"$@\"\n", weir.display()),
    )?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    let file = worker.data().join("out.txt");
    let mut worker = worker.binary(&script);
    worker.start()?;
    let rest = worker.rest();
    // What the worker sees, from outside.
    let inside = |path: &Path| -> Result<_> {
        let pid = worker.id().context("it runs")?;
        Ok(Path::new(&format!("/proc/{pid}/root")).join(path.strip_prefix("/")?))
    };
    let filler = inside(&file.with_file_name("filler"))?;
    fs::write(&filler, vec![0; 800 << 10])?;
    rest.create("full", &sink(&file, topic))?;
    produce(bootstrap, topic)?;
    wait_for_complaint(&worker, &rest, "full", "the disk is full")?;
    fs::remove_file(&filler)?;
    let seen = inside(&file)?;
    wait_for_lines(|| Ok(fs::read_to_string(&seen)?))?;
    worker.stop()
}

#[test]
fn what_is_no_file_is_refused_with_its_reason_and_a_link_inside_is_followed() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let topic = &topics::unique("no-file");
    topics::create(bootstrap, topic, 1)?;
    let mut worker = Worker::new(bootstrap)?;
    worker.start()?;
    let (rest, data) = (worker.rest(), worker.data());
    ensure!(Command::new("mkfifo").arg(data.join("pipe")).status()?.success(), "mkfifo");
    // With a writer it can be opened without waiting; to read from it would still wait for that writer.
    let mut writer = Command::new("sh").args(["-c", "exec sleep 600 <> \"$0\""]).arg(data.join("pipe")).spawn()?;
    symlink("/etc/passwd", data.join("out"))?;
    let mut told = String::new();
    for (name, reason) in [
        ("pipe", "it is a pipe; plugins may open only regular files and directories"),
        ("out", "the path leads out of the granted directory, through a link or `..`"),
    ] {
        let file = data.join(name);
        for (kind, config) in [("source", source(&file, topic)), ("sink", sink(&file, topic))] {
            let connector = format!("{name}-{kind}");
            rest.create(&connector, &with(&config, &[("consumer.override.auto.offset.reset", "latest")]))?;
            let trace = rest.wait_failed(&connector, LIMIT)?;
            writeln!(told, "{connector}: {trace}")?;
            ensure!(trace.contains(reason) && trace.contains(&file.display().to_string()), "{connector}: {trace}");
            ensure!(!trace.contains("os error"), "a number of WASI's: {trace}");
        }
    }
    println!("{told}");
    writer.kill()?;
    writer.wait()?;

    fs::write(data.join("2026-11-27.log"), "a line\n")?;
    symlink(data.join("2026-11-27.log"), data.join("current.log"))?;
    rest.create("linked", &source(&data.join("current.log"), topic))?;
    wait::until("the line", LIMIT, || match topics::count(bootstrap, topic) {
        Ok(1) => Ok(()),
        other => Err(format!("{other:?}")),
    })?;
    worker.stop()
}
