//! Configured response headers: those that allow web pages of other origins to read a response (the Fetch standard's CORS protocol, as
//! Jetty's CrossOriginHandler implements it) and those of `response.http.headers.config`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use weir_config::rest::{CrossOrigin, HeaderRule, HeaderRuleValue};

/// Weir's own resources. Keys that allow web pages to use Kafka Connect's resources do not apply to them.
const OWN: [&str; 2] = ["plugins", "metrics"];

/// Adds headers that say which pages may read the response, and for a preflight request what they may send. Requests from other pages
/// that change nothing are answered, too; the browser hides the response from the page.
pub(super) async fn cross_origin(
    State(rules): State<Arc<CrossOrigin>>,
    request: Request<Body>,
    next: Next,
) -> Response {
    if request.uri().path().split('/').nth(1).is_some_and(|first| OWN.contains(&first)) {
        return next.run(request).await;
    }
    let origin = request.headers().get(header::ORIGIN).filter(|origin| rules.allows(origin)).cloned();
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if preflight {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, rules.methods.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Content-Type"));
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("60"));
        }
    }
    response
}

/// Adds the configured headers.
pub(super) async fn configured(
    State(rules): State<Arc<Vec<HeaderRule>>>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let configured = evaluate(&rules, SystemTime::now());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for name in configured.keys() {
        // In Kafka Connect the rules are applied before the resource, so a resource's own header takes precedence.
        if !headers.contains_key(name) {
            for value in configured.get_all(name) {
                headers.append(name.clone(), value.clone());
            }
        }
    }
    response
}

/// Returns the headers that result from the rules, applied in order.
fn evaluate(rules: &[HeaderRule], now: SystemTime) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for HeaderRule { add, name, value } in rules {
        let value = match value {
            HeaderRuleValue::Text(value) => value.clone(),
            HeaderRuleValue::Date(offset) => {
                let by = Duration::from_millis(offset.unsigned_abs());
                let moved = if *offset < 0 { now.checked_sub(by) } else { now.checked_add(by) };
                match moved.and_then(http_date) {
                    Some(date) => date,
                    None => continue,
                }
            }
        };
        match add {
            true => drop(headers.append(name.clone(), value)),
            false => drop(headers.insert(name.clone(), value)),
        }
    }
    headers
}

/// Formats a date for a header (RFC 9110). Returns `None` for years that the format cannot represent.
fn http_date(time: SystemTime) -> Option<HeaderValue> {
    // Until 9999, because the format has four digits for the year.
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    (seconds < 253_402_300_800).then(|| HeaderValue::from_str(&httpdate::fmt_http_date(time)).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(add: bool, name: &'static str, value: HeaderRuleValue) -> HeaderRule {
        HeaderRule { add, name: header::HeaderName::from_static(name), value }
    }

    #[test]
    fn rules_work_one_after_the_other() {
        let text = |text| HeaderRuleValue::Text(HeaderValue::from_static(text));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let headers = evaluate(
            &[
                rule(true, "x-a", text("1")),
                rule(false, "x-a", text("2")),
                rule(true, "x-a", text("3")),
                rule(false, "x-date", HeaderRuleValue::Date(1000)),
                rule(false, "x-never", HeaderRuleValue::Date(i64::MAX)),
                rule(false, "x-before", HeaderRuleValue::Date(i64::MIN)),
            ],
            now,
        );
        assert_eq!(headers.get_all("x-a").iter().collect::<Vec<_>>(), ["2", "3"]);
        assert_eq!(headers["x-date"], "Sun, 06 Nov 1994 08:49:38 GMT");
        assert_eq!(headers.len(), 3);
    }
}
