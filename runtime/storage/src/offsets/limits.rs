//! Limits how much of the offset file one connector may use, and the size of the whole file. A source chooses its partitions and
//! offsets, so it could otherwise fill the worker's disk and memory.

/// Maximum number of bytes of the text of one source partition, or of one offset. In Kafka Connect both together have to fit into a
/// record of the offsets topic, 1 MB unless configured otherwise.
pub(super) const TEXT_MAX: usize = 256 << 10;

/// A connector that uses at most this many bytes is not refused because of what others use: otherwise it could not even replace a
/// number with a longer one.
const SMALL: u64 = 64 << 10;

/// The limits of each connector, and of all connectors together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `weir.offsets.partitions.max`.
    pub partitions: u64,
    /// `weir.offsets.bytes.max`: bytes of a connector's lines in the file.
    pub bytes: u64,
    /// `weir.offsets.total.bytes.max`: bytes of the lines of all connectors, including deleted ones.
    pub total: u64,
}

/// The number and size of a connector's offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Size {
    partitions: u64,
    pub(super) bytes: u64,
}

impl Size {
    pub(super) fn add(&mut self, connector: &str, partition: &str, offset: &str) {
        self.partitions += 1;
        self.bytes += line(connector, partition, offset);
    }

    pub(super) fn remove(&mut self, connector: &str, partition: &str, offset: &str) {
        self.partitions -= 1;
        self.bytes -= line(connector, partition, offset);
    }
}

/// Returns the bytes of a line: `[[connector,partition],offset]` and a line break.
fn line(connector: &str, partition: &str, offset: &str) -> u64 {
    (connector.len() + partition.len() + offset.len()) as u64 + 7
}

/// Why offsets cannot be stored: a limit would be exceeded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// Too many partitions.
    #[error(
        "connector {connector} stores the offsets of more than {limit} source partitions; let the source use fewer, delete offsets that \
         are no longer needed (PATCH /connectors/{{name}}/offsets), or raise weir.offsets.partitions.max"
    )]
    Partitions {
        /// The connector's name.
        connector: String,
        /// The limit of one connector.
        limit: u64,
    },
    /// Too many bytes.
    #[error(
        "the source offsets of connector {connector} take more than {limit} bytes of the offset file; let the source use fewer or shorter \
         partitions and offsets, delete offsets that are no longer needed (PATCH /connectors/{{name}}/offsets), or raise \
         weir.offsets.bytes.max"
    )]
    Bytes {
        /// The connector's name.
        connector: String,
        /// The limit of one connector.
        limit: u64,
    },
    /// All connectors together have too many bytes.
    #[error(
        "connector {connector} cannot store more offsets: those of all connectors would take more than {limit} bytes of the offset file. \
         Delete offsets that are no longer needed; for a connector that was deleted, create one with its name and class and \
         initial_state=STOPPED, then DELETE /connectors/{{name}}/offsets. Or raise weir.offsets.total.bytes.max"
    )]
    Total {
        /// The connector that was about to store more.
        connector: String,
        /// The limit of all connectors.
        limit: u64,
    },
    /// One text is too long.
    #[error(
        "connector {connector} has a {what} of {bytes} bytes, and at most {TEXT_MAX} bytes can be stored; make the source use a shorter one"
    )]
    Text {
        /// The connector's name.
        connector: String,
        /// `source partition` or `source offset`.
        what: &'static str,
        /// The text's length.
        bytes: usize,
    },
}

impl Limits {
    /// Checks whether a connector's offsets may change from `before` to `after`. A change that reduces them is always allowed: the limits
    /// may have been lowered.
    ///
    /// `others` are the bytes of all other connectors.
    pub(super) fn check(&self, connector: &str, before: Size, after: Size, others: u64) -> Result<(), Exceeded> {
        let connector = || connector.to_owned();
        if after.partitions > self.partitions && after.partitions > before.partitions {
            return Err(Exceeded::Partitions { connector: connector(), limit: self.partitions });
        }
        if after.bytes > self.bytes && after.bytes > before.bytes {
            return Err(Exceeded::Bytes { connector: connector(), limit: self.bytes });
        }
        if after.bytes > SMALL && after.bytes > before.bytes && others + after.bytes > self.total {
            return Err(Exceeded::Total { connector: connector(), limit: self.total });
        }
        Ok(())
    }
}

/// Checks whether each text is short enough.
pub(crate) fn check_texts(connector: &str, entries: &[super::Entry]) -> Result<(), Exceeded> {
    let texts = entries.iter().flat_map(|(partition, offset)| {
        [Some(("source partition", partition)), offset.as_ref().map(|offset| ("source offset", offset))]
    });
    match texts.flatten().find(|(_, text)| text.len() > TEXT_MAX) {
        Some((what, text)) => Err(Exceeded::Text { connector: connector.to_owned(), what, bytes: text.len() }),
        None => Ok(()),
    }
}
