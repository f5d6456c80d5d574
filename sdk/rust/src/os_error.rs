//! Numbers in texts about errors of files and sockets. In a component they are WASI's, and whoever reads `os error 63` on Linux finds
//! something else under that number than "Operation not permitted". The words before it say what is meant.

use std::borrow::Cow;

/// What the standard library puts behind the words.
const NUMBER: &str = " (os error ";

/// The text as the runtime is told it.
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
