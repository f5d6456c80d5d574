//! Real connections to a listener, many of them misbehaving. In each test one limit is short and all others are long, so that it is
//! known which one ends a connection, and another client is served afterwards.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use axum::routing::{get, post};
use futures_util::stream;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, version};

use super::*;
use weir_config::access::Auth;
use weir_config::host_names::HostNames;
use weir_config::listener_tls;
use weir_keystore::elliptic_key;
use weir_keystore::{Keystore, Source, StoreKind};
use weir_metrics::{Sampling, WorkerMetrics};
use weir_plugin::ConfigMap;

/// Longer than anything that a test waits for takes, even on a slow machine.
const DEADLINE: Duration = Duration::from_secs(30);
const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(100);

const LIMITS: Limits = Limits {
    connections_max: 100,
    connections_new_max: 100,
    connections_address_max: 100,
    requests_max: 100,
    headers_max: 100,
    head_max_bytes: 8192,
    handshake_timeout: LONG,
    head_timeout: LONG,
    body_timeout: LONG,
    answer_timeout: LONG,
    idle_timeout: LONG,
};

/// A listener, and the signals from and to its routes.
struct Server {
    address: SocketAddr,
    /// Lets one request for `/wait` continue.
    go_on: Arc<Notify>,
    /// Receives a text when a request for `/wait` has arrived, and when a response of `/endless` was dropped.
    events: mpsc::UnboundedReceiver<&'static str>,
    stop: CancellationToken,
    served: JoinHandle<()>,
}

/// Reports that it was dropped.
struct Dropped(mpsc::UnboundedSender<&'static str>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

impl Server {
    async fn start(limits: Limits, tls: Option<ServerTls>) -> Self {
        Self::guarded(limits, tls, None).await
    }

    async fn guarded(limits: Limits, tls: Option<ServerTls>, security: Option<Arc<Security>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, events) = mpsc::unbounded_channel();
        let (go_on, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let (waiting, notify) = (sender.clone(), Arc::clone(&go_on));
        let router = Router::new()
            .route("/", get(async || "here"))
            .route("/body", post(async |body: Bytes| body.len().to_string()))
            .route(
                "/wait",
                get(async move || {
                    let _ = waiting.send("waiting");
                    notify.notified().await;
                    "waited"
                }),
            )
            .route(
                "/endless",
                get(async move || {
                    let guard = Dropped(sender);
                    axum::body::Body::from_stream(stream::repeat_with(move || {
                        let _ = &guard;
                        Ok::<_, std::io::Error>(Bytes::from_static(&[7; 8192]))
                    }))
                }),
            );
        let audit = Audit::new(Arc::new(WorkerMetrics::new(Sampling::default())));
        let pages = Pages { hosts: security.is_none().then(HostNames::default), origins: None };
        let endpoint = Endpoint { listener, tls: tls.map(Arc::new), router, security, pages, limits, audit };
        let served = tokio::spawn(serve(endpoint, stop.clone()));
        Self { address, go_on, events, stop, served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// Returns what the server sends until it closes the connection.
    async fn send(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.expect("sent");
        rest(&mut stream).await
    }

    /// Checks that other clients are served.
    async fn serves_others(&self) {
        assert!(self.send(LAST).await.ends_with("here"));
    }

    async fn event(&mut self) -> &'static str {
        tokio::time::timeout(DEADLINE, self.events.recv()).await.expect("in time").expect("an event")
    }
}

/// A request after which the connection is closed.
const LAST: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// Returns what the server sends until it closes the connection, and fails if it does not close it.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut bytes)).await.expect("the server closes in time");
    // A connection that is closed early may be reset.
    if let Err(error) = read {
        assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof), "{error}");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_head_that_does_not_end_is_cut_however_slowly_it_comes() {
    let server = Server::start(Limits { head_timeout: SHORT, ..LIMITS }, None).await;
    assert_eq!(server.send("GET / HTTP/1.1\r\nhost:").await, "");
    let mut stream = server.connect().await;
    let (mut reading, mut writing) = stream.split();
    let trickle = async {
        let mut tick = tokio::time::interval(SHORT / 10);
        while writing.write_all(b"a").await.is_ok() {
            tick.tick().await;
        }
    };
    tokio::select! {
        answer = rest(&mut reading) => assert_eq!(answer, ""),
        () = trickle => {}
    }
    server.serves_others().await;
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed_before_the_first_one_and_after() {
    let server = Server::start(Limits { idle_timeout: SHORT, ..LIMITS }, None).await;
    assert_eq!(server.send("").await, "");
    let answer = server.send("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("here"), "{answer}");
    server.serves_others().await;
}

#[tokio::test]
async fn a_body_that_stalls_is_refused() {
    let server = Server::start(Limits { body_timeout: SHORT, ..LIMITS }, None).await;
    let answer = server.send("POST /body HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nsome").await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("too slowly"), "{answer}");
    let whole = "POST /body HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\nconnection: close\r\n\r\nsome";
    assert!(server.send(whole).await.ends_with('4'));
}

#[tokio::test]
async fn a_body_that_trickles_is_refused() {
    let server = Server::start(Limits { body_timeout: SHORT, ..LIMITS }, None).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /body HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n").await.expect("sent");
    let (mut reading, mut writing) = stream.split();
    let trickle = async {
        let mut tick = tokio::time::interval(SHORT / 10);
        while writing.write_all(b"a").await.is_ok() {
            tick.tick().await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = rest(&mut reading) => assert!(answer.is_empty() || answer.contains("too slowly"), "{answer}"),
        () = trickle => {}
    }
    server.serves_others().await;
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_is_cut() {
    let mut server = Server::start(Limits { answer_timeout: SHORT, ..LIMITS }, None).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /endless HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    assert_eq!(server.event().await, "dropped");
    server.serves_others().await;
    drop(stream);
}

#[tokio::test]
async fn heads_are_bounded_in_fields_and_in_bytes() {
    let server = Server::start(Limits { headers_max: 5, head_max_bytes: 1024, ..LIMITS }, None).await;
    let with = |more: String| format!("GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}\r\n");
    for more in ["a: b\r\n".repeat(10), format!("a: {}\r\n", "b".repeat(2000))] {
        let answer = server.send(&with(more)).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    let long = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", "a".repeat(2000));
    assert!(server.send(&long).await.starts_with("HTTP/1.1 4"));
    assert!(server.send(&with("a: b\r\n".repeat(3))).await.starts_with("HTTP/1.1 200 "));
    server.serves_others().await;
}

#[tokio::test]
async fn too_many_requests_are_answered_with_503() {
    let mut server = Server::start(Limits { requests_max: 1, ..LIMITS }, None).await;
    let mut waiting = server.connect().await;
    waiting.write_all(b"GET /wait HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.expect("sent");
    assert_eq!(server.event().await, "waiting");
    let answer = server.send(LAST).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1"), "{answer}");
    assert!(
        answer.contains(
            r#"{"error_code":503,"message":"Too many concurrent requests: the limit is 1 (weir.rest.requests.max)"#
        ),
        "{answer}"
    );
    server.go_on.notify_one();
    assert!(rest(&mut waiting).await.ends_with("waited"));
    server.serves_others().await;
}

#[tokio::test]
async fn too_many_connections_are_answered_with_503() {
    let mut server = Server::start(Limits { connections_max: 1, ..LIMITS }, None).await;
    let mut waiting = server.connect().await;
    waiting.write_all(b"GET /wait HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.expect("sent");
    assert_eq!(server.event().await, "waiting");
    let answer = rest(&mut server.connect().await).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("weir.rest.connections.max"), "{answer}");
    server.go_on.notify_one();
    assert!(rest(&mut waiting).await.ends_with("waited"));
    // The slot is free once the server has noticed the end of the connection, which the client cannot observe.
    let again = async {
        while !server.send(LAST).await.ends_with("here") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, again).await.expect("the slot is free again");
}

#[tokio::test]
async fn an_address_that_holds_all_its_connections_gets_no_more() {
    let mut server = Server::start(Limits { connections_address_max: 2, ..LIMITS }, None).await;
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET /wait HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.expect("sent");
        assert_eq!(server.event().await, "waiting");
        waiting.push(stream);
    }
    let answer = rest(&mut server.connect().await).await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("weir.rest.connections.per.address.max"),
        "{answer}"
    );
}

#[tokio::test]
async fn connections_without_a_request_do_not_lock_others_out() {
    let server = Server::start(Limits { connections_new_max: 8, ..LIMITS }, None).await;
    let mut kept = server.connect().await;
    let again = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    ask_again(&mut kept, again).await;
    let mut held = Vec::new();
    for _ in 0..300 {
        let mut stream = server.connect().await;
        // The head of a request that a foreign page sends, and half of a head.
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: evil.example\r\n\r\nGET / HT").await;
        held.push(stream);
        if held.len() % 50 == 0 {
            server.serves_others().await;
        }
    }
    ask_again(&mut kept, again).await;
    // The oldest were closed.
    assert!(!rest(&mut held[0]).await.contains("here"));
}

/// Sends a request over a connection that stays open, and waits for its answer.
async fn ask_again(stream: &mut TcpStream, request: &[u8]) {
    stream.write_all(request).await.expect("sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"here") {
        let read = tokio::time::timeout(DEADLINE, stream.read_buf(&mut answer)).await.expect("in time");
        assert!(read.is_ok_and(|bytes| bytes > 0), "{}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test]
async fn hosts_are_looked_at_before_anything_else() {
    let server = Server::start(LIMITS, None).await;
    let status = async |head: &str| server.send(&format!("{head}connection: close\r\n\r\n")).await;
    for (head, want) in [
        ("GET / HTTP/1.1\r\n", "HTTP/1.1 400 "),
        ("GET / HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n", "HTTP/1.1 400 "),
        ("GET / HTTP/1.1\r\nhost: evil.example\r\n", "HTTP/1.1 403 "),
        ("GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\n", "HTTP/1.1 400 "),
        ("GET http://evil.example/ HTTP/1.1\r\nhost: evil.example\r\n", "HTTP/1.1 403 "),
        ("GET http://evil.example/ HTTP/1.0\r\n", "HTTP/1.0 403 "),
        ("POST /body HTTP/1.1\r\nhost: localhost\r\norigin: http://evil.example\r\n", "HTTP/1.1 403 "),
        ("GET / HTTP/1.0\r\n", "HTTP/1.0 200 "),
        ("GET http://localhost/ HTTP/1.1\r\nhost: localhost\r\n", "HTTP/1.1 200 "),
    ] {
        let answer = status(head).await;
        assert!(answer.starts_with(want), "{head}: {answer}");
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test]
async fn clients_with_wrong_passwords_do_not_lock_others_out() {
    let directory = tempfile::tempdir().expect("a directory");
    let (users, tokens) = (directory.path().join("users"), directory.path().join("tokens"));
    std::fs::write(&users, format!("known={}\n", bcrypt::hash("right", 8).expect("a hash"))).expect("written");
    std::fs::write(&tokens, "robot=token\n").expect("written");
    let auth =
        Auth { users_file: Some(users), tokens_file: Some(tokens), read: vec!["*".to_owned()], ..Auth::default() };
    let security = Security::open(&auth).expect("in order");
    let limits = Limits { requests_max: 2, connections_max: 300, connections_new_max: 200, ..LIMITS };
    let server = Server::guarded(Limits { connections_address_max: 300, ..limits }, None, security).await;
    let request = |credentials: &str| {
        format!("GET / HTTP/1.1\r\nhost: any\r\nconnection: close\r\nauthorization: {credentials}\r\n\r\n")
    };
    let known = request(&format!("Basic {}", base64("known:right")));
    assert!(server.send(&known).await.ends_with("here"));
    let mut wrong = Vec::new();
    for number in 0..140 {
        let mut stream = server.connect().await;
        let name = if number % 2 == 0 { "known" } else { "unknown" };
        let credentials = format!("Basic {}", base64(&format!("{name}:wrong {number}")));
        stream.write_all(request(&credentials).as_bytes()).await.expect("sent");
        wrong.push(stream);
    }
    for _ in 0..5 {
        assert!(server.send(&request("Bearer token")).await.ends_with("here"));
        assert!(server.send(&known).await.ends_with("here"), "a password that was right before");
    }
    let (mut refused, mut later) = (0, 0);
    for mut stream in wrong {
        let answer = rest(&mut stream).await;
        match answer.split(' ').nth(1) {
            Some("401") => refused += 1,
            Some("429") if answer.contains("retry-after: ") => later += 1,
            _ => panic!("{answer}"),
        }
    }
    assert!(refused >= 1 && later >= 50, "{refused} were hashed, {later} were not");
    // The same wrong password again costs nothing.
    let first = request(&format!("Basic {}", base64("known:wrong 0")));
    assert!(server.send(&first).await.starts_with("HTTP/1.1 401 "));
}

#[tokio::test]
async fn a_stop_waits_for_open_requests_and_closes_the_rest() {
    let mut server = Server::start(LIMITS, None).await;
    let (mut waiting, mut idle) = (server.connect().await, server.connect().await);
    waiting.write_all(b"GET /wait HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    assert_eq!(server.event().await, "waiting");
    server.stop.cancel();
    assert_eq!(rest(&mut idle).await, "");
    assert!(!server.served.is_finished(), "a request is open");
    server.go_on.notify_one();
    assert!(rest(&mut waiting).await.ends_with("waited"));
    tokio::time::timeout(DEADLINE, server.served).await.expect("in time").expect("no panic");
}

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tls").join(name)
}

/// Opens TLS as the configuration does.
fn tls(entries: &[(&str, &str)]) -> ServerTls {
    let own = ["server.jks", "server.p12", "server.pem", "ca.pem", "trust.p12"];
    let value = |value: &str| if own.contains(&value) { path(value).display().to_string() } else { value.to_owned() };
    let mut config: ConfigMap =
        entries.iter().map(|(key, text)| (format!("listeners.https.ssl.{key}"), value(text))).collect();
    config.entry("listeners.https.ssl.keystore.password".to_owned()).or_insert("store-secret".to_owned());
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    let settings = listener_tls::parse(&config, "listeners.https.", &mut errors, &mut warnings);
    ServerTls::open(&settings.unwrap_or_else(|| panic!("{errors:?}"))).expect("stores that fit")
}

/// Creates a client that trusts the first certificate and sends the second.
fn client(trusts: &str, shows: Option<&str>) -> TlsConnector {
    let load = |name: &str| Keystore::load(StoreKind::Pem, Source::File(&path(name)), None, None).expect("PEM");
    let mut roots = RootCertStore::empty();
    load(trusts).trusted.into_iter().for_each(|certificate| roots.add(certificate).expect("a certificate"));
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .expect("versions")
        .with_root_certificates(roots);
    let config = match shows.map(load) {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let key = elliptic_key::complete(own.key.expect("a key"), &own.chain[0]);
            let key = PrivateKeyDer::Pkcs8(key);
            builder.with_client_auth_cert(own.chain, key).expect("a key that fits")
        }
    };
    TlsConnector::from(Arc::new(config))
}

impl Server {
    async fn handshake(&self, client: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from("localhost").expect("a name");
        client.connect(name, self.connect().await).await
    }

    /// Whether a request over TLS is answered.
    async fn answers(&self, client: &TlsConnector) -> bool {
        let Ok(mut stream) = self.handshake(client).await else { return false };
        // With TLS 1.3 a client learns only now that its certificate was refused.
        ask(&mut stream).await.ends_with("here")
    }
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    if stream.write_all(LAST.as_bytes()).await.is_err() {
        return String::new();
    }
    let mut bytes = Vec::new();
    // A refused handshake ends with an alert.
    let _ = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut bytes)).await.expect("the server closes in time");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn https_is_spoken_with_keys_of_every_form() {
    for keystore in [
        &[("keystore.location", "server.jks"), ("key.password", "key-secret")][..],
        &[("keystore.location", "server.p12")],
        &[("keystore.location", "server.pem"), ("keystore.type", "PEM")],
    ] {
        let server = Server::start(LIMITS, Some(tls(keystore))).await;
        assert!(server.answers(&client("ca.pem", None)).await, "{keystore:?}");
        assert!(!server.answers(&client("other-ca.pem", None)).await, "a client that does not trust the server");
        let plain = server.send(LAST).await;
        assert!(!plain.contains("here"), "{plain}");
    }
}

#[tokio::test]
async fn certificates_of_clients_are_requested_and_checked() {
    let own = [
        ("keystore.location", "server.p12"),
        ("truststore.location", "trust.p12"),
        ("truststore.password", "store-secret"),
    ];
    let (nobody, friend, stranger) =
        (client("ca.pem", None), client("ca.pem", Some("client.pem")), client("ca.pem", Some("stranger.pem")));
    for (mode, want) in
        [("none", [true, true, true]), ("requested", [true, true, false]), ("required", [false, true, false])]
    {
        let server = Server::start(LIMITS, Some(tls(&[&own[..], &[("client.auth", mode)]].concat()))).await;
        let found = [server.answers(&nobody).await, server.answers(&friend).await, server.answers(&stranger).await];
        assert_eq!(found, want, "{mode}: without a certificate, with a good one, with one of another authority");
    }
}

#[tokio::test]
async fn versions_and_ciphers_are_those_that_are_configured() {
    let own = ("keystore.location", "server.p12");
    let both = client("ca.pem", None);
    for (key, value, tls13, cipher) in [
        ("enabled.protocols", "TLSv1.2", false, ""),
        ("enabled.protocols", "TLSv1.3", true, ""),
        ("cipher.suites", "TLS_CHACHA20_POLY1305_SHA256", true, "CHACHA20"),
        ("cipher.suites", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", false, "AES_256_GCM"),
    ] {
        let server = Server::start(LIMITS, Some(tls(&[own, (key, value)]))).await;
        let stream = server.handshake(&both).await.expect(value);
        let session = stream.get_ref().1;
        assert_eq!(
            session.protocol_version() == Some(tokio_rustls::rustls::ProtocolVersion::TLSv1_3),
            tls13,
            "{value}"
        );
        let suite = format!("{:?}", session.negotiated_cipher_suite());
        assert!(suite.contains(cipher), "{suite}");
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_is_closed() {
    let acceptor = tls(&[("keystore.location", "server.p12")]);
    let server = Server::start(Limits { handshake_timeout: SHORT, ..LIMITS }, Some(acceptor)).await;
    assert_eq!(server.send("").await, "");
    // The beginning of a record with a hello of a client.
    assert_eq!(server.send("\x16\x03\x01\x02\x00\x01").await, "");
    assert!(server.answers(&client("ca.pem", None)).await);
}

#[tokio::test]
async fn half_open_handshakes_do_not_lock_others_out() {
    let acceptor = tls(&[("keystore.location", "server.p12")]);
    let server = Server::start(Limits { connections_new_max: 8, ..LIMITS }, Some(acceptor)).await;
    let good = client("ca.pem", None);
    let mut kept = server.handshake(&good).await.expect("a handshake");
    kept.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    let mut first = [0; 12];
    tokio::time::timeout(DEADLINE, kept.read_exact(&mut first)).await.expect("in time").expect("an answer");
    let mut held = Vec::new();
    for _ in 0..600 {
        let mut stream = server.connect().await;
        let _ = stream.write_all(b"\x16\x03\x01\x02\x00\x01").await;
        held.push(stream);
        if held.len() % 100 == 0 {
            assert!(server.answers(&good).await, "after {}", held.len());
        }
    }
    assert!(ask(&mut kept).await.ends_with("here"), "a client that had an answer keeps its connection");
}
