//! Divides bytes into lines as Kafka Connect's file source does, independently of files and records.
//!
//! A line ends with `\n`, `\r\n` or `\r`. Bytes after the last line end are kept until there is more, and so is a line that ends with `\r`
//! at the end of the bytes, because a `\n` that belongs to it may follow.

use std::io::{self, ErrorKind, Read};

use memchr::memchr2;

/// The initial size of the buffer. A task whose file rarely grows should not use more memory.
const FIRST: usize = 8 << 10;

/// The size of the buffer once a read fills it. The host returns 64 KiB at once, and the beginning of a line is kept before them.
const CHUNK: usize = 128 << 10;

/// The maximum length of a line, with its end. The line, its copy in the batch and the growth of both buffers must fit into the memory
/// limit of a task, even if the operator lowers it to 64 MiB.
pub(crate) const LONGEST: usize = 8 << 20;

/// Why bytes could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FillError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("a line is longer than {} MiB", LONGEST >> 20)]
    TooLong,
}

/// A line and its length.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// The line without its end.
    pub(crate) text: &'a [u8],
    /// The number of bytes, with the line end.
    pub(crate) size: usize,
}

/// A buffer between a file and lines.
#[derive(Debug, Default)]
pub(crate) struct LineBuffer {
    bytes: Vec<u8>,
    /// The beginning of the next line.
    start: usize,
    /// There is no line end between `start` and this position.
    searched: usize,
    /// The end of the bytes that were read.
    end: usize,
    /// Whether the last read filled the buffer.
    filled: bool,
}

impl LineBuffer {
    /// Returns the next line if its end has been read.
    pub(crate) fn next(&mut self) -> Option<Line<'_>> {
        let Some(found) = memchr2(b'\n', b'\r', &self.bytes[self.searched..self.end]) else {
            self.searched = self.end;
            return None;
        };
        let at = self.searched + found;
        let after = match (self.bytes[at], self.bytes[..self.end].get(at + 1)) {
            (b'\r', None) => {
                self.searched = at;
                return None;
            }
            (b'\r', Some(b'\n')) => at + 2,
            _ => at + 1,
        };
        let begin = self.start;
        self.start = after;
        self.searched = after;
        Some(Line { text: &self.bytes[begin..at], size: after - begin })
    }

    /// Reads once, as much as fits into the buffer, and returns the number of bytes, or 0 if there are no more bytes now. Call it when
    /// `next` returns no line: the beginning of the next line is moved to the front, and the buffer grows if it is full or if a read filled
    /// it.
    pub(crate) fn fill(&mut self, from: &mut impl Read) -> Result<usize, FillError> {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.searched -= self.start;
            self.end -= self.start;
            self.start = 0;
        }
        let full = self.end == self.bytes.len();
        if full && self.end == LONGEST {
            return Err(FillError::TooLong);
        }
        if full || (self.filled && self.bytes.len() < CHUNK) {
            self.bytes.resize((self.bytes.len() * 2).clamp(FIRST, LONGEST), 0);
        }
        loop {
            match from.read(&mut self.bytes[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    self.filled = self.end == self.bytes.len();
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Returns the number of bytes read that are not part of a returned line.
    pub(crate) fn held(&self) -> usize {
        self.end - self.start
    }

    /// Discards these bytes.
    pub(crate) fn clear(&mut self) {
        (self.start, self.searched, self.end) = (0, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads each piece separately and returns the lines found after each.
    fn lines_after_each(pieces: &[&str]) -> Vec<Vec<(String, usize)>> {
        let mut buffer = LineBuffer::default();
        let found = |piece: &&str| {
            buffer.fill(&mut piece.as_bytes()).unwrap();
            let next = || buffer.next().map(|line| (String::from_utf8(line.text.to_vec()).unwrap(), line.size));
            std::iter::from_fn(next).collect()
        };
        pieces.iter().map(found).collect()
    }

    fn line(text: &str, size: usize) -> (String, usize) {
        (text.to_owned(), size)
    }

    #[test]
    fn all_three_ends_are_ends_and_empty_lines_are_lines() {
        let found = lines_after_each(&["a\nb\r\nc\rd\n\n\r\n\r\re"]);
        let expected = [("a", 2), ("b", 3), ("c", 2), ("d", 2), ("", 1), ("", 2), ("", 1), ("", 1)];
        assert_eq!(found, [expected.map(|(text, size)| line(text, size)).to_vec()]);
    }

    #[test]
    fn a_line_without_end_is_held_back_until_it_has_one() {
        assert_eq!(lines_after_each(&["be", "gun", "\nx"]), [vec![], vec![], vec![line("begun", 6)]]);
    }

    #[test]
    fn a_carriage_return_at_the_end_waits_for_what_follows() {
        assert_eq!(
            lines_after_each(&["a\r", "\nb\r", "c\n"]),
            [vec![], vec![line("a", 3)], vec![line("b", 2), line("c", 2)]]
        );
    }

    #[test]
    fn the_buffer_grows_for_a_long_line_and_says_when_it_is_too_long() {
        let mut text = "x".repeat(LONGEST - 1).into_bytes();
        text.push(b'\n');
        let mut buffer = LineBuffer::default();
        let mut rest = &text[..];
        while buffer.next().is_none() {
            assert!(buffer.fill(&mut rest).unwrap() > 0);
        }
        let mut endless = io::repeat(b'x');
        let mut buffer = LineBuffer::default();
        let error = loop {
            if let Err(error) = buffer.fill(&mut endless) {
                break error;
            }
            assert_eq!(buffer.next(), None);
        };
        assert_eq!(error.to_string(), "a line is longer than 8 MiB");
    }

    #[test]
    fn cutting_does_not_depend_on_where_the_pieces_end() {
        let text = "one\r\ntwo\rthree\n\nfour\r\r\nfive\n";
        let whole: Vec<_> = lines_after_each(&[text]).concat();
        for at in 1..text.len() {
            let (head, tail) = text.split_at(at);
            assert_eq!(lines_after_each(&[head, tail]).concat(), whole, "cut at {at}");
        }
    }
}
