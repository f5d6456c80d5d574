//! Invalid bodies for every route that accepts one: there is always an answer that says what is wrong, and the next request is answered,
//! too.
//!
//! By default, every run sends the same fixed number of bodies. [`Run`] describes how to send others.

use axum::body::Body;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use weir_fuzz::{Run, mutate};

use super::tests::Fixture;

/// The number of bodies in a run without a time limit.
const BODIES: usize = 4000;

/// The routes that accept a body, each with a valid body from which the others are derived.
const SEEDS: &[(Method, &str, &str, &str)] = &[
    (
        Method::POST,
        "/connectors",
        "application/json",
        r#"{"name":"a","config":{"connector.class":"X","tasks.max":1,"topics":"t","n":null,"b":true,"f":1.50e3},"initial_state":"STOPPED"}"#,
    ),
    (
        Method::PUT,
        "/connectors/a/config",
        "application/json",
        r#"{"connector.class":"X","name":"a","transforms":"t,u","errors.tolerance":"all"}"#,
    ),
    (Method::PATCH, "/connectors/a/config", "application/json", r#"{"tasks.max":"2","file":null}"#),
    (
        Method::PATCH,
        "/connectors/a/offsets",
        "application/json",
        r#"{"offsets":[{"partition":{"kafka_topic":"t","kafka_partition":0},"offset":{"kafka_offset":-1}},{"partition":{},"offset":null}]}"#,
    ),
    (Method::DELETE, "/connectors/a/offsets", "application/json", ""),
    (
        Method::PUT,
        "/connector-plugins/X/config/validate",
        "application/json",
        r#"{"connector.class":"X","predicates":"p","predicates.p.type":"TopicNameMatches","transforms":"t"}"#,
    ),
    (Method::POST, "/connectors/a/tasks", "application/json", r#"[{"task.class":"X"},{}]"#),
    (Method::PUT, "/admin/loggers/weir.rest", "application/json", r#"{"level":"DEBUG"}"#),
    (Method::POST, "/plugins", "application/wasm", "\0asm\x0d\0\x01\0\x07\x01\x41\x02\0\x01"),
];

/// Sends a body to a route, and checks the answer.
async fn send(fixture: &Fixture, method: &Method, path: &str, kind: &str, body: &[u8]) {
    let said = || format!("{method} {path} {:?}", String::from_utf8_lossy(body));
    let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind);
    let request = request.body(Body::from(body.to_vec())).expect("a request");
    let response = fixture.router.clone().oneshot(request).await.expect("infallible");
    let status = response.status().as_u16();
    let answer = response.into_body().collect().await.expect("a body").to_bytes();
    if status < 400 {
        return;
    }
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_else(|error| panic!("{}: {error}", said()));
    assert_eq!(answer["error_code"], status, "{}: {answer}", said());
    let message = answer["message"].as_str().unwrap_or_else(|| panic!("{}: {answer}", said()));
    // The answers to requests that panicked or hung.
    for bad in ["Internal error", "Request timed out", "bug in Weir"] {
        assert!(!message.contains(bad), "{}: {answer}", said());
    }
}

#[tokio::test]
async fn whatever_the_body_there_is_an_answer_that_says_what_is_wrong() {
    let mut run = Run::from_environment();
    let fixture = Fixture::new().await;
    for (method, path, kind, seed) in SEEDS {
        send(&fixture, method, path, kind, seed.as_bytes()).await;
    }
    let mut sent = 0;
    while run.continues(sent, BODIES) {
        let (method, path, kind, seed) = &SEEDS[run.random.below(SEEDS.len())];
        let mut body = seed.as_bytes().to_vec();
        mutate(&mut body, &mut run.random);
        send(&fixture, method, path, kind, &body).await;
        sent += 1;
    }
    println!("{sent} bodies");
    assert_eq!(fixture.get("/connectors").await, (200, serde_json::json!([])), "no connector was created");
}
