//! The text form of an offset file: one line for each offset.
//!
//! ```text
//! {"weir":"offsets","version":1,"entries":1,"sha256":"…"}
//! [["file-source",{"filename":"/data/in.txt"}],{"position":42}]
//! ```
//!
//! Keys and values have the bytes that Kafka Connect gives them in its offsets topic.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::hashed_lines;

/// Key (`["connector",{partition}]`) to value (`{offset}`), both JSON texts.
pub(super) type Offsets = BTreeMap<String, String>;

/// What the first line says the file is.
const KIND: &str = "offsets";

/// Writes the whole document.
pub(super) fn render(offsets: &Offsets) -> String {
    hashed_lines::render(KIND, offsets.iter().map(|(key, value)| format!("[{key},{value}]")))
}

/// Reads the whole document. The error says what is wrong with it, not what to do.
pub(super) fn parse(text: &[u8]) -> Result<Offsets, String> {
    if text.starts_with(&[0xac, 0xed]) {
        return Err("it is a Java-serialized file, as Kafka Connect's standalone worker writes it".to_owned());
    }
    let lines = hashed_lines::parse(KIND, text)?;
    let entries = lines.len();
    let mut offsets = Offsets::new();
    for (number, line) in lines.into_iter().enumerate() {
        let (key, value): (Box<RawValue>, Box<RawValue>) =
            serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 2))?;
        offsets.insert(key.get().to_owned(), value.get().to_owned());
    }
    if offsets.len() != entries {
        return Err("it holds an offset twice".to_owned());
    }
    Ok(offsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Offsets {
        Offsets::from([
            (r#"["a",{"filename":"x\ny"}]"#.to_owned(), r#"{"position":42}"#.to_owned()),
            (r#"["b",{"n":1}]"#.to_owned(), r#"{"p":null}"#.to_owned()),
        ])
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(parse(render(&sample()).as_bytes()), Ok(sample()));
        assert_eq!(parse(render(&Offsets::new()).as_bytes()), Ok(Offsets::new()));
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_noticed() {
        let whole = render(&sample()).into_bytes();
        for end in 0..whole.len() {
            assert!(parse(&whole[..end]).is_err(), "cut at {end}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert_ne!(parse(&damaged), Ok(Offsets::new()), "flipped at {at}");
            if let Ok(read) = parse(&damaged) {
                assert_eq!(read, sample(), "flipped at {at}");
            }
        }
    }

    #[test]
    fn a_file_of_kafka_connect_is_named_as_such() {
        assert!(parse(&[0xac, 0xed, 0, 5]).unwrap_err().contains("Kafka Connect"));
    }
}
