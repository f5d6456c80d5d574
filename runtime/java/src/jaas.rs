//! Splits text in the syntax of JAAS login configurations into tokens, as `java.io.StreamTokenizer` does with the settings of its two
//! readers: `javax.security.auth.login.Configuration` for files, and Kafka's `JaasConfig` for `sasl.jaas.config`.
//!
//! The tests contain what Java 17 returns. Some of it is surprising: a text in quotes that is not closed ends with its line, a single
//! slash begins a comment, and a value such as `1a` is a number followed by a word.

/// Characters that Java's reader of JAAS files accepts in a word, in addition to letters and digits.
pub const FILE: &str = "$_-*";
/// Characters that Kafka's reader of `sasl.jaas.config` accepts in a word, in addition to letters and digits.
pub const SETTING: &str = "$_-";

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A word.
    Word(String),
    /// A text in quotes, without them and with its escape sequences replaced.
    Quoted {
        /// `"` or `'`. Java's reader of JAAS files accepts only the former.
        quote: char,
        /// The text.
        text: String,
    },
    /// A number. Neither reader accepts it as a value, so it is not kept.
    Number,
    /// Any other character.
    Sign(char),
}

/// Whether this is a control flag of a login module; case does not matter.
pub fn is_control_flag(word: &str) -> bool {
    ["REQUIRED", "REQUISITE", "SUFFICIENT", "OPTIONAL"].iter().any(|flag| flag.eq_ignore_ascii_case(word))
}

/// Splits a text. `word` is [`FILE`] or [`SETTING`].
pub fn tokens(text: &str, word: &str) -> Vec<Token> {
    let mut tokenizer = Tokenizer { chars: text.chars(), peeked: None, word };
    std::iter::from_fn(|| tokenizer.next()).collect()
}

/// The value of `(char) -1`, which Java adds when the text ends after a backslash.
const END: char = '\u{ffff}';

struct Tokenizer<'a> {
    chars: std::str::Chars<'a>,
    /// The character after the last token, if the tokenizer had to read it.
    peeked: Option<char>,
    word: &'a str,
}

impl Tokenizer<'_> {
    fn read(&mut self) -> Option<char> {
        self.peeked.take().or_else(|| self.chars.next())
    }

    fn is_digit(letter: char) -> bool {
        letter.is_ascii_digit() || matches!(letter, '.' | '-')
    }

    /// Whether a word may start with this character.
    fn is_alpha(&self, letter: char) -> bool {
        letter.is_ascii_alphabetic() || letter >= '\u{a0}' || self.word.contains(letter)
    }

    fn next(&mut self) -> Option<Token> {
        loop {
            let first = self.read()?;
            match first {
                '\0'..=' ' => {}
                '/' => self.comment()?,
                '"' | '\'' => return Some(Token::Quoted { quote: first, text: self.quoted(first) }),
                _ if Self::is_digit(first) => return Some(self.number(first)),
                _ if self.is_alpha(first) => return Some(Token::Word(self.word(first))),
                _ => return Some(Token::Sign(first)),
            }
        }
    }

    /// Skips a comment; `None` if the text ends in it.
    fn comment(&mut self) -> Option<()> {
        if self.read()? == '*' {
            let mut last = '\0';
            loop {
                let mut letter = self.read()?;
                if letter == '/' && last == '*' {
                    return Some(());
                }
                // Java does not compare the character after a line break with `/`.
                if letter == '\r' {
                    letter = self.read()?;
                    if letter == '\n' {
                        letter = self.read()?;
                    }
                } else if letter == '\n' {
                    letter = self.read()?;
                }
                last = letter;
            }
        }
        // Whatever follows the slash is part of the comment, even a line break.
        while !matches!(self.read()?, '\n' | '\r') {}
        Some(())
    }

    /// Reads a number, or a minus sign that is not followed by a number.
    fn number(&mut self, first: char) -> Token {
        let mut next = Some(first);
        if first == '-' {
            next = self.read();
            if !next.is_some_and(|letter| letter == '.' || letter.is_ascii_digit()) {
                self.peeked = next;
                return Token::Sign('-');
            }
        }
        let mut has_dot = false;
        while let Some(letter) = next {
            match letter {
                '.' if !has_dot => has_dot = true,
                '0'..='9' => {}
                _ => break,
            }
            next = self.read();
        }
        self.peeked = next;
        Token::Number
    }

    fn word(&mut self, first: char) -> String {
        let mut word = String::from(first);
        loop {
            match self.read() {
                Some(letter) if self.is_alpha(letter) || Self::is_digit(letter) => word.push(letter),
                other => {
                    self.peeked = other;
                    return word;
                }
            }
        }
    }

    /// Reads the rest of a text in quotes.
    fn quoted(&mut self, quote: char) -> String {
        let mut text = String::new();
        let mut next = self.read();
        while let Some(letter) = next.filter(|letter| *letter != quote && !matches!(letter, '\n' | '\r')) {
            if letter != '\\' {
                text.push(letter);
                next = self.read();
                continue;
            }
            let escaped = self.read();
            next = self.read();
            text.push(match escaped {
                Some('a') => '\u{7}',
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('v') => '\u{b}',
                Some(first @ '0'..='7') => {
                    let mut code = octal(first).unwrap_or_default();
                    // A third digit only if the number then fits into a byte.
                    for _ in 0..if first <= '3' { 2 } else { 1 } {
                        let Some(digit) = next.and_then(octal) else { break };
                        code = code * 8 + digit;
                        next = self.read();
                    }
                    char::from(code)
                }
                Some(other) => other,
                None => END,
            });
        }
        if next != Some(quote) {
            self.peeked = next;
        }
        text
    }
}

fn octal(digit: char) -> Option<u8> {
    digit.to_digit(8).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words as they are, texts in quotes with their quotes, numbers as `#`, other characters as they are after a dot.
    fn shown(text: &str, word: &str) -> Vec<String> {
        let show = |token| match token {
            Token::Word(word) => word,
            Token::Quoted { quote, text } => format!("{quote}{text}{quote}"),
            Token::Number => "#".to_owned(),
            Token::Sign(sign) => format!(".{sign}"),
        };
        tokens(text, word).into_iter().map(show).collect()
    }

    /// Each line is what `StreamTokenizer` of Java 17 returns with the settings of both readers.
    #[test]
    fn tokens_are_those_of_java() {
        for (text, expected) in [
            ("a.B required k=\"v\";", &["a.B", "required", "k", ".=", "\"v\"", ".;"][..]),
            ("1a a1 -x - -1 .5 a.b", &["#", "a", "a1", ".-", "x", ".-", "#", "#", "a.b"]),
            ("--1 -. ..5 1.2.3 5a", &[".-", "#", "#", "#", "#", "#", "#", "#", "a"]),
            ("a=b;c={d}", &["a", ".=", "b", ".;", "c", ".=", ".{", "d", ".}"]),
            ("user=1u pass=a1.b-2", &["user", ".=", "#", "u", "pass", ".=", "a1.b-2"]),
            (
                "# c\n , ü \u{80} \u{a0}x \u{2028}y \u{1f600} \u{7f}",
                &[".#", "c", ".,", "ü", ".\u{80}", "\u{a0}x", "\u{2028}y", "\u{1f600}", ".\u{7f}"],
            ),
            ("a\0b\u{1f}c a\u{a0}b", &["a", "b", "c", "a\u{a0}b"]),
        ] {
            assert_eq!(shown(text, SETTING), expected, "{text:?}");
            assert_eq!(shown(text, FILE), expected, "{text:?}");
        }
        assert_eq!(shown("a-b_c$d*e", SETTING), ["a-b_c$d", ".*", "e"]);
        assert_eq!(shown("a-b_c$d*e", FILE), ["a-b_c$d*e"]);
    }

    #[test]
    fn escape_sequences_are_those_of_java() {
        for (text, expected) in [
            (r#""a\nb\tc\rd\fe\bf\ag\vh\\i\"j\'k\xl\qm""#, &["\"a\nb\tc\rd\u{c}e\u{8}f\u{7}g\u{b}h\\i\"j'kxlqm\""][..]),
            (r#""\1\12\123\1234\377\400\477\8\0""#, &["\"\u{1}\nSS4ÿ 0'78\0\""]),
            (r#""\u0041""#, &["\"u0041\""]),
            ("'it\"s' x", &["'it\"s'", "x"]),
            ("\"open\nnext", &["\"open\"", "next"]),
            ("\"open\r\nnext", &["\"open\"", "next"]),
            ("\"a\\\nb\" c", &["\"a\nb\"", "c"]),
            ("\"end\\", &["\"end\u{ffff}\""]),
        ] {
            assert_eq!(shown(text, FILE), expected, "{text:?}");
        }
    }

    #[test]
    fn comments_are_those_of_java() {
        for (text, expected) in [
            ("a // b\nc /* d * / e **/ f /x g\nh", &["a", "c", "f", "h"][..]),
            ("a /\nb\nc", &["a", "c"]),
            ("a/b\nc", &["a", "c"]),
            ("a /* b", &["a"]),
            ("/* *\n/ x */ y", &["y"]),
            ("/* \n*/ y", &["y"]),
            ("/**/ z", &["z"]),
            ("/***/ z", &["z"]),
        ] {
            assert_eq!(shown(text, SETTING), expected, "{text:?}");
        }
    }
}
