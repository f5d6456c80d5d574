//! The text format of an offset file: one line for each offset.
//!
//! ```text
//! {"weir":"offsets","version":1,"entries":1,"sha256":"…"}
//! [["file-source",{"filename":"/data/in.txt"}],{"position":42}]
//! ```
//!
//! Keys and values have the same bytes as in Kafka Connect's offsets topic.

use serde_json::value::RawValue;

use crate::checksummed_lines::{self, Facts, Problem};

/// The kind of the file in its first line.
const KIND: &str = "offsets";

/// One line of the file.
pub(super) struct Line<'a> {
    /// The connector's name as a JSON string.
    pub(super) connector: &'a str,
    /// A JSON object.
    pub(super) partition: &'a str,
    /// A JSON object.
    pub(super) offset: &'a str,
}

/// Renders the whole document. Partitions and offsets must not contain line breaks.
pub(super) fn render<'a>(facts: &Facts, lines: impl Iterator<Item = Line<'a>>) -> String {
    let text = |Line { connector, partition, offset }| format!("[[{connector},{partition}],{offset}]");
    checksummed_lines::render(KIND, facts, lines.map(text))
}

/// Parses the whole document. Returns connector, partition and offset of each line.
pub(super) fn parse(text: &[u8]) -> Result<Vec<(String, String, String)>, Problem> {
    if text.starts_with(&[0xac, 0xed]) {
        return Err(Problem {
            reason: "it was written by Kafka Connect's standalone worker, as a Java-serialized map".to_owned(),
            next: Some(
                "Use another file. To migrate the offsets, read them from Kafka Connect with GET /connectors/NAME/offsets, create the \
                 connector here with initial_state STOPPED, write them with PATCH /connectors/NAME/offsets, and resume it",
            ),
        });
    }
    let parsed = |(number, line): (usize, &str)| {
        let ((connector, partition), offset): ((String, Box<RawValue>), Box<RawValue>) =
            serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 2))?;
        Ok((connector, partition.get().to_owned(), offset.get().to_owned()))
    };
    let lines = checksummed_lines::parse(KIND, text)?.into_iter().enumerate();
    lines.map(parsed).collect::<Result<_, String>>().map_err(Problem::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<(String, String, String)> {
        let line = |connector: &str, partition: &str, offset: &str| {
            (connector.to_owned(), partition.to_owned(), offset.to_owned())
        };
        vec![line("a\"", r#"{"filename":"x\ny"}"#, r#"{"position":42}"#), line("b", r#"{"n":1}"#, r#"{"p":null}"#)]
    }

    fn text(offsets: &[(String, String, String)]) -> String {
        let names: Vec<String> =
            offsets.iter().map(|(name, ..)| serde_json::Value::from(&**name).to_string()).collect();
        let lines = names.iter().zip(offsets);
        let facts = Facts { cluster_id: Some("c".to_owned()), epoch: 0 };
        render(&facts, lines.map(|(connector, (_, partition, offset))| Line { connector, partition, offset }))
    }

    #[test]
    fn a_rendered_file_is_parsed_back() {
        assert_eq!(parse(text(&sample()).as_bytes()), Ok(sample()));
        assert_eq!(parse(text(&[]).as_bytes()), Ok(vec![]));
    }

    #[test]
    fn every_truncation_and_every_flipped_byte_is_detected() {
        let whole = text(&sample()).into_bytes();
        for end in 0..whole.len() {
            assert!(parse(&whole[..end]).is_err(), "cut at {end}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert_ne!(parse(&damaged), Ok(vec![]), "flipped at {at}");
            if let Ok(read) = parse(&damaged) {
                assert_eq!(read, sample(), "flipped at {at}");
            }
        }
    }

    #[test]
    fn a_file_of_kafka_connect_is_recognized() {
        let problem = parse(&[0xac, 0xed, 0, 5]).unwrap_err();
        assert!(problem.reason.contains("Kafka Connect"), "{problem:?}");
        assert!(problem.next.is_some_and(|next| next.contains("PATCH /connectors/NAME/offsets")), "{problem:?}");
    }

    #[test]
    fn a_file_of_a_newer_weir_is_recognized() {
        let newer = "{\"weir\":\"offsets\",\"version\":2,\"blake3\":\"\"}\n";
        let problem = parse(newer.as_bytes()).unwrap_err();
        assert!(problem.reason.starts_with("it was written by a newer Weir, in format version 2"), "{problem:?}");
        let text = problem.with_next("Move it away");
        assert!(text.contains("Start the newer Weir again") && !text.contains("Move it away"), "{text}");
    }
}
