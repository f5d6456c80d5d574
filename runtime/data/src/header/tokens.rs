//! The tokens of a header's text: `:` `,` `{` `}` `[` `]` `"`, and the text between them.

pub(super) use weir_java::text::trim;

/// An iterator over the tokens of a text. A backslash escapes a delimiter and remains in the token.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Returns the next token with its white space, or `None` at the end of the text.
    pub(super) fn next(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let mut escaped = false;
        let mut length = rest.len();
        for (index, byte) in rest.bytes().enumerate() {
            match byte {
                b'\\' => escaped = !escaped,
                b':' | b',' | b'{' | b'}' | b'[' | b']' | b'"' if !escaped => {
                    length = index.max(1);
                    break;
                }
                _ => escaped = false,
            }
        }
        self.at += length;
        rest.get(..length)
    }

    /// Returns the next token that is not blank, without surrounding white space. A blank token at the end of the text is returned.
    pub(super) fn next_trimmed(&mut self) -> Option<&'a str> {
        loop {
            let token = trim(self.next()?);
            if !token.is_empty() || self.at_end() {
                return Some(token);
            }
        }
    }

    /// Skips the next token that is not blank if it is this one.
    pub(super) fn take(&mut self, wanted: &str) -> bool {
        let mut ahead = self.clone();
        let there = ahead.next_trimmed() == Some(wanted);
        if there {
            *self = ahead;
        }
        there
    }

    /// Returns the text of `first`, which was just read, and of the `count` tokens after it, without reading them.
    pub(super) fn joined(&self, first: &'a str, count: usize) -> Option<&'a str> {
        let start = self.at.checked_sub(first.len())?;
        let mut ahead = self.clone();
        for _ in 0..count {
            ahead.next()?;
        }
        self.text.get(start..ahead.at)
    }

    /// Skips `count` tokens.
    pub(super) fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn delimiters_are_tokens_unless_escaped() {
        let mut tokens = Tokens::new(r#"{a\:b: "x\"y" ,"#);
        let mut all = Vec::new();
        while let Some(token) = tokens.next() {
            all.push(token);
        }
        assert_eq!(all, ["{", "a\\:b", ":", " ", "\"", "x\\\"y", "\"", " ", ","]);
    }

    proptest! {
        #[test]
        fn tokens_add_up_to_the_text(text in "[a:,{}\\[\\]\"\\\\ é]{0,20}") {
            let mut tokens = Tokens::new(&text);
            let mut all = String::new();
            while let Some(token) = tokens.next() {
                all.push_str(token);
            }
            prop_assert_eq!(all, text);
        }
    }
}
