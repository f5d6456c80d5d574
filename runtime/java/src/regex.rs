//! Java's regular expressions (`java.util.regex`), as far as topic names need them: what matches as a whole, and what the first
//! match is replaced with.
//!
//! The syntax is nearly that of `fancy_regex`. [`translate`] writes what is not in its words.

use std::fmt;
use std::fmt::Write;

use fancy_regex::{Captures, Regex};

/// What is wrong with an expression or a replacement, or that a match took too many steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexError(String);

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RegexError {}

impl From<fancy_regex::Error> for RegexError {
    fn from(error: fancy_regex::Error) -> Self {
        Self(error.to_string())
    }
}

/// A regular expression.
#[derive(Debug)]
pub struct JavaRegex {
    /// Matches a text as a whole or not at all.
    whole: Regex,
    any: Regex,
}

impl JavaRegex {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// It is none, in the words of `fancy_regex`.
    pub fn new(pattern: &str) -> Result<JavaRegex, RegexError> {
        let pattern = translate(pattern);
        // The expression alone comes first: what is wrong with it is told in terms of what the user wrote.
        let any = Regex::new(&pattern)?;
        // A comment (`(?x) # ...`) would take the closing bracket with it, but for the end of its line.
        let whole =
            Regex::new(&format!(r"\A(?:{pattern})\z")).or_else(|_| Regex::new(&format!("\\A(?:{pattern}\n)\\z")))?;
        Ok(JavaRegex { whole, any })
    }

    /// Whether the whole text matches (`Matcher.matches`).
    ///
    /// # Errors
    ///
    /// The match took too many steps.
    pub fn matches(&self, text: &str) -> Result<bool, RegexError> {
        Ok(self.whole.is_match(text)?)
    }

    /// The text with its first match, wherever it is, replaced (`Matcher.replaceFirst`).
    ///
    /// # Errors
    ///
    /// The match took too many steps, or the replacement is none, in Java's words.
    pub fn replace_first(&self, text: &str, replacement: &str) -> Result<String, RegexError> {
        let Some(captures) = self.any.captures(text)? else { return Ok(text.into()) };
        let Some(found) = captures.get(0) else { return Ok(text.into()) };
        let mut out = text[..found.start()].to_string();
        append(&mut out, replacement, &self.any, &captures).map_err(RegexError)?;
        out.push_str(&text[found.end()..]);
        Ok(out)
    }
}

/// Appends a replacement with its groups filled in (`Matcher.appendReplacement`). The messages are Java's.
fn append(out: &mut String, replacement: &str, groups: &Regex, captures: &Captures<'_, str>) -> Result<(), String> {
    let mut rest = replacement.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\\' => out.push(rest.next().ok_or("character to be escaped is missing")?),
            '$' => match rest.next().ok_or("Illegal group reference: group index is missing")? {
                '{' => {
                    let mut name = String::new();
                    while let Some(letter) = rest.next_if(char::is_ascii_alphanumeric) {
                        name.push(letter);
                    }
                    if name.is_empty() {
                        return Err("named capturing group has 0 length name".into());
                    }
                    if rest.next() != Some('}') {
                        return Err("named capturing group is missing trailing '}'".into());
                    }
                    if name.starts_with(|letter: char| letter.is_ascii_digit()) {
                        return Err(format!("capturing group name {{{name}}} starts with digit character"));
                    }
                    let group = captures.name(&name);
                    // A group that is there but took no part in the match stands for nothing.
                    if group.is_none() && !groups.capture_names().flatten().any(|there| there == name) {
                        return Err(format!("No group with name {{{name}}}"));
                    }
                    out.push_str(group.map_or("", |group| group.as_str()));
                }
                digit => {
                    let mut group = digit.to_digit(10).ok_or("Illegal group reference")? as usize;
                    if group >= captures.len() {
                        return Err(format!("No group {group}"));
                    }
                    // Further digits belong to it as long as there is such a group.
                    while let Some(digit) = rest.peek().and_then(|digit| digit.to_digit(10))
                        && group * 10 + (digit as usize) < captures.len()
                    {
                        group = group * 10 + digit as usize;
                        rest.next();
                    }
                    out.push_str(captures.get(group).map_or("", |group| group.as_str()));
                }
            },
            other => out.push(other),
        }
    }
    Ok(())
}

/// Java's words for what `fancy_regex` writes otherwise: `\Q...\E`, classes of ASCII characters.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at..];
        rest = if let Some(quoted) = escape.strip_prefix("\\Q") {
            let (text, behind) = quoted.split_once("\\E").unwrap_or((quoted, ""));
            out.push_str(&fancy_regex::escape(text));
            behind
        } else if let Some((class, behind)) = ascii_class(escape) {
            // Brackets inside of brackets are a class of their own, as in Java.
            out.push_str(class);
            behind
        } else {
            let length = 1 + escape[1..].chars().next().map_or(0, char::len_utf8);
            out.push_str(&escape[..length]);
            &escape[length..]
        };
    }
    let _ = out.write_str(rest);
    out
}

/// A predefined class at the begin of `escape`, which are ASCII in Java, and what is behind it.
fn ascii_class(escape: &str) -> Option<(&'static str, &str)> {
    const CLASSES: [(&str, &str); 25] = [
        (r"\d", "[0-9]"),
        (r"\D", "[^0-9]"),
        (r"\w", "[a-zA-Z_0-9]"),
        (r"\W", "[^a-zA-Z_0-9]"),
        (r"\s", r"[ \t\n\x0B\f\r]"),
        (r"\S", r"[^ \t\n\x0B\f\r]"),
        (r"\h", r"[ \t\xA0\u{1680}\u{180e}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}]"),
        (r"\p{Lower}", "[a-z]"),
        (r"\p{Upper}", "[A-Z]"),
        (r"\p{ASCII}", r"[\x00-\x7F]"),
        (r"\p{Alpha}", "[a-zA-Z]"),
        (r"\p{Digit}", "[0-9]"),
        (r"\p{Alnum}", "[a-zA-Z0-9]"),
        (r"\p{Punct}", r"[!-/:-@\[-`{-~]"),
        (r"\p{Graph}", "[!-~]"),
        (r"\p{Print}", "[ -~]"),
        (r"\p{Blank}", r"[ \t]"),
        (r"\p{Cntrl}", r"[\x00-\x1F\x7F]"),
        (r"\p{XDigit}", "[0-9a-fA-F]"),
        (r"\p{Space}", r"[ \t\n\x0B\f\r]"),
        (r"\P{Lower}", "[^a-z]"),
        (r"\P{Upper}", "[^A-Z]"),
        (r"\P{Alpha}", "[^a-zA-Z]"),
        (r"\P{Digit}", "[^0-9]"),
        (r"\P{Alnum}", "[^a-zA-Z0-9]"),
    ];
    CLASSES.iter().find_map(|(java, class)| Some((*class, escape.strip_prefix(java)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_matches_as_a_whole_or_not_at_all() {
        for (pattern, text, matches) in [
            ("a|ab", "ab", true),
            ("a", "ab", false),
            ("b", "ab", false),
            ("raw-(.*)", "raw-orders", true),
            (r"\Qa.b\E.*", "a.bc", true),
            (r"\Qa.b\E.*", "axbc", false),
            (r"\Qa.b", "a.b", true),
            (r"[\w&&[^_]]+", "ab1", true),
            (r"[\w&&[^_]]+", "ab_1", false),
            (r"[^\d]+", "é", true),
            (r"\d+", "٣", false),
            (r"\p{Alpha}\P{Digit}\p{Punct}", "aé.", true),
            ("(?!internal).*", "orders", true),
            ("(?!internal).*", "internal-x", false),
            (r"(.)\1", "aa", true),
            ("a++a", "aaa", false),
            ("(?i)ORDERS", "orders", true),
            (r"a\\d", r"a\d", true),
            ("", "", true),
        ] {
            assert_eq!(JavaRegex::new(pattern).unwrap().matches(text), Ok(matches), "{pattern} {text}");
        }
    }

    #[test]
    fn java_and_we_read_the_same_expressions() {
        for (pattern, text) in [
            ("[a-z&&[^b]]+", "ac"),
            ("^a$", "a"),
            (r"a\Z", "a"),
            (r"\Aa\z", "a"),
            ("(?<!x)a(?!b)", "a"),
            ("[[:alpha:]]+", "abc"),
            (r"\bab\b", "ab"),
            ("a{2}", "aa"),
            (r"\x61", "a"),
            (r"\u0061", "a"),
            (r"[\w.-]+", "a.b-c"),
            ("(?s).", "a"),
            ("(?>a)", "a"),
            (r"\p{L}+", "é"),
            (r"\p{IsAlphabetic}+", "é"),
            (r"\R", "\n"),
            (r"a\Qb.", "ab."),
            (r"[\Q.\E]", "."),
            ("a]", "a]"),
            ("a}", "a}"),
            ("[a[bc]]+", "abc"),
            (r"\_", "_"),
            (r"\e", "\u{1b}"),
            (r"(?<n>a)\k<n>", "aa"),
            ("a*?b", "aab"),
            ("(?x) a b # c", "ab"),
        ] {
            let regex = JavaRegex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(regex.matches(text), Ok(true), "{pattern} {text}");
        }
    }

    #[test]
    fn the_first_match_is_replaced_with_its_groups() {
        for (pattern, text, replacement, expected) in [
            ("raw-(.*)", "raw-a", "clean-$1", "clean-a"),
            ("a|ab", "ab", "x", "xb"),
            ("(?<first>[a-z]+)-(\\d+)", "ab-12", "${first}_$2", "ab_12"),
            ("(a)(b)?", "a", "$1$2-", "a-"),
            ("(a)", "a", "$12", "a2"),
            ("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)", "abcdefghijk", "$11$10$011", "kjk"),
            (".*", "a", r"\$1\\", r"$1\"),
            ("(.*)", "a.b", "$0é", "a.bé"),
        ] {
            assert_eq!(JavaRegex::new(pattern).unwrap().replace_first(text, replacement), Ok(expected.into()));
        }
    }

    #[test]
    fn a_bad_replacement_is_told_in_javas_words() {
        for (replacement, message) in [
            ("$", "Illegal group reference: group index is missing"),
            ("$x", "Illegal group reference"),
            ("$2", "No group 2"),
            ("${b}", "No group with name {b}"),
            ("${1b}", "capturing group name {1b} starts with digit character"),
            ("${a", "named capturing group is missing trailing '}'"),
            ("${a_b}", "named capturing group is missing trailing '}'"),
            ("${}", "named capturing group has 0 length name"),
            ("\\", "character to be escaped is missing"),
        ] {
            let error = JavaRegex::new("(?<a>.)").unwrap().replace_first("x", replacement).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn a_bad_expression_is_refused() {
        assert!(JavaRegex::new("(").is_err());
    }
}
