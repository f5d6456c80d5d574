//! A JSON object as an index of its top-level members: where each name and each value lies, in the text as it came or in a
//! buffer of what was changed. Nothing is moved until the object is written out.

use super::json::Json;
use super::name::Name;
use super::scan::{Walk, skip_space};
use super::text::unescape;

/// Set in `Span::at` of what lies among the edits.
const EDITED: u32 = 1 << 31;

/// A piece of text: of the text that came, or of the edits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    at: u32,
    len: u32,
}

impl Span {
    /// A piece of the text that came. The runtime's batches are smaller than 2 GiB: their lengths are 32 bits with a sign.
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
    /// With its quotes.
    name: Span,
    /// The name's bytes are the name.
    plain: bool,
    value: Span,
}

/// The texts that spans point into. `edits` is emptied from row to row and keeps its memory.
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

    /// Adds what `write` appends to the edits.
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
    /// Adds what `write` makes of a piece to the edits.
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

/// The members of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object {
    fields: Vec<Field>,
    /// So many of the first fields are as they came, in the text that they came in, which is written as one piece.
    untouched: usize,
    /// A bit for each name, see `mark`: a name whose bit is not set is not there. Bits of names that went stay.
    marks: u64,
}

impl Object {
    /// Finds the members of the object that lies at `span`. False = there is no object.
    pub(crate) fn read(&mut self, texts: &Texts<'_>, span: Span) -> bool {
        self.fields.clear();
        self.marks = 0;
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
            self.marks |= if member.plain { mark(&text[member.name + 1..member.name_end - 1]) } else { u64::MAX };
            self.fields.push(Field {
                name: piece(member.name, member.name_end),
                plain: member.plain,
                value: piece(member.value, member.value_end),
            });
        }
        Some(())
    }

    /// Makes it an object of one member.
    pub(crate) fn single<N: Name + ?Sized>(&mut self, texts: &mut Texts<'_>, name: &N, value: Span) {
        self.marks = mark(name.text().as_bytes());
        let (name, plain) = texts.name(name);
        self.fields.clear();
        self.fields.push(Field { name, plain, value });
        self.untouched = 0;
    }

    /// The last member of this name.
    #[inline]
    fn position(&self, texts: &Texts<'_>, name: &str) -> Option<usize> {
        if self.marks & mark(name.as_bytes()) == 0 {
            return None;
        }
        self.fields.iter().rposition(|field| is_named(texts, field, name))
    }

    /// The value of the last member of this name.
    pub(crate) fn get(&self, texts: &Texts<'_>, name: &str) -> Option<Span> {
        self.position(texts, name).map(|at| self.fields[at].value)
    }

    /// Replaces the value of a member, or adds one at the end.
    pub(crate) fn set<N: Name + ?Sized>(&mut self, texts: &mut Texts<'_>, name: &N, write: impl FnOnce(&mut Vec<u8>)) {
        match self.position(texts, name.text()) {
            Some(at) => {
                self.fields[at].value = texts.edit(write);
                self.untouched = self.untouched.min(at);
            }
            None => self.add(texts, name, write),
        }
    }

    /// Adds a member at the end, without a look at those that are there.
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
        self.marks |= mark(name.text().as_bytes());
        self.fields.push(Field { name: Span { at: whole.at, len: name_len }, plain: is_plain(name, name_len), value });
    }

    /// Takes out all members of this name. False = there was none.
    pub(crate) fn remove(&mut self, texts: &Texts<'_>, name: &str) -> bool {
        let Some(first) = self.fields.iter().position(|field| is_named(texts, field, name)) else { return false };
        self.untouched = self.untouched.min(first);
        self.fields.retain(|field| !is_named(texts, field, name));
        true
    }

    /// Gives a member another name, in its place. A member that has that name already is taken out. False = there was none.
    pub(crate) fn rename<N: Name + ?Sized>(&mut self, texts: &mut Texts<'_>, from: &str, to: &N) -> bool {
        if self.position(texts, from).is_none() {
            return false;
        }
        if from != to.text() {
            self.remove(texts, to.text());
        }
        self.marks |= mark(to.text().as_bytes());
        let name = texts.name(to);
        for (at, field) in self.fields.iter_mut().enumerate() {
            if is_named(texts, field, from) {
                (field.name, field.plain) = name;
                self.untouched = self.untouched.min(at);
            }
        }
        true
    }

    /// The members in order. A name that no text can be made of is passed over.
    pub(crate) fn members<'a>(
        &'a self,
        texts: &'a Texts<'_>,
    ) -> impl Iterator<Item = (std::borrow::Cow<'a, str>, Json<'a>)> {
        self.fields.iter().filter_map(|field| {
            let name = unescape(inner(texts.get(field.name)))?;
            Some((name, Json::from_bytes(texts.get(field.value))))
        })
    }

    /// Writes the object out. Members that lie side by side in one text are copied as one piece.
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
            add(out, field.name, b',');
            add(out, field.value, b':');
        }
        if let Some(piece) = piece {
            out.extend_from_slice(texts.get(piece));
        }
        out.push(b'}');
    }
}

impl Texts<'_> {
    /// Adds a name to the edits, and says whether it went there without escapes.
    fn name<N: Name + ?Sized>(&mut self, name: &N) -> (Span, bool) {
        let span = self.edit(|out| name.push_json(out));
        (span, is_plain(name, span.len))
    }

    /// The byte behind a piece.
    #[inline]
    fn between(&self, piece: Span) -> Option<u8> {
        let text = if piece.at & EDITED == 0 { self.original } else { &self.edits };
        text.get((piece.end() & !EDITED) as usize).copied()
    }
}

#[inline]
fn is_named(texts: &Texts<'_>, field: &Field, name: &str) -> bool {
    if field.plain {
        // The lengths tell most names apart, without a look at the texts.
        field.name.len as usize == name.len() + 2 && inner(texts.get(field.name)) == name.as_bytes()
    } else {
        unescape(inner(texts.get(field.name))).is_some_and(|found| found == name)
    }
}

/// One bit of 64 for a name: most names of an object have bits of their own.
#[inline]
fn mark(name: &[u8]) -> u64 {
    let end = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(*byte));
    1 << ((name.len() + 5 * end(name.first()) + 11 * end(name.last())) & 63)
}

/// A name is as long as its JSON form but for the quotes if nothing in it was escaped.
#[inline]
fn is_plain<N: Name + ?Sized>(name: &N, json_len: u32) -> bool {
    json_len as usize == name.text().len() + 2
}

/// A name without its quotes.
#[inline]
fn inner(name: &[u8]) -> &[u8] {
    name.get(1..name.len() - 1).unwrap_or_default()
}
