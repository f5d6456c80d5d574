//! `\p{...}`: the character properties that Weir supports. Their tables are those of Unicode 16, as in Java 24 and newer.
//!
//! Java supports more properties, and more names for them.

use regex_syntax::Parser;
use regex_syntax::hir::{Class, HirKind, Literal};

use super::set::CharSet;

/// The supported general categories: those of assigned characters.
const CATEGORIES: [&str; 33] = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "Cc", "Cf",
];

const SCRIPTS: [&str; 20] = [
    "ARABIC",
    "ARMENIAN",
    "BENGALI",
    "CYRILLIC",
    "DEVANAGARI",
    "ETHIOPIC",
    "GEORGIAN",
    "GREEK",
    "HAN",
    "HANGUL",
    "HEBREW",
    "HIRAGANA",
    "KATAKANA",
    "KHMER",
    "LAO",
    "LATIN",
    "MONGOLIAN",
    "TAMIL",
    "THAI",
    "TIBETAN",
];

/// Returns the characters that have a property, or `None` if Weir does not support it.
pub(super) fn by_name(name: &str, ignore_case: bool) -> Option<CharSet> {
    if let Some(set) = posix(name, ignore_case) {
        return Some(set);
    }
    if let Some(set) = name.strip_prefix("java").and_then(|method| java(method, ignore_case)) {
        return Some(set);
    }
    if let Some((kind, value)) = name.split_once('=') {
        return match kind.to_ascii_lowercase().as_str() {
            "sc" | "script" => script(value),
            "gc" | "general_category" => category(value, ignore_case),
            _ => None,
        };
    }
    match name.strip_prefix("Is") {
        None => category(name, ignore_case),
        Some(name) => category(name, ignore_case).or_else(|| script(name)).or_else(|| binary(name, ignore_case)),
    }
}

/// The POSIX classes. They contain ASCII only, because `(?U)` is not supported.
fn posix(name: &str, ignore_case: bool) -> Option<CharSet> {
    let ranges: &[(char, char)] = match name {
        "Lower" | "Upper" if ignore_case => &[('a', 'z'), ('A', 'Z')],
        "Lower" => &[('a', 'z')],
        "Upper" => &[('A', 'Z')],
        "ASCII" => &[('\0', '\u{7f}')],
        "Alpha" => &[('a', 'z'), ('A', 'Z')],
        "Digit" => &[('0', '9')],
        "Alnum" => &[('a', 'z'), ('A', 'Z'), ('0', '9')],
        "Punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "Graph" => &[('!', '~')],
        "Print" => &[(' ', '~')],
        "Blank" => &[(' ', ' '), ('\t', '\t')],
        "Cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')],
        "XDigit" => &[('0', '9'), ('a', 'f'), ('A', 'F')],
        "Space" => &[(' ', ' '), ('\t', '\r')],
        _ => return None,
    };
    Some(CharSet::new(ranges.iter().map(|&(first, last)| (first.into(), last.into()))))
}

/// The methods of `java.lang.Character` whose names begin with `is`.
fn java(method: &str, ignore_case: bool) -> Option<CharSet> {
    match method {
        "LowerCase" | "UpperCase" | "TitleCase" if ignore_case => Some(cased()),
        "LowerCase" => Some(table("Lowercase")),
        "UpperCase" => Some(table("Uppercase")),
        "TitleCase" => Some(table("Lt")),
        "Alphabetic" => Some(table("Alphabetic")),
        "Digit" => Some(table("Nd")),
        "Letter" => Some(table("L")),
        "LetterOrDigit" => Some(table("L").union(&table("Nd"))),
        "SpaceChar" => Some(table("Z")),
        "ISOControl" => Some(table("Cc")),
        _ => None,
    }
}

fn category(name: &str, ignore_case: bool) -> Option<CharSet> {
    match name {
        "Lu" | "Ll" | "Lt" if ignore_case => Some(table("Lu").union(&table("Ll")).union(&table("Lt"))),
        "LC" => Some(table("Lu").union(&table("Ll")).union(&table("Lt"))),
        name => CATEGORIES.contains(&name).then(|| table(name)),
    }
}

fn script(name: &str) -> Option<CharSet> {
    let name = name.to_ascii_uppercase();
    SCRIPTS.contains(&name.as_str()).then(|| table(&format!("Script={name}")))
}

fn binary(name: &str, ignore_case: bool) -> Option<CharSet> {
    match name.to_ascii_uppercase().as_str() {
        "LOWERCASE" | "UPPERCASE" if ignore_case => Some(cased()),
        "LOWERCASE" => Some(table("Lowercase")),
        "UPPERCASE" => Some(table("Uppercase")),
        "ALPHABETIC" => Some(table("Alphabetic")),
        "LETTER" => Some(table("L")),
        "WHITE_SPACE" | "WHITESPACE" => Some(table("White_Space")),
        _ => None,
    }
}

fn cased() -> CharSet {
    table("Lowercase").union(&table("Uppercase")).union(&table("Lt"))
}

/// A table of the `regex_syntax` crate.
fn table(property: &str) -> CharSet {
    match Parser::new().parse(&format!("\\p{{{property}}}")).map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => {
            CharSet::new(class.iter().map(|range| (range.start().into(), range.end().into())))
        }
        // A category with one character.
        Ok(HirKind::Literal(Literal(member))) => CharSet::of(std::str::from_utf8(&member).unwrap_or_default()),
        _ => CharSet::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_property_has_a_table() {
        for name in CATEGORIES.iter().chain(&SCRIPTS).map(|name| format!("Is{name}")) {
            assert_ne!(by_name(&name, false), Some(CharSet::default()), "{name}");
            assert_ne!(by_name(&name, false), None, "{name}");
        }
        for name in [
            "LowerCase",
            "UpperCase",
            "TitleCase",
            "Alphabetic",
            "Digit",
            "Letter",
            "LetterOrDigit",
            "SpaceChar",
            "ISOControl",
        ] {
            assert_ne!(by_name(&format!("java{name}"), true), Some(CharSet::default()), "{name}");
        }
    }
}
