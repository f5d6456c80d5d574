//! Source partitions and offsets are JSON objects with text keys and primitive values. One is checked for each row, so this looks at
//! each byte once and builds nothing.

/// Whether these bytes are one JSON object, with nothing but strings, numbers, true, false and null in it.
pub(super) fn is_flat_object(bytes: &[u8]) -> bool {
    let mut scanner = Scanner { bytes, at: 0 };
    scanner.object().is_some() && scanner.at == bytes.len()
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn object(&mut self) -> Option<()> {
        self.space();
        self.byte(b'{')?;
        self.space();
        if self.byte(b'}').is_none() {
            loop {
                self.space();
                self.string()?;
                self.space();
                self.byte(b':')?;
                self.space();
                self.primitive()?;
                self.space();
                if self.byte(b'}').is_some() {
                    break;
                }
                self.byte(b',')?;
            }
        }
        self.space();
        Some(())
    }

    fn primitive(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn string(&mut self) -> Option<()> {
        self.byte(b'"')?;
        let start = self.at;
        let mut ascii = true;
        loop {
            let byte = self.peek()?;
            match byte {
                b'"' => break,
                b'\\' => {
                    self.at += 1;
                    match self.peek()? {
                        b'u' => {
                            let digits = self.bytes.get(self.at + 1..self.at + 5)?;
                            if !digits.iter().all(u8::is_ascii_hexdigit) {
                                return None;
                            }
                            self.at += 4;
                        }
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                        _ => return None,
                    }
                }
                0..0x20 => return None,
                _ => ascii &= byte.is_ascii(),
            }
            self.at += 1;
        }
        if !ascii && std::str::from_utf8(&self.bytes[start..self.at]).is_err() {
            return None;
        }
        self.at += 1;
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.byte(b'-');
        if self.byte(b'0').is_none() {
            self.digits()?;
        }
        if self.byte(b'.').is_some() {
            self.digits()?;
        }
        if self.byte(b'e').or_else(|| self.byte(b'E')).is_some() {
            let _ = self.byte(b'+').or_else(|| self.byte(b'-'));
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let rest = &self.bytes[self.at..];
        let digits = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += digits;
        (digits > 0).then_some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.bytes[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_objects_pass() {
        for text in [
            "{}",
            " { } ",
            r#"{"filename":"/data/in.txt"}"#,
            r#"{"position":30}"#,
            r#"{ "a" : -1.5e+7 , "b" : null , "c" : true , "d" : false, "e":0.1,"":0 }"#,
            r#"{"a\"\\\u00e4":"ä\n"}"#,
        ] {
            assert!(is_flat_object(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn everything_else_does_not() {
        for text in [
            "",
            "null",
            "[]",
            "7",
            "{",
            "}",
            "{}x",
            "{}{}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{,"a":1}"#,
            "{a:1}",
            r#"{"a":{}}"#,
            r#"{"a":[]}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":.5}"#,
            r#"{"a":+1}"#,
            r#"{"a":1e}"#,
            r#"{"a":-}"#,
            r#"{"a":tru}"#,
            r#"{"a":NaN}"#,
            r#"{"a":"x}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u12g4"}"#,
            r#"{"a":"\u12"#,
            "{\"a\":\"\n\"}",
        ] {
            assert!(!is_flat_object(text.as_bytes()), "{text}");
        }
        assert!(!is_flat_object(b"{\"a\":\"\xff\"}"));
    }
}
