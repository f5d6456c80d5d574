//! The text form of an offset file: a header line that counts and hashes what follows, then one line for each offset.
//!
//! ```text
//! {"weir":"offsets","version":1,"entries":1,"sha256":"…"}
//! [["file-source",{"filename":"/data/in.txt"}],{"position":42}]
//! ```
//!
//! Keys and values have the bytes that Kafka Connect gives them in its offsets topic. The hash tells a file that was cut short
//! or edited from one that is whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// Key (`["connector",{partition}]`) to value (`{offset}`), both JSON texts.
pub(super) type Offsets = BTreeMap<String, String>;

#[derive(Serialize, Deserialize)]
struct Header {
    weir: String,
    version: u32,
    entries: usize,
    sha256: String,
}

/// Writes the whole document.
pub(super) fn render(offsets: &Offsets) -> String {
    let mut body = String::new();
    for (key, value) in offsets {
        body.push('[');
        body.push_str(key);
        body.push(',');
        body.push_str(value);
        body.push_str("]\n");
    }
    let header = serde_json::json!({
        "weir": "offsets", "version": 1, "entries": offsets.len(), "sha256": hash(&body),
    });
    format!("{header}\n{body}")
}

/// Reads the whole document. The error says what is wrong with it, not what to do.
pub(super) fn parse(text: &[u8]) -> Result<Offsets, String> {
    if text.starts_with(&[0xac, 0xed]) {
        return Err("it is a Java-serialized file, as Kafka Connect's standalone worker writes it".to_owned());
    }
    let text = std::str::from_utf8(text).map_err(|error| format!("it is not text: {error}"))?;
    let (header, body) = text.split_once('\n').ok_or("its first line is not whole")?;
    let header: Header =
        serde_json::from_str(header).map_err(|error| format!("its first line is not an offset file's: {error}"))?;
    if header.weir != "offsets" {
        return Err("its first line is not an offset file's".to_owned());
    }
    if header.version != 1 {
        return Err(format!("it has version {}, and this worker knows version 1", header.version));
    }
    if header.sha256 != hash(body) {
        return Err("its content does not match the hash in its first line".to_owned());
    }
    let mut offsets = Offsets::new();
    for (number, line) in body.lines().enumerate() {
        let (key, value): (Box<RawValue>, Box<RawValue>) =
            serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 2))?;
        offsets.insert(key.get().to_owned(), value.get().to_owned());
    }
    if offsets.len() != header.entries {
        return Err(format!("it holds {} offsets, and its first line says {}", offsets.len(), header.entries));
    }
    Ok(offsets)
}

fn hash(body: &str) -> String {
    Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
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
