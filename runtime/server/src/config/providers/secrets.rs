//! The values that providers gave for one configuration, and how they are taken out of texts that others may read: a plugin
//! that puts its password into an error must not put it into a REST answer or the log.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};

/// Fewest bytes of a value that is looked for in texts. Shorter ones are parts of ordinary words, and replacing them would leave
/// nothing to read.
const MIN_BYTES: usize = 4;
/// Fewest bytes of one line of a value of several lines, such as a key in PEM.
const MIN_LINE_BYTES: usize = 16;
/// What stands in the log in a value's place. Not the reference: its text comes from a request, and the log is read by line.
const HIDDEN: &str = "[hidden]";

/// Values with the references that they came from. Cheap to ask when there are none.
#[derive(Default)]
pub struct Secrets(Option<Found>);

struct Found {
    /// Finds the longest of `patterns` at each place.
    automaton: AhoCorasick,
    /// For each pattern the reference that it stands for.
    references: Vec<String>,
}

impl Secrets {
    /// Of each value the reference that it came from, `${provider:path:key}`.
    pub(super) fn new<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut patterns: Vec<(String, String)> = Vec::new();
        for (value, reference) in values {
            patterns.extend(forms(value).into_iter().map(|form| (form, reference.to_owned())));
        }
        // Equal values of several references: the first one written stands for all.
        let mut seen = std::collections::HashSet::new();
        patterns.retain(|(form, _)| seen.insert(form.clone()));
        if patterns.is_empty() {
            return Self(None);
        }
        let (forms, references): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(forms);
        // Fails only for more patterns than the bounds on a configuration let through.
        Self(automaton.ok().map(|automaton| Found { automaton, references }))
    }

    /// The text with each value replaced by the reference that it came from.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.replace(text, |found, pattern| &found.references[pattern])
    }

    /// The text with each value replaced by `[hidden]`, for the log.
    pub(super) fn hide_in_log<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.replace(text, |_, _| HIDDEN)
    }

    fn replace<'a>(&self, text: &'a str, by: impl for<'s> Fn(&'s Found, usize) -> &'s str) -> Cow<'a, str> {
        let Some(found) = &self.0 else { return Cow::Borrowed(text) };
        if !found.automaton.is_match(text) {
            return Cow::Borrowed(text);
        }
        let mut hidden = String::with_capacity(text.len());
        found.automaton.replace_all_with(text, &mut hidden, |at, _, hidden| {
            hidden.push_str(by(found, at.pattern().as_usize()));
            true
        });
        Cow::Owned(hidden)
    }
}

impl std::fmt::Debug for Secrets {
    /// Says how many there are.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} values", self.0.as_ref().map_or(0, |found| found.references.len()))
    }
}

/// The value as it may stand in a text: whole, line by line, and as JSON and Rust write it in quotes.
fn forms(value: &str) -> Vec<String> {
    let whole = value.trim();
    let lines = whole.lines().map(str::trim).filter(|line| *line != whole && line.len() >= MIN_LINE_BYTES);
    let mut forms = Vec::new();
    for form in std::iter::once(whole).filter(|whole| whole.len() >= MIN_BYTES).chain(lines) {
        let json = serde_json::Value::from(form).to_string();
        for form in [form.to_owned(), inside(&json), inside(&format!("{form:?}"))] {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

fn inside(quoted: &str) -> String {
    quoted.trim_start_matches('"').strip_suffix('"').unwrap_or(quoted).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_replaced_by_its_reference_wherever_it_stands() {
        let secrets = Secrets::new([("hunter2\n", "${f:p:a}"), ("hunter2longer", "${f:p:b}"), ("abc", "${f:p:c}")]);
        assert_eq!(secrets.hide("xhunter2y hunter2longer abc"), "x${f:p:a}y ${f:p:b} abc");
        assert_eq!(secrets.hide_in_log("xhunter2y"), "x[hidden]y");
        assert!(matches!(secrets.hide("nothing here"), Cow::Borrowed(_)));
        assert_eq!(format!("{secrets:?}"), "2 values", "too short a value is not looked for");
    }

    #[test]
    fn a_reference_that_holds_another_value_is_not_replaced_again() {
        let secrets = Secrets::new([("file", "${dir:/file:x}"), ("secret", "${file:/secret:y}")]);
        assert_eq!(secrets.hide("file secret"), "${dir:/file:x} ${file:/secret:y}");
    }

    #[test]
    fn a_value_in_quotes_and_a_line_of_it_are_found_too() {
        let value = "two \"words\"\nand a line that is long";
        let secrets = Secrets::new([(value, "R")]);
        assert_eq!(secrets.hide(&format!("{value:?}")), "\"R\"");
        assert_eq!(secrets.hide(&serde_json::Value::from(value).to_string()), "\"R\"");
        assert_eq!(secrets.hide("so: and a line that is long!"), "so: R!");
        let starts_with_quote = Secrets::new([("\"quoted", "R")]);
        assert_eq!(starts_with_quote.hide(&format!("{:?}", "\"quoted")), "\"R\"");
    }
}
