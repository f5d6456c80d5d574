//! Checks requests before they reach a route: without valid credentials the answer is 401, without the necessary right 403.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::Security;
use super::credentials::CachedVerdict;
use super::hashing::Later;
use crate::audit::{User, Why};
use crate::error::Failure;
use crate::peer::{Connection, Peer};
use crate::right::Right;

/// Base64 as Java decodes it, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Adds the guard to these routes. Without `security`, all requests pass.
pub(crate) fn guard(router: Router, security: Option<Arc<Security>>) -> Router {
    router.layer(from_fn_with_state(security, check))
}

/// Whether the request is a probe of an orchestrator.
fn is_probe(method: &Method, path: &str) -> bool {
    [Method::GET, Method::HEAD].contains(method) && crate::PROBES.contains(&path)
}

async fn check(State(security): State<Option<Arc<Security>>>, mut request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<Connection>().map(|Connection(slot)| Arc::clone(slot));
    let prove = || connection.iter().for_each(|slot| slot.prove());
    let Some(security) = security else {
        prove();
        request.headers_mut().remove(header::AUTHORIZATION);
        return next.run(request).await;
    };
    let (method, path) = (request.method(), request.uri().path());
    let mut user = None;
    let is_open = is_between_workers(method, path) || (security.probes_open && is_probe(method, path));
    if !is_open {
        let peer = request.extensions().get::<Peer>().cloned();
        let address = connection.as_ref().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |slot| slot.address());
        let name = match security.name(request.headers(), peer, address).await {
            Ok(Some(name)) => name,
            Ok(None) => {
                let response = unauthorized(method);
                if !request.headers().contains_key(header::AUTHORIZATION) {
                    return noted(response, None, Why::new("no credentials"));
                }
                let why = Why { text: "credentials that prove no name", is_failed_login: true };
                return noted(response, security.claimed(request.headers()), why);
            }
            Err(Later(seconds)) => {
                let why = Why::new("password not checked: too many are waiting, or too many were wrong");
                return noted(later(seconds), security.claimed(request.headers()), why);
            }
        };
        prove();
        let right = Right::needed(method, path);
        if !security.rights.allow(&name, right) {
            let response = forbidden(&name, right).into_response();
            return noted(response, Some(name), Why::new(right.lacking()));
        }
        user = Some(name);
    }
    // The routes do not need the credentials, so they cannot disclose them.
    request.headers_mut().remove(header::AUTHORIZATION);
    let mut response = next.run(request).await;
    user.map(|user| response.extensions_mut().insert(User(user)));
    response
}

/// Adds to a refusal what the audit log is to say about it.
fn noted(mut response: Response, user: Option<Arc<str>>, why: Why) -> Response {
    user.map(|user| response.extensions_mut().insert(User(user)));
    response.extensions_mut().insert(why);
    response
}

impl Security {
    /// Returns the name that the client's credentials prove, if any.
    async fn name(&self, headers: &HeaderMap, peer: Option<Peer>, address: IpAddr) -> Result<Option<Arc<str>>, Later> {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Ok(peer.filter(|_| self.certificates).and_then(|peer| peer.certificate_name));
        };
        // The header takes precedence over the certificate of the connection.
        let Some((scheme, rest)) = value.to_str().ok().and_then(|value| value.split_once(' ')) else {
            return Ok(None);
        };
        if scheme.eq_ignore_ascii_case("basic") {
            self.user(rest, address).await
        } else if scheme.eq_ignore_ascii_case("bearer") {
            Ok(self.tokens.as_ref().and_then(|tokens| tokens.value().name(rest)))
        } else {
            Ok(None)
        }
    }

    /// Returns the name that was sent with a wrong password. Unknown names are not returned, because users sometimes enter a password as
    /// the name.
    fn claimed(&self, headers: &HeaderMap) -> Option<Arc<str>> {
        let (scheme, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        let decoded = decoded(rest).filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let (name, _) = decoded.split_once(':')?;
        Some(Arc::from(if self.users.as_ref()?.value().has(name) { name } else { "(unknown)" }))
    }

    /// Returns the name of the user whose name and password these are, in base64.
    async fn user(&self, credentials: &str, address: IpAddr) -> Result<Option<Arc<str>>, Later> {
        let Some(users) = self.users.as_ref().map(|users| users.value()) else { return Ok(None) };
        let decoded = decoded(credentials);
        let Some((name, password)) = decoded.as_deref().and_then(|decoded| decoded.split_once(':')) else {
            return Ok(None);
        };
        match users.cached_verdict(name, password) {
            CachedVerdict::Right(name) => return Ok(Some(name)),
            CachedVerdict::Wrong => return Ok(None),
            CachedVerdict::Unknown => {}
        }
        let Some(turn) = self.hashing.enqueue(address)?.turn().await else { return Ok(None) };
        let (name, password) = (name.to_owned(), password.to_owned());
        let work = move || {
            // Another request may have hashed it in the meantime.
            let found = match users.cached_verdict(&name, &password) {
                CachedVerdict::Right(name) => Some(name),
                CachedVerdict::Wrong => None,
                CachedVerdict::Unknown => users.check_hash(&name, &password),
            };
            if found.is_none() {
                turn.wrong();
            }
            found
        };
        Ok(tokio::task::spawn_blocking(work).await.ok().flatten())
    }
}

fn decoded(credentials: &str) -> Option<String> {
    BASE64.decode(credentials).ok().and_then(|decoded| String::from_utf8(decoded).ok())
}

/// Whether this is a request between workers of a cluster. Kafka Connect exempts them from basic authentication, because they are
/// signed with a key of the cluster. If Weir is to serve them, it has to check that signature.
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

/// Returns exactly Kafka Connect's answer: plain text that is declared as JSON.
fn unauthorized(method: &Method) -> Response {
    let kind = if method == Method::OPTIONS { "text/plain" } else { "application/json" };
    let body = Body::from("User cannot access the resource.");
    (StatusCode::UNAUTHORIZED, [(header::CONTENT_TYPE, kind)], body).into_response()
}

fn later(seconds: u64) -> Response {
    let message = format!(
        "Too many passwords are being checked, or too many were wrong; try again in {seconds} s. Tokens and client certificates \
         are not affected"
    );
    let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, message);
    ([(header::RETRY_AFTER, HeaderValue::from(seconds))], failure).into_response()
}

fn forbidden(name: &str, right: Right) -> Failure {
    let verb = right.verb();
    let message = format!("User {name} may not {verb}; add the name to the worker's key weir.rest.auth.{verb}");
    Failure::new(StatusCode::FORBIDDEN, message)
}
