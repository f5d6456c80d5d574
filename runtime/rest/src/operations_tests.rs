//! The routes of offsets, topics and loggers over a worker without connectors. `tests/` has what needs plugins and Kafka.

use std::sync::Arc;

use axum::http::Method;
use serde_json::json;

use super::tests::{Fixture, error};
use weir_api::TargetState;
use weir_herder::{ConfigFile, ConfigStore as _, Origin, StoredConnector};
use weir_plugin::ConfigMap;

const OFFSETS_MISSING: &str = "Partitions / offsets need to be provided for an alter offsets request";

#[tokio::test]
async fn offsets_are_looked_at_before_the_connector_is() {
    let fixture = Fixture::new().await;
    let unknown = error(404, "Connector a not found");
    assert_eq!(fixture.get("/connectors/a/offsets").await, unknown);
    assert_eq!(fixture.json(Method::DELETE, "/connectors/a/offsets", "").await, unknown);
    for body in ["{}", r#"{"offsets":[]}"#, r#"{"offsets":null}"#] {
        let answer = fixture.json(Method::PATCH, "/connectors/a/offsets", body).await;
        assert_eq!(answer, error(400, OFFSETS_MISSING), "{body}");
    }
    let well = r#"{"offsets":[{"partition":{"filename":"x"},"offset":{"position":1}},{}]}"#;
    assert_eq!(fixture.json(Method::PATCH, "/connectors/a/offsets", well).await, unknown);
    for (body, fragment) in [
        ("{1", "Unexpected character ('1' (code 49)) at line 1 column 2"),
        ("[]", "Cannot deserialize value of type `org.apache.kafka.connect.runtime.rest.entities.ConnectorOffsets`"),
        (r#"{"offsets":{}}"#, "`java.util.ArrayList<org.apache.kafka.connect.runtime.rest.entities.ConnectorOffset>`"),
        (r#"{"offsets":[[]]}"#, "`org.apache.kafka.connect.runtime.rest.entities.ConnectorOffset` from Array value"),
        (
            r#"{"offsets":[{"partition":1}]}"#,
            "`java.util.LinkedHashMap<java.lang.String,java.lang.Object>` from Integer",
        ),
        (r#"{"offsets":[{"partition":{},"z":1}]}"#, "Unrecognized field \"z\""),
        (r#"{"offsets":[{}],"z":1}"#, "known properties: offsets"),
    ] {
        let (status, answer) = fixture.json(Method::PATCH, "/connectors/a/offsets", body).await;
        assert_eq!((status, answer["error_code"].as_u64()), (500, Some(500)), "{body}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|message| message.contains(fragment)), "{body}: {answer}");
    }
    assert_eq!(
        fixture.json(Method::POST, "/connectors/a/offsets", "{}").await,
        error(405, "HTTP 405 Method Not Allowed")
    );
}

#[tokio::test]
async fn topics_of_an_unknown_connector_are_none_and_tracking_can_be_forbidden() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.get("/connectors/a%2Fb/topics").await, (200, json!({"a/b": {"topics": []}})));
    assert_eq!(fixture.json(Method::PUT, "/connectors/a/topics/reset", "").await, (202, json!(null)));
    let fixture = Fixture::with(&[("topic.tracking.allow.reset", "false")]).await;
    assert_eq!(fixture.get("/connectors/a/topics").await.0, 200);
    let refused = error(403, "Topic tracking reset is disabled.");
    assert_eq!(fixture.json(Method::PUT, "/connectors/a/topics/reset", "").await, refused);
    let fixture = Fixture::with(&[("topic.tracking.enable", "false"), ("topic.tracking.allow.reset", "false")]).await;
    let refused = error(403, "Topic tracking is disabled.");
    assert_eq!(fixture.get("/connectors/a/topics").await, refused);
    assert_eq!(fixture.json(Method::PUT, "/connectors/a/topics/reset", "").await, refused);
}

#[tokio::test]
async fn levels_are_shown_and_set_as_kafka_connect_does() {
    let fixture = Fixture::new().await;
    let put = |path: &'static str, body: &'static str| fixture.json(Method::PUT, path, body);
    assert_eq!(fixture.get("/admin/loggers/root").await, (200, json!({"level": "INFO", "last_modified": null})));
    assert_eq!(fixture.get("/admin/loggers/nope").await, error(404, "Logger nope not found."));
    assert_eq!(put("/admin/loggers/nope", r#"{"level":" debug"}"#).await, (200, json!(["nope"])));
    assert_eq!(put("/admin/loggers/nope", r#"{"level":"DEBUG"}"#).await, (200, json!([])));
    let (status, level) = fixture.get("/admin/loggers/nope").await;
    assert_eq!((status, &level["level"]), (200, &json!("DEBUG")));
    assert!(level["last_modified"].as_u64().is_some_and(|millis| millis > 1_700_000_000_000), "{level}");
    assert_eq!(put("/admin/loggers/nope?scope=CLUSTER", r#"{"level":"warn"}"#).await, (204, json!(null)));
    assert_eq!(put("/admin/loggers/nope?scope=galaxy", r#"{"level":"INFO"}"#).await, (200, json!(["nope"])));
    assert_eq!(put("/admin/loggers/nope", r#"{"level":"loud"}"#).await, error(404, "invalid log level 'loud'."));
    let missing = error(400, "Desired 'level' parameter was not specified in request.");
    for body in ["{}", r#"{"level":null}"#] {
        assert_eq!(put("/admin/loggers/nope", body).await, missing, "{body}");
    }
    assert_eq!(put("/admin/loggers/nope", r#"{"level":["a"]}"#).await.0, 500);
    assert_eq!(put("/admin/loggers/connector.a%2Fb%20%C3%BC", r#"{"level":"TRACE"}"#).await.0, 200);
    let (_, all) = fixture.get("/admin/loggers").await;
    let names: Vec<_> = all.as_object().expect("an object").keys().map(String::as_str).collect();
    assert!(names.is_sorted() && names.contains(&"root") && names.contains(&"connector.a/b ü"), "{names:?}");
    assert_eq!(put("/admin/loggers/nope", r#"{"level":"OFF"}"#).await, (200, json!(["nope"])));
    assert!(fixture.get("/admin/loggers").await.1.get("nope").is_none(), "what is off is not listed");
    let (status, answer) = put("/admin/loggers/n0", r#"{"level":"DEBUG"}"#).await;
    assert_eq!((status, answer), (200, json!(["n0"])));
}

#[tokio::test]
async fn a_patch_of_nothing_is_answered_with_404_whatever_it_says() {
    let fixture = Fixture::new().await;
    let unknown = error(404, "Connector a not found");
    assert_eq!(fixture.json(Method::PATCH, "/connectors/a/config", r#"{"connector.class":null}"#).await, unknown);
    assert_eq!(fixture.json(Method::PATCH, "/connectors/a/config", "[]").await.0, 500);
    assert_eq!(fixture.json(Method::POST, "/connectors/a/tasks/-1/restart", "").await, unknown);
    assert_eq!(fixture.get("/connectors/a/tasks/-1/status").await, error(404, "No status found for task a--1"));
}

#[tokio::test]
async fn names_of_every_kind_reach_the_herder_as_they_are_meant() {
    let fixture = Fixture::new().await;
    for (path, name) in [
        ("a%2Fb", "a/b"),
        ("..", ".."),
        ("..%2F..%2Fx", "../../x"),
        ("%C3%BC%20x", "ü x"),
        ("a+b%2Bc", "a+b+c"),
        ("%25", "%"),
        ("a%5Cb", "a\\b"),
        ("%20", " "),
        ("a%3Fb%23c", "a?b#c"),
    ] {
        for rest in ["", "/config", "/tasks", "/offsets"] {
            let answer = fixture.get(&format!("/connectors/{path}{rest}")).await;
            assert_eq!(answer, error(404, &format!("Connector {name} not found")), "{path}{rest}");
        }
        assert_eq!(fixture.get(&format!("/connectors/{path}/topics")).await, (200, json!({name: {"topics": []}})));
    }
    assert_eq!(fixture.get("/connectors/%FF/offsets").await, error(400, "Bad UTF-8 encoding"));
    assert_eq!(fixture.get("/connectors//offsets").await, error(400, "Ambiguous URI empty segment"));
}

#[tokio::test]
async fn kept_connectors_whose_plugin_is_gone_are_there_and_say_so() {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("connectors");
    let config: ConfigMap =
        [("connector.class", "Gone"), ("name", "a/b")].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let lines = [json!({"name": "a/b", "target": "STOPPED", "command_line": false, "config": config}).to_string()];
    std::fs::write(
        &path,
        weir_storage::checksummed_lines::render("connectors", &Default::default(), lines.into_iter()),
    )
    .expect("written");
    let fixture = Fixture::with(&[("weir.standalone.state", &path.display().to_string())]).await;
    let (_, info) = fixture.get("/connectors/a%2Fb").await;
    assert_eq!((&info["config"], &info["type"]), (&json!(config), &json!("unknown")));
    fixture.herder.start_stored(&std::collections::HashSet::new()).await.expect("the others would run");
    let (_, status) = fixture.get("/connectors/a%2Fb/status").await;
    assert_eq!((&status["connector"]["state"], &status["type"]), (&json!("FAILED"), &json!("unknown")));
    let trace = status["connector"]["trace"].as_str().unwrap_or_default();
    assert!(trace.contains("Failed to find any class"), "{status}");
    let (code, answer) = fixture.json(Method::DELETE, "/connectors/a%2Fb/offsets", "").await;
    assert_eq!((code, answer["message"].as_str()), (500, Some(trace)));
    let (code, _) = fixture.json(Method::POST, "/connectors/a%2Fb/restart", "").await;
    assert_eq!(code, 500);
    // Whatever becomes of it, it is kept.
    assert_eq!(fixture.json(Method::PUT, "/connectors/a%2Fb/pause", "").await.0, 202);
    let text = std::fs::read_to_string(&path).expect("there");
    assert!(text.contains(r#""target":"PAUSED""#) && text.contains("Gone"), "{text}");
    assert_eq!(fixture.json(Method::DELETE, "/connectors/a%2Fb", "").await.0, 204);
    assert!(!std::fs::read_to_string(&path).expect("there").contains("Gone"));
}

#[tokio::test]
async fn the_connectors_end_with_the_herder() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("connectors");
    let config = [("name", "kept"), ("connector.class", "Missing")];
    let config = config.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let file = ConfigFile::open(&path).expect("a new file");
    file.put("kept", StoredConnector { config, target: TargetState::Started, origin: Origin::Rest });
    file.save().await.expect("written");
    let fixture = Fixture::with(&[("weir.standalone.state", path.to_str().expect("UTF-8"))]).await;
    fixture.herder.start_stored(&std::collections::HashSet::new()).await.expect("it is FAILED");
    assert_eq!(fixture.get("/connectors").await, (200, json!(["kept"])));
    let worker = Arc::downgrade(&fixture.worker);
    drop(fixture);
    // A connector holds what it works with; held by that in turn, it would never end.
    assert!(worker.upgrade().is_none(), "something still holds the worker's configuration");
}
