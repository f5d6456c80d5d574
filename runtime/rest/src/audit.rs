//! The audit log: who changed something over REST, from where and with what result, and who was refused. It is written under the
//! logger `weir::audit`, which can have its own level. In addition, each response is counted by its status.
//!
//! Every successful change is logged. A client can cause refusals and failures without limit, so of those only a few lines a minute are
//! written for each address; the others are counted.

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

use super::peer::Connection;
use super::right::is_change;
use weir_logging::Throttle;
use weir_metrics::WorkerMetrics;

/// Maximum number of characters of a path in a line.
const PATH_MAX: usize = 200;

/// Maximum number of addresses whose lines are limited separately; all other addresses share a limit.
const ADDRESSES_MAX: usize = 1000;

/// The user of a request, in the extensions of the response: the authenticated name, or the claimed one if the login failed.
#[derive(Debug, Clone)]
pub(super) struct User(pub(super) Arc<str>);

/// The reason why a request was refused, in the extensions of the response.
#[derive(Debug, Clone, Copy)]
pub(super) struct Why {
    pub(super) text: &'static str,
    /// Whether the request had credentials that are not valid.
    pub(super) is_failed_login: bool,
}

impl Why {
    /// Creates a reason other than a failed login.
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
    /// Returns `Some` if a line about this address is to be written, with the number of lines that were left out before it.
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
    /// Creates an audit log that counts in these metrics.
    pub fn new(metrics: Arc<WorkerMetrics>) -> Self {
        Self(Arc::new(Shared { metrics, refusals: Mutex::default() }))
    }

    fn pass(&self, address: IpAddr) -> Option<u64> {
        self.0.refusals.lock().pass(address)
    }

    /// Counts a response that was sent without reading a request.
    pub(super) fn answered(&self, status: u16) {
        self.0.metrics.rest.answered(status);
    }

    /// Logs a TLS handshake that failed. `network` is the address by which lines are limited.
    pub(super) fn handshake_failed(&self, address: IpAddr, network: IpAddr, error: &io::Error) {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        if matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof) {
            // Checks whether the port is open do this.
            debug!(%address, %error, "a client aborted its TLS handshake");
            return;
        }
        self.0.metrics.rest.failed_handshakes.increment();
        if let Some(left_out) = self.pass(network) {
            let why = explain(error);
            warn!(target: "weir::audit", %address, why, left_out, "TLS handshake failed");
        }
    }
}

/// Returns the message of rustls, with advice where it is hard to understand.
fn explain(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(problem)) = inner else { return error.to_string() };
    match problem {
        // It contains an error of a crate that rustls does not export.
        rustls::CertificateError::Other(other) if format!("{other:?}").contains("UnsupportedCertVersion") => {
            "the client's certificate has X.509 version 1, which is not supported. Create one of version 3: `openssl x509 -req` does so \
             with an -extfile (extendedKeyUsage=clientAuth)"
                .to_owned()
        }
        rustls::CertificateError::UnknownIssuer => {
            format!("{error}: the client's certificate is not signed by a certificate of the trust store (ssl.truststore.location)")
        }
        _ => error.to_string(),
    }
}

/// Adds the audit log to these routes, outside of the layers that refuse requests.
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
        let connection = request.extensions().get::<Connection>();
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let (method, path) = (request.method().clone(), request.uri().path());
        Self {
            audit,
            address: connection.map_or(nowhere, |Connection(slot)| slot.client()),
            network: connection.map_or(nowhere, |Connection(slot)| slot.address()),
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
            // The work that it started may continue.
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
        assert_eq!(refusals.pass(IpAddr::from([10, 0, 0, 2])), Some(0), "another address is not affected");
        let passed = (0..10_000_u32).filter(|n| refusals.pass(IpAddr::from(n.to_be_bytes())).is_some()).count();
        assert!(passed <= ADDRESSES_MAX + 20, "{passed}");
        assert!(refusals.addresses.len() <= ADDRESSES_MAX);
    }
}
