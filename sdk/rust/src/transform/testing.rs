//! Runs chains of transforms in unit tests, on the host. As in a component, chains receive only the columns that they
//! requested, and batches are checked in both directions. See [`transform`](super) for an example.

use super::chain::Chain;
use super::columns::Columns;
use super::entry::{Plugins, PredicateEntry, TransformEntry};
use super::{Predicate, Transform};
use crate::bindings::host::weir::connect::data::{
    Column, ConfigEntry, Format, HeaderColumns, Records, TopicColumn, TransformBatch, Values,
};
use crate::bindings::transform::interface as wit;
use crate::schema::Schema;
use crate::value::Encoding;

/// A step of a chain, as in a connector's configuration.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "made of functions")]
pub struct Step {
    transform: TransformEntry,
    predicate: Option<PredicateEntry>,
    wit: wit::Step,
}

fn entries<K: Into<String>, V: Into<String>>(config: impl IntoIterator<Item = (K, V)>) -> Vec<ConfigEntry> {
    config.into_iter().map(|(key, value)| ConfigEntry { key: key.into(), value: value.into(), secret: false }).collect()
}

impl Step {
    /// Creates a step from a transform, an alias and a configuration.
    pub fn of<T: Transform>(
        alias: &str,
        config: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Step {
        let wit =
            wit::Step { alias: alias.into(), class_name: T::CLASS.into(), config: entries(config), predicate: None };
        Step { transform: TransformEntry::of::<T>(), predicate: None, wit }
    }

    /// Applies the step to the records for which a predicate holds.
    pub fn when<P: Predicate>(self, config: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Step {
        self.on_condition::<P>(entries(config), false)
    }

    /// Applies the step to the records for which a predicate does not hold (`negate`).
    pub fn unless<P: Predicate>(
        self,
        config: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Step {
        self.on_condition::<P>(entries(config), true)
    }

    fn on_condition<P: Predicate>(mut self, config: Vec<ConfigEntry>, negate: bool) -> Step {
        self.predicate = Some(PredicateEntry::of::<P>());
        self.wit.predicate = Some(wit::StepPredicate { class_name: P::CLASS.into(), config, negate });
        self
    }
}

/// An input record for a chain. Its topic is `topic` unless another one is set.
#[derive(Clone, Debug)]
pub struct Input {
    topic: String,
    partition: i32,
    timestamp: i64,
    offset: Option<i64>,
    key: Datum,
    value: Datum,
    headers: Vec<(String, Datum)>,
}

#[derive(Clone, Debug)]
struct Datum {
    encoding: Encoding,
    bytes: Option<Vec<u8>>,
    schema: Option<Schema>,
}

impl Datum {
    fn new(encoding: Encoding, bytes: &[u8]) -> Datum {
        Datum { encoding, bytes: Some(bytes.to_vec()), schema: None }
    }

    const NULL: Datum = Datum { encoding: Encoding::Json, bytes: None, schema: None };
}

impl Input {
    fn new(value: Datum) -> Input {
        let topic = "topic".into();
        Input { topic, partition: -1, timestamp: -1, offset: None, key: Datum::NULL, value, headers: Vec::new() }
    }

    /// Creates a record whose value is JSON.
    pub fn json(text: &str) -> Input {
        Input::new(Datum::new(Encoding::Json, text.as_bytes()))
    }

    /// Creates a record whose value is text.
    pub fn text(text: &str) -> Input {
        Input::new(Datum::new(Encoding::Utf8, text.as_bytes()))
    }

    /// Creates a record whose value is bytes.
    pub fn bytes(bytes: &[u8]) -> Input {
        Input::new(Datum::new(Encoding::Bytes, bytes))
    }

    /// Creates a record whose value is null.
    pub fn null() -> Input {
        Input::new(Datum::NULL)
    }

    /// Sets the schema of the value.
    pub fn schema(mut self, schema: &Schema) -> Input {
        self.value.schema = Some(schema.clone());
        self
    }

    /// Sets the key to JSON.
    pub fn key_json(mut self, text: &str) -> Input {
        self.key = Datum::new(Encoding::Json, text.as_bytes());
        self
    }

    /// Sets the key to text.
    pub fn key_text(mut self, text: &str) -> Input {
        self.key = Datum::new(Encoding::Utf8, text.as_bytes());
        self
    }

    /// Sets the schema of the key.
    pub fn key_schema(mut self, schema: &Schema) -> Input {
        self.key.schema = Some(schema.clone());
        self
    }

    /// Sets the topic.
    pub fn topic(mut self, topic: &str) -> Input {
        self.topic = topic.into();
        self
    }

    /// Sets the Kafka partition.
    pub fn partition(mut self, partition: i32) -> Input {
        self.partition = partition;
        self
    }

    /// Sets the timestamp.
    pub fn timestamp(mut self, timestamp: i64) -> Input {
        self.timestamp = timestamp;
        self
    }

    /// Sets the offset, which makes this a record for a sink. Either all records of a batch have an offset, or none.
    pub fn offset(mut self, offset: i64) -> Input {
        self.offset = Some(offset);
        self
    }

    /// Adds a header whose value is text.
    pub fn header(mut self, name: &str, value: &str) -> Input {
        self.headers.push((name.into(), Datum::new(Encoding::Utf8, value.as_bytes())));
        self
    }
}

/// An output record of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputRecord {
    /// The index of the input record that it came from.
    pub origin: usize,
    /// The topic.
    pub topic: String,
    /// The Kafka partition, or -1 if there is none.
    pub partition: i32,
    /// The timestamp, or -1 if there is none.
    pub timestamp: i64,
    /// The key. Bytes that are not valid UTF-8 are converted lossily.
    pub key: Option<String>,
    /// The schema of the key.
    pub key_schema: Option<Schema>,
    /// The value. Bytes that are not valid UTF-8 are converted lossily.
    pub value: Option<String>,
    /// The schema of the value.
    pub value_schema: Option<Schema>,
    /// The encoding of the value.
    pub encoding: Encoding,
    /// The names and values of the headers.
    pub headers: Vec<(String, Option<String>)>,
}

/// A record that a step failed to process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The index of the input record.
    pub index: usize,
    /// The index of the step.
    pub step: usize,
    /// The error message.
    pub message: String,
    /// Whether the same record may succeed later.
    pub retriable: bool,
}

/// The output of a chain for a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The output records.
    pub records: Vec<OutputRecord>,
    /// The records that failed.
    pub failures: Vec<Failure>,
    /// Which columns were rewritten: topics, partitions, timestamps, keys, values, headers.
    pub written: [bool; 6],
}

/// A configured chain.
#[expect(missing_debug_implementations, reason = "made of authors' types")]
pub struct TestChain(Chain);

/// Runs a chain on one batch.
pub fn run(steps: &[Step], inputs: &[Input]) -> Result<Output, String> {
    Ok(TestChain::new(steps)?.run(inputs))
}

impl TestChain {
    /// Configures a chain. The error is the one that users see.
    pub fn new(steps: &[Step]) -> Result<TestChain, String> {
        let plugins = Plugins {
            transforms: steps.iter().map(|step| step.transform).collect(),
            predicates: steps.iter().filter_map(|step| step.predicate).collect(),
        };
        Chain::new(&plugins, steps.iter().map(|step| step.wit.clone()).collect()).map(TestChain)
    }

    /// Returns the columns that the chain requests.
    pub fn columns(&self) -> Columns {
        self.0.columns()
    }

    /// Runs the chain on a batch.
    ///
    /// # Panics
    /// Panics if the output of the chain would be rejected by the runtime.
    pub fn run(&mut self, inputs: &[Input]) -> Output {
        let whole = batch(inputs);
        let mut asked = whole.clone();
        let none = || Values { lengths: Vec::new(), bytes: Vec::new(), format_index: Vec::new() };
        if !self.columns().contains(Columns::KEYS) {
            asked.records.keys = none();
        }
        if !self.columns().contains(Columns::VALUES) {
            asked.records.values = none();
        }
        if !self.columns().contains(Columns::HEADERS) {
            let names = Column { lengths: Vec::new(), bytes: Vec::new() };
            asked.records.headers = HeaderColumns { counts: Vec::new(), names, values: none() };
        }
        let transformed = self.0.apply(asked).unwrap_or_else(|error| panic!("the chain failed: {error}"));
        read(whole, transformed)
    }
}

/// Converts the records to columns.
fn batch(inputs: &[Input]) -> TransformBatch {
    let mut formats = Vec::new();
    let headers: Vec<_> = inputs.iter().flat_map(|record| &record.headers).collect();
    let (mut names, mut name_index) = (Vec::new(), Vec::new());
    for record in inputs {
        let index = names.iter().position(|name| *name == record.topic).unwrap_or_else(|| {
            names.push(record.topic.clone());
            names.len() - 1
        });
        name_index.push(index as u32);
    }
    let records = Records {
        count: inputs.len() as u32,
        topics: TopicColumn { names, name_index },
        partitions: inputs.iter().map(|record| record.partition).collect(),
        timestamps: inputs.iter().map(|record| record.timestamp).collect(),
        keys: values(inputs.iter().map(|record| &record.key), &mut formats),
        values: values(inputs.iter().map(|record| &record.value), &mut formats),
        headers: HeaderColumns {
            counts: inputs.iter().map(|record| record.headers.len() as u32).collect(),
            names: Column {
                lengths: headers.iter().map(|(name, _)| name.len() as i32).collect(),
                bytes: headers.iter().flat_map(|(name, _)| name.bytes()).collect(),
            },
            values: values(headers.iter().map(|(_, value)| value), &mut formats),
        },
        formats,
    };
    TransformBatch { records, offsets: inputs.iter().filter_map(|record| record.offset).collect() }
}

fn values<'a>(data: impl Iterator<Item = &'a Datum> + Clone, formats: &mut Vec<Format>) -> Values {
    let format_of = |datum: &Datum| {
        let schema = datum.schema.as_ref().map(Schema::to_wit);
        let same = |format: &Format| format.encoding == datum.encoding && format.schema == schema;
        formats.iter().position(same).unwrap_or_else(|| {
            formats.push(Format { encoding: datum.encoding, schema });
            formats.len() - 1
        }) as u32
    };
    Values {
        lengths: data.clone().map(|datum| datum.bytes.as_ref().map_or(-1, |bytes| bytes.len() as i32)).collect(),
        bytes: data.clone().flat_map(|datum| datum.bytes.clone().unwrap_or_default()).collect(),
        format_index: data.map(format_of).collect(),
    }
}

/// Returns the output records, from the changed and the unchanged columns.
fn read(input: TransformBatch, output: wit::Transformed) -> Output {
    let wit::Transformed { origins, topics, partitions, timestamps, added_formats, keys, values, headers, failures } =
        output;
    let written = [
        topics.is_some(),
        partitions.is_some(),
        timestamps.is_some(),
        keys.is_some(),
        values.is_some(),
        headers.is_some(),
    ];
    let mut formats = input.records.formats;
    formats.extend(added_formats);
    assert!(origins.is_sorted(), "the order of records is not kept");
    // The record of a changed column is the output record, that of any other its origin.
    let place = |changed: bool, record: usize| if changed { record } else { origins[record] as usize };
    let topics = topics.unwrap_or(input.records.topics);
    let partitions = partitions.unwrap_or(input.records.partitions);
    let timestamps = timestamps.unwrap_or(input.records.timestamps);
    let keys = list(keys.unwrap_or(input.records.keys), &formats);
    let values = list(values.unwrap_or(input.records.values), &formats);
    let headers = headers.unwrap_or(input.records.headers);
    let names = strings(&headers.names.lengths, &headers.names.bytes);
    let header_values = strings(&headers.values.lengths, &headers.values.bytes);
    assert_eq!(names.len(), header_values.len());
    let records = (0..origins.len()).map(|record| {
        let (key, _, key_schema) = keys[place(written[3], record)].clone();
        let (value, encoding, value_schema) = values[place(written[4], record)].clone();
        let at = place(written[5], record);
        let first: u32 = headers.counts[..at].iter().sum();
        let of_record = first as usize..(first + headers.counts[at]) as usize;
        let topic = topics.name_index.get(place(written[0], record)).copied().unwrap_or(0);
        OutputRecord {
            origin: origins[record] as usize,
            topic: topics.names[topic as usize].clone(),
            partition: partitions[place(written[1], record)],
            timestamp: timestamps[place(written[2], record)],
            key,
            key_schema,
            value,
            value_schema,
            encoding,
            headers: of_record.map(|header| (names[header].clone().unwrap(), header_values[header].clone())).collect(),
        }
    });
    let failures = failures.into_iter().map(|failure| Failure {
        index: failure.index as usize,
        step: failure.step as usize,
        message: failure.message,
        retriable: failure.retriable,
    });
    Output { records: records.collect(), failures: failures.collect(), written }
}

fn strings(lengths: &[i32], bytes: &[u8]) -> Vec<Option<String>> {
    let mut rest = bytes;
    let list = lengths.iter().map(|length| {
        let (value, left) = rest.split_at(usize::try_from(*length).ok()?);
        rest = left;
        Some(String::from_utf8_lossy(value).into_owned())
    });
    let list = list.collect();
    assert!(rest.is_empty(), "there are more bytes than the lengths say");
    list
}

fn list(values: Values, formats: &[Format]) -> Vec<(Option<String>, Encoding, Option<Schema>)> {
    let texts = strings(&values.lengths, &values.bytes);
    let read = texts.into_iter().enumerate().map(|(record, text)| {
        let format = &formats[values.format_index.get(record).copied().unwrap_or(0) as usize];
        if format.encoding == Encoding::Json
            && let Some(json) = &text
        {
            let checked: Result<serde::de::IgnoredAny, _> = serde_json::from_str(json);
            assert!(checked.is_ok(), "a value is not valid JSON: {json}");
        }
        let schema = format.schema.as_ref().map(|schema| Schema::from_nodes(schema.nodes.clone()));
        (text, format.encoding, schema)
    });
    read.collect()
}
