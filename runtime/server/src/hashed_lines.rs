//! The text form of Weir's own files: a header line that says what the file is, and counts and hashes what follows, then one line for
//! each entry. The hash tells a file that was cut short or edited from one that is whole.
//!
//! ```text
//! {"weir":"offsets","version":1,"entries":1,"sha256":"…"}
//! [["file-source",{"filename":"/data/in.txt"}],{"position":42}]
//! ```

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

#[derive(Serialize, Deserialize)]
struct Header {
    weir: String,
    version: u32,
    entries: usize,
    sha256: String,
}

/// Writes a whole file of this kind. No line has a line break in it.
pub(crate) fn render(kind: &str, lines: impl Iterator<Item = String>) -> String {
    let (mut body, mut entries) = (String::new(), 0);
    for line in lines {
        body.push_str(&line);
        body.push('\n');
        entries += 1;
    }
    let header = serde_json::json!({"weir": kind, "version": 1, "entries": entries, "sha256": hash(&body)});
    format!("{header}\n{body}")
}

/// The lines of a whole file of this kind. The error says what is wrong with it, not what to do.
pub(crate) fn parse<'a>(kind: &str, text: &'a [u8]) -> Result<Vec<&'a str>, String> {
    let text = std::str::from_utf8(text).map_err(|error| format!("it is not text: {error}"))?;
    let (header, body) = text.split_once('\n').ok_or("its first line is not whole")?;
    let header: Header =
        serde_json::from_str(header).map_err(|error| format!("its first line is not a {kind} file's: {error}"))?;
    if header.weir != kind {
        return Err(format!("its first line says that it is not a {kind} file"));
    }
    if header.version != 1 {
        return Err(format!("it has version {}, and this worker knows version 1", header.version));
    }
    if header.sha256 != hash(body) {
        return Err("its content does not match the hash in its first line".to_owned());
    }
    let lines: Vec<_> = body.lines().collect();
    if lines.len() != header.entries {
        return Err(format!("it holds {} entries, and its first line says {}", lines.len(), header.entries));
    }
    Ok(lines)
}

fn hash(body: &str) -> String {
    Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
