//! Keeps web pages that a user of this machine or network visits from using the REST API through the user's browser.
//!
//! A foreign page can reach the worker in two ways. Its server's name can be made to resolve to this worker (DNS rebinding), so that the
//! browser considers the worker to be the page's own server; such requests name that server in `Host`. And a page may send some requests
//! to any server without a preflight request; such requests name the page in `Origin`.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};

use crate::audit::Why;
use crate::error::Failure;
use crate::right::Right;
use weir_config::host_names::HostNames;
use weir_config::rest::CrossOrigin;

/// The pages that may use a listener.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    /// The host names that clients may use for the worker. `None` if any name is allowed because clients must authenticate: a browser has
    /// no credentials of this worker for another name.
    pub hosts: Option<HostNames>,
    /// Origins whose pages may change something. `None` if no page of another origin may.
    pub origins: Option<CrossOrigin>,
}

/// Adds the check to these routes.
pub(crate) fn only_from(router: Router, pages: Pages) -> Router {
    router.layer(from_fn_with_state(Arc::new(pages), check))
}

async fn check(State(pages): State<Arc<Pages>>, request: Request<Body>, next: Next) -> Response {
    let host = match host(&request) {
        Ok(host) => host,
        Err(why) => return Failure::malformed(why),
    };
    if let Err(failure) = pages.check(&request, host.as_ref()) {
        let mut response = failure.into_response();
        response.extensions_mut().insert(Why::new("a Host or an Origin that is not one of this worker's"));
        return response;
    }
    next.run(request).await
}

impl Pages {
    fn check(&self, request: &Request<Body>, host: Option<&Authority>) -> Result<(), Failure> {
        // In HTTP/1.0 the target may be an absolute URI without a `Host`.
        for named in host.into_iter().chain(request.uri().authority()) {
            if self.hosts.as_ref().is_some_and(|hosts| !hosts.allow(named.host())) {
                return Err(Failure::new(
                    StatusCode::FORBIDDEN,
                    "The request's Host is not a name of this worker. Use an address or localhost, or add the name to the worker's key \
                     weir.rest.hosts.allowed",
                ));
            }
        }
        let (method, headers) = (request.method(), request.headers());
        let right = Right::needed(method, request.uri().path());
        if right != Right::Read && !self.may_change(headers, host, right) {
            let next = match right {
                Right::Upload => "only the worker's own pages may upload and delete plugins",
                Right::Read | Right::Operate => "add its origin to the worker's key access.control.allow.origin",
            };
            let message =
                format!("The request comes from a web page of another origin, which may not change anything; {next}");
            return Err(Failure::new(StatusCode::FORBIDDEN, message));
        }
        Ok(())
    }

    /// Whether a request with these headers may change something. Programs other than browsers send none of them.
    fn may_change(&self, headers: &HeaderMap, host: Option<&Authority>, right: Right) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (Some(origin), None) => {
                let listed = || self.origins.as_ref().is_some_and(|rules| rules.allows(origin));
                is_same_origin(origin, host) || (right == Right::Operate && is_single(origin) && listed())
            }
            (Some(_), Some(_)) => false,
            // Browsers send `Origin` with each of these methods. One that does not at least sends `Sec-Fetch-Site` for a foreign page.
            (None, _) => headers.get_all("sec-fetch-site").iter().all(|site| {
                ["same-origin", "none"].iter().any(|own| site.as_bytes().eq_ignore_ascii_case(own.as_bytes()))
            }),
        }
    }
}

/// Returns the host that the client addresses; `None` if the request does not name one, which HTTP/1.0 permits.
fn host(request: &Request<Body>) -> Result<Option<Authority>, &'static str> {
    let mut values = request.headers().get_all(header::HOST).iter();
    match (values.next(), values.next()) {
        // CONNECT is refused later with another message.
        (None, _) if request.version() == Version::HTTP_10 || request.method() == Method::CONNECT => Ok(None),
        (None, _) => Err("No Host"),
        (Some(_), Some(_)) => Err("Bad Host: multiple headers"),
        (Some(value), None) if value.is_empty() => Err("Blank Host"),
        (Some(value), None) => {
            let host = Authority::try_from(value.as_bytes()).map_err(|_| "Bad Host")?;
            match request.uri().authority() {
                _ if host.host().is_empty() || host.as_str().contains('@') => Err("Bad Host"),
                // A request whose target is an absolute URI names its host twice.
                Some(authority) if authority.as_str() != host.as_str() => Err("Authority!=Host"),
                _ => Ok(Some(host)),
            }
        }
    }
}

/// Whether the page is this worker's own, as the client sees it. The protocol is not compared: a proxy may have terminated TLS.
fn is_same_origin(origin: &HeaderValue, host: Option<&Authority>) -> bool {
    let (Ok(origin), Some(host)) = (origin.to_str(), host) else { return false };
    let Some((protocol, origin)) = origin.split_once("://") else { return false };
    let default = match protocol {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let Ok(origin) = origin.parse::<Authority>() else { return false };
    let port = |of: &Authority| of.port_u16().unwrap_or(default);
    origin.host().eq_ignore_ascii_case(host.host()) && port(&origin) == port(host)
}

/// Whether the header names one origin. Jetty reads a list in it, which browsers never send.
fn is_single(origin: &HeaderValue) -> bool {
    !origin.as_bytes().contains(&b' ')
}

#[cfg(test)]
mod tests {
    use axum::routing::any;
    use tower::ServiceExt as _;

    use super::*;

    fn pages(hosts: Option<HostNames>, origins: &str) -> Router {
        let origins = CrossOrigin::parse(origins, "").expect("in order");
        only_from(Router::new().fallback(any(async || "passed")), Pages { hosts, origins })
    }

    async fn status(router: &Router, method: Method, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        router.clone().oneshot(request).await.expect("infallible").status().as_u16()
    }

    const HERE: (&str, &str) = ("host", "127.0.0.1:8083");
    const CHANGES: [(Method, &str); 9] = [
        (Method::POST, "/connectors"),
        (Method::POST, "/connectors/a/restart"),
        (Method::PUT, "/connectors/a/pause"),
        (Method::DELETE, "/connectors/a"),
        (Method::PATCH, "/connectors/a/config"),
        (Method::PUT, "/admin/loggers/root"),
        (Method::POST, "/plugins"),
        (Method::DELETE, "/plugins/a"),
        (Method::POST, "/unknown"),
    ];

    #[tokio::test]
    async fn a_page_whose_name_was_rebound_to_this_worker_reads_and_changes_nothing() {
        let router = pages(Some(HostNames::default()), "");
        let rebound = [("host", "evil.example:8083"), ("origin", "http://evil.example:8083")];
        for (method, path) in CHANGES.into_iter().chain([(Method::GET, "/connectors/a/config"), (Method::OPTIONS, "/")])
        {
            assert_eq!(status(&router, method.clone(), path, &rebound).await, 403, "{method} {path}");
            assert_eq!(status(&router, method.clone(), path, &[HERE]).await, 200, "{method} {path}");
        }
        let both = [("host", "evil.example")];
        assert_eq!(status(&router, Method::GET, "http://evil.example/", &both).await, 403, "the target counts too");
        assert_eq!(status(&router, Method::GET, "http://evil.example/", &[HERE]).await, 400, "one of them is wrong");
        for host in ["localhost", "[::1]:8083", "worker.localhost:1"] {
            assert_eq!(status(&router, Method::GET, "/", &[("host", host)]).await, 200, "{host}");
        }
        // Clients that must authenticate may use any name: browsers have no credentials for such a page.
        assert_eq!(status(&pages(None, ""), Method::GET, "/", &rebound[..1]).await, 200);
    }

    #[tokio::test]
    async fn a_request_names_its_host_once() {
        let router = pages(None, "");
        for headers in [
            &[][..],
            &[("host", "a"), ("host", "a")],
            &[("host", "")],
            &[("host", "a b")],
            &[("host", "user@localhost")],
            &[("host", ":8083")],
            &[("host", "a/b")],
        ] {
            assert_eq!(status(&router, Method::GET, "/", headers).await, 400, "{headers:?}");
        }
        let old = Request::get("/").version(Version::HTTP_10).body(Body::empty()).expect("a request");
        assert_eq!(router.oneshot(old).await.expect("infallible").status(), 200, "HTTP/1.0 knows no Host");
    }

    #[tokio::test]
    async fn a_foreign_page_changes_nothing_with_and_without_a_body() {
        for (method, path) in CHANGES {
            let router = pages(Some(HostNames::default()), "");
            for foreign in [
                &[("origin", "http://evil.example")][..],
                &[("origin", "null")],
                &[("origin", "")],
                &[("origin", "http://127.0.0.1")],
                &[("origin", "http://127.0.0.1:8084")],
                &[("origin", "http://127.0.0.1:8083"), ("origin", "http://evil.example")],
                &[("origin", "http://evil.example http://127.0.0.1:8083")],
                &[("sec-fetch-site", "cross-site")],
                &[("sec-fetch-site", "same-site")],
            ] {
                let headers = [&[HERE], foreign].concat();
                assert_eq!(status(&router, method.clone(), path, &headers).await, 403, "{method} {path} {foreign:?}");
                assert_eq!(status(&router, Method::GET, path, &headers).await, 200, "browsers keep the answer from it");
            }
            for own in [
                &[][..],
                &[("origin", "http://127.0.0.1:8083"), ("sec-fetch-site", "same-origin")],
                &[("origin", "https://127.0.0.1:8083")],
                &[("sec-fetch-site", "none")],
            ] {
                assert_eq!(status(&router, method.clone(), path, &[&[HERE], own].concat()).await, 200, "{own:?}");
            }
        }
        let standard = [("host", "localhost"), ("origin", "http://localhost")];
        assert_eq!(status(&pages(None, ""), Method::POST, "/connectors", &standard).await, 200);
    }

    #[tokio::test]
    async fn origins_that_are_allowed_change_connectors_and_never_plugins() {
        for rules in ["*", "http://good.example"] {
            let router = pages(None, rules);
            let good = [HERE, ("origin", "http://good.example"), ("sec-fetch-site", "cross-site")];
            for (method, path) in CHANGES {
                let want = if matches!(path, "/plugins" | "/plugins/a" | "/unknown") { 403 } else { 200 };
                assert_eq!(status(&router, method.clone(), path, &good).await, want, "{rules} {method} {path}");
            }
            let two = [HERE, ("origin", "http://evil.example http://good.example")];
            assert_eq!(status(&router, Method::POST, "/connectors", &two).await, 403);
        }
        let evil = [HERE, ("origin", "http://evil.example")];
        assert_eq!(status(&pages(None, "http://good.example"), Method::POST, "/connectors", &evil).await, 403);
    }
}
