//! The command with https listeners and users, as a process: what `listeners.https.*` and `weir.rest.auth.*` say is what a client
//! with TLS finds. The broker is the one inside.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

fn tls(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tls").join(name)
}

/// A worker, ended with the test.
struct Worker {
    process: Child,
    address: String,
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
        let mut process = Command::new(env!("CARGO_BIN_EXE_weir"))
            .arg("dev")
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
        // Read on, so that the worker can write on.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }

    /// The answer to a request over TLS, to a client that trusts `tests/tls/ca.pem`.
    fn send(&self, request: &str) -> String {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(tls("ca.pem")).expect("PEM")).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        let socket = TcpStream::connect(&self.address).expect("a connection");
        socket.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
        let mut stream = StreamOwned::new(connection, socket);
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
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
