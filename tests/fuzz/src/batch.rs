//! Batches that a guest could hand over, and what the worker does with those that pass the check.

use std::collections::HashMap;
use std::sync::Arc;

use weir_data::converter::converter;
use weir_data::records::{Column, Encoding, Format, Headers, Records, Topics, Values};
use weir_data::schema::{Schema, SchemaNode, SchemaType};
use weir_data::transformed::{StepFailure, Transformed};

use crate::bytes::Bytes;

const CONVERTERS: [&str; 9] = ["Boolean", "ByteArray", "Double", "Float", "Integer", "Json", "Long", "Short", "String"];

const TYPES: [SchemaType; 12] = [
    SchemaType::Int8,
    SchemaType::Int16,
    SchemaType::Int32,
    SchemaType::Int64,
    SchemaType::Float32,
    SchemaType::Float64,
    SchemaType::Boolean,
    SchemaType::String,
    SchemaType::Bytes,
    SchemaType::Array,
    SchemaType::Map,
    SchemaType::Struct,
];

/// Makes a batch and the answer of a transform to it, checks both, and converts what passed.
///
/// # Panics
/// If a batch that passed its check, or what is made of it, breaks a promise of the check.
pub fn batch(data: &[u8]) {
    let mut bytes = Bytes(data);
    let batch = records(&mut bytes);
    // Walking is allowed before the check.
    let _ = batch.values.part(batch.count);
    for row in batch.keys.iter(batch.count.min(64)) {
        let _ = row;
    }
    if batch.check().is_err() {
        return;
    }
    whole(&batch, "a part", &batch.slice(0, batch.count / 2));
    whole(&batch, "twice", &batch.clone().concat(batch.clone()));
    convert(&batch);
    let answer = transformed(&mut bytes, batch.count as usize);
    if answer.check(&batch).is_ok() {
        let (after, origins, _) = answer.into_records(batch.clone());
        assert_eq!(after.count as usize, origins.len());
        whole(&batch, "transformed", &after);
    }
}

fn whole(batch: &Records, what: &str, made: &Records) {
    let checked = made.check();
    assert!(checked.is_ok(), "{what}: {checked:?}: {made:?} was made of {batch:?}");
}

/// Converts the values of a batch as each converter does.
fn convert(batch: &Records) {
    for name in CONVERTERS {
        let settings = HashMap::new();
        let mut converter = converter(name, &settings, false).expect("a converter of Kafka Connect");
        let converted = converter.from_connect(&batch.formats, batch.values.clone(), batch.count);
        assert!(converted.failures.iter().all(|failure| failure.index < batch.count), "{name}: {batch:?}");
        let mut formats = Vec::new();
        let again = converter.to_connect(converted.output, batch.count, &mut formats).output;
        let made =
            Records { count: batch.count, topics: batch.topics.clone(), formats, values: again, ..Records::default() };
        whole(batch, name, &made);
    }
}

fn records(bytes: &mut Bytes<'_>) -> Records {
    // Few, and sometimes any number: columns may be empty.
    let count = if bytes.byte() == 0xff { bytes.number() as u32 % (1 << 17) } else { u32::from(bytes.byte() % 8) };
    let length = count as usize;
    Records {
        count,
        formats: bytes.list(None, format),
        topics: topics(bytes, length),
        partitions: bytes.list(Some(length), Bytes::int),
        timestamps: bytes.list(Some(length), Bytes::number),
        keys: values(bytes, length),
        values: values(bytes, length),
        headers: headers(bytes, length),
    }
}

fn transformed(bytes: &mut Bytes<'_>, inputs: usize) -> Transformed {
    let count = usize::from(bytes.byte() % 8);
    let mut origins = bytes.list(Some(count), |bytes| bytes.byte() as u32 % (inputs.clamp(1, 255) as u32));
    if !bytes.seldom() {
        origins.sort_unstable();
    }
    let length = origins.len();
    Transformed {
        origins,
        topics: bytes.option(|bytes| topics(bytes, length)),
        partitions: bytes.option(|bytes| bytes.list(Some(length), Bytes::int)),
        timestamps: bytes.option(|bytes| bytes.list(Some(length), Bytes::number)),
        added_formats: bytes.list(None, format),
        keys: bytes.option(|bytes| values(bytes, length)),
        values: bytes.option(|bytes| values(bytes, length)),
        headers: bytes.option(|bytes| headers(bytes, length)),
        failures: bytes.list(None, |bytes| StepFailure {
            index: bytes.int() as u32,
            step: bytes.int() as u32,
            message: bytes.text(),
            retriable: bytes.seldom(),
        }),
    }
}

fn topics(bytes: &mut Bytes<'_>, records: usize) -> Topics {
    Topics {
        names: bytes.list(Some(2), Bytes::text),
        name_index: bytes.list(Some(records), |bytes| bytes.byte() as u32 % 3),
    }
}

fn headers(bytes: &mut Bytes<'_>, records: usize) -> Headers {
    let counts = bytes.list(Some(records), |bytes| bytes.int() as u32 % 1000);
    let total = counts.iter().map(|count| *count as usize).sum();
    let Values { lengths, bytes: names, .. } = values(bytes, total);
    Headers { counts, names: Column { lengths, bytes: names }, values: values(bytes, total) }
}

fn values(bytes: &mut Bytes<'_>, records: usize) -> Values {
    let lengths = bytes.list(Some(records), Bytes::int);
    let sum: usize = lengths.iter().map(|length| usize::try_from(*length).unwrap_or(0)).sum();
    // One in four has other bytes than its lengths say.
    let taken = if bytes.seldom() { usize::from(bytes.byte()) } else { sum.min(1 << 16) };
    let mut content = bytes.take(taken);
    if !bytes.0.is_empty() || content.len() < 256 {
        // Where the input has too few bytes, blanks.
        content.resize(taken, b' ');
    }
    Values { lengths, bytes: content, formats: bytes.list(Some(records), |bytes| bytes.byte() as u32 % 4) }
}

fn format(bytes: &mut Bytes<'_>) -> Format {
    let encoding = [Encoding::Bytes, Encoding::Utf8, Encoding::Json][usize::from(bytes.byte() % 3)];
    Format { encoding, schema: bytes.option(schema).map(Arc::new) }
}

fn schema(bytes: &mut Bytes<'_>) -> Schema {
    let nodes = usize::from(bytes.byte() % 6);
    Schema { nodes: (0..nodes).map(|index| node(bytes, index)).collect() }
}

fn node(bytes: &mut Bytes<'_>, index: usize) -> SchemaNode {
    let kind = TYPES[usize::from(bytes.byte()) % TYPES.len()];
    let children = match kind {
        SchemaType::Array => 1,
        SchemaType::Map => 2,
        SchemaType::Struct => usize::from(bytes.byte() % 3),
        _ => 0,
    };
    // Mostly those after this one, as the contract says.
    let child = |bytes: &mut Bytes<'_>| (index + 1 + usize::from(bytes.byte() % 2)) as u32;
    let children = bytes.list(Some(children), child);
    let fields = if kind == SchemaType::Struct { children.len() } else { 0 };
    SchemaNode {
        optional: bytes.seldom(),
        name: bytes.option(logical_name),
        version: bytes.option(Bytes::int),
        doc: bytes.option(Bytes::text),
        parameters: bytes.list(None, |bytes| ("scale".to_owned(), bytes.byte().to_string())),
        default: bytes.option(Bytes::text),
        children,
        field_names: bytes.list(Some(fields), Bytes::text),
        ..SchemaNode::new(kind)
    }
}

fn logical_name(bytes: &mut Bytes<'_>) -> String {
    match bytes.byte() % 8 {
        0 => "org.apache.kafka.connect.data.Decimal".to_owned(),
        1 => "org.apache.kafka.connect.data.Date".to_owned(),
        2 => "org.apache.kafka.connect.data.Time".to_owned(),
        3 => "org.apache.kafka.connect.data.Timestamp".to_owned(),
        _ => bytes.text(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use crate::bytes::Bytes;

    #[test]
    fn a_batch_never_makes_a_panic_and_what_is_made_of_a_valid_one_is_valid() {
        let mut run = crate::Run::from_environment();
        let seeds: Vec<Vec<u8>> =
            (0..64).map(|size| (0..size * 8).map(|_| run.random.below(256) as u8).collect()).collect();
        run.inputs(&seeds, 20_000, super::batch);
    }

    #[test]
    fn many_of_the_batches_pass_the_check() {
        let (valid, mut run) = (Cell::new(0), crate::Run::from_environment());
        let seeds: Vec<Vec<u8>> = (0..64).map(|_| (0..200).map(|_| run.random.below(256) as u8).collect()).collect();
        run.inputs(&seeds, 5_000, |input| {
            let batch = super::records(&mut Bytes(input));
            valid.set(valid.get() + usize::from(batch.check().is_ok() && batch.count > 0));
        });
        assert!(valid.get() > 50, "{}", valid.get());
    }
}
