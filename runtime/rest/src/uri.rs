//! Prepares the path of a request for the lookup of a resource: refuses what Jetty refuses, and removes what Jersey ignores.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

use super::error::Failure;

/// Refuses paths that proxies might interpret differently, and removes what has no meaning: parameters of a segment (`/a;x=1`) and a
/// trailing slash.
///
/// Kafka Connect's server refuses an encoded slash (`%2F`), backslash (`%5C`) and percent sign (`%25`) as well. Here they are part
/// of a name: a connector whose name has one can be created, so it must be possible to stop it.
pub(super) async fn clean(mut request: Request<Body>, next: Next) -> Response {
    if let Err(why) = target(&request) {
        return Failure::malformed(why);
    }
    match cleaned(request.uri().path()) {
        Err(why) => Failure::malformed(why),
        Ok(path) => {
            if path != request.uri().path() {
                match with_path(request.uri(), &path) {
                    Some(uri) => *request.uri_mut() = uri,
                    None => return Failure::malformed("Bad Request"),
                }
            }
            next.run(request).await
        }
    }
}

/// Refuses invalid request targets. A request whose target is an absolute URI names its host twice.
fn target(request: &Request<Body>) -> Result<(), &'static str> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    match (request.uri().authority(), host) {
        _ if request.method() == Method::CONNECT => Err("Bad Request"),
        (_, Some("")) => Err("Blank Host"),
        (Some(authority), Some(host)) if authority.as_str() != host => Err("Authority!=Host"),
        _ => Ok(()),
    }
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    parts.path_and_query = Some(text.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// Returns the path without parameters and without a trailing slash. The error is Jetty's message.
fn cleaned(path: &str) -> Result<String, &'static str> {
    // `*` of `OPTIONS *`.
    let Some(rest) = path.strip_prefix('/') else { return Ok(path.to_owned()) };
    let mut cleaned = String::with_capacity(path.len());
    let segments: Vec<&str> = rest.split('/').collect();
    let last = segments.len() - 1;
    for (index, segment) in segments.iter().enumerate() {
        if segment.is_empty() && index < last {
            return Err("Ambiguous URI empty segment");
        }
        let name = segment.split_once(';').map_or(*segment, |(name, _)| name);
        check(name, segment)?;
        if !segment.is_empty() {
            cleaned.push('/');
            cleaned.push_str(name);
        }
    }
    Ok(if cleaned.is_empty() { "/".to_owned() } else { cleaned })
}

fn check(name: &str, segment: &str) -> Result<(), &'static str> {
    if segment.contains('\\') {
        return Err("Suspicious Path Character, Illegal Path Character");
    }
    if !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&byte)) {
        return Err("Illegal Path Character");
    }
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next(), bytes.next()];
            if !digits.iter().flatten().all(u8::is_ascii_hexdigit) || digits[1].is_none() {
                return Err("Bad Request");
            }
        }
    }
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(name).collect();
    if decoded.contains(&0) {
        return Err("Bad Request");
    }
    let Ok(text) = str::from_utf8(&decoded) else { return Err("Bad UTF-8 encoding") };
    if text.contains(|c: char| c.is_ascii_control()) {
        return Err("Suspicious Path Character");
    }
    if matches!(text, "." | "..") && text != name {
        return Err("Ambiguous URI path segment");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_a_slash_at_the_end_have_no_meaning() {
        for (path, want) in [
            ("/", "/"),
            ("*", "*"),
            ("/connectors/", "/connectors"),
            ("/connectors/a;x=1/status;y", "/connectors/a/status"),
            ("/connectors/a%3Bb", "/connectors/a%3Bb"),
            ("/connectors/a%2Fb%25%20c+d", "/connectors/a%2Fb%25%20c+d"),
            ("/connectors/..", "/connectors/.."),
        ] {
            assert_eq!(cleaned(path).as_deref(), Ok(want), "{path}");
        }
        let uri: Uri = "/connectors/?expand=info".parse().expect("a URI");
        assert_eq!(with_path(&uri, "/connectors").expect("a URI"), "/connectors?expand=info");
    }

    #[test]
    fn ambiguous_paths_are_refused_in_jettys_words() {
        for (path, want) in [
            ("//", "Ambiguous URI empty segment"),
            ("/connectors//status", "Ambiguous URI empty segment"),
            ("/connectors/%2e%2E/x", "Ambiguous URI path segment"),
            ("/connectors/.%2e", "Ambiguous URI path segment"),
            ("/connectors/%FF", "Bad UTF-8 encoding"),
            ("/connectors/%", "Bad Request"),
            ("/connectors/%zz", "Bad Request"),
            ("/connectors/a%00", "Bad Request"),
            ("/connectors/a%0Ab", "Suspicious Path Character"),
            ("/connectors/a|b", "Illegal Path Character"),
            ("/connectors/\u{e9}", "Illegal Path Character"),
        ] {
            assert_eq!(cleaned(path), Err(want), "{path}");
        }
    }
}
