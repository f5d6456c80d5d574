//! The columns of a batch that a step uses.

use std::ops::BitOr;

use crate::bindings::host::weir::connect::data as wit;

/// A set of columns that are passed only on request, because copying them takes time.
///
/// ```
/// use weir_sdk::transform::Columns;
/// let both = Columns::KEYS | Columns::VALUES;
/// assert!(both.contains(Columns::KEYS) && !both.contains(Columns::HEADERS));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns(u8);

impl Columns {
    /// No columns: topic, partition, timestamp and offset are sufficient.
    pub const NONE: Columns = Columns(0);
    /// The keys.
    pub const KEYS: Columns = Columns(1);
    /// The values.
    pub const VALUES: Columns = Columns(2);
    /// The headers.
    pub const HEADERS: Columns = Columns(4);
    /// All columns.
    pub const ALL: Columns = Columns(7);

    /// Returns whether the set contains all of these columns.
    #[inline]
    pub const fn contains(self, columns: Columns) -> bool {
        self.0 & columns.0 == columns.0
    }
}

impl BitOr for Columns {
    type Output = Columns;

    fn bitor(self, other: Columns) -> Columns {
        Columns(self.0 | other.0)
    }
}

impl From<Columns> for wit::Columns {
    fn from(columns: Columns) -> wit::Columns {
        [
            (Columns::KEYS, wit::Columns::KEYS),
            (Columns::VALUES, wit::Columns::VALUES),
            (Columns::HEADERS, wit::Columns::HEADERS),
        ]
        .into_iter()
        .filter(|(column, _)| columns.contains(*column))
        .fold(wit::Columns::empty(), |set, (_, column)| set | column)
    }
}
