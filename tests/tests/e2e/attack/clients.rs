//! What misbehaves at the other end of a connection: clients that are slow, silent, greedy, wrong, or do not speak HTTP. Most come from
//! addresses of their own, because limits may be counted for each address.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fastrand::Rng;
use serde_json::{Map, Value, json};
use tokio::net::TcpSocket;
use weir_tests::http::Request;

use super::actors::Turn;

/// Proves the name `good`.
pub(super) const TOKEN: &str = "a-token-of-the-attack-that-nobody-guesses";

/// The file of users: the password is `secret`, as bcrypt with cost 10.
pub(super) const USERS: &str = "alice=$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u\n";

/// The name of the client that means well.
pub(super) const GOOD: &str = "good client";
/// What comes of its requests.
pub(super) const SERVED: &str = "served";

/// How long the good client waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between its requests.
const PACE: Duration = Duration::from_millis(250);

/// How long the others wait for an answer.
const ANSWER: Duration = Duration::from_secs(5);

/// A request on a connection of its own.
pub(super) fn good(turn: &mut Turn<'_>) -> Result<String> {
    let paths = ["/", "/connectors", "/connectors?expand=status", "/metrics", "/health", "/plugins", "/admin/loggers"];
    let path = turn.one_of(&paths);
    turn.does(format!("GET {path}"));
    let request = Request {
        method: "GET".into(),
        path: path.into(),
        headers: vec![authorization().into_bytes()],
        ..Request::default()
    };
    let begin = std::time::Instant::now();
    let outcome = match request.send(turn.scene.port) {
        Ok(response) if response.status != 200 => format!("status {}", response.status),
        Ok(_) if begin.elapsed() > PATIENCE => format!("later than {PATIENCE:?}"),
        Ok(_) => SERVED.into(),
        Err(_) => "no answer".into(),
    };
    turn.scene.pause(PACE);
    Ok(outcome)
}

/// Heads that come a byte at a time.
pub(super) fn slow_heads(turn: &mut Turn<'_>) -> Result<String> {
    let (count, bytes) = (turn.rng.usize(1..80), turn.rng.usize(1..60));
    turn.does(format!("{count} slow heads of {bytes} bytes"));
    let mut connections = connect(turn, count);
    let head = format!("GET /connectors HTTP/1.1\r\nHost: localhost\r\n{}\r\nX-Slow: ", authorization());
    for byte in head.bytes().cycle().take(bytes) {
        // A connection that the worker has closed is one that it has not to hold.
        connections.retain_mut(|connection| connection.write_all(&[byte]).is_ok());
        turn.scene.pause(Duration::from_millis(100));
    }
    Ok(if connections.len() == count { "all were kept" } else { "some were closed" }.into())
}

/// Connections on which nothing comes.
pub(super) fn silent_connections(turn: &mut Turn<'_>) -> Result<String> {
    let (count, time) = (turn.rng.usize(1..150), turn.rng.u64(500..6000));
    turn.does(format!("{count} silent connections for {time} ms"));
    let connections = connect(turn, count);
    turn.scene.pause(Duration::from_millis(time));
    Ok(if connections.len() == count { "all were taken" } else { "some were refused" }.into())
}

/// Uploads that stop in the middle, with and without the right.
pub(super) fn held_uploads(turn: &mut Turn<'_>) -> Result<String> {
    let (count, said, sent) = (turn.rng.usize(1..12), turn.rng.usize(1..60 << 20), turn.rng.usize(..8 << 20));
    let (time, right) = (turn.rng.u64(500..5000), turn.rng.bool());
    turn.does(format!("{count} uploads of {said} bytes, of which {sent} come, held for {time} ms, right: {right}"));
    let authorization = if right { authorization() } else { "X-None: 0".into() };
    let head = format!(
        "POST /plugins HTTP/1.1\r\nHost: localhost\r\n{authorization}\r\nContent-Type: application/wasm\r\n\
         Content-Length: {said}\r\n\r\n"
    );
    let mut connections = connect(turn, count);
    let body = vec![0; sent.min(said)];
    connections.retain_mut(|connection| {
        // An error or a time-out says that no more is taken.
        connection.set_write_timeout(Some(ANSWER)).is_ok()
            && connection.write_all(head.as_bytes()).is_ok()
            && connection.write_all(&body).is_ok()
    });
    turn.scene.pause(Duration::from_millis(time));
    Ok(if connections.len() == count { "all were taken" } else { "some were refused" }.into())
}

/// Large answers, one after the other, of which none is read.
pub(super) fn unread_answers(turn: &mut Turn<'_>) -> Result<String> {
    let (count, requests, time) = (turn.rng.usize(1..20), turn.rng.usize(1..200), turn.rng.u64(500..5000));
    let path =
        turn.one_of(&["/connector-plugins?connectorsOnly=false", "/metrics", "/connectors?expand=status&expand=info"]);
    turn.does(format!("{count} times {requests} unread answers of {path} for {time} ms"));
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", authorization()).repeat(requests);
    let mut connections = connect(turn, count);
    connections.retain_mut(|connection| {
        connection.set_write_timeout(Some(ANSWER)).is_ok() && connection.write_all(request.as_bytes()).is_ok()
    });
    turn.scene.pause(Duration::from_millis(time));
    Ok(if connections.len() == count { "all were taken" } else { "some were refused" }.into())
}

/// What is no request, or almost one.
pub(super) fn garbage(turn: &mut Turn<'_>) -> Result<String> {
    let (what, bytes) = nonsense(&mut turn.rng);
    turn.does(format!("sends {what}, {} bytes", bytes.len()));
    let mut connections = connect(turn, 1);
    let Some(connection) = connections.first_mut() else { return Ok("refused".into()) };
    connection.set_write_timeout(Some(ANSWER))?;
    connection.set_read_timeout(Some(Duration::from_millis(turn.rng.u64(10..2000))))?;
    // The worker may have seen enough before it has all; its answer is there all the same.
    let _ = connection.write_all(&bytes);
    let mut answer = [0; 12];
    let outcome = match connection.read_exact(&mut answer) {
        Ok(()) => String::from_utf8_lossy(&answer[9..]).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => "closed".into(),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => "no answer".into(),
        Err(_) => "reset".into(),
    };
    Ok(format!("{what} {outcome}"))
}

fn nonsense(rng: &mut Rng) -> (&'static str, Vec<u8>) {
    let proven = authorization();
    let noise = |rng: &mut Rng, most: usize| -> Vec<u8> { (0..rng.usize(1..most)).map(|_| rng.u8(..)).collect() };
    let head =
        |first: &str, more: &str| format!("{first} HTTP/1.1\r\nHost: localhost\r\n{proven}\r\n{more}\r\n").into_bytes();
    match rng.u8(..9) {
        0 => ("noise", noise(rng, 100_000)),
        1 => ("a noisy path", [b"GET /", noise(rng, 9000).as_slice(), b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat()),
        2 => ("a long path", head(&format!("GET /connectors/{}", "x".repeat(rng.usize(1..100_000))), "")),
        3 => {
            let mut fields = String::new();
            for field in 0..rng.usize(1..3000) {
                // Writing to a text does not fail.
                let _ = write!(fields, "X-{field}: {field}\r\n");
            }
            ("many fields", head("GET /connectors", &fields))
        }
        4 => ("a long field", head("GET /", &format!("X-Long: {}\r\n", "y".repeat(rng.usize(1..200_000))))),
        5 => (
            "two hosts",
            head("POST /connectors", "Host: evil.example\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n"),
        ),
        6 => {
            let chunk = rng.u64(..);
            let mut bytes =
                head("POST /connectors", "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n");
            bytes.extend(format!("{chunk:x}\r\n").bytes());
            bytes.extend(noise(rng, 10_000));
            ("a chunk of another size", bytes)
        }
        7 => {
            let depth = rng.usize(1..200_000);
            let body = "[".repeat(depth);
            let more = format!("Content-Type: application/json\r\nContent-Length: {depth}\r\n");
            ("deep JSON", [head("PUT /connector-plugins/a/config/validate", &more), body.into_bytes()].concat())
        }
        _ => {
            let body = noise(rng, 100_000);
            let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
            ("noise as JSON", [head("POST /connectors", &more), body].concat())
        }
    }
}

/// Names, aliases, keys and values that are too long, or too many.
pub(super) fn huge_names(turn: &mut Turn<'_>) -> Result<String> {
    let size = 1 << turn.rng.u32(4..21);
    let long = "n".repeat(turn.rng.usize(size / 2..size));
    let mut name = turn.scene.name("huge");
    let mut config = json!({"connector.class": "weir.tests.HostileSource", "topic": turn.scene.at.output});
    let kinds = ["name", "alias", "keys", "value", "class", "topics", "version", "logger", "predicate"];
    let kind = turn.one_of(&kinds);
    match kind {
        "name" => name += &long,
        "alias" => {
            config["transforms"] = Value::from(long.as_str());
            config[format!("transforms.{long}.type")] = "weir.tests.HostileTransform".into();
        }
        "keys" => {
            let keys = (0..size.min(50_000)).map(|key| (format!("a.key.{key}"), Value::from("v")));
            config.as_object_mut().context("an object")?.extend(keys.collect::<Map<String, Value>>());
        }
        "class" => config["connector.class"] = long.as_str().into(),
        "topics" => {
            let topics: Vec<String> = (0..size.min(50_000)).map(|topic| format!("t{topic}")).collect();
            config = json!({"connector.class": "weir.tests.HostileSink", "topics": topics.join(",")});
        }
        "version" => config["connector.plugin.version"] = long.as_str().into(),
        "predicate" => {
            config["predicates"] = Value::from(long.as_str());
            config[format!("predicates.{long}.type")] = "weir.tests.HostilePredicate".into();
        }
        _ => config["reads"] = long.as_str().into(),
    }
    turn.does(format!("a {kind} of {} bytes", long.len()));
    let rest = &turn.scene.rest;
    if kind == "logger" {
        let path = format!("/admin/loggers/{}", &long[..long.len().min(6000)]);
        return Ok(format!("{kind} {}", rest.put(&path, &json!({"level": "INFO"}))?.status));
    }
    let answer = rest.post("/connectors", &json!({"name": name, "config": config}))?;
    ensure!(
        !["alias", "predicate"].contains(&kind) || answer.status != 500,
        "a {kind} of {} bytes is answered with 500: {}",
        long.len(),
        answer.message()
    );
    if answer.status == 201 {
        let gone = rest.delete(&format!("/connectors/{}", encoded(&name)))?;
        ensure!(
            gone.status == 204,
            "a connector with a {kind} of {} bytes cannot be removed: {}",
            long.len(),
            gone.status
        );
    }
    Ok(format!("{kind} {}", answer.status))
}

/// Passwords that are wrong, many at once: each costs the worker what a right one costs.
pub(super) fn wrong_passwords(turn: &mut Turn<'_>) -> Result<String> {
    let (clients, each) = (turn.rng.usize(1..32), turn.rng.usize(1..5));
    turn.does(format!("{clients} clients with {each} wrong passwords each"));
    let connections = connect(turn, clients);
    let refused = clients - connections.len();
    let mut passwords = Vec::new();
    for _ in 0..connections.len() {
        passwords.push((0..each).map(|_| format!("alice:{}", turn.rng.u64(..))).collect::<Vec<_>>());
    }
    std::thread::scope(|scope| {
        for (mut connection, passwords) in connections.into_iter().zip(passwords) {
            scope.spawn(move || {
                for password in passwords {
                    let field = format!("Authorization: Basic {}", BASE64.encode(&password));
                    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{field}\r\n\r\n");
                    let mut answer = [0; 4096];
                    // Whether and what it answers is the worker's choice; that it serves the good client is not.
                    let answered = connection
                        .set_read_timeout(Some(ANSWER))
                        .and_then(|()| connection.write_all(head.as_bytes()))
                        .and_then(|()| connection.read(&mut answer));
                    if !matches!(answered, Ok(1..)) {
                        return;
                    }
                }
            });
        }
    });
    Ok(if refused == 0 { "all were taken" } else { "some were refused" }.into())
}

/// As many of these connections as the worker takes, all from one address, which is not that of the good client.
fn connect(turn: &mut Turn<'_>, count: usize) -> Vec<TcpStream> {
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, turn.rng.u8(2..10)), 0));
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, turn.scene.port));
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Vec::new() };
    runtime.block_on(async {
        let mut connections = Vec::new();
        for _ in 0..count {
            let connected = async {
                let socket = TcpSocket::new_v4()?;
                socket.bind(from)?;
                let stream = socket.connect(to).await?.into_std()?;
                stream.set_nonblocking(false)?;
                std::io::Result::Ok(stream)
            };
            if let Ok(Ok(stream)) = tokio::time::timeout(ANSWER, connected).await {
                connections.push(stream);
            }
        }
        connections
    })
}

/// The header field that proves the name `good`.
fn authorization() -> String {
    format!("Authorization: Bearer {TOKEN}")
}

/// A name as a part of a path.
pub(super) fn encoded(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}
