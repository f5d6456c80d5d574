//! Bodies that nobody would send, at every route that takes one: whatever comes, there is an answer that says what is wrong, and
//! the next request is answered too.
//!
//! A run takes a fixed number of bodies, the same in each run. `WEIR_FUZZ_SECONDS=600 cargo test -p weir --lib fuzz -- --nocapture`
//! goes on with others for so long, and prints what it began with; `WEIR_FUZZ_SEED` begins there again.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::tests::Fixture;

/// Bodies of a run without a time.
const BODIES: usize = 4000;

/// Routes that take a body, and how one begins that is well.
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

/// Pieces that parsers trip over.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"null",
    b"true",
    b"-",
    b"1e999",
    b"-0",
    b"99999999999999999999999999",
    b"\\u0000",
    b"\\ud800",
    b"\\",
    b"\xff",
    b"\xc3\x28",
    b"\xef\xbb\xbf",
    b"\0",
    b"\n",
    b"/*",
    b"NaN",
    b"\"name\":\"a\",",
    b"\"\":{},",
    b"${env:HOME}",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":{\"a\":",
    b"\xf0\x9f\xa6\x80",
];

/// xorshift: the same numbers in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }
}

/// Changes a body at some places.
fn mutate(body: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        let at = random.below(body.len() + 1);
        match random.below(7) {
            0 => body.truncate(at),
            1 => drop(body.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
            2 if at < body.len() => body[at] = random.below(256) as u8,
            3 if at < body.len() => body[at] ^= 1 << random.below(8),
            4 => drop(body.drain(at..body.len().min(at + random.below(8)))),
            // A part of it once more.
            5 => {
                let part = body[at..body.len().min(at + random.below(32))].to_vec();
                let to = random.below(body.len() + 1);
                drop(body.splice(to..to, part));
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                let many = piece.iter().copied().cycle().take(piece.len() * random.below(200)).collect::<Vec<_>>();
                drop(body.splice(at..at, many));
            }
        }
    }
}

/// The entry: sends a body to a route, and looks at the answer.
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
    // What a request that ended in a panic is answered with, and one that hung.
    for bad in ["Internal error", "Request timed out", "bug in Weir"] {
        assert!(!message.contains(bad), "{}: {answer}", said());
    }
}

#[tokio::test]
async fn whatever_the_body_there_is_an_answer_that_says_what_is_wrong() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = variable("WEIR_FUZZ_SECONDS");
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |since| since.as_secs());
    let seed = variable("WEIR_FUZZ_SEED").unwrap_or(if seconds.is_some() { clock } else { 1 });
    if seconds.is_some() {
        println!("WEIR_FUZZ_SEED={seed}");
    }
    let (mut random, began) = (Random(0x9e37_79b9_7f4a_7c15 ^ seed), Instant::now());
    let fixture = Fixture::new().await;
    for (method, path, kind, seed) in SEEDS {
        send(&fixture, method, path, kind, seed.as_bytes()).await;
    }
    let mut sent = 0_usize;
    while seconds.map_or(sent < BODIES, |seconds| began.elapsed() < Duration::from_secs(seconds)) {
        let (method, path, kind, seed) = &SEEDS[random.below(SEEDS.len())];
        let mut body = seed.as_bytes().to_vec();
        mutate(&mut body, &mut random);
        send(&fixture, method, path, kind, &body).await;
        sent += 1;
    }
    println!("{sent} bodies");
    assert_eq!(fixture.get("/connectors").await, (200, serde_json::json!([])), "nothing of it became a connector");
}
