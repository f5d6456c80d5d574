//! Texts that others choose: cut at a bound where they enter the worker, and written so that a line stays one line.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Most bytes of one text that a plugin chooses: the message of a fault, of a record's failure, of a validation error. What Kafka
/// Connect's log lines and statuses are read for is in the first lines.
pub const MAX_MESSAGE: usize = 8 << 10;

/// Most bytes of a trace: what a status shows, a log line has and a dead letter carries about one failure.
pub const MAX_TRACE: usize = 16 << 10;

/// The text, or its first `max` bytes and a note of how many there were. Never cut within a character; the note is extra.
pub fn bounded(mut text: String, max: usize) -> String {
    if text.len() > max {
        let total = text.len();
        text.truncate(text.floor_char_boundary(max));
        // What was cut off is not kept in memory.
        text.shrink_to_fit();
        let _ = write!(text, "... truncated, {total} bytes in total");
    }
    text
}

/// The beginning of a name, for an error about it.
pub fn shown(name: &str) -> Cow<'_, str> {
    const MAX: usize = 100;
    match name.len() {
        0..=MAX => Cow::Borrowed(name),
        total => Cow::Owned(format!("{}... ({total} bytes)", &name[..name.floor_char_boundary(MAX)])),
    }
}

/// Whether a character can make a line look like something else than it is: control characters, which end lines and move cursors;
/// line and paragraph separators; marks that change the direction of writing, with which a text is shown in another order.
pub fn is_disguise(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

/// The text in one line, each character of [`is_disguise`] written as Rust writes it: `\n`, `\u{202e}`.
pub fn one_line(text: &str) -> Cow<'_, str> {
    one_line_but(text, |_| false)
}

/// As [`one_line`], with the characters that `keep` names left as they are.
pub fn one_line_but(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    escaped(
        text,
        |character| is_disguise(character) && !keep(character),
        |character, line| {
            let _ = write!(line, "{}", character.escape_default());
        },
    )
}

/// JSON in one line, each character of [`is_disguise`] written as JSON writes it. For text that is JSON already: there such characters
/// occur within strings only.
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
