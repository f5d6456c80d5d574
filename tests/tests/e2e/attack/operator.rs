//! A client with every right that uses it carelessly: one connector after the other is created, told this and that in any order, and
//! removed.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use weir_tests::rest::Answer;

use super::actors::Turn;

/// What a connector is told.
const WORDS: &[&str] = &[
    "pause",
    "resume",
    "stop",
    "restart",
    "restart all",
    "restart task",
    "configure",
    "patch",
    "offsets",
    "alter offsets",
    "reset offsets",
    "topics",
    "reset topics",
    "logger",
    "validate",
    "status",
];

pub(super) fn act(turn: &mut Turn<'_>) -> Result<String> {
    let name = turn.scene.name("operated");
    let mut config = json!({
        "connector.class": "weir.tests.HostileSource",
        "topic": turn.scene.at.output,
        "records": turn.rng.u32(1..500).to_string(),
    });
    let rest = turn.scene.rest.clone();
    turn.does(format!("creates {name} with {config}"));
    rest.create(&name, &config)?;
    let mut told = Vec::new();
    for _ in 0..turn.rng.usize(1..12) {
        let word = turn.one_of(WORDS);
        told.push(word);
        turn.does(format!("{name} is told: {}", told.join(", ")));
        let path = format!("/connectors/{name}");
        let answer = match word {
            "pause" | "resume" | "stop" => rest.put(&format!("{path}/{word}"), &Value::Null)?,
            "restart" => rest.post(&format!("{path}/restart"), &Value::Null)?,
            "restart all" => rest.post(&format!("{path}/restart?includeTasks=true"), &Value::Null)?,
            "restart task" => rest.post(&format!("{path}/tasks/{}/restart", turn.rng.u8(..3)), &Value::Null)?,
            "configure" => {
                config["records"] = turn.rng.u32(1..500).to_string().into();
                rest.put(&format!("{path}/config"), &config)?
            }
            "patch" => rest.patch(&format!("{path}/config"), &json!({"records": turn.rng.u32(1..500).to_string()}))?,
            "offsets" => rest.get(&format!("{path}/offsets"))?,
            "alter offsets" => {
                let offset = "o".repeat(1 << turn.rng.u32(..14));
                let offsets: Vec<Value> = (0..turn.rng.u32(1..200))
                    .map(|number| json!({"partition": {"hostile": number}, "offset": {"number": offset}}))
                    .collect();
                rest.patch(&format!("{path}/offsets"), &json!({"offsets": offsets}))?
            }
            "reset offsets" => rest.delete(&format!("{path}/offsets"))?,
            "topics" => rest.get(&format!("{path}/topics"))?,
            "reset topics" => rest.put(&format!("{path}/topics/reset"), &Value::Null)?,
            "logger" => {
                let level = turn.one_of(&["DEBUG", "TRACE", "INFO", "OFF", "NONSENSE"]);
                rest.put(&format!("/admin/loggers/connector.{name}"), &json!({"level": level}))?
            }
            "validate" => rest.put("/connector-plugins/weir.tests.HostileSource/config/validate", &config)?,
            _ => rest.get(&format!("{path}/status"))?,
        };
        check(word, &answer)?;
    }
    turn.does(format!("{name} is removed after it was told: {}", told.join(", ")));
    rest.remove(&name)?;
    Ok("removed".into())
}

/// What cannot be done may be refused; only the worker's own failures are 500.
fn check(word: &str, answer: &Answer) -> Result<()> {
    // Kafka Connect answers 500 where a plugin does not let its offsets be altered.
    let refused = answer.status != 500 || word == "alter offsets" || word == "reset offsets";
    ensure!(refused, "{word} was answered with 500: {}", answer.body);
    Ok(())
}
