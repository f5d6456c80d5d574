//! Values with fewer than four bytes. They occur in ordinary words, so replacing each occurrence would make texts unreadable. They
//! are replaced only where a value is expected: if they are the whole text, in quotes, after `=` or `:`, and where Kafka's errors
//! contain a value.

use std::ops::Range;

/// The warning about a short value.
pub(super) const SHORT: &str = "the value of a config provider has fewer than 4 bytes and is hidden in the log and in errors \
                                only where it \
     stands alone, in quotes or after '=' or ':'; use a longer one if it is a secret";

/// The word before a value in Kafka's errors: `Invalid value x for configuration y`.
const NAMED: &str = "value ";

/// Words in the names of secrets.
const SECRET_WORDS: [&str; 7] = ["password", "passwd", "pwd", "passphrase", "secret", "token", "credential"];

/// Whether a short value is replaced at all. A number may be a port or a number of tasks, which most log lines contain, so it is
/// replaced only if its key or its reference contains a word for a secret.
pub(super) fn is_looked_for(value: &str, key: &str, reference: &str) -> bool {
    let says = |name: &str| {
        let name = name.to_ascii_lowercase();
        SECRET_WORDS.iter().any(|word| name.contains(word))
    };
    !value.is_empty() && (!is_number(value) || says(key) || says(reference))
}

fn is_number(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the text at this position is a value of its own.
pub(super) fn stands_alone(text: &str, at: &Range<usize>) -> bool {
    let (Some(before), Some(value), Some(after)) = (text.get(..at.start), text.get(at.clone()), text.get(at.end..))
    else {
        return false;
    };
    if before.trim().is_empty() && after.trim().is_empty() {
        return true;
    }
    // There may be an escape sequence for a colour between a key and its value.
    let before = before.strip_suffix("\u{1b}[0m").unwrap_or(before);
    if let Some(quote) = before.chars().next_back().filter(|last| matches!(last, '"' | '\'' | '`')) {
        return after.strip_prefix('\\').unwrap_or(after).starts_with(quote);
    }
    let key = before.trim_end_matches(' ');
    // In JSON, a number after a key has no quotes.
    let assigned = key.ends_with('=') || (key.ends_with(':') && !(is_number(value) && key.ends_with("\":")));
    (assigned || before.ends_with(NAMED)) && ends(after)
}

/// Whether a value may end before this text.
fn ends(after: &str) -> bool {
    let mut after = after.chars();
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | ':' | '@' | '+' | '$' | '%');
    match after.next() {
        None => true,
        Some('.') => !after.next().is_some_and(inside),
        Some(next) => !inside(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(text: &str, value: &str) -> bool {
        let at = text.find(value).expect("it is there");
        stands_alone(text, &(at..at + value.len()))
    }

    #[test]
    fn a_value_that_stands_alone_is_told_from_a_part_of_a_word() {
        for text in [
            "pw",
            " pw\n",
            r#"{"password":"pw"}"#,
            r#"{"message":"said \"pw\" twice"}"#,
            "user='pw'",
            "password=pw",
            "password = pw, and more",
            "password: pw.",
            "password=pw;",
            "Invalid value pw for configuration a",
            "key\u{1b}[2m=\u{1b}[0mpw next",
        ] {
            assert!(alone(text, "pw"), "{text}");
        }
        for text in
            ["a pwd", "spw", "password=pwd", "password=pw-2", "password=pw.x", "the pw is", "\"pw is", "http://pw@h"]
        {
            assert!(!alone(text, "pw"), "{text}");
        }
        assert!(alone("pin=42", "42"));
        assert!(!alone(r#"{"task":1,"message":"x"}"#, "1"), "the line would not be JSON any more");
    }

    #[test]
    fn numbers_are_looked_for_when_their_name_says_that_they_are_secret() {
        assert!(is_looked_for("pw", "anything", "${env:A}"));
        assert!(!is_looked_for("", "password", "${env:A}"));
        assert!(!is_looked_for("4", "tasks.max", "${env:TASKS}"));
        assert!(is_looked_for("4", "connection.Password", "${env:A}"));
        assert!(is_looked_for("4", "url", "${env:DB_PASSWORD}"));
    }
}
