//! The REST API that Kafka Connect and Weir have in common, as a client uses it, and Weir's uploads.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::wait;

/// How long one request may take; Kafka Connect's own limit is 90 s.
const REQUEST: Duration = Duration::from_secs(60);

/// How long an upload may take: longer than the worker's own limit, which compiling a component of a few MB may reach on a busy machine.
const UPLOAD: Duration = Duration::from_secs(120);

/// A client of one worker.
#[derive(Debug, Clone)]
pub struct Rest {
    port: u16,
    url: String,
    agent: ureq::Agent,
}

/// What a worker answered, whatever the status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body; null when there is none, a string when it is no JSON.
    pub body: Value,
}

impl Answer {
    /// The answer itself when its status is the one given.
    pub fn expect(self, status: u16) -> Result<Answer> {
        if self.status != status {
            bail!("the worker answered {} where {status} was expected: {}", self.status, self.body);
        }
        Ok(self)
    }

    /// `message` of an error body, empty when there is none.
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

impl Rest {
    /// A client for the worker that listens at this port.
    pub fn new(port: u16) -> Rest {
        let config = ureq::Agent::config_builder().timeout_global(Some(REQUEST)).http_status_as_error(false).build();
        Rest { port, url: format!("http://127.0.0.1:{port}"), agent: config.into() }
    }

    /// The same client with a token in each request.
    pub fn with_token(self, token: &str) -> Rest {
        let bearer = format!("Bearer {token}");
        let config =
            ureq::Agent::config_builder().timeout_global(Some(REQUEST)).http_status_as_error(false).middleware(
                move |mut request: ureq::http::Request<ureq::SendBody<'_>>,
                      next: ureq::middleware::MiddlewareNext<'_>| {
                    let value = ureq::http::HeaderValue::from_str(&bearer).map_err(ureq::http::Error::from)?;
                    request.headers_mut().insert(ureq::http::header::AUTHORIZATION, value);
                    next.handle(request)
                },
            );
        Rest { agent: config.build().into(), ..self }
    }

    /// The worker's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// GET.
    pub fn get(&self, path: &str) -> Result<Answer> {
        let response = self.agent.get(format!("{}{path}", self.url)).call();
        answer(response).with_context(|| format!("GET {path}"))
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> Result<Answer> {
        let response = self.agent.delete(format!("{}{path}", self.url)).call();
        answer(response).with_context(|| format!("DELETE {path}"))
    }

    /// POST with a JSON body, none for null.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let response = if body.is_null() { request.send_empty() } else { request.send_json(body) };
        answer(response).with_context(|| format!("POST {path}"))
    }

    /// PUT with a JSON body, none for null.
    pub fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        let request = self.agent.put(format!("{}{path}", self.url));
        let response = if body.is_null() { request.send_empty() } else { request.send_json(body) };
        answer(response).with_context(|| format!("PUT {path}"))
    }

    /// PATCH with a JSON body.
    pub fn patch(&self, path: &str, body: &Value) -> Result<Answer> {
        let response = self.agent.patch(format!("{}{path}", self.url)).send_json(body);
        answer(response).with_context(|| format!("PATCH {path}"))
    }

    /// `POST /plugins`: uploads a component.
    pub fn upload(&self, component: &[u8]) -> Result<Answer> {
        let request = self.agent.post(format!("{}/plugins", self.url)).content_type("application/wasm");
        let request = request.config().timeout_global(Some(UPLOAD)).build();
        answer(request.send(component)).context("POST /plugins")
    }

    /// Creates a connector; its configuration is a JSON object. An error when the worker does not answer 201.
    pub fn create(&self, name: &str, config: &Value) -> Result<()> {
        let answer = self.post("/connectors", &json!({"name": name, "config": config}))?;
        answer.expect(201).with_context(|| format!("creating {name}"))?;
        Ok(())
    }

    /// Removes a connector. An error when the worker does not answer 204.
    pub fn remove(&self, name: &str) -> Result<()> {
        self.delete(&format!("/connectors/{name}"))?.expect(204).with_context(|| format!("removing {name}"))?;
        Ok(())
    }

    /// The body of `GET /connectors/NAME/status`.
    pub fn status(&self, name: &str) -> Result<Value> {
        Ok(self.get(&format!("/connectors/{name}/status"))?.expect(200)?.body)
    }

    /// Waits until the connector is in this state and so are its tasks, at least `tasks` of them. Other FAILED ones end the
    /// waiting at once.
    pub fn wait_for(&self, name: &str, state: &str, tasks: usize, within: Duration) -> Result<Value> {
        let found = wait::until(&format!("{name} to be {state}"), within, || {
            let status = self.status(name).map_err(|error| format!("{error:#}"))?;
            let states = states(&status);
            let there = states.len() > tasks && states.iter().all(|found| found == state);
            if there || states.iter().any(|found| found == "FAILED") { Ok(status) } else { Err(status.to_string()) }
        })?;
        if state != "FAILED" && states(&found).iter().any(|found| found == "FAILED") {
            bail!("{name} was to become {state} and is FAILED: {found:#}");
        }
        Ok(found)
    }

    /// Waits until the connector and `tasks` tasks are RUNNING.
    pub fn wait_running(&self, name: &str, tasks: usize) -> Result<()> {
        self.wait_for(name, "RUNNING", tasks, Duration::from_secs(30)).map(drop)
    }

    /// Waits until the connector or one of its tasks is FAILED, and gives the traces, the connector's first.
    pub fn wait_failed(&self, name: &str, within: Duration) -> Result<String> {
        wait::until(&format!("{name} to fail"), within, || {
            let status = self.status(name).map_err(|error| format!("{error:#}"))?;
            let traces: Vec<&str> = parts(&status)
                .filter(|part| part["state"] == "FAILED")
                .map(|part| part["trace"].as_str().unwrap_or_default())
                .collect();
            if traces.is_empty() { Err(status.to_string()) } else { Ok(traces.join("\n")) }
        })
    }
}

/// The states in a status body: the connector's, then the tasks'.
fn states(status: &Value) -> Vec<String> {
    parts(status).map(|part| part["state"].as_str().unwrap_or_default().to_owned()).collect()
}

fn parts(status: &Value) -> impl Iterator<Item = &Value> {
    std::iter::once(&status["connector"]).chain(status["tasks"].as_array().into_iter().flatten())
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Answer> {
    let mut response = response?;
    let status = response.status().as_u16();
    let location = response.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let text = response.body_mut().read_to_string().context("reading the body")?;
    let body = match serde_json::from_str(&text) {
        Ok(body) => body,
        Err(_) if text.is_empty() => Value::Null,
        Err(_) => Value::String(text),
    };
    Ok(Answer { status, location, body })
}
