//! The routes of a worker without connectors: statuses, bodies and messages that need no plugin. `tests/` has the others.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use weir_plugin::{Compile, Engine, EngineOptions};

use super::*;
use weir_herder::{ConfigFile, ConfigStore, MemoryConfigs, MemoryStatuses, Options};
use weir_kafka::connection::Connections;
use weir_logging::Levels;
use weir_plugin::ConfigMap;
use weir_storage::offsets::MemoryOffsets;

/// The routes and what they need.
pub(super) struct Fixture {
    pub(super) router: Router,
    /// The routes of a listener of `admin.listeners`.
    admin: Router,
    pub(super) herder: Herder,
    pub(super) worker: Arc<WorkerConfig>,
    ready: CancellationToken,
    /// Removed at the end.
    _directory: tempfile::TempDir,
}

const BUILD: Build = Build { version: "9.8.7", commit: "c0ffee" };
const MAX: usize = 1000;

impl Fixture {
    pub(super) async fn new() -> Self {
        Self::with(&[]).await
    }

    /// Starts with additional keys in the worker's configuration.
    pub(super) async fn with(more: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().display();
        let keys = [
            // No broker listens there; the routes must work without one.
            ("bootstrap.servers", "127.0.0.1:1".to_owned()),
            ("key.converter", "StringConverter".to_owned()),
            ("value.converter", "StringConverter".to_owned()),
            ("offset.storage.file.filename", format!("{path}/offsets")),
            ("plugin.path", format!("{path}/missing,{path}/path")),
            ("weir.plugin.max.bytes", MAX.to_string()),
        ];
        // A file that is not a plugin must not prevent the worker from starting.
        std::fs::create_dir_all(directory.path().join("path/below")).expect("directory");
        std::fs::write(directory.path().join("path/below/bad.wasm"), b"bad").expect("file");
        let more = more.iter().map(|(key, value)| (*key, (*value).to_owned()));
        let worker = WorkerConfig::parse(
            keys.into_iter().chain(more).map(|(key, value)| (key.to_owned(), value)).collect::<ConfigMap>(),
        );
        let worker = Arc::new(worker.expect("in order"));
        let engine = Engine::new(EngineOptions { cache: worker.plugin_cache.clone(), compile: Compile::InProcess })
            .expect("an engine");
        let plugins = Plugins::open(&worker.plugins(), engine).await.expect("a registry");
        let options = Options {
            worker: Arc::clone(&worker),
            plugins: plugins.clone(),
            offsets: Arc::new(MemoryOffsets::new(worker.offset_limits)),
            statuses: Arc::new(MemoryStatuses::default()),
            worker_id: "w:8083".to_owned(),
            levels: Levels::default(),
            kafka_cluster_id: Some("cluster".to_owned()),
            epoch: 1,
            connections: Connections::default(),
        };
        let configs: Arc<dyn ConfigStore> = match worker.standalone_state.as_deref() {
            Some(path) => Arc::new(ConfigFile::open(path).expect("a file")),
            None => Arc::new(MemoryConfigs::default()),
        };
        let herder = Herder::standalone(options, configs);
        let ready = CancellationToken::new();
        let routes = |resources| router(BUILD, herder.clone(), plugins.clone(), &worker, ready.clone(), resources);
        let (all, admin) = (routes(Resources::All), routes(Resources::Admin));
        Self { router: all, admin, herder, worker, ready, _directory: directory }
    }

    async fn send(&self, method: Method, path: &str, kind: Option<&str>, body: Body) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "w:8083");
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let request = request.body(body).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("JSON") };
        (head.status, head.headers, body)
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        let (status, headers, body) = self.send(Method::GET, path, None, Body::empty()).await;
        assert_eq!(headers[header::CONTENT_TYPE], "application/json", "{path}");
        (status.as_u16(), body)
    }

    pub(super) async fn json(&self, method: Method, path: &str, body: &str) -> (u16, Value) {
        let (status, _, body) = self.send(method, path, Some("application/json"), Body::from(body.to_owned())).await;
        (status.as_u16(), body)
    }

    async fn upload(&self, body: impl Into<Body>) -> (u16, Value) {
        let (status, _, body) = self.send(Method::POST, "/plugins", Some("application/wasm"), body.into()).await;
        (status.as_u16(), body)
    }
}

pub(super) fn error(status: u16, message: &str) -> (u16, Value) {
    (status, json!({"error_code": status, "message": message}))
}

#[tokio::test]
async fn a_worker_reports_its_version_and_when_it_is_ready() {
    let fixture = Fixture::new().await;
    let (status, body) = fixture.get("/").await;
    assert_eq!(status, 200);
    let keys: Vec<_> = body.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(keys, ["version", "commit", "kafka_cluster_id"]);
    assert_eq!((&body["version"], &body["commit"]), (&json!("4.3.1"), &json!("26b251a451ce941d")));
    let (_, headers, _) = fixture.send(Method::GET, "/", None, Body::empty()).await;
    assert_eq!(headers["weir-version"], BUILD.version);
    assert_eq!(headers["weir-commit"], BUILD.commit);
    let starting = json!({"status": "starting", "message": "Worker is still starting up."});
    assert_eq!(fixture.get("/health").await, (503, starting));
    assert_eq!(fixture.get("/health/ready").await, (503, json!({"status": "not ready"})));
    assert_eq!(fixture.get("/health/live").await, (200, json!({"status": "live"})), "a restart would not help");
    fixture.ready.cancel();
    let message = "Worker has completed startup and is ready to handle requests.";
    assert_eq!(fixture.get("/health").await, (200, json!({"status": "healthy", "message": message})));
    assert_eq!(fixture.get("/health/ready").await, (200, json!({"status": "ready"})));
    assert_eq!(fixture.get("/health/live").await, (200, json!({"status": "live"})));
}

#[tokio::test]
async fn unknown_things_are_answered_as_kafka_connect_does() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.get("/connectors").await, (200, json!([])));
    assert_eq!(fixture.get("/connectors?expand=status&expand=info").await, (200, json!({})));
    for (path, message) in [
        ("/connectors/a", "Connector a not found"),
        ("/connectors/a/config", "Connector a not found"),
        ("/connectors/a%2Fb%20c/tasks", "Connector a/b c not found"),
        ("/connectors/a/status", "No status found for connector a"),
        ("/connectors/a/tasks/3/status", "No status found for task a-3"),
        ("/connectors/a/tasks/x/status", "HTTP 404 Not Found"),
        ("/nothing", "HTTP 404 Not Found"),
        ("/plugins/00ff", "Plugin 00ff not found"),
    ] {
        assert_eq!(fixture.get(path).await, error(404, message), "{path}");
    }
    let json = |method, path| fixture.json(method, path, "");
    assert_eq!(json(Method::DELETE, "/connectors/a").await, error(404, "Connector a not found"));
    assert_eq!(json(Method::POST, "/connectors/a/restart").await, error(404, "Unknown connector: a"));
    assert_eq!(json(Method::POST, "/connectors/a/restart?onlyFailed=TRUE").await, error(404, "Unknown connector: a"));
    assert_eq!(json(Method::POST, "/connectors/a/tasks/0/restart").await, error(404, "Connector a not found"));
    assert_eq!(json(Method::PUT, "/connectors/a/pause").await, error(404, "Unknown connector a"));
    assert_eq!(json(Method::PUT, "/connectors/a/resume").await, error(404, "Unknown connector a"));
    assert_eq!(json(Method::PUT, "/connectors/a/stop").await, error(500, "No connector `a` configured"));
    assert_eq!(json(Method::PATCH, "/connectors/a/status").await, error(405, "HTTP 405 Method Not Allowed"));
    assert_eq!(json(Method::DELETE, "/plugins/00ff").await, error(404, "Plugin 00ff not found"));
}

#[tokio::test]
async fn invalid_bodies_are_refused() {
    let fixture = Fixture::new().await;
    for (body, status, fragment) in [
        (r#"{"name":"#, 500, "Unexpected"),
        (r#"["a"]"#, 500, "Cannot deserialize value"),
        (r#"{"name":"a","config":{"k":{}}}"#, 500, "Cannot deserialize value"),
        (r#"{"name":"a","config":{},"extra":1}"#, 500, "Unrecognized field \"extra\""),
        (r#"{"name":"a","config":{},"initial_state":"FAST"}"#, 500, "Cannot construct instance"),
        (r#"{"name":"a"}"#, 500, "configuration"),
        (
            r#"{"name":"a","config":{"name":"b"}}"#,
            400,
            "Connector name configuration (b) doesn't match connector name in the URL (a)",
        ),
        (
            r#"{"name":"a","config":{"topic":"t"}}"#,
            400,
            "Connector config {name=a, topic=t} contains no connector type",
        ),
        (
            r#"{"name":"a","config":{"connector.class":"Nope"}}"#,
            400,
            "Failed to find any class that implements Connector and which name matches Nope, available connectors are: ",
        ),
        (
            r#"{"name":"a","config":{"connector.class":"x","topic":null}}"#,
            400,
            "Failed to find any class that implements Connector and which name matches x, available connectors are: ",
        ),
    ] {
        let (code, answer) = fixture.json(Method::POST, "/connectors", body).await;
        assert_eq!((code, answer["error_code"].as_u64()), (status, Some(status.into())), "{body}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|message| message.contains(fragment)), "{body}: {answer}");
    }
    let (code, answer) = fixture.json(Method::PUT, "/connectors/a/config", r#"{"connector.class":["x"]}"#).await;
    assert_eq!(code, 500, "{answer}");
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let (status, _, answer) = fixture.send(Method::POST, "/connectors", kind, Body::from("{}")).await;
        assert_eq!((status.as_u16(), answer), error(415, "HTTP 415 Unsupported Media Type"));
    }
    let large = format!(r#"{{"name":"{}"}}"#, "a".repeat(JSON_BODY_MAX));
    let (code, answer) = fixture.json(Method::POST, "/connectors", &large).await;
    assert_eq!((code, answer["error_code"].as_u64()), (413, Some(413)), "{answer}");
}

#[tokio::test]
async fn types_that_are_not_json_are_refused_before_anything_is_done() {
    let fixture = Fixture::new().await;
    let form = Some("application/x-www-form-urlencoded");
    let (status, _, answer) = fixture.send(Method::PUT, "/connectors/a/pause", form, Body::empty()).await;
    assert_eq!((status.as_u16(), answer), error(415, "HTTP 415 Unsupported Media Type"));
    let asked = async |accept: &str| {
        let request =
            Request::get("/connectors").header(header::ACCEPT, accept).body(Body::empty()).expect("a request");
        fixture.router.clone().oneshot(request).await.expect("infallible").status().as_u16()
    };
    assert_eq!(asked("text/plain, text/html;q=0.5").await, 406);
    assert_eq!(asked("text/html, application/xhtml+xml, */*;q=0.8").await, 200);
    assert_eq!(asked("application/json").await, 200);
}

#[tokio::test]
async fn options_and_other_methods_are_answered_with_those_there_are() {
    let fixture = Fixture::new().await;
    let sent = async |method: Method, path: &str| {
        let (status, headers, _) = fixture.send(method, path, None, Body::empty()).await;
        (
            status.as_u16(),
            headers.get(header::ALLOW).and_then(|allow| allow.to_str().ok()).unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(sent(Method::DELETE, "/connectors").await, (405, "HEAD,POST,GET,OPTIONS".to_owned()));
    assert_eq!(sent(Method::OPTIONS, "/nope").await, (404, String::new()));
    let request = Request::options("/connectors/a/").body(Body::empty()).expect("a request");
    let response = fixture.router.clone().oneshot(request).await.expect("infallible");
    assert_eq!(
        (response.status().as_u16(), &response.headers()[header::ALLOW]),
        (200, &HeaderValue::from_static("HEAD,DELETE,GET,OPTIONS"))
    );
    assert_eq!(response.into_body().collect().await.expect("a body").to_bytes(), "HEAD, DELETE, GET, OPTIONS");
}

#[tokio::test]
async fn malformed_requests_are_refused_before_a_resource_is_looked_up() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.get("/connectors/%FF").await, error(400, "Bad UTF-8 encoding"));
    for (name, value, want) in [
        (header::ACCEPT, "application/json;q=abc", 400),
        (header::ACCEPT, "application/", 400),
        (header::ACCEPT, "", 200),
        (header::ACCEPT, "*", 200),
        (header::CONTENT_TYPE, "garbage", 400),
        (header::CONTENT_TYPE, "application/json, text/plain", 400),
        (header::CONTENT_TYPE, "text/plain", 415),
        (header::CONTENT_TYPE, "APPLICATION/JSON;", 200),
    ] {
        let request = Request::get("/connectors").header(name, value).body(Body::empty()).expect("a request");
        let response = fixture.router.clone().oneshot(request).await.expect("infallible");
        assert_eq!(response.status().as_u16(), want, "{value}");
    }
}

#[tokio::test]
async fn definitions_of_unknown_plugins_are_refused_as_by_kafka_connect() {
    let fixture = Fixture::new().await;
    let get = |plugin: &str| match plugin.split_once('?') {
        Some((plugin, query)) => format!("/connector-plugins/{plugin}/config?{query}"),
        None => format!("/connector-plugins/{plugin}/config"),
    };
    assert_eq!(fixture.get(&get("Nope")).await, error(404, "Unknown plugin Nope."));
    assert_eq!(
        fixture.get(&get("FileConfigProvider")).await,
        error(
            400,
            "Invalid plugin class FileConfigProvider. Valid types are sink, source, converter, header_converter, \
             transformation, predicate."
        )
    );
    assert_eq!(fixture.get(&get("Json?version=[1.0")).await, error(400, "Invalid version specification: [1.0"));
    let version = weir_api::KAFKA_CONNECT;
    assert_eq!(
        fixture.get(&get("Json?version=[9,)")).await,
        error(
            400,
            &format!(
                "Plugin org.apache.kafka.connect.json.JsonConverter not found that matches the version range [9,), available \
                 versions: [{version}]"
            )
        )
    );
    let (status, keys) = fixture.get(&get(&format!("JsonConverter?version={version}"))).await;
    assert_eq!(
        (status, keys[4]["name"].as_str(), keys[4]["default_value"].as_str()),
        (200, Some("decimal.format"), Some("BASE64"))
    );
    assert_eq!(fixture.get(&get("Simple")).await, (200, json!([])));
}

#[tokio::test]
async fn a_validation_that_cannot_begin_is_refused_as_by_kafka_connect() {
    let fixture = Fixture::new().await;
    let path = "/connector-plugins/FileStreamSource/config/validate";
    for (body, status, message) in [
        (
            r#"{"connector.class":"x.FileStreamSinkConnector"}"#,
            400,
            "Included connector type x.FileStreamSinkConnector does not match request type FileStreamSource",
        ),
        (
            r#"{"topic":"t","b":null}"#,
            500,
            "org.apache.kafka.connect.runtime.rest.errors.BadRequestException: Connector config {topic=t, b=null} contains no \
             connector type",
        ),
        (
            r#"{"connector.class":"FileStreamSource","connector.plugin.version":"[2,1]"}"#,
            500,
            "org.apache.kafka.connect.runtime.rest.errors.BadRequestException: Range defies version ordering: [2,1]",
        ),
    ] {
        assert_eq!(fixture.json(Method::PUT, path, body).await, error(status, message), "{body}");
    }
    let (status, answer) = fixture.json(Method::PUT, path, r#"{"connector.class":"FileStreamSource"}"#).await;
    let message = answer["message"].as_str().expect("a message");
    let begin = "org.apache.kafka.connect.runtime.rest.errors.BadRequestException: Failed to find any class that implements Connector \
                 and which name matches FileStreamSource, available connectors are: none. No component in ";
    assert!(status == 500 && message.starts_with(begin) && message.ends_with("GET /plugins says why"), "{answer}");
}

#[tokio::test]
async fn configured_headers_and_origins_are_for_all_listeners_but_the_admin_ones() {
    let fixture = Fixture::with(&[
        ("access.control.allow.origin", "http://good.example"),
        ("response.http.headers.config", "set X-A: 1, add Vary: Accept"),
        ("admin.listeners", ""),
    ])
    .await;
    let ask = async |router: &Router, path: &str, preflight: bool| {
        let mut request = Request::get(path).header(header::ORIGIN, "http://good.example");
        if preflight {
            request = request.method(Method::OPTIONS).header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET");
        }
        let request = request.body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.expect("infallible");
        (response.status().as_u16(), response.headers().clone())
    };
    for path in ["/connectors", "/nope"] {
        let (_, headers) = ask(&fixture.router, path, false).await;
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "http://good.example");
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_METHODS));
        assert_eq!(headers.get_all(header::VARY).iter().collect::<Vec<_>>(), ["Accept", "Origin"]);
        assert_eq!(headers["x-a"], "1");
    }
    let (status, headers) = ask(&fixture.router, "/connectors", true).await;
    assert_eq!(
        (status, &headers[header::ACCESS_CONTROL_ALLOW_METHODS]),
        (200, &HeaderValue::from_static("GET,POST,HEAD"))
    );
    let (status, headers) = ask(&fixture.admin, "/connectors", false).await;
    assert_eq!(status, 404, "the admin listeners have operators' resources only");
    assert!(!headers.contains_key("x-a") && !headers.contains_key(header::VARY));
}

#[tokio::test]
async fn a_worker_without_plugins_lists_its_converters_only() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.get("/connector-plugins").await, (200, json!([])));
    let (status, body) = fixture.get("/plugins").await;
    assert_eq!((status, body.as_array().map(Vec::len)), (200, Some(1)));
    let bad = &body[0];
    assert_eq!((&bad["plugins"], &bad["uploaded"], &bad["state"]), (&json!([]), &json!(false), &json!("FAILED")));
    assert!(bad["path"].as_str().is_some_and(|path| path.ends_with("path/below/bad.wasm")), "{bad}");
    assert!(bad["error"].as_str().is_some_and(|error| error.contains("not a WebAssembly component")), "{bad}");
    let id = bad["id"].as_str().expect("an id");
    assert_eq!(fixture.get(&format!("/plugins/{id}")).await, (200, bad.clone()));
    let (status, body) = fixture.json(Method::DELETE, &format!("/plugins/{id}"), "").await;
    assert_eq!(status, 409);
    assert!(body["message"].as_str().is_some_and(|text| text.contains("remove the file there")), "{body}");
    let (_, all) = fixture.get("/connector-plugins?connectorsOnly=false").await;
    let kinds: Vec<_> =
        all.as_array().expect("a list").iter().map(|entry| entry["type"].as_str().unwrap_or_default()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "converter").count(), 9);
    assert_eq!(kinds.iter().filter(|kind| **kind == "header_converter").count(), 10);
}

#[tokio::test]
async fn uploads_that_are_not_plugins_are_refused_with_advice() {
    let fixture = Fixture::new().await;
    let core_module = b"\0asm\x01\0\0\0";
    let empty_component = b"\0asm\x0d\0\x01\0";
    for (body, advice) in [
        (&b"garbage"[..], "Upload the .wasm file"),
        (b"", "Upload the .wasm file"),
        (core_module, "wasm32-wasip2"),
        (empty_component, "weir:connect@"),
    ] {
        let (status, answer) = fixture.upload(body).await;
        assert_eq!((status, answer["error_code"].as_u64()), (400, Some(400)), "{answer}");
        assert!(answer["message"].as_str().is_some_and(|message| message.contains(advice)), "{advice}: {answer}");
    }
    let (status, _, answer) = fixture.send(Method::POST, "/plugins", Some("application/json"), Body::from("x")).await;
    assert_eq!((status.as_u16(), answer["error_code"].as_u64()), (415, Some(415)), "{answer}");
    let (_, listed) = fixture.get("/plugins").await;
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "nothing of it stays: {listed}");
}

#[tokio::test]
async fn an_upload_that_is_too_large_is_refused_before_it_is_read() {
    let fixture = Fixture::new().await;
    let (status, answer) = fixture.upload(vec![0; MAX + 1]).await;
    assert_eq!((status, answer["error_code"].as_u64()), (413, Some(413)), "{answer}");
    assert!(answer["message"].as_str().is_some_and(|message| message.contains("weir.plugin.max.bytes")), "{answer}");
    // No length is announced, and it never ends.
    let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[0; 64])));
    let endless = stream::iter([Ok(Bytes::from_static(HEADER))]).chain(endless);
    let answer = tokio::time::timeout(Duration::from_secs(5), fixture.upload(Body::from_stream(endless))).await;
    assert_eq!(answer.expect("an answer").0, 413);
    let (status, _) = fixture.upload([HEADER, &[0; MAX - HEADER.len()]].concat()).await;
    assert_eq!(status, 400, "as large as allowed is read");
}

/// The header of a component.
const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

/// A body that begins like a component and does not end.
fn held() -> Body {
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(HEADER))]);
    Body::from_stream(first.chain(stream::pending()))
}

#[tokio::test]
async fn open_uploads_are_limited_and_what_is_not_a_component_is_refused_at_once() {
    let fixture = Fixture::with(&[("weir.plugin.uploads.max", "2")]).await;
    let mut open: Vec<_> = (0..2).map(|_| Box::pin(fixture.upload(held()))).collect();
    for upload in &mut open {
        assert!(tokio::time::timeout(Duration::from_millis(200), upload).await.is_err(), "it waits for more");
    }
    let (status, answer) = fixture.upload(HEADER).await;
    assert_eq!((status, answer["error_code"].as_u64()), (503, Some(503)), "{answer}");
    assert!(answer["message"].as_str().is_some_and(|message| message.contains("weir.plugin.uploads.max")), "{answer}");
    drop(open);
    assert_eq!(fixture.upload(HEADER).await.0, 400, "their permits are free again");
    // Only its beginning has arrived.
    let garbage = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"garbage"))]);
    let garbage = Body::from_stream(garbage.chain(stream::pending()));
    let answer = tokio::time::timeout(Duration::from_secs(30), fixture.upload(garbage)).await;
    assert_eq!(answer.expect("an answer").0, 400);
}

#[tokio::test]
async fn open_large_bodies_are_limited_and_small_ones_are_still_read() {
    let fixture = Fixture::new().await;
    let create = |body: Body| fixture.send(Method::POST, "/connectors", Some("application/json"), body);
    let held = || {
        let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![b' '; LARGE_BODY + 1]))]);
        Body::from_stream(first.chain(stream::pending()))
    };
    let mut open: Vec<_> = (0..LARGE_BODIES_MAX).map(|_| Box::pin(create(held()))).collect();
    for body in &mut open {
        assert!(body.now_or_never().is_none(), "it waits for more");
    }
    let (status, _, answer) = create(held()).await;
    assert_eq!((status.as_u16(), answer["error_code"].as_u64()), (503, Some(503)), "{answer}");
    let small = json!({"name": "a", "config": {"connector.class": "X"}}).to_string();
    assert_eq!(create(Body::from(small)).await.0, 400, "it is read, and has an unknown class");
    drop(open);
    let large = json!({"name": "a", "config": {"connector.class": "X", "x": "v".repeat(LARGE_BODY)}}).to_string();
    assert_eq!(create(Body::from(large)).await.0, 400, "the permits are free again");
}

#[tokio::test]
async fn names_and_configurations_are_bounded_and_not_repeated() {
    let fixture = Fixture::new().await;
    let long = "n".repeat(1_000_000);
    let create = json!({"name": long, "config": {"connector.class": "X"}}).to_string();
    let inner = json!({"connector.class": "X", "name": long}).to_string();
    let path = format!("/connectors/{}/config", "n".repeat(2000));
    for (method, path, body) in [
        (Method::POST, "/connectors", create.as_str()),
        (Method::PUT, "/connectors/a/config", &inner),
        (Method::PUT, &path, r#"{"connector.class":"X"}"#),
    ] {
        let (status, answer) = fixture.json(method, path, body).await;
        assert_eq!(status, 400, "{path}");
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(message.starts_with("The connector's name has ") && message.len() < 200, "{message}");
    }
    let large = json!({"connector.class": "X", "x": "v".repeat(1 << 20)}).to_string();
    let (status, answer) = fixture.json(Method::PUT, "/connectors/a/config", &large).await;
    let message = answer["message"].as_str().unwrap_or_default();
    assert!(
        status == 400 && message.starts_with("The connector's configuration has ") && message.len() < 200,
        "{message}"
    );
}

#[tokio::test]
async fn metrics_are_text_for_prometheus_and_can_be_switched_off() {
    for (on, status) in [("true", StatusCode::OK), ("false", StatusCode::NOT_FOUND)] {
        let fixture = Fixture::with(&[("weir.metrics.enable", on)]).await;
        let request = Request::builder().uri("/metrics").body(Body::empty()).expect("a request");
        let response = fixture.router.clone().oneshot(request).await.expect("infallible");
        assert_eq!(response.status(), status, "{on}");
        if status == StatusCode::OK {
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            let text = std::str::from_utf8(&body).expect("text");
            assert!(text.contains("\nkafka_connect_worker_connector_count 0\n"), "{text}");
        }
    }
}

/// A component whose first call never ends.
fn silent() -> Vec<u8> {
    let text = r#"(component
        (core module $m (func (export "f")) (func $start (loop $l (br $l))) (start $start))
        (core instance $c (instantiate $m))
        (func $f (canon lift (core func $c "f")))
        (instance $i (export "describe" (func $f)))
        (export "weir:connect/plugin@0.2.0" (instance $i)))"#;
    wat::parse_str(text).expect("a component")
}

#[tokio::test]
async fn an_upload_that_cannot_be_used_any_more_is_listed_with_its_error_and_can_be_deleted() {
    let store = tempfile::tempdir().expect("a directory");
    let silent = silent();
    let id = weir_plugin::ComponentId::of(&silent).to_string();
    let other = "0".repeat(64);
    std::fs::write(store.path().join(format!("{id}.wasm")), silent).expect("written");
    std::fs::write(store.path().join(format!("{other}.wasm")), b"changed").expect("written");
    let path = store.path().display().to_string();
    let fixture = Fixture::with(&[("weir.plugin.store", &path), ("weir.call.timeout.ms", "200")]).await;
    // It is loaded in the background, so the time is not known.
    let failed = loop {
        let (status, body) = fixture.get(&format!("/plugins/{id}")).await;
        assert_eq!((status, &body["plugins"], &body["uploaded"]), (200, &json!([]), &json!(true)));
        if body["state"] == "FAILED" {
            break body;
        }
        assert_eq!(body["state"], "LOADING");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(failed["error"].as_str().is_some_and(|error| error.contains("call timeout of 200 ms")), "{failed}");
    let (_, changed) = fixture.get(&format!("/plugins/{other}")).await;
    assert!(changed["error"].as_str().is_some_and(|error| error.contains("is not what was uploaded")), "{changed}");
    for id in [id, other] {
        assert!(store.path().join(format!("{id}.wasm")).exists());
        assert_eq!(fixture.json(Method::DELETE, &format!("/plugins/{id}"), "").await.0, 204);
        assert_eq!(fixture.get(&format!("/plugins/{id}")).await.0, 404);
        assert_eq!(fixture.json(Method::DELETE, &format!("/plugins/{id}"), "").await.0, 404);
        assert!(!store.path().join(format!("{id}.wasm")).exists());
    }
}
