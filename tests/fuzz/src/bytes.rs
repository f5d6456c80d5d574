//! Makes values of input bytes. When none are left, all numbers are 0 and all lists are empty.

/// The bytes that are left.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl Bytes<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Returns a number: mostly a small one, sometimes any.
    pub(crate) fn number(&mut self) -> i64 {
        match self.byte() {
            0xff => -1,
            0xfe => i64::from_be_bytes(std::array::from_fn(|_| self.byte())),
            0xfd => i64::from(i32::from_be_bytes(std::array::from_fn(|_| self.byte()))),
            small => i64::from(small % 16),
        }
    }

    /// Returns a number, cut to 32 bits.
    pub(crate) fn int(&mut self) -> i32 {
        self.number() as i32
    }

    /// Returns true for one byte in four.
    pub(crate) fn seldom(&mut self) -> bool {
        self.byte() % 4 == 3
    }

    /// Returns a value, or `None` for one byte in four and at the end.
    pub(crate) fn option<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.0.is_empty() || self.seldom() { None } else { Some(make(self)) }
    }

    /// Returns at most 15 values, or as many as `count` says; one list in four is empty.
    pub(crate) fn list<T>(&mut self, count: Option<usize>, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = match count {
            // One list in four has another length than it should have.
            Some(count) if !self.seldom() => count.min(64),
            _ => usize::from(self.byte() % 16),
        };
        (0..count).map(|_| make(self)).collect()
    }

    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken.to_vec()
    }

    /// Returns a text of at most 15 bytes.
    pub(crate) fn text(&mut self) -> String {
        let count = usize::from(self.byte() % 16);
        String::from_utf8_lossy(&self.take(count)).into_owned()
    }
}
