//! HTTP/1.1 as it is written: a client that sends a request byte for byte as a test has it, with nothing made right on the way.
//! One connection for each request.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// A request as it is sent. `Host`, `Connection: close` and `Content-Length` are added where they are missing; `Host: none` keeps
/// the first of them out.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, or anything.
    pub method: String,
    /// The target, unchanged from the first line.
    pub path: Vec<u8>,
    /// The headers' lines.
    pub headers: Vec<Vec<u8>>,
    /// The body; empty = none.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers in their order, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body, without the marks of chunks.
    pub body: Vec<u8>,
}

impl Response {
    /// The values of a header, joined as lists are.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> =
            self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

impl Request {
    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|line| {
            let end = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
            line[..end].eq_ignore_ascii_case(name.as_bytes())
        })
    }

    /// Sends it to a port of the loopback address and reads the whole answer.
    pub fn send(&self, port: u16) -> Result<Response> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("connecting")?;
        stream.set_read_timeout(Some(ANSWER))?;
        let mut head = [self.method.as_bytes(), b" ", &self.path, b" HTTP/1.1\r\n"].concat();
        if !self.has("host") {
            head.extend_from_slice(b"Host: worker:8083\r\n");
        }
        for line in self.headers.iter().filter(|line| *line != b"Host: none") {
            head.extend_from_slice(line);
            head.extend_from_slice(b"\r\n");
        }
        let writes = matches!(self.method.as_str(), "POST" | "PUT" | "PATCH");
        if !self.has("content-length") && (writes || !self.body.is_empty()) {
            head.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        head.extend_from_slice(b"Connection: close\r\n\r\n");
        stream.write_all(&head).context("sending the head")?;
        // A server that has seen enough may close before it has read a large body; its answer is there all the same.
        let sent = stream.write_all(&self.body);
        let mut bytes = Vec::new();
        match stream.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(_) if !bytes.is_empty() => {}
            Err(error) => return Err(error).context("reading the answer"),
        }
        if bytes.is_empty() {
            sent.context("sending the body")?;
        }
        parse(&bytes, &self.method)
    }
}

fn parse(bytes: &[u8], method: &str) -> Result<Response> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        bail!("no HTTP: {:?}", String::from_utf8_lossy(bytes));
    };
    let head: String = bytes[..end].iter().map(|byte| char::from(*byte)).collect();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("a status line")?;
    let status = status.parse().with_context(|| format!("the status {status}"))?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut response = Response { status, headers, body: bytes[end + 4..].to_vec() };
    if response.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        response.body = unchunk(&response.body)?;
    }
    if method == "HEAD" && !response.body.is_empty() {
        bail!("an answer to HEAD has a body");
    }
    Ok(response)
}

fn unchunk(mut bytes: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|window| window == b"\r\n").context("the size of a chunk")?;
        let size =
            usize::from_str_radix(std::str::from_utf8(&bytes[..end])?.trim(), 16).context("the size of a chunk")?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(bytes.get(end + 2..end + 2 + size).context("a chunk")?);
        bytes = bytes.get(end + 4 + size..).context("the end of a chunk")?;
    }
}
