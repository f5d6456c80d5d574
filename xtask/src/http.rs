//! Requests to a worker. Each is printed as a curl command, with its answer.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process;

/// A worker's REST API.
pub(crate) struct Client {
    base: String,
    agent: ureq::Agent,
}

impl Client {
    pub(crate) fn new(port: u16) -> Self {
        let config = ureq::Agent::config_builder()
            // Status codes are answers here, not errors.
            .http_status_as_error(false)
            // A first upload is compiled before it is answered.
            .timeout_global(Some(Duration::from_secs(120)))
            .build();
        Self { base: format!("http://127.0.0.1:{port}"), agent: config.into() }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// POSTs a component. A status other than success is an error.
    pub(crate) fn post_component(&self, path: &str, file: &Path) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.base);
        let kind = "application/wasm";
        print_curl(&[
            "-X",
            "POST",
            "-H",
            &format!("Content-Type: {kind}"),
            "--data-binary",
            &format!("@{}", file.display()),
            &url,
        ]);
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        answer(self.agent.post(&url).content_type(kind).send(&bytes[..]), true)
    }

    /// POSTs JSON. A status other than success is an error.
    pub(crate) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.base);
        let kind = "application/json";
        print_curl(&["-X", "POST", "-H", &format!("Content-Type: {kind}"), "-d", &body.to_string(), &url]);
        answer(self.agent.post(&url).content_type(kind).send(body.to_string()), true)
    }

    /// GETs JSON. A status other than success is an error.
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.base);
        print_curl(&[&url]);
        answer(self.agent.get(&url).call(), true)
    }

    /// GETs JSON and prints nothing, for requests that are repeated.
    pub(crate) fn look(&self, path: &str) -> anyhow::Result<Value> {
        answer(self.agent.get(format!("{}{path}", self.base)).call(), false)
    }
}

fn print_curl(arguments: &[&str]) {
    let words: Vec<_> = arguments.iter().map(|word| process::quote(word)).collect();
    println!("\n$ curl {}", words.join(" "));
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>, show: bool) -> anyhow::Result<Value> {
    let mut response = response.context("the worker does not answer")?;
    let status = response.status();
    let text = response.body_mut().read_to_string().context("cannot read the worker's answer")?;
    if show {
        println!("{status}");
        println!("{}", shortened(&text));
    }
    if !status.is_success() {
        bail!("the worker answered {status}: {text}");
    }
    Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Returns the beginning of a long answer.
fn shortened(text: &str) -> String {
    const MOST: usize = 600;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}... ({} bytes)", &text[..at], text.len()),
        None => text.to_owned(),
    }
}
