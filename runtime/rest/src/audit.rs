//! The audit log: who changed something over REST, from where and with what result, and who was refused. It is written under the
//! logger `weir::audit`, which can have a level of its own. Beside it each answer is counted by its status.
//!
//! What has happened is always told. What was refused somebody can cause as often as he likes: of each address a few lines are written
//! in a minute, and the others counted.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use parking_lot::Mutex;
use tokio_rustls::rustls;
use tracing::{debug, info, warn};

use super::security::is_change;
use super::server::Connection;
use weir_logging::Throttle;
use weir_metrics::WorkerMetrics;

/// Characters of a path in a line.
const PATH_MAX: usize = 200;

/// Addresses whose refusals are counted apart from those of all others.
const ADDRESSES_MAX: usize = 1000;

/// In the extensions of an answer: whose request it was, as far as that was proven; where it was refused, who it claimed to be.
#[derive(Debug, Clone)]
pub(super) struct User(pub(super) Arc<str>);

/// In the extensions of an answer: why the request was let to no resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Why {
    pub(super) text: &'static str,
    /// Credentials were given, and prove no name.
    pub(super) is_failed_login: bool,
}

impl Why {
    /// Anything but credentials that prove no name.
    pub(super) fn new(text: &'static str) -> Self {
        Self { text, is_failed_login: false }
    }
}

/// The audit log of a worker. Clones share it.
#[derive(Clone)]
pub struct Audit(Arc<Shared>);

struct Shared {
    metrics: Arc<WorkerMetrics>,
    refusals: Mutex<Refusals>,
}

#[derive(Default)]
struct Refusals {
    addresses: HashMap<IpAddr, Throttle>,
    others: Throttle,
}

impl Refusals {
    /// Whether a line about this address is to be written, and how many were not before it.
    fn pass(&mut self, address: IpAddr) -> Option<u64> {
        if self.addresses.len() >= ADDRESSES_MAX && !self.addresses.contains_key(&address) {
            self.addresses.retain(|_, throttle| !throttle.is_over());
            if self.addresses.len() >= ADDRESSES_MAX {
                return self.others.pass();
            }
        }
        self.addresses.entry(address).or_default().pass()
    }
}

impl Audit {
    /// An audit log that counts here.
    pub fn new(metrics: Arc<WorkerMetrics>) -> Self {
        Self(Arc::new(Shared { metrics, refusals: Mutex::default() }))
    }

    fn pass(&self, address: IpAddr) -> Option<u64> {
        self.0.refusals.lock().pass(address)
    }

    /// Notes an answer that is given without a request being read.
    pub(super) fn answered(&self, status: u16) {
        self.0.metrics.rest.answered(status);
    }

    /// Notes a TLS handshake that failed. `network` is what counts as one address.
    pub(super) fn handshake_failed(&self, address: IpAddr, network: IpAddr, error: &io::Error) {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        if matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof) {
            // Whoever only looks whether the port is open does this.
            debug!(%address, %error, "a client broke off its TLS handshake");
            return;
        }
        self.0.metrics.rest.failed_handshakes.increment();
        if let Some(left_out) = self.pass(network) {
            let why = explain(error);
            warn!(target: "weir::audit", %address, why, left_out, "TLS handshake failed");
        }
    }
}

/// The words of rustls, and what to do where they are hard to understand.
fn explain(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(problem)) = inner else { return error.to_string() };
    match problem {
        // What it holds is an error of a crate that rustls does not show.
        rustls::CertificateError::Other(other) if format!("{other:?}").contains("UnsupportedCertVersion") => {
            "the client's certificate is of X.509 version 1; it has to be of version 3, as `openssl x509 -req` makes it with an -extfile \
             (extendedKeyUsage=clientAuth)"
                .to_owned()
        }
        rustls::CertificateError::UnknownIssuer => {
            format!("{error}: no certificate of the trust store has signed the client's (ssl.truststore.location)")
        }
        _ => error.to_string(),
    }
}

/// Puts the audit log in front of these routes, and of whatever refuses requests before they get there.
pub(super) fn audited(router: Router, audit: Audit) -> Router {
    router.layer(from_fn_with_state(audit, watch))
}

async fn watch(State(audit): State<Audit>, request: Request, next: Next) -> Response {
    let mut event = Event::new(audit, &request);
    let response = next.run(request).await;
    event.answered(&response);
    response
}

/// A request that is being answered.
struct Event {
    audit: Audit,
    method: Method,
    path: String,
    address: IpAddr,
    network: IpAddr,
    is_change: bool,
    is_answered: bool,
}

impl Event {
    fn new(audit: Audit, request: &Request) -> Self {
        let place = request.extensions().get::<Connection>();
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let (method, path) = (request.method().clone(), request.uri().path());
        Self {
            audit,
            address: place.map_or(nowhere, |Connection(place)| place.client()),
            network: place.map_or(nowhere, |Connection(place)| place.address()),
            is_change: is_change(&method, path),
            path: path.chars().take(PATH_MAX).collect(),
            method,
            is_answered: false,
        }
    }

    fn answered(&mut self, response: &Response) {
        self.is_answered = true;
        let Self { audit, method, path, address, network, .. } = self;
        let status = response.status();
        audit.answered(status.as_u16());
        let user = response.extensions().get::<User>().map_or("-", |User(name)| name);
        let code = status.as_u16();
        if let Some(Why { text: why, is_failed_login }) = response.extensions().get() {
            if *is_failed_login {
                audit.0.metrics.rest.failed_logins.increment();
            }
            if let Some(left_out) = audit.pass(*network) {
                warn!(target: "weir::audit", user, %address, %method, path, status = code, why, left_out, "request refused");
            }
        } else if self.is_change && status.is_success() {
            info!(target: "weir::audit", user, %address, %method, path, status = code, "change over REST");
        } else if self.is_change
            && let Some(left_out) = audit.pass(*network)
        {
            info!(target: "weir::audit", user, %address, %method, path, status = code, left_out, "change over REST failed");
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        let Self { method, path, address, .. } = self;
        if self.is_change
            && !self.is_answered
            && let Some(left_out) = self.audit.pass(self.network)
        {
            // What it began may go on.
            info!(target: "weir::audit", %address, %method, path, left_out, "change over REST: the client left before the answer");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_lines_and_their_number_is_bounded() {
        let mut refusals = Refusals::default();
        let passed = (0..1000).filter(|_| refusals.pass(IpAddr::from([10, 0, 0, 1])).is_some()).count();
        assert!((1..=20).contains(&passed), "{passed}");
        assert_eq!(refusals.pass(IpAddr::from([10, 0, 0, 2])), Some(0), "another one is not affected");
        let passed = (0..10_000_u32).filter(|n| refusals.pass(IpAddr::from(n.to_be_bytes())).is_some()).count();
        assert!(passed <= ADDRESSES_MAX + 20, "{passed}");
        assert!(refusals.addresses.len() <= ADDRESSES_MAX);
    }
}
