//! Cuts bytes into lines the way Kafka Connect's file source does. Knows nothing of files or records.
//!
//! A line ends at `\n`, `\r\n` or `\r`. What has no end yet is held back, and so is a line whose `\r` is the last byte there
//! is: a `\n` that belongs to it may follow.

use std::io::{self, ErrorKind, Read};

use memchr::memchr2;

/// Room for bytes at first: a task whose file hardly grows should not hold more.
const FIRST: usize = 8 << 10;

/// Room for bytes once reads fill it: the host gives 64 KiB at once, and a line that is begun stays in front of them.
const CHUNK: usize = 128 << 10;

/// The longest line, with its end. The line, its copy in the batch and both buffers' growth have to fit into the 64 MiB
/// that a task has unless the operator gives it more.
pub(crate) const LONGEST: usize = 8 << 20;

/// Why no more could be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FillError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("a line is longer than {} MiB", LONGEST >> 20)]
    TooLong,
}

/// A line, and how far it reaches.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Without its end.
    pub(crate) text: &'a [u8],
    /// Bytes with its end.
    pub(crate) size: usize,
}

/// Bytes on their way from a file into lines.
#[derive(Debug, Default)]
pub(crate) struct LineBuffer {
    bytes: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Nothing between `start` and here ends a line.
    searched: usize,
    /// Where the bytes that were read end.
    end: usize,
    /// The last read took all the room there was.
    filled: bool,
}

impl LineBuffer {
    /// The next line, if the bytes read so far have its end.
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

    /// Reads once, as much as there is room for, and returns the number of bytes; 0 = nothing more is there now. To be called
    /// when `next` has no line: room is made by moving the begun line to the front, and by growing when it fills everything
    /// or when reads bring as much as there is room for.
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

    /// Bytes read that belong to no line yet.
    pub(crate) fn held(&self) -> usize {
        self.end - self.start
    }

    /// Forgets the bytes held back.
    pub(crate) fn clear(&mut self) {
        (self.start, self.searched, self.end) = (0, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds pieces, each as one read, and gives the lines found after each.
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
