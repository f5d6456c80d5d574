//! Wrong and missing credentials at every route, rights, and the files of users and tokens.

use std::fs;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::routing::get;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::peer::Peer;
use crate::tests::Fixture;

const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// A directory with files of users and tokens: reader and operator have passwords, uploader has a token.
struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { directory: tempfile::tempdir().expect("directory") };
        files.write("users", &format!("reader=plain secret:1\noperator={}\n", hashed("hashed")));
        files.write("tokens", "uploader=sha256:3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0\n");
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    fn auth(&self) -> Auth {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Auth {
            users_file: Some(self.path("users")),
            tokens_file: Some(self.path("tokens")),
            certificates: true,
            read: names(&["reader"]),
            operate: names(&["operator", "certified"]),
            upload: names(&["uploader"]),
            ..Auth::default()
        }
    }

    fn open(&self) -> Arc<Security> {
        Security::open(&self.auth()).expect("in order").expect("on")
    }
}

fn hashed(password: &str) -> String {
    bcrypt::hash(password, 4).expect("a hash")
}

fn basic(name: &str, password: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}")))
}

/// The uploader's token. Its SHA-256 is in the file.
const TOKEN: &str = "Bearer token";

async fn send(
    router: &Router,
    method: &Method,
    path: &str,
    credentials: Option<&str>,
) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(credentials) = credentials {
        request = request.header(header::AUTHORIZATION, credentials);
    }
    let response = router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("infallible");
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    (head.status, head.headers, String::from_utf8_lossy(&body).into_owned())
}

/// Returns the paths of all routes in the sources of this module's parent, with `a` for each name in them.
fn routes() -> Vec<String> {
    fn walk(directory: &Path, routes: &mut Vec<String>) {
        for entry in fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                walk(&entry, routes);
            } else if !entry.to_string_lossy().ends_with("tests.rs") {
                let text = fs::read_to_string(&entry).expect("a source file");
                for part in text.split(".route(").skip(1) {
                    let path = part.trim_start().strip_prefix('"').and_then(|part| part.split('"').next());
                    let path = path.unwrap_or_else(|| panic!("{}: a route without a path in it", entry.display()));
                    let parts = path.split('/').map(|part| if part.starts_with('{') { "a" } else { part });
                    routes.push(parts.collect::<Vec<_>>().join("/"));
                }
            }
        }
    }
    let mut routes = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut routes);
    assert!(routes.len() > 20, "{routes:?}");
    routes
}

/// Requests between workers of a cluster, which are signed in another way.
fn of_workers(path: &str, method: &Method) -> bool {
    matches!((path, method), ("/connectors/a/tasks", &Method::POST) | ("/connectors/a/fence", &Method::PUT))
}

#[tokio::test]
async fn requests_without_valid_credentials_are_refused_at_every_route() {
    let (fixture, files) = (Fixture::new().await, Files::new());
    let router = guard(fixture.router.clone(), Some(files.open()));
    let wrong = [
        None,
        Some(basic("reader", "guessed")),
        Some(basic("nobody", "plain secret:1")),
        Some(basic("reader", "")),
        Some("Basic".to_owned()),
        Some("Basic !".to_owned()),
        Some("Bearer guessed".to_owned()),
        Some("Digest a".to_owned()),
        Some(String::new()),
    ];
    let unknown = ["/nothing", "/plugins/a/b", "//", "/connectors/a/tasks/0/fence", "/%70lugins"].map(str::to_owned);
    for path in routes().into_iter().chain(unknown) {
        for (method, credentials) in METHODS.iter().flat_map(|method| wrong.iter().map(move |wrong| (method, wrong))) {
            if of_workers(&path, method) {
                continue;
            }
            let (status, headers, body) = send(&router, method, &path, credentials.as_deref()).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} {credentials:?}: {body}");
            // The answer of Kafka Connect 4.3.1 with its BasicAuthSecurityRestExtension.
            let kind = if method == Method::OPTIONS { "text/plain" } else { "application/json" };
            assert_eq!(headers[header::CONTENT_TYPE], kind, "{method} {path}");
            // A response to HEAD has no body.
            let dropped = method == Method::HEAD && body.is_empty();
            assert!(dropped || body == "User cannot access the resource.", "{method} {path}: {body}");
            assert!(!headers.contains_key(header::WWW_AUTHENTICATE));
        }
    }
}

#[tokio::test]
async fn a_name_has_the_rights_it_was_given_at_every_route() {
    let (fixture, files) = (Fixture::new().await, Files::new());
    let router = guard(fixture.router.clone(), Some(files.open()));
    let (reader, operator) = (basic("reader", "plain secret:1"), basic("operator", "hashed"));
    for path in routes() {
        let change = if path.starts_with("/plugins") { "upload" } else { "operate" };
        let known = ["/connector", "/admin", "/plugins"].iter().any(|known| path.starts_with(known));
        for method in &METHODS {
            let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
            for (credentials, right) in [(&*reader, ""), (&*operator, "operate"), (TOKEN, "upload")] {
                let (status, _, body) = send(&router, method, &path, Some(credentials)).await;
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{method} {path} {right}");
                let may = reads || right == change || of_workers(&path, method);
                if known {
                    let refused = status == StatusCode::FORBIDDEN && body.contains("the worker's key weir.rest.auth.");
                    assert_eq!(!refused, may, "{method} {path} {right}: {status} {body}");
                }
            }
        }
    }
    let (status, _, body) = send(&router, &Method::DELETE, "/plugins/a", Some(&operator)).await;
    let message = "User operator may not upload; add the name to the worker's key weir.rest.auth.upload";
    assert_eq!((status.as_u16(), body), (403, format!(r#"{{"error_code":403,"message":"{message}"}}"#)));
}

#[tokio::test]
async fn origins_that_are_allowed_see_nothing_of_weirs_own_resources() {
    let fixture = Fixture::with(&[("access.control.allow.origin", "*")]).await;
    for path in routes() {
        let own = ["/plugins", "/metrics"].iter().any(|own| path.starts_with(own));
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri(&path)
            .header(header::HOST, "localhost")
            .header(header::ORIGIN, "http://evil.example")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
        let response = fixture.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await;
        let opened = response.expect("infallible").headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(opened, !own, "{path}");
    }
}

/// Returns which credentials a route after the guard can see.
fn telltale(security: Option<Arc<Security>>) -> Router {
    let seen = async |headers: HeaderMap| format!("{:?}", headers.get(header::AUTHORIZATION));
    guard(Router::new().route("/", get(seen)), security)
}

#[tokio::test]
async fn routes_after_the_guard_do_not_see_the_credentials() {
    let files = Files::new();
    for security in [Some(files.open()), None] {
        let answer = send(&telltale(security), &Method::GET, "/", Some(&basic("reader", "plain secret:1"))).await;
        assert_eq!((answer.0, answer.2.as_str()), (StatusCode::OK, "None"));
    }
}

#[tokio::test]
async fn hashed_passwords_are_right_or_wrong_the_second_time_too() {
    let files = Files::new();
    let long = "x".repeat(73);
    files.write("users", &format!("a={}\nlong={}\n", hashed("right"), hashed(&long)));
    let router = telltale(Some(files.open()));
    let status = async |name: &str, password: &str| {
        send(&router, &Method::GET, "/", Some(&basic(name, password))).await.0.as_u16()
    };
    // It has no right to read, so 403 shows that the credentials were valid.
    for _ in 0..2 {
        assert_eq!(status("a", "right").await, 403);
        assert_eq!(status("a", "wrong").await, 401);
        assert_eq!(status("b", "right").await, 401);
    }
    // bcrypt uses only 72 bytes, so any suffix would be accepted.
    assert_eq!(status("long", &long).await, 401);
}

#[tokio::test]
async fn a_certificate_proves_its_name_unless_other_credentials_are_sent() {
    let files = Files::new();
    let router = telltale(Some(files.open()));
    let send = async |name: Option<&str>, credentials: Option<&str>| {
        let mut request = Request::get("/");
        if let Some(credentials) = credentials {
            request = request.header(header::AUTHORIZATION, credentials);
        }
        let mut request = request.body(Body::empty()).expect("a request");
        request.extensions_mut().insert(Peer { certificate_name: name.map(Arc::from) });
        router.clone().oneshot(request).await.expect("infallible").status().as_u16()
    };
    assert_eq!(send(Some("certified"), None).await, 200);
    assert_eq!(send(Some("stranger"), None).await, 403);
    assert_eq!(send(None, None).await, 401);
    assert_eq!(send(Some("certified"), Some("Bearer guessed")).await, 401);
    let mut without = files.auth();
    without.certificates = false;
    let router = telltale(Security::open(&without).expect("in order"));
    let mut request = Request::get("/").body(Body::empty()).expect("a request");
    request.extensions_mut().insert(Peer { certificate_name: Some(Arc::from("certified")) });
    assert_eq!(router.oneshot(request).await.expect("infallible").status().as_u16(), 401);
}

#[tokio::test]
async fn changed_files_are_read_again_unless_they_are_not_valid() {
    let files = Files::new();
    let security = files.open();
    let router = telltale(Some(Arc::clone(&security)));
    let status =
        async |password: &str| send(&router, &Method::GET, "/", Some(&basic("reader", password))).await.0.as_u16();
    let look = || security.users.as_ref().expect("users").look_now();
    assert_eq!(status("plain secret:1").await, 200);
    files.write("users", "reader=another\n");
    look();
    assert_eq!((status("plain secret:1").await, status("another").await), (401, 200));
    files.write("users", "# no users\n");
    look();
    assert_eq!(status("another").await, 200, "a file without users does not replace the previous content");
    fs::remove_file(files.path("users")).expect("removed");
    look();
    assert_eq!(status("another").await, 200);
}

#[test]
fn files_without_valid_entries_are_refused() {
    let files = Files::new();
    let refused = |name: &str, text: &str| {
        files.write(name, text);
        let error = Security::open(&files.auth()).err().expect("refused").to_string();
        files.write("users", "a=b\n");
        files.write("tokens", "a=b\n");
        error
    };
    for (name, text, part) in [
        ("users", "", "has no users"),
        ("users", "a\n", "lacks a name, or a password or token"),
        ("users", "=secret\n", "lacks a name, or a password or token"),
        ("users", "a=$2y$05$tooshort\n", "begins like a bcrypt hash"),
        ("users", "a=$2y$17$abcdefghijklmnopqrstuu5Z0BBgk3OXFxxDFeGXjTq0h7GuQXPFe\n", "cost of more than 16"),
        ("tokens", "a=sha256:00ff\n", "64 hexadecimal digits"),
    ] {
        let error = refused(name, text);
        assert!(error.contains(part), "{name} {text:?}: {error}");
        assert!(!error.contains("secret"), "{error}");
    }
    let jaas = "KafkaConnect { org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required \
                file=\"FILE\"; };";
    let auth = Auth { jaas_file: Some(files.path("jaas")), ..Auth::default() };
    assert!(Security::open(&auth).err().is_some_and(|error| error.to_string().contains("cannot be read")));
    files.write("jaas", &jaas.replace("FILE", &files.path("missing").display().to_string()));
    assert!(Security::open(&auth).err().is_some_and(|error| error.to_string().contains("missing")));
    files.write("jaas", &jaas.replace("FILE", &files.path("users").display().to_string()));
    assert!(Security::open(&auth).expect("in order").is_some());
    assert!(Security::open(&Auth::default()).expect("nothing is asked for").is_none());
}
