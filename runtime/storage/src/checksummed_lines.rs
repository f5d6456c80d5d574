//! The text format of Weir's own files: a header line with the kind of the file and the count and checksum of the entries, then one line
//! for each entry. The checksum detects files that were truncated or edited.
//!
//! ```text
//! {"weir":"offsets","version":1,"entries":1,"sha256":"…"}
//! [["file-source",{"filename":"/data/in.txt"}],{"position":42}]
//! ```

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// The format that this worker reads and writes.
const VERSION: u64 = 1;

#[derive(Deserialize)]
struct Header {
    weir: String,
    entries: usize,
    sha256: String,
    /// For source offsets: the id of the Kafka cluster that has their records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kafka_cluster_id: Option<String>,
    /// For source offsets: how often a worker was started with them.
    #[serde(default)]
    epoch: u64,
}

/// Further parts of the header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The Kafka cluster's id.
    pub cluster_id: Option<String>,
    /// How often a worker was started with the file; 0 is not written.
    pub epoch: u64,
}

/// The part of the header that all versions have.
#[derive(Deserialize)]
struct Version {
    version: u64,
}

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong with the file.
    pub reason: String,
    /// What to do, if it differs from what to do about a damaged file.
    pub next: Option<&'static str>,
}

impl Problem {
    /// Returns what is wrong and what to do. `damaged` says what to do about a damaged file.
    pub fn with_next(&self, damaged: &str) -> String {
        format!("{}. The file was not changed. {}", self.reason, self.next.unwrap_or(damaged))
    }
}

impl From<String> for Problem {
    fn from(reason: String) -> Self {
        Self { reason, next: None }
    }
}

impl From<&str> for Problem {
    fn from(reason: &str) -> Self {
        Self::from(reason.to_owned())
    }
}

/// Renders a complete file of this kind. The lines must not contain line breaks.
pub fn render(kind: &str, facts: &Facts, lines: impl Iterator<Item = String>) -> String {
    let (mut body, mut entries) = (String::new(), 0);
    for line in lines {
        body.push_str(&line);
        body.push('\n');
        entries += 1;
    }
    let mut header = serde_json::json!({"weir": kind, "version": VERSION, "entries": entries, "sha256": hash(&body)});
    if let Some(id) = &facts.cluster_id {
        header["kafka_cluster_id"] = id.as_str().into();
    }
    if facts.epoch > 0 {
        header["epoch"] = facts.epoch.into();
    }
    format!("{header}\n{body}")
}

/// Returns what else is in the header of a file that [`parse`] accepts.
pub fn facts(text: &[u8]) -> Facts {
    let header = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = serde_json::from_slice::<Header>(header).ok();
    header.map_or_else(Facts::default, |header| Facts { cluster_id: header.kafka_cluster_id, epoch: header.epoch })
}

/// Returns the lines of a complete file of this kind.
pub fn parse<'a>(kind: &str, text: &'a [u8]) -> Result<Vec<&'a str>, Problem> {
    let text = std::str::from_utf8(text).map_err(|error| format!("it is not text: {error}"))?;
    let (header, body) = text.split_once('\n').ok_or("its first line is incomplete")?;
    // Checked first: the rest of a newer header may be different.
    if let Ok(Version { version }) = serde_json::from_str(header)
        && version > VERSION
    {
        return Err(Problem {
            reason: format!(
                "it was written by a newer Weir, in format version {version}, and this worker reads version {VERSION}"
            ),
            next: Some("Start the newer Weir again, or restore the copy from before the upgrade"),
        });
    }
    let header: Header =
        serde_json::from_str(header).map_err(|error| format!("its first line is not a {kind} file's: {error}"))?;
    if header.weir != kind {
        return Err(format!("its first line says that it is not a {kind} file").into());
    }
    if header.sha256 != hash(body) {
        return Err("its content does not match the hash in its first line".into());
    }
    let lines: Vec<_> = body.lines().collect();
    if lines.len() != header.entries {
        return Err(format!("it contains {} entries, but its first line says {}", lines.len(), header.entries).into());
    }
    Ok(lines)
}

fn hash(body: &str) -> String {
    Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
