//! Kafka Connect as the oracle: the same connector JSON on its own standalone worker and on Weir gives the same topic contents
//! and the same files. Each case is a file in `cases/oracle/source` or `cases/oracle/sink`; adding one adds data only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};
use weir_tests::connect::Connect;
use weir_tests::rest::Rest;
use weir_tests::topics::{self, Record};
use weir_tests::worker::Worker;
use weir_tests::{kafka, wait};

/// How long all cases together may take on one worker.
const CASES: Duration = Duration::from_secs(120);

/// A case: what goes in, the connector, and how to know that it is through. `{topic}`, `{file}` and
/// `{side}` (what topics begin with) are filled in everywhere.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(skip)]
    name: String,
    /// What the case is there for.
    #[serde(rename = "why")]
    _why: String,
    /// A source: the text of the file to read. None = the text in `source/input.txt`.
    #[serde(default)]
    input: Option<String>,
    /// A sink: the records in the topic. None = those in `sink/records.list`.
    #[serde(default)]
    records: Option<Vec<Row>>,
    /// The connector, except `connector.class`, `file` and `topic` or `topics`.
    config: Map<String, Value>,
    /// A source: the topics to compare.
    #[serde(default = "one_topic")]
    topics: Vec<String>,
    /// Records in all topics together, or lines in the file, when the connector is through.
    #[serde(default)]
    rows: u64,
    /// JSON fields whose numbers differ from run to run.
    #[serde(default)]
    clocks: Vec<String>,
    /// The fields of objects may come in any order: Java's maps have none.
    #[serde(default)]
    unordered: bool,
    /// The task fails on both sides, and both traces hold this.
    #[serde(default)]
    fails: Option<String>,
    /// Where Weir differs on purpose: what it makes of the records, as values or lines. The reason is in `why`.
    #[serde(default)]
    weir: Option<Vec<String>>,
}

/// A record of a sink case. Text, null, or `{"hex": "00ff"}` for bytes that are no text.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    key: Bytes,
    value: Bytes,
    #[serde(default)]
    headers: Vec<(String, Bytes)>,
}

#[derive(Deserialize, Clone, Default)]
#[serde(untagged)]
enum Bytes {
    #[default]
    Null,
    Text(String),
    Hex {
        hex: String,
    },
}

fn one_topic() -> Vec<String> {
    vec!["{topic}".into()]
}

/// What a connector left: by topic its records, or by file its lines, or the trace of its failure.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Topics(BTreeMap<String, Vec<Record>>),
    Lines(Vec<String>),
    Failed(String),
    /// It did not get through in time; what was seen last.
    Stuck(String),
}

#[test]
fn kafka_connect_and_weir_leave_the_same_records_and_files() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let mut worker = Worker::new(bootstrap)?;
    let (sources, sinks) = (cases("source")?, cases("sink")?);

    let connect = Connect::start(bootstrap)?;
    let theirs =
        run(&Side { bootstrap, rest: connect.rest(), name: "connect", data: &worker.data() }, &sources, &sinks)?;
    drop(connect);
    worker.start()?;
    let ours = run(&Side { bootstrap, rest: &worker.rest(), name: "weir", data: &worker.data() }, &sources, &sinks)?;
    worker.stop()?;

    let mut report = String::new();
    for (index, case) in sources.iter().chain(&sinks).enumerate() {
        if let Err(difference) = compare(case, &theirs[index], &ours[index]) {
            writeln!(report, "\n{}: {difference}", case.name)?;
        }
    }
    if !report.is_empty() {
        bail!("Weir and Kafka Connect differ:\n{report}");
    }
    Ok(())
}

/// The half of the test above that needs no Weir: that the cases are what they say, asked of Kafka Connect alone.
#[test]
#[ignore = "for writing cases: `cargo test -p weir-tests cases_hold -- --ignored --nocapture`"]
fn cases_hold_on_kafka_connect() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let data = tempfile::tempdir()?;
    let (sources, sinks) = (cases("source")?, cases("sink")?);
    let connect = Connect::start(bootstrap)?;
    let side = Side { bootstrap, rest: connect.rest(), name: "connect", data: data.path() };
    for (case, outcome) in sources.iter().chain(&sinks).zip(run(&side, &sources, &sinks)?) {
        println!("{}: {}", case.name, show(&outcome));
    }
    Ok(())
}

/// A worker that runs the cases.
struct Side<'a> {
    bootstrap: &'a str,
    rest: &'a Rest,
    name: &'a str,
    data: &'a Path,
}

impl Side<'_> {
    /// The two sides' names have the same length, so that a length of theirs is no difference.
    fn side(&self) -> String {
        topics::unique(&format!("{:x<7}", self.name))
    }

    /// The topic of a case; its name is taken out before comparing.
    fn topic(&self, case: &Case) -> String {
        format!("{}-{}", self.side(), case.name)
    }

    fn file(&self, case: &Case) -> PathBuf {
        self.data.join(self.topic(case))
    }

    fn fill(&self, case: &Case, text: &str) -> String {
        text.replace("{side}", &self.side())
            .replace("{topic}", &self.topic(case))
            .replace("{file}", &self.file(case).display().to_string())
    }
}

/// Runs all cases at once on one worker.
fn run(side: &Side<'_>, sources: &[Case], sinks: &[Case]) -> Result<Vec<Outcome>> {
    let topics: BTreeSet<String> = sources
        .iter()
        .flat_map(|case| case.topics.iter().map(|topic| side.fill(case, topic)))
        .chain(sinks.iter().map(|case| side.topic(case)))
        .collect();
    topics::create_all(side.bootstrap, &topics.iter().map(String::as_str).collect::<Vec<_>>(), 1)?;
    for case in sources {
        fs::write(side.file(case), case.input.as_deref().unwrap_or_default())?;
        start(side, case, "FileStreamSource", "topic")?;
    }
    for case in sinks {
        let topic = side.topic(case);
        let rows: Result<Vec<Record>> = case.records.iter().flatten().map(record).collect();
        topics::produce(side.bootstrap, &topic, &rows?)?;
        start(side, case, "FileStreamSink", "topics")?;
    }
    let deadline = Instant::now() + CASES;
    let mut stuck = Vec::new();
    for (index, case) in sources.iter().chain(sinks).enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        stuck.push(wait_through(side, case, index < sources.len(), left).err());
    }
    // Read only now, so that a case with records too many has had the time of all the others to show them.
    let mut outcomes = Vec::new();
    for ((index, case), stuck) in sources.iter().chain(sinks).enumerate().zip(stuck) {
        outcomes.push(match stuck {
            Some(error) => Outcome::Stuck(error.to_string()),
            None => outcome(side, case, index < sources.len())?,
        });
    }
    Ok(outcomes)
}

fn start(side: &Side<'_>, case: &Case, class: &str, topic_key: &str) -> Result<()> {
    let mut config = Map::new();
    config.insert("connector.class".into(), class.into());
    config.insert("file".into(), side.file(case).display().to_string().into());
    config.insert(topic_key.into(), side.topic(case).into());
    for (key, value) in &case.config {
        config.insert(key.clone(), side.fill(case, value.as_str().context("a text")?).into());
    }
    side.rest.create(&side.topic(case), &config.into()).with_context(|| case.name.clone())
}

fn wait_through(side: &Side<'_>, case: &Case, source: bool, within: Duration) -> Result<()> {
    if case.fails.is_some() {
        return side.rest.wait_failed(&side.topic(case), within).map(drop);
    }
    wait::until(&format!("{} rows on {}", case.rows, side.name), within, || {
        let count = || -> Result<u64> {
            let mut count = 0;
            for topic in &case.topics {
                count += if source { topics::count(side.bootstrap, &side.fill(case, topic))? } else { 0 };
            }
            Ok(if source { count } else { lines(side, case).len() as u64 })
        };
        let count = count().map_err(|error| format!("{error:#}"))?;
        if count >= case.rows {
            return Ok(());
        }
        Err(format!("{count} rows; {}", side.rest.status(&side.topic(case)).unwrap_or_default()))
    })
}

fn outcome(side: &Side<'_>, case: &Case, source: bool) -> Result<Outcome> {
    if case.fails.is_some() {
        let trace = side.rest.wait_failed(&side.topic(case), Duration::from_secs(60))?;
        return Ok(Outcome::Failed(trace.replace(&side.topic(case), "TOPIC")));
    }
    if !source {
        return Ok(Outcome::Lines(lines(side, case)));
    }
    let mut found = BTreeMap::new();
    for topic in &case.topics {
        let mut records = topics::read(side.bootstrap, &side.fill(case, topic))?;
        for record in &mut records {
            let headers = record.headers.iter_mut().map(|(_, value)| value);
            for bytes in [&mut record.key, &mut record.value].into_iter().chain(headers).flatten() {
                *bytes = level(bytes, &side.topic(case), &case.clocks);
                if case.unordered
                    && let Ok(value) = serde_json::from_slice::<Value>(bytes)
                {
                    *bytes = sorted(value).to_string().into_bytes();
                }
            }
        }
        found.insert(topic.clone(), records);
    }
    Ok(Outcome::Topics(found))
}

fn lines(side: &Side<'_>, case: &Case) -> Vec<String> {
    let text = fs::read(side.file(case)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).replace(&side.topic(case), "TOPIC");
    text.split_terminator('\n').map(str::to_owned).collect()
}

fn compare(case: &Case, theirs: &Outcome, ours: &Outcome) -> Result<()> {
    if let (Some(part), Outcome::Failed(theirs), Outcome::Failed(ours)) = (&case.fails, theirs, ours) {
        for trace in [theirs, ours] {
            if !trace.contains(part) {
                bail!("a trace without {part:?}: {trace}");
            }
        }
        return Ok(());
    }
    if let Some(expected) = &case.weir {
        let found: Vec<String> = match ours {
            Outcome::Lines(lines) => lines.clone(),
            Outcome::Topics(topics) => topics.values().flatten().map(|record| text(&record.value)).collect(),
            Outcome::Failed(what) | Outcome::Stuck(what) => bail!("no rows, but: {what}"),
        };
        if &found != expected {
            bail!("expected of Weir: {expected:#?}\nfound: {found:#?}");
        }
        if theirs == ours {
            bail!("Weir is said to differ, and does not");
        }
        return Ok(());
    }
    if theirs != ours || matches!(theirs, Outcome::Stuck(_)) {
        let (theirs, ours) = (show(theirs), show(ours));
        // Enough to see it by; the records behind are mostly the same difference again.
        let first = theirs.lines().zip(ours.lines()).find(|(theirs, ours)| theirs != ours);
        let (theirs, ours) = first.unwrap_or((&theirs, &ours));
        bail!("\n  Kafka Connect: {theirs}\n  Weir:          {ours}");
    }
    Ok(())
}

/// Makes equal what may differ: the topic's name, and the numbers of some fields.
fn level(bytes: &[u8], topic: &str, clocks: &[String]) -> Vec<u8> {
    // Bytes that are no text have neither in them.
    let Ok(mut text) = String::from_utf8(bytes.to_vec()) else { return bytes.to_vec() };
    text = text.replace(topic, "TOPIC");
    for field in clocks {
        let name = format!("\"{field}\":");
        if let Some(start) = text.rfind(&name).map(|at| at + name.len()) {
            let end = text[start..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |length| start + length);
            // A clock that shows nothing must not become equal to one that runs.
            let digits = if end - start >= 13 { "NOW" } else { "WRONG" };
            text.replace_range(start..end, digits);
        }
    }
    text.into_bytes()
}

/// The same with the fields of all objects in the order of their names.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<String, Value> =
                fields.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            fields.into_iter().collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect::<Vec<_>>().into(),
        other => other,
    }
}

fn show(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Lines(lines) => format!("{lines:?}"),
        Outcome::Failed(trace) => format!("FAILED {trace}"),
        Outcome::Stuck(seen) => format!("STUCK {seen}"),
        Outcome::Topics(topics) => {
            let rows = topics.iter().flat_map(|(topic, records)| records.iter().map(move |record| (topic, record)));
            let rows = rows.map(|(topic, record)| {
                let headers: Vec<String> =
                    record.headers.iter().map(|(name, value)| format!("{name}={}", text(value))).collect();
                format!("\n    {topic} {} => {} {headers:?}", text(&record.key), text(&record.value))
            });
            rows.collect()
        }
    }
}

fn text(bytes: &Option<Vec<u8>>) -> String {
    bytes.as_ref().map_or("(null)".into(), |bytes| String::from_utf8_lossy(bytes).into_owned())
}

fn record(row: &Row) -> Result<Record> {
    let headers: Result<Vec<_>> = row.headers.iter().map(|(name, value)| Ok((name.clone(), bytes(value)?))).collect();
    Ok(Record { partition: 0, key: bytes(&row.key)?, value: bytes(&row.value)?, headers: headers? })
}

fn bytes(bytes: &Bytes) -> Result<Option<Vec<u8>>> {
    match bytes {
        Bytes::Null => Ok(None),
        Bytes::Text(text) => Ok(Some(text.clone().into_bytes())),
        Bytes::Hex { hex } => {
            let pairs = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16));
            Ok(Some(pairs.collect::<Result<Vec<u8>, _>>().with_context(|| format!("hex {hex}"))?))
        }
    }
}

/// The cases of one kind, by name.
fn cases(kind: &str) -> Result<Vec<Case>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/oracle").join(kind);
    let input = fs::read_to_string(dir.join("input.txt")).unwrap_or_default();
    let records: Vec<Row> = match fs::read_to_string(dir.join("records.list")) {
        Ok(text) => serde_json::from_str(&text).context("records.list")?,
        Err(_) => Vec::new(),
    };
    let mut cases = Vec::new();
    for entry in fs::read_dir(&dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path)?;
            let mut case: Case = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
            case.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            case.input.get_or_insert_with(|| input.clone());
            case.records.get_or_insert_with(|| records.clone());
            cases.push(case);
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}
