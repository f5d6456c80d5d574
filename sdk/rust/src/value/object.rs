//! A JSON object as an index of its top-level members. Each name and value refers to the original text or to a buffer of
//! edits. Nothing is moved until the object is written.

use std::borrow::Cow;

use super::json::Json;
use super::name::{HEAD, Name, head};
use super::scan::{Walk, skip_space};
use super::text::unescape;

/// Set in `Span::at` if the span is in the edits.
const EDITED: u32 = 1 << 31;

/// A piece of the original text or of the edits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    at: u32,
    len: u32,
}

impl Span {
    /// Creates a span of the original text. The runtime's batches are smaller than 2 GiB: their lengths are signed 32-bit
    /// integers.
    #[inline]
    pub(crate) fn original(begin: usize, end: usize) -> Span {
        Span { at: begin as u32, len: (end - begin) as u32 }
    }

    #[inline]
    fn end(self) -> u32 {
        self.at + self.len
    }
}

#[derive(Clone, Copy, Debug)]
struct Field {
    /// The name, including its quotes.
    name: Span,
    /// Whether the name has no escapes.
    plain: bool,
    /// The head of a name without escapes, see `head`.
    head: u64,
    value: Span,
}

/// The texts that spans refer to. `edits` is cleared for each record and keeps its memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts<'b> {
    pub(crate) original: &'b [u8],
    pub(crate) edits: Vec<u8>,
}

impl Texts<'_> {
    #[inline]
    pub(crate) fn get(&self, span: Span) -> &[u8] {
        let at = (span.at & !EDITED) as usize;
        let text = if span.at & EDITED == 0 { self.original } else { &self.edits };
        &text[at..at + span.len as usize]
    }

    /// Adds the bytes that `write` appends to the edits.
    #[inline]
    pub(crate) fn edit(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let begin = self.edits.len();
        write(&mut self.edits);
        let span = Span { at: begin as u32 | EDITED, len: (self.edits.len() - begin) as u32 };
        // What is added next may be the next member: then both are copied out as one piece.
        self.edits.push(b',');
        span
    }
}

impl Texts<'_> {
    /// Adds a piece, as converted by `write`, to the edits.
    pub(crate) fn rewrite(&mut self, span: Span, write: fn(&mut Vec<u8>, &[u8])) -> Span {
        if span.at & EDITED == 0 {
            let original = self.original;
            self.edit(|out| write(out, &original[span.at as usize..span.end() as usize]))
        } else {
            let piece = self.get(span).to_vec();
            self.edit(|out| write(out, &piece))
        }
    }
}

impl Texts<'_> {
    /// Returns the content of a JSON string, copied only if there are escapes. Returns `None` if it cannot be text
    /// because it contains half a surrogate pair.
    pub(crate) fn unquote(&mut self, span: Span) -> Option<Span> {
        let inside = Span { at: span.at + 1, len: span.len.checked_sub(2)? };
        let text = match unescape(self.get(inside))? {
            Cow::Borrowed(_) => return Some(inside),
            Cow::Owned(text) => text,
        };
        (!text.contains(char::REPLACEMENT_CHARACTER)).then(|| self.edit(|out| out.extend_from_slice(text.as_bytes())))
    }
}

/// The members of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object {
    fields: Vec<Field>,
    /// The number of leading fields that are unchanged, in the text that they came in. They are written as one piece.
    untouched: usize,
    /// A bit for each name, see `mark`. If the bit of a name is not set, the name does not exist. Bits of removed names
    /// stay set.
    marks: u64,
    /// Whether two members had the same bit when the object was read, so that a name may occur twice.
    repeats: bool,
}

impl Object {
    /// Finds the members of the object at `span`. Returns false if there is no object.
    pub(crate) fn read(&mut self, texts: &Texts<'_>, span: Span) -> bool {
        self.fields.clear();
        self.marks = 0;
        self.repeats = false;
        let found = self.find(texts, span).is_some();
        self.untouched = self.fields.len();
        found
    }

    fn find(&mut self, texts: &Texts<'_>, span: Span) -> Option<()> {
        let edited = span.at & EDITED;
        let begin = (span.at & !EDITED) as usize;
        let text = if edited == 0 { texts.original } else { &texts.edits };
        let text = text.get(..begin + span.len as usize)?;
        let mut walk = Walk::new(text, skip_space(text, begin)).filter(|_| text.get(begin) != Some(&b'['))?;
        let piece = |begin: usize, end: usize| Span { at: begin as u32 | edited, len: (end - begin) as u32 };
        while let Some(member) = walk.member()? {
            let (head, mark) = if member.plain {
                let len = member.name_end - member.name - 2;
                let head = head_at(text, member.name + 1, len);
                (head, mark(head, len))
            } else {
                (0, u64::MAX)
            };
            self.repeats |= self.marks & mark != 0;
            self.marks |= mark;
            self.fields.push(Field {
                name: piece(member.name, member.name_end),
                plain: member.plain,
                head,
                value: piece(member.value, member.value_end),
            });
        }
        Some(())
    }

    /// Makes this an object with one member.
    pub(crate) fn single<N: Name + ?Sized>(&mut self, texts: &mut Texts<'_>, name: &N, value: Span) {
        let head = name.head();
        self.marks = mark(head, name.text().len());
        self.repeats = false;
        let (name, plain) = texts.name(name);
        self.fields.clear();
        self.fields.push(Field { name, plain, head, value });
        self.untouched = 0;
    }

    /// Returns the index of the last member with this name.
    #[inline]
    fn position<N: Name + ?Sized>(&self, texts: &Texts<'_>, name: &N) -> Option<usize> {
        let (head, len) = (name.head(), name.text().len());
        if self.marks & mark(head, len) == 0 {
            return None;
        }
        // Nearly all fields are other ones, and most of those have another head.
        self.fields.iter().rposition(|field| (field.head == head || !field.plain) && is_named(texts, field, name))
    }

    /// Returns the value of the last member with this name.
    #[inline]
    pub(crate) fn get<N: Name + ?Sized>(&self, texts: &Texts<'_>, name: &N) -> Option<Span> {
        self.position(texts, name).map(|at| self.fields[at].value)
    }

    /// Replaces the value of a member, or adds the member at the end. Other members with this name are removed.
    #[inline]
    pub(crate) fn set<N: Name + ?Sized>(&mut self, texts: &mut Texts<'_>, name: &N, write: impl FnOnce(&mut Vec<u8>)) {
        match self.position(texts, name) {
            Some(at) => self.set_at(texts, at, name, write),
            None => self.add(texts, name, write),
        }
    }

    /// Like `set`, but with a value that depends on the current one. Returns false if the member is not changed.
    #[inline]
    pub(crate) fn update<'j, N: Name + ?Sized, E>(
        &mut self,
        texts: &mut Texts<'_>,
        name: &N,
        new: impl FnOnce(Option<Json<'_>>) -> Result<Option<&'j [u8]>, E>,
    ) -> Result<bool, E> {
        let at = self.position(texts, name);
        let there = at.map(|at| Json::from_bytes(texts.get(self.fields[at].value)));
        let Some(json) = new(there)? else { return Ok(false) };
        let write = |out: &mut Vec<u8>| out.extend_from_slice(json);
        match at {
            Some(at) => self.set_at(texts, at, name, write),
            None => self.add(texts, name, write),
        }
        Ok(true)
    }

    #[inline]
    fn set_at<N: Name + ?Sized>(
        &mut self,
        texts: &mut Texts<'_>,
        at: usize,
        name: &N,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        self.fields[at].value = texts.edit(write);
        self.untouched = self.untouched.min(at);
        if self.repeats {
            self.keep_one(texts, at, name);
        }
    }

    /// Removes the members with this name before the one at `at`, which is the last. Returns its new index.
    fn keep_one<N: Name + ?Sized>(&mut self, texts: &Texts<'_>, mut at: usize, name: &N) -> usize {
        while let Some(other) = self.fields[..at].iter().rposition(|field| is_named(texts, field, name)) {
            self.remove_at(other);
            at -= 1;
        }
        at
    }

    /// Adds a member at the end without checking the existing ones.
    pub(crate) fn add<N: Name + ?Sized>(&mut self, texts: &mut Texts<'_>, name: &N, write: impl FnOnce(&mut Vec<u8>)) {
        let mut name_len = 0;
        let whole = texts.edit(|out| {
            let begin = out.len();
            name.push_json(out);
            name_len = (out.len() - begin) as u32;
            out.push(b':');
            write(out);
        });
        let value = Span { at: whole.at + name_len + 1, len: whole.len - name_len - 1 };
        let head = name.head();
        self.marks |= mark(head, name.text().len());
        let (plain, name) = (is_plain(name, name_len), Span { at: whole.at, len: name_len });
        self.fields.push(Field { name, plain, head, value });
    }

    /// Removes all members with this name. Returns false if there are none.
    pub(crate) fn remove<N: Name + ?Sized>(&mut self, texts: &Texts<'_>, name: &N) -> bool {
        let Some(mut at) = self.position(texts, name) else { return false };
        if self.repeats {
            at = self.keep_one(texts, at, name);
        }
        self.remove_at(at);
        true
    }

    #[inline]
    fn remove_at(&mut self, at: usize) {
        self.fields.remove(at);
        self.untouched = self.untouched.min(at);
    }

    /// Renames a member without changing its position. A member that already has the new name is removed. Returns false
    /// if the member to rename does not exist.
    pub(crate) fn rename<F: Name + ?Sized, N: Name + ?Sized>(
        &mut self,
        texts: &mut Texts<'_>,
        from: &F,
        to: &N,
    ) -> bool {
        let Some(mut at) = self.position(texts, from) else { return false };
        if self.repeats {
            at = self.keep_one(texts, at, from);
        }
        if from.text() != to.text() && self.remove(texts, to) {
            at = self.position(texts, from).unwrap_or(at);
        }
        let head = to.head();
        self.marks |= mark(head, to.text().len());
        let (name, plain) = texts.name(to);
        let field = &mut self.fields[at];
        (field.name, field.plain, field.head) = (name, plain, head);
        self.untouched = self.untouched.min(at);
        true
    }

    /// Returns the members in order. Members whose names cannot be converted to text are skipped.
    pub(crate) fn members<'a>(&'a self, texts: &'a Texts<'_>) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        self.fields.iter().filter_map(|field| {
            let name = unescape(inner(texts.get(field.name)))?;
            Some((name, Json::from_bytes(texts.get(field.value))))
        })
    }

    /// Writes the object. Members that are adjacent in the same text are copied as one piece.
    pub(crate) fn write(&self, texts: &Texts<'_>, out: &mut Vec<u8>) {
        out.push(b'{');
        let (untouched, rest) = self.fields.split_at(self.untouched);
        let mut piece = match untouched {
            [] => None,
            [first, ..] => {
                let end = untouched[untouched.len() - 1].value.end();
                Some(Span { at: first.name.at, len: end - first.name.at })
            }
        };
        let mut add = |out: &mut Vec<u8>, next: Span, between: u8| match &mut piece {
            Some(piece) if next.at == piece.end() + 1 && texts.between(*piece) == Some(between) => {
                piece.len += 1 + next.len;
            }
            Some(piece) => {
                out.extend_from_slice(texts.get(*piece));
                out.push(between);
                *piece = next;
            }
            None => piece = Some(next),
        };
        for field in rest {
            // Name and value side by side are one piece already.
            if field.value.at == field.name.end() + 1 && texts.between(field.name) == Some(b':') {
                add(out, Span { at: field.name.at, len: field.name.len + 1 + field.value.len }, b',');
            } else {
                add(out, field.name, b',');
                add(out, field.value, b':');
            }
        }
        if let Some(piece) = piece {
            out.extend_from_slice(texts.get(piece));
        }
        out.push(b'}');
    }
}

impl Texts<'_> {
    /// Adds a name to the edits. Returns whether it has no escapes.
    fn name<N: Name + ?Sized>(&mut self, name: &N) -> (Span, bool) {
        let span = self.edit(|out| name.push_json(out));
        (span, is_plain(name, span.len))
    }

    /// Returns the byte after a piece.
    #[inline]
    fn between(&self, piece: Span) -> Option<u8> {
        let text = if piece.at & EDITED == 0 { self.original } else { &self.edits };
        text.get((piece.end() & !EDITED) as usize).copied()
    }
}

#[inline]
fn is_named<N: Name + ?Sized>(texts: &Texts<'_>, field: &Field, name: &N) -> bool {
    let text = name.text().as_bytes();
    if field.plain {
        // Short names are compared without reading the texts.
        let len = field.name.len as usize;
        len == text.len() + 2
            && field.head == name.head()
            && (text.len() <= HEAD || inner(texts.get(field.name))[HEAD..] == text[HEAD..])
    } else {
        unescape(inner(texts.get(field.name))).is_some_and(|found| found.as_bytes() == text)
    }
}

/// Returns the head of the name of `len` bytes at `at`.
#[inline]
fn head_at(text: &[u8], at: usize, len: usize) -> u64 {
    match text.get(at..).and_then(<[u8]>::first_chunk::<HEAD>) {
        Some(eight) if len > 0 => u64::from_le_bytes(*eight) & (u64::MAX >> (64 - 8 * len.min(HEAD))),
        _ => head(&text[at..at + len]),
    }
}

/// Returns one of 64 bits for a name. Most names of an object have different bits.
#[inline]
fn mark(head: u64, len: usize) -> u64 {
    1 << ((head.wrapping_add(len as u64)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
}

/// Returns whether a name has no escapes: its JSON form is then longer only by the quotes.
#[inline]
fn is_plain<N: Name + ?Sized>(name: &N, json_len: u32) -> bool {
    json_len as usize == name.text().len() + 2
}

/// Returns a name without its quotes.
#[inline]
fn inner(name: &[u8]) -> &[u8] {
    name.get(1..name.len() - 1).unwrap_or_default()
}
