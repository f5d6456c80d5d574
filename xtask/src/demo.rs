//! `cargo xtask demo`: a text file's lines through a source, two transforms, a topic and a sink, shown step by step.
//!
//! Nothing is installed and nothing is left running: `weir dev` has its broker inside. What it wrote stays in `target/demo`.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::build::{self, Profile};
use crate::http::Client;
use crate::server::Server;
use crate::workspace::{Group, Workspace};

/// What the second transform adds to each line.
const ORIGIN: &str = "weir demo";

/// How long the file may take; it is there after a second or two.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leaves the worker running at the end, and says how to stop it.
    #[arg(long)]
    keep: bool,
    /// Builds what `cargo xtask build` builds: it compiles for longer and runs faster.
    #[arg(long)]
    release: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    let profile = if args.release { Profile::Release } else { Profile::Dev };
    heading(match profile {
        Profile::Release => "Building Weir and its components (several minutes the first time)",
        Profile::Dev => "Building Weir and its components, a debug build (some minutes the first time)",
    });
    build::components(&workspace, &[Group::Plugins], profile)?;
    let binary = build::server(&workspace, profile)?;

    let folder = Folder::fresh(&workspace)?;
    let text = real_text(&workspace.root)?;
    fs::write(&folder.input, &text).with_context(|| format!("cannot write {}", folder.input.display()))?;

    heading("Starting a worker with a broker inside");
    let port = free_port()?;
    let listen = format!("127.0.0.1:{port}");
    let arguments = ["dev".as_ref(), "--listen".as_ref(), listen.as_ref(), "--dir".as_ref(), folder.path.as_os_str()];
    let mut server = Server::start(&binary, &arguments, &folder.log, args.keep)?;
    let client = Client::new(port);
    let shown = show(&workspace, &folder, &text, &client, &mut server);
    if let Err(error) = shown {
        // Dropping the server ends it.
        return Err(error.context(format!(
            "the worker's log is {}; its last lines:\n{}",
            folder.log.display(),
            server.tail()
        )));
    }

    if profile == Profile::Dev {
        println!(
            "\nThis was a debug build, which is slow: `cargo xtask build` builds Weir for use, and docs/benchmarks.md has its figures."
        );
    }
    if args.keep {
        heading("The worker continues to run");
        println!("Append to {} and see {} grow.", folder.input.display(), folder.output.display());
        println!("REST: {}/connectors   log: {}", client.base(), folder.log.display());
        println!("Stop it with: kill {}", server.leave());
    } else {
        server.stop()?;
        println!("\nThe worker is stopped. `cargo xtask demo --keep` leaves it running.");
    }
    Ok(())
}

/// Everything between the worker's start and its end.
fn show(
    workspace: &Workspace,
    folder: &Folder,
    text: &str,
    client: &Client,
    server: &mut Server,
) -> anyhow::Result<()> {
    server.wait(Duration::from_secs(60), "answer", || client.look("/").is_ok())?;
    client.get("/")?;

    heading("Uploading two components");
    for name in ["file", "transforms"] {
        client.post_component("/plugins", &workspace.dist().join("plugins").join(format!("{name}.wasm")))?;
    }

    heading("Creating a source with two transforms, and a sink");
    let begin = Instant::now();
    client.post("/connectors", &source(&folder.input))?;
    client.post("/connectors", &sink(&folder.output))?;

    let expected = text.lines().count();
    println!();
    let mut seen = None;
    server.wait(PATIENCE, "move all lines", || {
        let arrived = count_lines(&folder.output);
        if seen.replace(arrived) != Some(arrived) {
            println!("{arrived} of {expected} lines have arrived");
        }
        arrived >= expected || failed_task(client).is_some()
    })?;
    if let Some(trace) = failed_task(client) {
        bail!("a task failed: {trace}");
    }
    let took = begin.elapsed();
    client.get("/connectors/demo-source/status")?;
    client.get("/connectors/demo-sink/status")?;

    heading("Comparing what arrived with what was sent");
    let result = fs::read_to_string(&folder.output).context("cannot read the result")?;
    let order = compare(text, &result)?;
    println!("All {expected} lines arrived once, {order}, {:.1} s after the source was created.", took.as_secs_f64());
    println!("\nsent:     {}", folder.input.display());
    println!("arrived:  {}", folder.output.display());
    for line in result.lines().filter(|line| line.len() < 160).take(8) {
        println!("  {line}");
    }
    println!("  ...");
    Ok(())
}

fn heading(text: &str) {
    println!("\n== {text}");
}

/// Where the demo's files lie.
struct Folder {
    path: PathBuf,
    input: PathBuf,
    output: PathBuf,
    log: PathBuf,
}

impl Folder {
    /// `target/demo`, without what an earlier run left there.
    fn fresh(workspace: &Workspace) -> anyhow::Result<Self> {
        let path = workspace.target.join("demo");
        if path.exists() {
            fs::remove_dir_all(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        // Without symbolic links: what a plugin is granted does not reach through them.
        let path = path.canonicalize()?;
        // The folder that `weir dev` lets plugins read and write.
        let data = path.join("data");
        fs::create_dir(&data).with_context(|| format!("cannot make {}", data.display()))?;
        Ok(Self { input: data.join("in.txt"), output: data.join("out.txt"), log: path.join("weir.log"), path })
    }
}

fn source(input: &Path) -> Value {
    json!({"name": "demo-source", "config": {
        "connector.class": "FileStreamSource",
        "tasks.max": "1",
        "file": input,
        "topic": "demo-lines",
        "transforms": "wrap,origin",
        "transforms.wrap.type": "org.apache.kafka.connect.transforms.HoistField$Value",
        "transforms.wrap.field": "line",
        "transforms.origin.type": "org.apache.kafka.connect.transforms.InsertField$Value",
        "transforms.origin.static.field": "origin",
        "transforms.origin.static.value": ORIGIN,
        // The broker of `weir dev` gives a topic four partitions, and only within one the order is kept.
        "producer.override.partitioner": "consistent",
    }})
}

fn sink(output: &Path) -> Value {
    json!({"name": "demo-sink", "config": {
        "connector.class": "FileStreamSink",
        "tasks.max": "1",
        "file": output,
        "topics": "demo-lines",
        "weir.values.json": "true",
    }})
}

/// The project's own texts: the licence, the documents, the contract, and the code of the connectors.
fn real_text(root: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    for name in ["LICENSE", "README.md", "ARCHITECTURE.md", "docs", "wit", "connectors"] {
        gather(&root.join(name), &mut files)?;
    }
    let mut text = String::new();
    for file in files {
        // All line ends alike, so that lines can be compared as text.
        let lines = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        text.extend(lines.lines().flat_map(|line| [line, "\n"]));
    }
    Ok(text)
}

/// The text files here and below, by name.
fn gather(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_dir() {
        let entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
        let mut entries = entries.with_context(|| format!("cannot list {}", path.display()))?;
        entries.sort();
        return entries.iter().try_for_each(|entry| gather(entry, files));
    }
    let ending = path.extension().unwrap_or_default();
    if path.ends_with("LICENSE") || ["md", "rs", "wit", "toml"].iter().any(|text| ending == *text) {
        files.push(path.to_owned());
    }
    Ok(())
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("there is no free port")?;
    Ok(listener.local_addr()?.port())
}

fn count_lines(file: &Path) -> usize {
    // Before the sink has started there is no file.
    fs::read(file).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
}

/// The trace of a task or connector that failed.
fn failed_task(client: &Client) -> Option<String> {
    ["demo-source", "demo-sink"].iter().find_map(|name| {
        let status = client.look(&format!("/connectors/{name}/status")).ok()?;
        let tasks = status["tasks"].as_array().cloned().unwrap_or_default();
        let failed = |part: &Value| part["state"] == "FAILED";
        let found = std::iter::once(&status["connector"]).chain(&tasks).find(|part| failed(part))?;
        Some(format!("{name}: {}", found["trace"].as_str().unwrap_or("no trace")))
    })
}

/// Each line of the result is a JSON object with the line that was sent and what the transform added. Says in which order
/// they came: Kafka keeps it within a partition.
fn compare(sent: &str, arrived: &str) -> anyhow::Result<&'static str> {
    let mut sent: Vec<&str> = sent.lines().collect();
    let mut lines = Vec::with_capacity(sent.len());
    for (number, line) in arrived.lines().enumerate() {
        let value: Value = serde_json::from_str(line)
            .with_context(|| format!("line {} of the result is no JSON: {line}", number + 1))?;
        match (&value["line"], &value["origin"]) {
            (Value::String(text), Value::String(origin)) if origin == ORIGIN => lines.push(text.clone()),
            _ => bail!("line {} of the result is not what the transforms make: {line}", number + 1),
        }
    }
    if lines.iter().eq(sent.iter()) {
        return Ok("in order");
    }
    lines.sort_unstable();
    sent.sort_unstable();
    if lines.len() != sent.len() {
        bail!("{} lines were sent and {} arrived", sent.len(), lines.len());
    }
    if let Some((sent, arrived)) = sent.iter().zip(&lines).find(|(sent, arrived)| sent != arrived) {
        bail!("what arrived is not what was sent, for example {arrived:?} in place of {sent:?}");
    }
    Ok("in order within each of the topic's partitions")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(lines: &[&str]) -> String {
        lines.iter().map(|line| format!("{}\n", json!({"line": line, "origin": ORIGIN}))).collect()
    }

    #[test]
    fn the_comparison_sees_lines_that_are_missing_twice_there_or_other() {
        let sent = "a\n\nb \"c\"\n";
        assert_eq!(compare(sent, &result(&["a", "", "b \"c\""])).unwrap(), "in order");
        assert!(compare(sent, &result(&["", "a", "b \"c\""])).unwrap().contains("partitions"));
        for wrong in [&["a", ""][..], &["a", "", "b \"c\"", "a"], &["a", "", "x"]] {
            assert!(compare(sent, &result(wrong)).is_err(), "{wrong:?}");
        }
        assert!(compare("a\n", "{\"line\":\"a\"}\n").is_err());
    }

    #[test]
    fn the_text_of_the_demo_is_a_few_thousand_lines() {
        let lines = real_text(&crate::workspace::root()).unwrap().lines().count();
        assert!((3_000..100_000).contains(&lines), "{lines}");
    }
}
