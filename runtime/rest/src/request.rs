//! What all resources do with a request: decode names, read bodies, apply Kafka Connect's time limit, write to the log.

use std::convert::Infallible;
use std::future::Future;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, RawQuery, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;
use tracing::debug;

use super::App;
use super::error::Failure;
use super::peer::Peer;
use weir_api::json;
use weir_java::date;

/// How long a request may take, as in Kafka Connect. The work that it started continues after that.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);

/// The parameters of the path, percent-decoded. If one has the wrong type, the answer is 404.
pub(super) struct PathParams<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathParams<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(parameters)) => Ok(Self(parameters)),
            Err(_) => Err(Failure::plain(StatusCode::NOT_FOUND)),
        }
    }
}

/// The server's address as the client wrote it, `https://host:port`; empty if the request has no `Host`.
pub(super) struct BaseUri(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for BaseUri {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let scheme = if parts.extensions.get::<Peer>().is_some() { "https" } else { "http" };
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        Ok(Self(host.map(|host| format!("{scheme}://{host}")).unwrap_or_default()))
    }
}

/// The parameters of the query, decoded, in their order.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Returns all values of a parameter, which may occur more than once.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns `Boolean.valueOf` of the first value, or `None` if the parameter is missing.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.all(name).next().map(|value| value.eq_ignore_ascii_case("true"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Ok(RawQuery(query)) = RawQuery::from_request_parts(parts, state).await;
        let query = query.unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        Ok(Self(pairs.map(|(key, value)| (key.into_owned(), value.into_owned())).collect()))
    }
}

/// A JSON body. `None` if there is no body, or if it is `null`.
pub(super) struct JsonBody<T>(pub(super) Option<T>);

impl<T: json::Body> FromRequest<App> for JsonBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (head, body) = request.into_parts();
        let (body, _permit) = read(body, &app.large_bodies).await?;
        // Jackson ignores the type if there is no body.
        if !body.is_empty() && !has_type(&head.headers, "application/json") {
            return Err(Failure::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        json::read(&body).map(Self).map_err(|error| match error.is_long_name() {
            true => Failure::bad_request(error.to_string()),
            // Kafka Connect answers an invalid body with 500.
            false => Failure::internal(error.to_string()),
        })
    }
}

/// Reads a body into memory. A large one needs a permit, of which there are few, because a slow client can take hours to send it.
async fn read(mut body: Body, permits: &Semaphore) -> Result<(Vec<u8>, Option<SemaphorePermit<'_>>), Failure> {
    let (mut bytes, mut permit) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::bad_request(format!("Failed to read the request body: {error}")))?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len() + data.len() > super::JSON_BODY_MAX {
            let message = format!("The body is larger than {} bytes", super::JSON_BODY_MAX);
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message));
        }
        if permit.is_none() && bytes.len() + data.len() > super::LARGE_BODY {
            permit = Some(permits.try_acquire().map_err(|_| {
                let (at_once, large) = (super::LARGE_BODIES_MAX, super::LARGE_BODY);
                let message = format!(
                    "Too many large bodies: the worker reads {at_once} bodies of more than {large} bytes at once; try again later"
                );
                Failure::new(StatusCode::SERVICE_UNAVAILABLE, message)
            })?);
        }
        bytes.extend_from_slice(data);
    }
    Ok((bytes, permit))
}

/// Whether the body has this media type; parameters are ignored.
pub(super) fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    given.and_then(|given| given.split(';').next()).is_some_and(|given| given.trim().eq_ignore_ascii_case(wanted))
}

/// Runs the work of a request, and waits for it until the request's time limit. The work is a task of its own, so that it is completed
/// even if the limit is reached or the client disconnects. `stage` says what the worker is doing, for the message.
pub(super) async fn finish<T, E>(
    stage: impl Into<String>,
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, Failure>
where
    T: Send + 'static,
    E: Into<Failure> + Send + 'static,
{
    wait(REQUEST_TIMEOUT, stage.into(), tokio::spawn(work)).await
}

/// Like [`finish`], for work that is useless without its client: it is cancelled if the client disconnects or the limit is reached.
pub(super) async fn attend<T, E>(
    stage: impl Into<String>,
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, Failure>
where
    T: Send + 'static,
    E: Into<Failure> + Send + 'static,
{
    let handle = AbortOnDropHandle::new(tokio::spawn(work));
    wait(REQUEST_TIMEOUT, stage.into(), handle).await
}

async fn wait<T, E>(
    limit: Duration,
    stage: String,
    work: impl Future<Output = Result<Result<T, E>, JoinError>>,
) -> Result<T, Failure>
where
    E: Into<Failure>,
{
    let began = SystemTime::now();
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(done)) => done.map_err(Into::into),
        Ok(Err(error)) => {
            tracing::error!(%error, stage, "a request ended in a panic; this is a bug in Weir");
            Err(Failure::internal("Internal error; see the worker's log"))
        }
        Err(_) => {
            let instant = instant(began);
            let message = format!("Request timed out. The worker is currently {stage}, which began at {instant}.");
            Err(Failure::internal(message))
        }
    }
}

/// Formats a time as ISO-8601 in UTC with milliseconds, as Java prints an `Instant`.
fn instant(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    format!("{}T{}", date::iso_date(millis), date::iso_time(millis))
}

/// Kafka Connect's resources accept and return JSON, and check the headers for it before anything else: a request with another
/// `Content-Type`, even without a body, is answered with 415, and one whose `Accept` excludes JSON with 406.
pub(super) async fn negotiate(request: Request<Body>, next: Next) -> Result<Response, Failure> {
    let headers = request.headers();
    if request.method() != Method::OPTIONS {
        let said = headers.contains_key(header::CONTENT_TYPE);
        if said && !["application/json", "application/*", "*/*"].iter().any(|taken| has_type(headers, taken)) {
            return Err(Failure::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        if !takes_json(headers) {
            return Err(Failure::plain(StatusCode::NOT_ACCEPTABLE));
        }
    }
    Ok(next.run(request).await)
}

/// Whether the client accepts a JSON response; quality values are ignored.
pub(super) fn takes_json(headers: &HeaderMap) -> bool {
    let mut says_nothing = true;
    for value in headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()) {
        for range in value.split(',').map(media_type).filter(|range| !range.is_empty()) {
            if ["*", "*/*", "application/*", "application/json"].iter().any(|json| range.eq_ignore_ascii_case(json)) {
                return true;
            }
            says_nothing = false;
        }
    }
    says_nothing
}

/// Returns a media type or range without its parameters.
fn media_type(text: &str) -> &str {
    text.split(';').next().unwrap_or_default().trim()
}

/// Refuses malformed headers before a resource is looked up.
pub(super) async fn well_formed(request: Request<Body>, next: Next) -> Response {
    let headers = request.headers();
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let kind = types.next();
    let kind = kind.is_none_or(|value| value.to_str().is_ok_and(|text| is_media_type(media_type(text))));
    let ranges = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accepted = ranges.flat_map(|value| value.split(',')).all(is_range);
    match kind && accepted && types.next().is_none() {
        true => next.run(request).await,
        false => Failure::malformed("Bad Request"),
    }
}

/// Whether a text is `type/subtype`, both valid tokens (RFC 9110).
fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    text.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

/// Whether a text is a valid part of an `Accept` header: empty, a word, or a type whose quality, if given, is a number from 0 to 1.
fn is_range(range: &str) -> bool {
    let kind = media_type(range);
    let parameters = || range.split(';').skip(1).map(str::trim).filter(|parameter| !parameter.is_empty());
    // Jersey accepts a single word, such as `*`, as a type.
    (is_media_type(kind) || !kind.contains('/'))
        && parameters().all(|parameter| match parameter.split_once('=') {
            Some(("q", quality)) => quality.parse().is_ok_and(|quality: f64| (0.0..=1.0).contains(&quality)),
            Some(_) => true,
            None => false,
        })
}

/// Answers `OPTIONS` with the methods of the resource, and adds them to the answer to a request with an unsupported method.
pub(super) async fn methods(request: Request<Body>, next: Next) -> Response {
    // In the order that Jersey gives them.
    const ORDER: [&str; 7] = ["HEAD", "DELETE", "POST", "GET", "OPTIONS", "PUT", "PATCH"];
    let asked = request.method() == Method::OPTIONS;
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let accepted = accepted.and_then(|value| value.split(',').next()).map(media_type).map(HeaderValue::from_str);
    let mut response = next.run(request).await;
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let known = response.headers().get(header::ALLOW).and_then(|known| known.to_str().ok()).unwrap_or_default();
    let methods: Vec<&str> = ORDER
        .into_iter()
        .filter(|method| *method == "OPTIONS" || known.split(',').any(|known| known == *method))
        .collect();
    let Ok(allow) = HeaderValue::from_str(&methods.join(",")) else { return response };
    if asked {
        *response.status_mut() = StatusCode::OK;
        // A client that sends `Accept` gets an empty body with its own type.
        let (kind, text) = match accepted {
            Some(Ok(kind)) => (kind, String::new()),
            _ => (HeaderValue::from_static("text/plain"), methods.join(", ")),
        };
        *response.body_mut() = Body::from(text);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response.headers_mut().insert(header::ALLOW, allow);
    response
}

/// Logs each request after it has been answered.
pub(super) async fn log(request: Request<Body>, next: Next) -> Response {
    let (method, path, began) = (request.method().clone(), request.uri().path().to_owned(), Instant::now());
    let response = next.run(request).await;
    let (status, millis) = (response.status().as_u16(), began.elapsed().as_millis());
    debug!(%method, path, status, millis, "request");
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_printed_as_java_does() {
        let at = |seconds, millis| instant(UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_millis(millis));
        assert_eq!(at(0, 0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_399, 7), "2000-02-28T23:59:59.007Z");
        assert_eq!(at(951_782_400, 0), "2000-02-29T00:00:00.000Z");
        assert_eq!(at(1_795_247_731, 967), "2026-11-21T07:55:31.967Z");
        assert_eq!(at(4_107_542_400, 0), "2100-03-01T00:00:00.000Z");
    }

    #[tokio::test]
    async fn a_slow_request_names_its_stage_and_the_work_continues() {
        let (done, finished) = tokio::sync::oneshot::channel();
        let work = async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let _ = done.send(());
            Ok::<(), Failure>(())
        };
        let failure =
            wait(Duration::from_millis(5), "testing".to_owned(), tokio::spawn(work)).await.expect_err("too slow");
        let text = format!("{failure:?}");
        assert!(text.contains("Request timed out. The worker is currently testing, which began at 20"), "{text}");
        finished.await.expect("the work is not cancelled");
    }

    #[tokio::test]
    async fn attended_work_ends_with_its_request() {
        let (held, dropped) = tokio::sync::oneshot::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let work = async move {
            let _held = held;
            let _ = begun.send(());
            std::future::pending::<Result<(), Failure>>().await
        };
        let request = tokio::spawn(attend("testing", work));
        begins.await.expect("the work begins");
        request.abort();
        dropped.await.expect_err("the work is dropped");
    }
}
