//! `json` and `envelope`: what converters and transforms cost, with a sink that drops what arrives.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Map, Value, json};
use weir_tests::topics::{self, Watch};

use super::lines::DEFAULTS;
use super::{Row, Scenario, row};
use crate::bench::{Bench, Meter, Record};
use crate::figure::Figure;
use crate::goal::Goal;
use crate::input;
use crate::sample::Name;
use crate::systems::{Running, Setup};
use crate::work::per_time;

const OBJECTS: u64 = 1_000_000;

/// Time between two questions for the group's offset.
const ASK: Duration = Duration::from_millis(20);

/// In place of a minute: only offsets tell that a sink without output is done.
const FLUSH: (&str, &str) = ("offset.flush.interval.ms", "1000");

/// The class of Kafka Connect's own sink that drops every row, and of Weir's in `tests/plugins/discard`.
const DISCARD: &str = "org.apache.kafka.connect.tools.MockSinkConnector";

pub(crate) const JSON: Scenario = Scenario {
    name: "json",
    what: "A topic of 1,000,000 JSON objects of about 110 bytes with 7 fields, one partition, goes through JsonConverter with \
           `schemas.enable=false`, InsertField, MaskField and ReplaceField into a sink that drops it: MockSinkConnector of Kafka \
           Connect's own test plugins, `tests/plugins/discard` in Weir. Done when the group has committed the topic's end; for that \
           `offset.flush.interval.ms=1000` for both, so that times are a second too coarse to compare.",
    best_by: Figure::CpuSeconds,
    rows: &rows(3.0),
    run: |bench, record| run(bench, record, false),
};

pub(crate) const ENVELOPE: Scenario = Scenario {
    name: "envelope",
    what: "As `json`, with `schemas.enable=true`: each value is an envelope with the struct's schema and the object.",
    best_by: Figure::CpuSeconds,
    rows: &rows(5.0),
    run: |bench, record| run(bench, record, true),
};

/// What is wanted: a part of Kafka Connect's CPU.
const fn rows(part: f64) -> [Row; 3] {
    let goal = Some(Goal::MostOf(1.0 / part, Name::KafkaConnect));
    [row(Figure::CpuSeconds, goal), row(Figure::PeakMb, None), Row { case: DEFAULTS, figure: Figure::CpuSeconds, goal }]
}

fn run(bench: &Bench, record: &mut Record, schemas: bool) -> Result<()> {
    record.settings.push(format!("Connector: `{}`.", config("TOPIC", schemas)));
    record.settings.push(format!("`{}={}` in the worker's file.", FLUSH.0, FLUSH.1));
    let make = if schemas { input::envelope } else { input::object };
    record.settings.push(format!("A value: `{}`", make(1)));
    let count = bench.rows(OBJECTS);
    let topic = bench.topic(1)?;
    let mut bytes = 0;
    topics::fill(
        &bench.bootstrap,
        &topic,
        (0..count).map(|number| {
            let row = make(number).into_bytes();
            bytes += row.len() as u64;
            row
        }),
    )?;
    let work = |running: &mut dyn Running| {
        let name = bench.unique("json");
        let watch = Watch::new(&bench.bootstrap, &topic, &format!("connect-{name}"))?;
        let mut meter = Meter::start(running)?;
        meter.create(&name, &config(&topic, schemas))?;
        meter.until(ASK, || Ok(watch.committed()? >= count))?;
        per_time(meter.finish()?, count, bytes)
    };
    for (case, tuned) in [("", true), (DEFAULTS, false)] {
        let setup = Setup { properties: vec![FLUSH], tuned, discard: true };
        bench.take_turns(record, case, &setup, work, |_| Ok(None))?;
    }
    Ok(())
}

fn config(topic: &str, schemas: bool) -> Value {
    let mut config = Map::new();
    let mut set = |key: &str, value: &str| config.insert(key.into(), value.into());
    set("connector.class", DISCARD);
    set("tasks.max", "1");
    set("topics", topic);
    set("value.converter", "org.apache.kafka.connect.json.JsonConverter");
    set("value.converter.schemas.enable", if schemas { "true" } else { "false" });
    set("transforms", "insert,mask,replace");
    set("transforms.insert.type", "org.apache.kafka.connect.transforms.InsertField$Value");
    set("transforms.insert.static.field", "origin");
    set("transforms.insert.static.value", "benchmark");
    set("transforms.mask.type", "org.apache.kafka.connect.transforms.MaskField$Value");
    set("transforms.mask.fields", "city");
    set("transforms.replace.type", "org.apache.kafka.connect.transforms.ReplaceField$Value");
    set("transforms.replace.exclude", "note");
    set("transforms.replace.renames", "score:points");
    json!(config)
}
