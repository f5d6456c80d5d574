//! Texts of others: truncated when they enter the worker, and escaped so that they stay in one line.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The maximum number of bytes in a text of a plugin: the message of a fault, of a record's failure, of a validation error. What
/// readers of log lines and statuses need is in its first lines.
pub const MAX_MESSAGE: usize = 8 << 10;

/// The maximum number of bytes in a trace of a failure, in a status, a log line or a header of a dead letter.
pub const MAX_TRACE: usize = 16 << 10;

/// Truncates a text to `max` bytes, at the end of a character. A note with the original length is added after them.
pub fn bounded(mut text: String, max: usize) -> String {
    if text.len() > max {
        let total = text.len();
        text.truncate(text.floor_char_boundary(max));
        // Frees the memory of the rest.
        text.shrink_to_fit();
        let _ = write!(text, "... truncated, {total} bytes in total");
    }
    text
}

/// Returns the beginning of a name, for an error message.
pub fn shown(name: &str) -> Cow<'_, str> {
    const MAX: usize = 100;
    match name.len() {
        0..=MAX => Cow::Borrowed(name),
        total => Cow::Owned(format!("{}... ({total} bytes)", &name[..name.floor_char_boundary(MAX)])),
    }
}

/// Whether a character can make a line look like other text: control characters, which end lines and move cursors; line and
/// paragraph separators; marks that change the direction of writing and so the order in which text is shown.
pub fn is_disguise(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

/// Returns the text in one line, with each character of [`is_disguise`] escaped as in Rust: `\n`, `\u{202e}`.
pub fn one_line(text: &str) -> Cow<'_, str> {
    one_line_but(text, |_| false)
}

/// Like [`one_line`], but does not escape the characters for which `keep` is true.
pub fn one_line_but(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    escaped(
        text,
        |character| is_disguise(character) && !keep(character),
        |character, line| {
            let _ = write!(line, "{}", character.escape_default());
        },
    )
}

/// Returns JSON in one line, with each character of [`is_disguise`] escaped as in JSON. In valid JSON, such characters occur only
/// in strings.
pub fn one_json_line(json: &str) -> Cow<'_, str> {
    escaped(json, is_disguise, |character, line| {
        let _ = write!(line, "\\u{:04x}", u32::from(character));
    })
}

fn escaped(text: &str, is_meant: impl Fn(char) -> bool, escape: impl Fn(char, &mut String)) -> Cow<'_, str> {
    let Some(first) = text.find(&is_meant) else { return Cow::Borrowed(text) };
    let mut line = String::with_capacity(text.len() + 16);
    line.push_str(&text[..first]);
    for character in text[first..].chars() {
        if is_meant(character) {
            escape(character, &mut line);
        } else {
            line.push(character);
        }
    }
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_how_long_it_was() {
        assert_eq!(bounded("short".into(), 5), "short");
        assert_eq!(bounded("abcäö".into(), 4), "abc... truncated, 7 bytes in total");
        let long = bounded("x".repeat(30_000_000), MAX_MESSAGE);
        assert!(long.ends_with("x... truncated, 30000000 bytes in total"));
        assert!(long.capacity() <= 2 * MAX_MESSAGE, "{} bytes are held", long.capacity());
    }

    #[test]
    fn a_name_is_shown_by_its_beginning() {
        assert_eq!(shown("short"), "short");
        assert_eq!(shown(&"n".repeat(1000)), format!("{}... (1000 bytes)", "n".repeat(100)));
    }

    #[test]
    fn nothing_makes_a_second_line_or_turns_the_first_around() {
        let forged = "one\r\ntwo\0 \u{1b}[31m \u{85} \u{202e}olleh\u{2069} \u{2028}\u{200f}\u{61c}\u{feff}";
        let text = one_line(forged);
        assert_eq!(text, r"one\r\ntwo\u{0} \u{1b}[31m \u{85} \u{202e}olleh\u{2069} \u{2028}\u{200f}\u{61c}\u{feff}");
        let json = one_json_line("\"a\u{202e}\u{7f}\u{85}\"");
        assert_eq!(json, r#""a\u202e\u007f\u0085""#);
        assert!(matches!(one_line("plain, ä and 💡"), Cow::Borrowed(_)));
    }
}
