//! The command with https listeners and users, as a process: what `listeners.https.*` and `weir.rest.auth.*` say is what a client
//! with TLS finds. The broker is the one inside.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use weir_kafka::dev_broker::DevBroker;

/// Nothing that a test waits for takes longer, on a slow machine either.
const PATIENCE: Duration = Duration::from_secs(90);

fn tls(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tls").join(name)
}

/// A worker, ended with the test.
struct Worker {
    process: Child,
    address: String,
    log: Arc<Mutex<String>>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Worker {
    fn start(keys: &Path) -> Self {
        Self::run("dev", keys)
    }

    fn run(command: &str, keys: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_weir"))
            .arg(command)
            .arg(keys)
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
            if let Some((_, address)) = line.split_once("REST API at https://") {
                break address.to_owned();
            }
            said.push(line);
        };
        let log = Arc::new(Mutex::new(said.join("\n")));
        let written = Arc::clone(&log);
        // Read on, so that the worker can write on.
        std::thread::spawn(move || lines.for_each(|line| *written.lock().expect("a log") += &format!("\n{line}")));
        Self { process, address, log }
    }

    /// Waits for a line of the log that has all of these parts, and gives it.
    fn line(&self, parts: &[&str]) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log.lock().expect("a log").clone();
            if let Some(line) = log.lines().find(|line| parts.iter().all(|part| line.contains(part))) {
                return line.to_owned();
            }
            assert!(Instant::now() < deadline, "no line with {parts:?} in {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Has the worker read its files again, and waits for a line that tells what came of it.
    fn reload(&self, parts: &[&str]) {
        self.log.lock().expect("a log").clear();
        kill_process(Pid::from_child(&self.process), Signal::HUP).expect("it runs");
        self.line(parts);
    }

    /// The answer to a request over TLS, to a client that trusts `tests/tls/ca.pem`.
    fn send(&self, request: &str) -> String {
        self.try_send(request, None).expect("an answer")
    }

    /// The same, from a client that shows this certificate.
    fn try_send(&self, request: &str, shows: Option<&str>) -> io::Result<String> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(tls("ca.pem")).expect("PEM")).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let config = match shows.map(tls) {
            None => config.with_no_client_auth(),
            Some(file) => {
                let chain = CertificateDer::pem_file_iter(&file).expect("PEM").map(|it| it.expect("a certificate"));
                let key = PrivateKeyDer::from_pem_file(&file).expect("PEM");
                let key = ring::sign::any_supported_type(&key).expect("a key");
                // Shown as it is: whether it is in order is for the server to find out.
                config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::new(
                    chain.collect(),
                    key,
                ))))
            }
        };
        let name = ServerName::try_from("localhost").expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        let socket = TcpStream::connect(&self.address).expect("a connection");
        socket.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
        let mut stream = StreamOwned::new(connection, socket);
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    fn get(&self, path: &str, credentials: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: w:1\r\nconnection: close\r\n{credentials}\r\n"))
    }
}

#[test]
fn a_worker_speaks_https_and_asks_who_is_there() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("users", "alice=secret\n");
    let module = "org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule";
    write("jaas.conf", &format!("KafkaConnect {{\n  {module} required\n  file=\"{}\";\n}};\n", path("users")));
    let extension = "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension";
    let keys = format!(
        "listeners=https://127.0.0.1:0\nadmin.listeners=https://127.0.0.1:0\nadmin.listeners.https.ssl.keystore.location={jks}\n\
         admin.listeners.https.ssl.keystore.password=store-secret\nadmin.listeners.https.ssl.key.password=key-secret\n\
         ssl.keystore.location={p12}\nssl.keystore.password=store-secret\nssl.keystore.type=PKCS12\n\
         rest.extension.classes={extension}\nweir.rest.auth.jaas.file={jaas}\n",
        jks = tls("server.jks").display(),
        p12 = tls("server.p12").display(),
        jaas = path("jaas.conf"),
    );
    write("worker.properties", &keys);
    let worker = Worker::start(&folder.path().join("worker.properties"));
    let refused = worker.get("/connectors", "");
    assert!(refused.starts_with("HTTP/1.1 401 ") && refused.ends_with("User cannot access the resource."), "{refused}");
    // alice:secret, alice:guessed.
    let (alice, guessed) =
        ("authorization: Basic YWxpY2U6c2VjcmV0\r\n", "authorization: Basic YWxpY2U6Z3Vlc3NlZA==\r\n");
    assert!(worker.get("/connectors", guessed).starts_with("HTTP/1.1 401 "));
    let answer = worker.get("/connectors", alice);
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("[]"), "{answer}");
    let upload = "POST /plugins HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: 0\r\n";
    assert!(
        worker.send(&format!("{upload}{alice}\r\n")).starts_with("HTTP/1.1 403 "),
        "nobody may upload unless named"
    );
}

#[test]
fn a_check_finds_keys_that_do_not_open_and_users_that_are_not_there() {
    let folder = tempfile::tempdir().expect("folder");
    let keys = format!(
        "bootstrap.servers=127.0.0.1:1\nkey.converter=StringConverter\nvalue.converter=StringConverter\n\
         offset.storage.file.filename={folder}/offsets\nlisteners=https://127.0.0.1:0\n\
         listeners.https.ssl.keystore.location={p12}\nlisteners.https.ssl.keystore.password=guessed-it\n\
         weir.rest.auth.users.file={folder}/missing\n",
        folder = folder.path().display(),
        p12 = tls("server.p12").display(),
    );
    let file = folder.path().join("worker.properties");
    std::fs::write(&file, keys).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["standalone", "--check"])
        .arg(&file)
        .env_remove("RUST_LOG")
        .output()
        .expect("weir runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("server.p12: the password is wrong") && said.contains("missing"), "{said}");
    assert!(!said.contains("guessed-it"), "{said}");
}

#[test]
fn certificates_are_read_again_on_sighup_and_those_that_are_of_no_use_are_not_taken() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name);
    let own = path("own.pem");
    let install = |name: &str| std::fs::copy(tls(name), &own).map(drop).expect("copied");
    install("server.pem");
    let keys =
        format!("listeners=https://127.0.0.1:0\nssl.keystore.location={}\nssl.keystore.type=PEM\n", own.display());
    std::fs::write(path("worker.properties"), keys).expect("written");
    let worker = Worker::start(&path("worker.properties"));
    let get = || worker.try_send("GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", None);
    let is_served = || get().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "));
    let deadline = Instant::now() + PATIENCE;
    while !is_served() {
        assert!(Instant::now() < deadline, "the worker is not ready");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::fs::write(&own, "neither key nor certificate").expect("written");
    worker.reload(&["the certificates cannot be used; the previous ones stay in effect", "own.pem"]);
    assert!(is_served(), "what was read first is still used");
    // One that the client does not take for the server's.
    install("client.pem");
    worker.reload(&["certificates reloaded", "expires=4"]);
    let refused = get().expect_err("another certificate").to_string();
    assert!(refused.contains("certificate"), "{refused}");
    install("server.pem");
    worker.reload(&["certificates reloaded"]);
    assert!(is_served());
}

#[test]
fn the_level_of_the_log_is_read_again_on_sighup() {
    let folder = tempfile::tempdir().expect("folder");
    let broker = DevBroker::start().expect("a broker");
    let file = folder.path().join("worker.properties");
    let write = |level: &str| {
        let keys = format!(
            "bootstrap.servers={broker}\nkey.converter=StringConverter\nvalue.converter=StringConverter\n\
             offset.storage.file.filename={folder}/offsets\nlisteners=https://127.0.0.1:0\n\
             ssl.keystore.location={p12}\nssl.keystore.password=store-secret\nweir.log.level={level}\n",
            broker = broker.bootstrap_servers(),
            folder = folder.path().display(),
            p12 = tls("server.p12").display(),
        );
        std::fs::write(&file, keys).expect("written");
    };
    write("error");
    let mut worker = Worker::run("standalone", &file);
    let level = |name: &str| {
        worker.send(&format!("GET /admin/loggers/{name} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"))
    };
    assert!(level("root").contains("\"ERROR\""));
    write("info,weir::kafka=warn");
    worker.reload(&["log level changed", "info,weir::kafka=warn"]);
    assert!(level("root").contains("\"INFO\"") && level("org.apache.kafka.clients").contains("\"WARN\""));
    // What is wrong with the file is told, and changes nothing.
    write("weir=loud");
    worker.reload(&["the worker's file cannot be used", "Invalid value weir=loud for configuration weir.log.level"]);
    write("debug\noffset.flush.interval.ms=soon");
    worker.reload(&["the worker's file cannot be used", "offset.flush.interval.ms"]);
    assert!(level("root").contains("\"INFO\""));
    kill_process(Pid::from_child(&worker.process), Signal::TERM).expect("it runs");
    assert_eq!(worker.process.wait().expect("it ends").code(), Some(0));
}

#[test]
fn the_log_tells_who_changed_what_and_who_was_refused_and_metrics_count_it() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("users"), "alice=secret\n").expect("written");
    let keys = format!(
        "listeners=https://127.0.0.1:0\nssl.keystore.location={p12}\nssl.keystore.password=store-secret\n\
         weir.rest.auth.users.file={users}\nweir.rest.probes.open=true\n",
        p12 = tls("server.p12").display(),
        users = folder.path().join("users").display(),
    );
    let file = folder.path().join("worker.properties");
    std::fs::write(&file, keys).expect("written");
    let worker = Worker::start(&file);
    // alice:secret, alice:guessed, and a password where the name should be.
    let alice = "authorization: Basic YWxpY2U6c2VjcmV0\r\n";
    for wrong in ["YWxpY2U6Z3Vlc3NlZA==", "c2VjcmV0Og=="] {
        let answer = worker.get("/connectors", &format!("authorization: Basic {wrong}\r\n"));
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
    worker.line(&["WARN", "request refused", "credentials", "user=\"alice\"", "address=127.0.0.1", "status=401"]);
    worker.line(&["WARN", "request refused", "user=\"(unknown)\"", "method=GET", "path=\"/connectors\""]);
    let level = r#"{"level":"INFO"}"#;
    let length = level.len();
    let head = "HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let changed = worker.send(&format!("PUT /admin/loggers/x {head}{alice}content-length: {length}\r\n\r\n{level}"));
    assert!(changed.starts_with("HTTP/1.1 200 "), "{changed}");
    worker.line(&["INFO", "change over REST", "user=\"alice\"", "address=127.0.0.1", "method=PUT", "status=200"]);
    assert!(worker.send(&format!("DELETE /connectors/a {head}{alice}\r\n")).starts_with("HTTP/1.1 404 "));
    worker.line(&["change over REST failed", "user=\"alice\"", "path=\"/connectors/a\"", "status=404"]);
    assert!(worker.send(&format!("POST /plugins {head}{alice}content-length: 0\r\n\r\n")).starts_with("HTTP/1.1 403 "));
    worker.line(&["WARN", "request refused", "weir.rest.auth.upload", "status=403"]);
    for (path, start) in
        [("/health/live", "HTTP/1.1 200 "), ("/health", "HTTP/1.1 401 "), ("/health/x", "HTTP/1.1 401 ")]
    {
        let answer = worker.get(path, "");
        assert!(answer.starts_with(start), "{path}: {answer}");
    }
    let metrics = worker.get("/metrics", alice);
    for line in [
        "weir_rest_answers_total{status=\"401\"} 4",
        "weir_rest_answers_total{status=\"403\"} 1",
        "weir_rest_failed_logins_total 2",
        "weir_rest_certificate_expiry_time_seconds{listeners=\"listeners\"} 4",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    // A flood of one address is a few lines.
    for _ in 0..60 {
        worker.get("/connectors", "authorization: Basic YWxpY2U6Z3Vlc3NlZA==\r\n");
    }
    let refused = worker.log.lock().expect("a log").matches("request refused").count();
    assert!(refused < 60, "{refused} lines");
}

#[test]
fn a_client_certificate_of_version_1_is_refused_with_the_reason_in_the_log() {
    let folder = tempfile::tempdir().expect("folder");
    let keys = format!(
        "listeners=https://127.0.0.1:0\nssl.keystore.location={p12}\nssl.keystore.password=store-secret\n\
         ssl.client.auth=required\nssl.truststore.location={trust}\nssl.truststore.type=PEM\n",
        p12 = tls("server.p12").display(),
        trust = tls("old-ca.pem").display(),
    );
    let file = folder.path().join("worker.properties");
    std::fs::write(&file, keys).expect("written");
    let worker = Worker::start(&file);
    let request = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert!(worker.try_send(request, Some("old-client.pem")).is_err());
    worker.line(&["WARN", "TLS handshake failed", "address=127.0.0.1", "X.509 version 1", "openssl x509 -req"]);
}
