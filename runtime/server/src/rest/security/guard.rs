//! Stands in front of all routes: a request without a proven name is answered with 401, one without the right with 403.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tracing::{debug, info};

use super::Security;
use super::names::Guess;
use super::rights::Right;
use crate::rest::error::Failure;
use crate::rest::server::Peer;

/// Base64 as Java decodes it, which does not insist on padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Puts the guard in front of these routes. Without security it lets everything through.
pub(in crate::rest) fn guard(router: Router, security: Option<Arc<Security>>) -> Router {
    router.layer(from_fn_with_state(security, check))
}

async fn check(State(security): State<Option<Arc<Security>>>, mut request: Request, next: Next) -> Response {
    let Some(security) = security else {
        request.headers_mut().remove(header::AUTHORIZATION);
        return next.run(request).await;
    };
    let (method, path) = (request.method(), request.uri().path());
    if !is_between_workers(method, path) {
        let peer = request.extensions().get::<Peer>().cloned();
        let Some(name) = security.name(request.headers(), peer).await else {
            debug!(%method, path, "a request without a proven name");
            return unauthorized(method);
        };
        let right = Right::needed(method, path);
        if !security.rights.allow(&name, right) {
            info!(%method, path, user = %name, right = right.verb(), "a request without the right to it");
            return forbidden(&name, right).into_response();
        }
        if right != Right::Read {
            info!(%method, path, user = %name, "a change over REST");
        }
    }
    // Nothing behind this needs it, so nothing behind this can give it away.
    request.headers_mut().remove(header::AUTHORIZATION);
    next.run(request).await
}

impl Security {
    /// The name that the client proves, if any.
    async fn name(&self, headers: &HeaderMap, peer: Option<Peer>) -> Option<Arc<str>> {
        match headers.get(header::AUTHORIZATION) {
            // What is said counts, even if the connection would prove another name.
            Some(value) => {
                let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
                if scheme.eq_ignore_ascii_case("basic") {
                    self.user(rest).await
                } else if scheme.eq_ignore_ascii_case("bearer") {
                    self.tokens.as_ref()?.value().name(rest)
                } else {
                    None
                }
            }
            None => peer.filter(|_| self.certificates)?.certificate_name,
        }
    }

    /// The user whose name and password these are, in base64.
    async fn user(&self, credentials: &str) -> Option<Arc<str>> {
        let users = self.users.as_ref()?.value();
        let decoded = BASE64.decode(credentials).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (name, password) = decoded.split_once(':')?;
        match users.guess(name, password) {
            Guess::Right(name) => return Some(name),
            Guess::Wrong => return None,
            Guess::Unknown => {}
        }
        // It is never closed.
        let _permit = self.hashing.acquire().await.ok()?;
        let (name, password) = (name.to_owned(), password.to_owned());
        tokio::task::spawn_blocking(move || users.check_hash(&name, &password)).await.ok().flatten()
    }
}

/// Whether this is a request that workers of a cluster send each other. Kafka Connect lets them pass its basic authentication,
/// because they are signed with a key of the cluster; whoever gives them a meaning here has to check that signature.
fn is_between_workers(method: &Method, path: &str) -> bool {
    let last = match *method {
        Method::POST => "tasks",
        Method::PUT => "fence",
        _ => return false,
    };
    let mut parts = path.strip_suffix('/').unwrap_or(path).split('/');
    let shape = [parts.next(), parts.next(), parts.next().filter(|name| !name.is_empty()).map(|_| ""), parts.next()];
    shape == [Some(""), Some("connectors"), Some(""), Some(last)] && parts.next().is_none()
}

/// Kafka Connect's answer, to the letter: text that is called JSON, and no word on how to do better.
fn unauthorized(method: &Method) -> Response {
    let kind = if method == Method::OPTIONS { "text/plain" } else { "application/json" };
    let body = Body::from("User cannot access the resource.");
    (StatusCode::UNAUTHORIZED, [(header::CONTENT_TYPE, kind)], body).into_response()
}

fn forbidden(name: &str, right: Right) -> Failure {
    let verb = right.verb();
    let message = format!("User {name} may not {verb}; the worker's key weir.rest.auth.{verb} names who may");
    Failure::new(StatusCode::FORBIDDEN, message)
}
