//! The command as a process: what an upload that cannot be compiled, or a plugin that takes its time, means for the rest of the worker.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use weir_kafka::dev_broker::DevBroker;

use super::bombs;

/// Generous: what must not take a minute takes a fraction of a second.
const SOON: Duration = Duration::from_secs(15);

/// A worker, ended with the test.
struct Worker {
    process: Child,
    address: String,
    /// A worker that starts wants a cluster to answer.
    _broker: DevBroker,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Worker {
    /// A worker whose files are in this directory.
    fn start(folder: &Path, more: &str) -> Self {
        Self::run(folder, more, &mut Command::new(env!("CARGO_BIN_EXE_weir")))
    }

    fn run(folder: &Path, more: &str, command: &mut Command) -> Self {
        let broker = DevBroker::start().expect("a broker");
        let keys = format!(
            "bootstrap.servers={}\nkey.converter=StringConverter\nvalue.converter=StringConverter\n\
             listeners=http://127.0.0.1:0\noffset.storage.file.filename={}/offsets\n{more}",
            broker.bootstrap_servers(),
            folder.display()
        );
        let file = folder.join("worker.properties");
        fs::write(&file, keys).expect("written");
        let mut process = command
            .arg("standalone")
            .arg(file)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("weir runs");
        let mut lines = BufReader::new(process.stderr.take().expect("standard error")).lines().map_while(Result::ok);
        let mut said = Vec::new();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("no address in {said:#?}"));
            if let Some((_, address)) = line.split_once("REST API at http://") {
                break address.to_owned();
            }
            said.push(line);
        };
        // Read on, so that the worker can write on.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address, _broker: broker }
    }

    /// Sends a request, and does not wait for the answer.
    fn begin(&self, method: &str, path: &str, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a time limit");
        let kind = if body.is_empty() { "" } else { "content-type: application/wasm\r\n" };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{kind}content-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(body).expect("sent");
        stream
    }

    fn get(&self, path: &str) -> String {
        answer(self.begin("GET", path, b""))
    }

    /// What the kernel says about this process.
    fn status(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("a status");
        let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the field");
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Its child processes, by their directories in `/proc`.
    fn children(&self) -> Vec<PathBuf> {
        let id = self.process.id().to_string();
        let is_child = |stat: String| stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)) == Some(&*id);
        let processes = fs::read_dir("/proc").expect("processes").flatten().map(|entry| entry.path());
        processes.filter(|process| fs::read_to_string(process.join("stat")).is_ok_and(is_child)).collect()
    }

    fn until_children(&self, count: usize) {
        until(&format!("{count} children"), || self.children().len() == count);
    }

    /// Asks it to stop, and says how long that took.
    fn stop(mut self) -> Duration {
        let begin = Instant::now();
        let asked = Command::new("kill").arg(self.process.id().to_string()).status().expect("kill runs");
        assert!(asked.success());
        let status = self.process.wait().expect("it ends");
        assert!(status.success(), "{status}");
        begin.elapsed()
    }
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(60), "not yet: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_compile_bomb_costs_its_uploader_a_refusal_and_the_worker_nothing() {
    let folder = tempfile::tempdir().expect("a directory");
    let worker = Worker::start(folder.path(), "weir.plugin.compile.memory.max=201326592\n");
    assert!(worker.get("/").starts_with("HTTP/1.1 200 "));
    let before = worker.status("VmHWM");
    let upload = worker.begin("POST", "/plugins", &bombs::plugin(&[bombs::branches(100_000, 1000)]));
    worker.until_children(1);
    let begin = Instant::now();
    assert!(worker.get("/").starts_with("HTTP/1.1 200 "));
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    let refused = answer(upload);
    assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
    assert!(refused.contains("more than 201326592 bytes of memory"), "{refused}");
    assert!(refused.contains("weir.plugin.compile.memory.max"), "{refused}");
    let grown = worker.status("VmHWM") - before;
    assert!(grown < 64 << 10, "the worker grew by {grown} KiB");
    worker.until_children(0);
    assert!(worker.stop() < SOON);
}

#[test]
fn an_upload_beyond_the_queue_is_answered_with_503_and_a_client_that_leaves_makes_room() {
    let folder = tempfile::tempdir().expect("a directory");
    let worker = Worker::start(folder.path(), "weir.plugin.compile.queue.max=0\n");
    let upload = worker.begin("POST", "/plugins", &bombs::slow(0));
    worker.until_children(1);
    let small = bombs::plugin(&[]);
    let busy = answer(worker.begin("POST", "/plugins", &small));
    assert!(busy.starts_with("HTTP/1.1 503 ") && busy.contains("retry-after: "), "{busy}");
    assert!(busy.contains("weir.plugin.compile.queue.max"), "{busy}");
    drop(upload);
    worker.until_children(0);
    let taken = answer(worker.begin("POST", "/plugins", &small));
    assert!(taken.starts_with("HTTP/1.1 400 ") && taken.contains("differ from weir:connect"), "{taken}");
}

#[test]
fn a_compiler_has_no_file_that_the_worker_has_open() {
    let folder = tempfile::tempdir().expect("a directory");
    // This one has no mark that keeps it from children of children.
    let script = format!("exec 7<{}; exec \"$@\"", folder.path().display());
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_weir")]);
    let worker = Worker::run(folder.path(), "", &mut command);
    let files = |process: &Path| {
        let entries = fs::read_dir(process.join("fd")).expect("files").flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect::<BTreeSet<_>>()
    };
    let own = files(Path::new(&format!("/proc/{}", worker.process.id())));
    assert!(own.contains("7"), "{own:?}");
    let _upload = worker.begin("POST", "/plugins", &bombs::slow(0));
    worker.until_children(1);
    let standard = BTreeSet::from(["0", "1", "2"].map(str::to_owned));
    until("only standard streams", || worker.children().iter().all(|process| files(process) == standard));
    worker.until_children(1);
}

#[test]
fn a_stop_does_not_wait_for_the_compiler() {
    let folder = tempfile::tempdir().expect("a directory");
    let worker = Worker::start(folder.path(), "");
    let upload = worker.begin("POST", "/plugins", &bombs::slow(0));
    worker.until_children(1);
    assert!(worker.stop() < SOON);
    let answer = answer(upload);
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("the worker is stopping"), "{answer}");
}

/// A plugin that never says what it contains.
fn silent(number: usize) -> Vec<u8> {
    let text = format!(
        r#"(component
            (core module $m (func (export "f")) (func $start (loop $l (br $l))) (start $start) (data "{number}"))
            (core instance $c (instantiate $m))
            (func $f (canon lift (core func $c "f")))
            (instance $i (export "describe" (func $f)))
            (export "weir:connect/plugin@0.2.0" (instance $i)))"#
    );
    wat::parse_str(text).expect("a component")
}

#[test]
fn plugins_that_never_answer_delay_neither_the_rest_api_nor_a_stop() {
    let folder = tempfile::tempdir().expect("a directory");
    let plugins = folder.path().join("plugins");
    fs::create_dir(&plugins).expect("a directory");
    for number in 0..3 {
        fs::write(plugins.join(format!("{number}.wasm")), silent(number)).expect("written");
    }
    let path = format!("plugin.path={}\n", plugins.display());
    let begin = Instant::now();
    // Each may take a minute.
    let worker = Worker::start(folder.path(), &path);
    let listed = worker.get("/plugins");
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    assert_eq!(listed.matches(r#""state":"LOADING""#).count(), 3, "{listed}");
    assert!(worker.stop() < SOON);

    let worker = Worker::start(folder.path(), &format!("{path}weir.call.timeout.ms=200\n"));
    until("3 failures", || worker.get("/plugins").matches(r#""state":"FAILED""#).count() == 3);
    let listed = worker.get("/plugins");
    assert_eq!(listed.matches("call timeout of 200 ms").count(), 3, "{listed}");
}
