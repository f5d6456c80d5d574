//! Reads elements of DER (X.690) one after another. `der` decodes each element; the caller decides which elements may follow, because
//! existing stores do not follow the types of the standards strictly.

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Reader as _, SliceReader, Tag, TagNumber};

use super::Problem;

/// `[0]`, constructed.
pub(crate) const CONTEXT_0: Tag = context(0, true);
/// `[0] IMPLICIT OCTET STRING`.
pub(crate) const CONTEXT_0_PRIMITIVE: Tag = context(0, false);
/// `[1]`, constructed.
pub(crate) const CONTEXT_1: Tag = context(1, true);

const fn context(number: u32, constructed: bool) -> Tag {
    Tag::ContextSpecific { constructed, number: TagNumber(number) }
}

impl From<der::Error> for Problem {
    fn from(_: der::Error) -> Self {
        // The position of the bytes would not help: these files are not edited by hand.
        Self::Damaged("a DER element is missing or not valid")
    }
}

/// The elements of another element's content that are not read yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Der<'a>(pub &'a [u8]);

impl<'a> Der<'a> {
    /// Whether no element is left.
    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether the next element has this tag.
    pub(crate) fn next_is(self, tag: Tag) -> bool {
        SliceReader::new(self.0).is_ok_and(|reader| Tag::peek(&reader).is_ok_and(|found| found == tag))
    }

    /// Takes the next element, of this type.
    fn read<T: Decode<'a, Error = der::Error>>(&mut self) -> Result<T, Problem> {
        let mut reader = SliceReader::new(self.0)?;
        let element = reader.decode()?;
        let left = reader.remaining_len();
        self.0 = reader.read_slice(left)?;
        Ok(element)
    }

    /// Takes the next element, whatever its tag.
    pub(crate) fn any(&mut self) -> Result<AnyRef<'a>, Problem> {
        self.read()
    }

    /// Takes the next element, which has this tag, and returns its content.
    pub(crate) fn take(&mut self, tag: Tag) -> Result<Der<'a>, Problem> {
        let element = self.any()?;
        element.header().tag().assert_eq(tag)?;
        Ok(Der(element.value()))
    }

    /// Takes the next element, a SEQUENCE, and returns its content.
    pub(crate) fn sequence(&mut self) -> Result<Der<'a>, Problem> {
        self.take(Tag::Sequence)
    }

    /// Takes the next element, an OCTET STRING.
    pub(crate) fn octets(&mut self) -> Result<&'a [u8], Problem> {
        Ok(self.read::<&OctetStringRef>()?.as_bytes())
    }

    /// Takes the next element, an OBJECT IDENTIFIER. `None` if it is larger than those that [`ObjectIdentifier`] holds: then it is not one
    /// that is looked for, and a store may contain it.
    pub(crate) fn identifier(&mut self) -> Result<Option<ObjectIdentifier>, Problem> {
        Ok(ObjectIdentifier::from_bytes(self.take(Tag::ObjectIdentifier)?.0).ok())
    }

    /// Takes the next element, an INTEGER from 0 to `u32::MAX`.
    pub(crate) fn number(&mut self) -> Result<u32, Problem> {
        self.read()
    }

    /// Takes the next element, if it is an INTEGER.
    pub(crate) fn number_if_any(&mut self) -> Result<Option<u32>, Problem> {
        if self.next_is(Tag::Integer) { self.number().map(Some) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_in_order() {
        let long =
            [&[0x04, 0x82, 0x01, 0x00][..], &[7; 256], &[0x02, 0x02, 0x00, 0xff, 0x06, 0x02, 0x2a, 0x03]].concat();
        let mut der = Der(&long);
        assert_eq!(der.octets().expect("octets"), [7; 256]);
        assert_eq!(der.number_if_any().expect("a number"), Some(255));
        assert_eq!(der.number_if_any().expect("none"), None);
        assert_eq!(der.identifier().expect("an identifier"), Some(ObjectIdentifier::new_unwrap("1.2.3")));
        assert!(der.is_empty() && der.any().is_err());
    }

    #[test]
    fn an_identifier_that_is_too_large_does_not_prevent_reading_the_rest() {
        // 2.25 and a UUID, as Java reads it too; and one of 60 arcs.
        let uuid = [&[0x06, 20, 0x69][..], &[0x81; 18], &[0x01, 0x02, 1, 7]].concat();
        let many = [&[0x06, 60][..], &[0x2a; 60], &[0x02, 1, 7]].concat();
        for bytes in [uuid, many] {
            let mut der = Der(&bytes);
            assert_eq!(der.identifier().expect("an element"), None);
            assert_eq!(der.number().expect("a number"), 7);
        }
    }

    #[test]
    fn wrong_lengths_and_numbers_that_are_too_large_are_refused() {
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
