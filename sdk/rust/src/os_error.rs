//! Removes error numbers from the messages of file and socket errors. In a component these numbers are WASI's: on Linux,
//! `os error 63` has another meaning than the "Operation not permitted" that it stands for here. The text before the
//! number is sufficient.

use std::borrow::Cow;

/// The standard library appends this and the number to the message.
const NUMBER: &str = " (os error ";

/// Returns the text that is sent to the runtime.
pub(crate) fn told(text: &str) -> Cow<'_, str> {
    if cfg!(target_family = "wasm") { without_numbers(text) } else { Cow::Borrowed(text) }
}

fn without_numbers(text: &str) -> Cow<'_, str> {
    let mut pieces = text.split(NUMBER);
    let Some(first) = pieces.next().filter(|first| first.len() < text.len()) else { return Cow::Borrowed(text) };
    let mut kept = first.to_owned();
    for piece in pieces {
        match piece.split_once(')') {
            Some((number, rest)) if number.parse::<u16>().is_ok() => kept.push_str(rest),
            _ => {
                kept.push_str(NUMBER);
                kept.push_str(piece);
            }
        }
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_numbers_are_left_out() {
        for (text, expected) in [
            ("cannot open /a: Operation not permitted (os error 63)", "cannot open /a: Operation not permitted"),
            ("a (os error 2): b (os error 44), c", "a: b, c"),
            ("nothing to leave out (63)", "nothing to leave out (63)"),
            ("(os error 1) alone", "(os error 1) alone"),
            ("not closed (os error 63", "not closed (os error 63"),
            ("no number (os error x)", "no number (os error x)"),
            ("", ""),
        ] {
            assert_eq!(without_numbers(text), expected);
        }
        assert_eq!(told("kept where the number is the system's (os error 1)").len(), 50);
    }
}
