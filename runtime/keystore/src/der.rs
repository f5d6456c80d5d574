//! The little of DER (X.690) that the stores need: taking elements one after another, and nothing else.

use super::Problem;

/// Tag of an INTEGER.
const INTEGER: u8 = 0x02;
/// Tag of an OCTET STRING.
const OCTET_STRING: u8 = 0x04;
/// Tag of an OBJECT IDENTIFIER.
const OBJECT_IDENTIFIER: u8 = 0x06;
/// Tag of a SEQUENCE.
const SEQUENCE: u8 = 0x30;
/// Tag of a SET.
pub(crate) const SET: u8 = 0x31;
/// Tag of `[0]`, constructed.
pub(crate) const CONTEXT_0: u8 = 0xa0;
/// Tag of `[0] IMPLICIT OCTET STRING`.
pub(super) const CONTEXT_0_PRIMITIVE: u8 = 0x80;

const DAMAGED: Problem = Problem::Damaged("a DER element is not where it should be");

/// What is left of the content of an element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Der<'a>(pub &'a [u8]);

impl<'a> Der<'a> {
    /// Whether nothing is left.
    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether the next element has this tag.
    pub(crate) fn next_is(self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// The next element, whatever its tag: tag and content.
    pub(crate) fn any(&mut self) -> Result<(u8, &'a [u8]), Problem> {
        let [tag, length, rest @ ..] = self.0 else { return Err(DAMAGED) };
        let (length, rest) = match *length {
            short @ ..=0x7f => (usize::from(short), rest),
            // Four bytes of length are more than a store may have.
            long @ 0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(long - 0x80)).ok_or(DAMAGED)?;
                (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
            }
            _ => return Err(DAMAGED),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(DAMAGED)?;
        self.0 = rest;
        Ok((*tag, content))
    }

    /// The content of the next element, which has this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Result<Der<'a>, Problem> {
        match self.any()? {
            (found, content) if found == tag => Ok(Der(content)),
            _ => Err(DAMAGED),
        }
    }

    /// The content of the next element, a SEQUENCE.
    pub(crate) fn sequence(&mut self) -> Result<Der<'a>, Problem> {
        self.take(SEQUENCE)
    }

    /// The bytes of the next element, an OCTET STRING.
    pub(crate) fn octets(&mut self) -> Result<&'a [u8], Problem> {
        Ok(self.take(OCTET_STRING)?.0)
    }

    /// The encoded arcs of the next element, an OBJECT IDENTIFIER.
    pub(crate) fn identifier(&mut self) -> Result<&'a [u8], Problem> {
        Ok(self.take(OBJECT_IDENTIFIER)?.0)
    }

    /// The next element, an INTEGER from 0 to `u32::MAX`.
    pub(crate) fn number(&mut self) -> Result<u32, Problem> {
        match self.take(INTEGER)?.0 {
            [] => Err(DAMAGED),
            [first, ..] if *first >= 0x80 => Err(DAMAGED),
            [0, digits @ ..] | digits if digits.len() <= size_of::<u32>() => {
                Ok(digits.iter().fold(0, |number, digit| number << 8 | u32::from(*digit)))
            }
            _ => Err(DAMAGED),
        }
    }

    /// The next element, if it is an INTEGER.
    pub(super) fn number_if_any(&mut self) -> Result<Option<u32>, Problem> {
        if self.next_is(INTEGER) { self.number().map(Some) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_taken_in_turn() {
        let long = [&[0x04, 0x82, 0x01, 0x00][..], &[7; 256], &[0x02, 0x02, 0x00, 0xff, 0x06, 0x01, 0x2a]].concat();
        let mut der = Der(&long);
        assert_eq!(der.octets().expect("octets"), [7; 256]);
        assert_eq!(der.number_if_any().expect("a number"), Some(255));
        assert_eq!(der.number_if_any().expect("none"), None);
        assert_eq!(der.identifier().expect("an identifier"), [0x2a]);
        assert!(der.is_empty() && der.any().is_err());
    }

    #[test]
    fn lengths_that_lie_and_numbers_without_end_are_refused() {
        for broken in [
            &[][..],
            &[0x30],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[4, 0],
        ] {
            assert!(Der(broken).sequence().is_err(), "{broken:?}");
        }
        for broken in [&[2, 0][..], &[2, 1, 0x80], &[2, 5, 1, 0, 0, 0, 0], &[2, 6, 0, 1, 0, 0, 0, 0]] {
            assert!(Der(broken).number().is_err(), "{broken:?}");
        }
    }
}
