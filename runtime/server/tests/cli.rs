//! The command as a process: its exit codes, its words, and that it ends when it is asked to. The broker is the one inside.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use weir_kafka::dev_broker::DevBroker;

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
    let commit = commit().unwrap_or_else(|| "unknown".to_owned());
    let expected = format!("weir {} (commit {commit})\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&version.stdout), expected);
}

/// What git says in the folder of this crate; none where it is not a clone.
fn git(arguments: &[&str]) -> Option<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.join("../../.git").exists().then(|| {
        let output = Command::new("git")
            .args(["-c", "safe.directory=*", "-C"])
            .arg(folder)
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "{}", errors(&output));
        output.stdout
    })
}

/// The commit of this clone.
fn commit() -> Option<String> {
    Some(String::from_utf8_lossy(&git(&["rev-parse", "HEAD"])?).trim().to_owned())
}

#[test]
fn an_archive_knows_the_commit_it_is_made_of() {
    let Some(archive) = git(&["archive", "HEAD", "commit.txt"]) else { return };
    let commit = commit().expect("a clone");
    assert!(archive.windows(commit.len()).any(|window| window == commit.as_bytes()), "build.rs finds no commit there");
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
fn a_worker_whose_kafka_does_not_answer_gives_up_with_2_and_kafka_connects_words() {
    let folder = tempfile::tempdir().expect("folder");
    let keys = format!("{}default.api.timeout.ms=1500\nrequest.timeout.ms=1000\n", worker_keys(folder.path(), 0));
    let output = run(&["standalone", &file(folder.path(), "worker.properties", &keys)]);
    assert_eq!(output.status.code(), Some(2));
    let said = errors(&output);
    let words =
        "Failed to connect to and describe Kafka cluster. Check worker's broker connection and security properties.";
    assert!(said.contains(words) && said.contains("Connection refused"), "{said}");
    assert!(!said.contains("REST API at"), "nobody is answered before Kafka has answered: {said}");
    let warnings = said.lines().filter(|line| line.contains("WARN") && line.contains("cannot be reached"));
    assert_eq!(warnings.count(), 1, "{said}");
}

#[test]
fn a_worker_that_waits_for_its_kafka_ends_when_it_is_asked_to() {
    let folder = tempfile::tempdir().expect("folder");
    let keys = file(folder.path(), "worker.properties", &worker_keys(folder.path(), 0));
    let mut worker = weir().args(["standalone", &keys]).stderr(Stdio::piped()).spawn().expect("weir runs");
    let mut lines = BufReader::new(worker.stderr.take().expect("standard error")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("Kafka broker cannot be reached")), "it waits");
    let asked = Command::new("kill").arg(worker.id().to_string()).status().expect("kill runs");
    assert!(asked.success());
    let rest: Vec<_> = lines.collect();
    let status = worker.wait().expect("it ends");
    assert!(status.success(), "{status}: {rest:#?}");
}

#[test]
fn a_connector_of_the_command_line_that_cannot_be_created_is_3() {
    let folder = tempfile::tempdir().expect("folder");
    let connector = file(folder.path(), "a.json", r#"{"name":"a","connector.class":"NoSuchClass"}"#);
    let output = run(&["dev", "--listen", "127.0.0.1:0", &connector]);
    assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
    assert!(errors(&output).contains("which name matches NoSuchClass"), "{}", errors(&output));
}

/// All files below a folder with their sizes.
fn files(folder: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        match entry.metadata().expect("metadata") {
            metadata if metadata.is_dir() => found.extend(files(&entry.path())),
            metadata => found.push((entry.path().display().to_string(), metadata.len())),
        }
    }
    found.sort();
    found
}

/// The keys that a worker must have, its files in this folder.
fn worker_keys(folder: &Path, port: u16) -> String {
    format!(
        "bootstrap.servers=127.0.0.1:1\nkey.converter=StringConverter\nvalue.converter=StringConverter\n\
         listeners=http://127.0.0.1:{port}\noffset.storage.file.filename={}/offsets\nweir.standalone.state={0}/state\n",
        folder.display()
    )
}

#[test]
fn a_check_of_what_is_in_order_says_so_and_leaves_no_trace() {
    let folder = tempfile::tempdir().expect("folder");
    let worker = file(folder.path(), "worker.properties", &worker_keys(folder.path(), 0));
    let before = files(folder.path());
    let output = run(&["standalone", "--check", &worker]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}{}", errors(&output));
    assert!(said.starts_with(&format!("OK: {worker} and 0 connectors; 0 plugins.")), "{said}");
    assert_eq!(files(folder.path()), before);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "no folder was made");
}

#[test]
fn a_check_names_file_and_key_of_each_problem_with_a_starts_exit_code() {
    let folder = tempfile::tempdir().expect("folder");
    let in_use = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = in_use.local_addr().expect("an address").port();
    let check = |arguments: &[&str]| {
        let output = run(&[&["standalone", "--check"], arguments].concat());
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), said.lines().map(str::to_owned).collect::<Vec<_>>())
    };

    let worker = file(folder.path(), "taken.properties", &worker_keys(folder.path(), port));
    file(folder.path(), "offsets", "no offsets");
    file(folder.path(), "state", "no state");
    let (code, said) = check(&[&worker]);
    assert_eq!((code, said.len()), (Some(2), 3), "{said:?}");
    let listeners = format!("listeners: cannot listen on 127.0.0.1:{port}: ");
    for (line, start) in said.iter().zip(["offset.storage.file.filename: ", "weir.standalone.state: ", &listeners]) {
        assert!(line.starts_with(&format!("{worker}: {start}")), "{start} is not in {line}");
    }

    let no_keys = format!(
        "{}admin.listeners=https://127.0.0.1:0\nadmin.listeners.https.ssl.keystore.location=/no/such.jks\n\
         admin.listeners.https.ssl.keystore.password=swordfish\n",
        worker_keys(folder.path(), 0)
    );
    let (code, said) = check(&[&file(folder.path(), "no-keys.properties", &no_keys)]);
    assert_eq!(code, Some(2), "{said:?}");
    assert!(said.iter().any(|line| line.contains("/no/such.jks")), "{said:?}");
    assert!(!said.concat().contains("swordfish"), "{said:?}");

    let secret = file(folder.path(), "secrets.properties", "interval=swordfish\n");
    let wrong = format!(
        "{}offset.flush.interval.ms=${{file:{secret}:interval}}\nconfig.providers=file\n\
         config.providers.file.class=FileConfigProvider\nweir.restart.max.attempts=many\n",
        worker_keys(folder.path(), 0)
    );
    let wrong = file(folder.path(), "wrong.properties", &wrong);
    let broken = file(folder.path(), "broken.json", "{\"topic\":\"t\"}");
    let (code, said) = check(&[&wrong, &broken]);
    assert_eq!((code, said.len()), (Some(2), 3), "{said:?}");
    assert!(said[0].starts_with(&format!("{wrong}: offset.flush.interval.ms: ")), "{said:?}");
    assert!(
        said[1].ends_with("Invalid value many for configuration weir.restart.max.attempts: Not a number of type INT")
    );
    assert!(said[2].contains("missing the mandatory 'name'"), "{said:?}");
    assert!(!said.concat().contains("swordfish"), "{said:?}");
    let missing = check(&["/no/such/file", &broken]);
    assert_eq!((missing.0, missing.1.len()), (Some(2), 2), "{missing:?}");

    for name in ["offsets", "state"] {
        std::fs::remove_file(folder.path().join(name)).expect("removed");
    }
    let worker = file(folder.path(), "worker.properties", &worker_keys(folder.path(), 0));
    let unknown = file(folder.path(), "a.json", r#"{"name":"a","connector.class":"NoSuchClass"}"#);
    let twice = file(folder.path(), "b.properties", "name=a\nconnector.class=NoSuchClass\n");
    let state = file(folder.path(), "c.json", r#"{"name":"c","config":{"topics":"t"},"initial_state":"ASLEEP"}"#);
    let (code, said) = check(&[&worker, &unknown, &twice, &state]);
    assert_eq!((code, said.len()), (Some(3), 4), "{said:?}");
    for part in [
        format!("{unknown}: connector.class: Failed to find any class"),
        format!("{twice}: name: Connector a already exists: {unknown} has the same name"),
        format!("{state}: initial_state: "),
        format!("{state}: connector.class: Connector config {{"),
    ] {
        assert!(said.iter().any(|line| line.starts_with(&part)), "{part} is not in {said:?}");
    }
}

/// Also: which keys have no effect, what the broker is, where the REST API is, and that the log is JSON where that is asked for.
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
        assert!(line.starts_with('{') && line.ends_with('}'), "not an object: {line}");
        if let Some((_, address)) = line.split_once("REST API at http://") {
            break address.split('"').next().unwrap_or_default().to_owned();
        }
    };
    assert!(address.starts_with("127.0.0.1:") && !address.ends_with(":0"), "{address}");
    for part in [r#""level":"WARN""#, "'offset.flash.interval.ms' is not known", "100,000 records per partition"] {
        assert!(said.iter().any(|line| line.contains(part)), "{part} is not in {said:#?}");
    }
    let warned = said.iter().find(|line| line.contains("'offset.flash.interval.ms'")).expect("checked above");
    assert!(warned.contains("\"weir::cli\""), "the target that operators filter by: {warned}");
    let begin = Instant::now();
    let asked = Command::new("kill").arg(worker.id().to_string()).status().expect("kill runs");
    assert!(asked.success());
    let rest: Vec<_> = lines.collect();
    let status = worker.wait().expect("it ends");
    assert!(status.success(), "{status}: {rest:#?}");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    assert!(rest.iter().any(|line| line.contains("SIGTERM")), "{rest:#?}");
}

/// Starts a worker, and waits until it says where its REST API is. The rest of its words is read, so that it never waits for a reader.
fn started(worker: &str) -> std::process::Child {
    let mut process =
        weir().args(["standalone", worker]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("weir runs");
    let mut lines = BufReader::new(process.stderr.take().expect("standard error")).lines().map_while(Result::ok);
    let said: Vec<String> = lines.by_ref().take_while(|line| !line.starts_with("Weir ")).collect();
    assert!(process.try_wait().expect("a process").is_none(), "it ended: {said:#?}");
    std::thread::spawn(move || lines.for_each(drop));
    process
}

#[test]
fn a_second_worker_on_the_same_files_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().expect("folder");
    // A start waits for its cluster.
    let broker = DevBroker::start().expect("a broker");
    let keys = worker_keys(folder.path(), 0).replace("127.0.0.1:1\n", &format!("{}\n", broker.bootstrap_servers()));
    let keys = |wait: u32| format!("{keys}weir.lock.wait.ms={wait}\n");
    let first = file(folder.path(), "first.properties", &keys(0));
    let mut running = started(&first);
    let refused = run(&["standalone", &first]);
    let said = errors(&refused);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("(offset.storage.file.filename) is in use by another worker"), "{said}");
    assert!(said.contains(&format!("process {} on host ", running.id())), "{said}");
    // However it ends, its locks are given back.
    running.kill().expect("killed");
    running.wait().expect("it ends");
    let mut running = started(&first);

    // An update: the next one waits for the one before it.
    let second = file(folder.path(), "second.properties", &keys(300_000));
    let next = std::thread::spawn(move || started(&second));
    std::thread::sleep(Duration::from_secs(1));
    assert!(!next.is_finished(), "two workers on the same files");
    let asked = Command::new("kill").arg(running.id().to_string()).status().expect("kill runs");
    assert!(asked.success() && running.wait().expect("it ends").success());
    let mut next = next.join().expect("the next one starts");
    next.kill().expect("killed");
    next.wait().expect("it ends");
}

#[test]
fn a_check_finds_what_only_a_start_or_a_run_would_have_found() {
    let folder = tempfile::tempdir().expect("folder");
    let check = |name: &str, keys: &str| {
        let path = file(folder.path(), name, keys);
        let output = run(&["standalone", "--check", &path]);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), errors(&output))
    };
    let keys = worker_keys(folder.path(), 0);
    let missing = keys.replace("/offsets", "/none/offsets").replace("/state", "/gone/state");
    let (code, said, _) = check("missing.properties", &missing);
    assert_eq!((code, said.lines().count()), (Some(2), 2), "{said}");
    for (key, directory) in [("offset.storage.file.filename", "none"), ("weir.standalone.state", "gone")] {
        let text = format!("{key}: the directory {}/{directory} does not exist. Create it", folder.path().display());
        assert!(said.contains(&text), "{text} is not in {said}");
    }
    let store = format!("{keys}weir.plugin.store={}/missing.properties/store\n", folder.path().display());
    let (code, said, _) = check("store.properties", &store);
    assert!(code == Some(2) && said.contains("weir.plugin.store: "), "{said}");
    for (name, more, key) in [
        (
            "same.properties",
            format!("weir.standalone.state={}/./offsets\n", folder.path().display()),
            "weir.standalone.state",
        ),
        ("port.properties", "bootstrap.servers=localhost\n".to_owned(), "bootstrap.servers"),
        ("certificates.properties", "weir.rest.auth.certificates=true\n".to_owned(), "weir.rest.auth.certificates"),
        ("typo.properties", "weir.rest.auth.user.file=/etc/users\n".to_owned(), "weir.rest.auth.user.file"),
        ("client.properties", "producer.compression.type=brotli\n".to_owned(), "producer.compression.type"),
    ] {
        let (code, said, _) = check(name, &format!("{keys}{more}"));
        assert_eq!((code, said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.contains(&format!("{name}: {key}: ")), "{key} is not in {said}");
    }
    let users = file(folder.path(), "users", "alice=secret\n");
    let right = format!("{keys}weir.rest.auth.users.file={users}\nweir.rest.auth.upload=alcie\n");
    let (code, said, _) = check("right.properties", &right);
    assert!(code == Some(2) && said.contains("'weir.rest.auth.upload' grants a right only to alcie"), "{said}");
    // What is dangerous and not wrong is said, and does not keep a worker from starting.
    let open = keys.replace("http://127.0.0.1:", "http://0.0.0.0:");
    let (code, said, warned) = check("open.properties", &open);
    assert_eq!(code, Some(0), "{said}");
    assert!(warned.contains("WARN") && warned.contains("without authentication"), "{warned}");
}

/// What `GET` of this path answers.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// A pipe takes 64 KiB. Whoever writes more waits until it is read, which here is never.
#[test]
fn standard_error_that_nobody_reads_stops_neither_rest_nor_the_end() {
    let mut worker = weir();
    worker.args(["dev", "--listen", "127.0.0.1:0"]).env("RUST_LOG", "trace");
    let mut worker = worker.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("weir runs");
    let mut lines = BufReader::new(worker.stderr.take().expect("standard error")).lines().map_while(Result::ok);
    let address = lines
        .find_map(|line| line.split_once("REST API at http://").map(|(_, address)| address.to_owned()))
        .expect("an address");
    // From here on nothing is read.
    let begin = Instant::now();
    let dropped = loop {
        for _ in 0..200 {
            assert!(get(&address, "/").starts_with("HTTP/1.1 200"));
        }
        let metrics = get(&address, "/metrics");
        let dropped = metrics.lines().find_map(|line| line.strip_prefix("weir_log_lines_dropped_total "));
        let dropped: u64 = dropped.expect("the count").parse().expect("a number");
        if dropped > 0 {
            break dropped;
        }
        assert!(begin.elapsed() < Duration::from_secs(240), "it writes too little to be a test");
    };
    println!("{dropped} lines dropped");
    assert!(get(&address, "/").starts_with("HTTP/1.1 200"));
    let begin = Instant::now();
    let asked = Command::new("kill").arg(worker.id().to_string()).status().expect("kill runs");
    assert!(asked.success());
    let status = worker.wait().expect("it ends");
    assert!(status.success(), "{status}");
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    drop(lines);
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_leaves_no_core_dump_unless_it_is_allowed() {
    let folder = tempfile::tempdir().expect("folder");
    for (allowed, expected) in [("false", "0"), ("true", "1048576")] {
        let keys = file(
            folder.path(),
            "worker.properties",
            &format!("listeners=http://127.0.0.1:0\nweir.core.dumps={allowed}\n"),
        );
        // Started with limits of a megabyte, soft and hard.
        let mut worker = Command::new("sh");
        worker.args(["-c", "ulimit -c 2048 && exec \"$0\" dev \"$1\"", env!("CARGO_BIN_EXE_weir"), &keys]);
        let mut worker = worker.stderr(Stdio::piped()).stdin(Stdio::null()).spawn().expect("weir runs");
        let mut lines = BufReader::new(worker.stderr.take().expect("standard error")).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("REST API at")), "it starts");
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", worker.id())).expect("limits");
        let limit = limits.lines().find(|line| line.starts_with("Max core file size")).expect("the limit");
        let fields: Vec<&str> = limit.split_whitespace().collect();
        assert_eq!((fields[4], fields[5]), (expected, "1048576"), "{limit}");
        worker.kill().expect("killed");
        worker.wait().expect("it ends");
    }
}
