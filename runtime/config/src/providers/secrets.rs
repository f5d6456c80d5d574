//! The values that providers returned for one configuration, and their removal from texts that others may read: if a plugin
//! includes its password in an error, the password must not appear in a REST response or in the log.

use std::borrow::Cow;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use indexmap::IndexSet;

use super::short_values;
use weir_logging::Hide;

/// Minimum size of a value that is replaced everywhere in texts, in bytes. For shorter values, see [`short_values`].
const MIN_BYTES: usize = 4;
/// Minimum size of a line of a value with several lines, such as a key in PEM, in bytes.
const MIN_LINE_BYTES: usize = 16;
/// What the log contains instead of a value. It is not the reference, because a request determines its text, and the log is read by
/// line.
const HIDDEN: &str = "[hidden]";

/// Values and their references. A search costs little if there are none.
#[derive(Default)]
pub struct Secrets(Option<Found>);

/// One value of a configuration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a> {
    /// The value that the provider returned.
    pub(super) value: &'a str,
    /// The reference to the value, `${provider:path:key}`.
    pub(super) reference: &'a str,
    /// The key of the configuration.
    pub(super) key: &'a str,
}

impl<'a> Value<'a> {
    /// Whether the value is too short to be replaced everywhere.
    pub(super) fn is_short(&self) -> bool {
        let value = self.value.trim();
        value.len() < MIN_BYTES && short_values::is_looked_for(value, self.key, self.reference)
    }
}

struct Found {
    /// Finds the longest value at each position.
    long: Option<Patterns>,
    /// Finds each of the short values.
    short: Option<Patterns>,
}

struct Patterns {
    automaton: AhoCorasick,
    /// The reference of each pattern.
    references: Vec<String>,
}

impl Patterns {
    /// `None` if there are none.
    fn new(mut patterns: Vec<(String, String)>, kind: MatchKind) -> Option<Self> {
        // If several references have the same value, the first one is shown for all of them.
        let mut seen = std::collections::HashSet::new();
        patterns.retain(|(form, _)| seen.insert(form.clone()));
        let (forms, references): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        if forms.is_empty() {
            return None;
        }
        // This fails only for more patterns than the limits on a configuration allow.
        let automaton = AhoCorasick::builder().match_kind(kind).build(forms).ok()?;
        Some(Self { automaton, references })
    }
}

impl Hide for Secrets {
    /// Replaces each value with `[hidden]`, for the log.
    fn hide_in_log<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.replace(text, |_| HIDDEN)
    }
}

impl Secrets {
    /// The values of a configuration.
    pub(super) fn new<'a>(values: impl IntoIterator<Item = Value<'a>>) -> Self {
        let (mut long, mut short) = (Vec::new(), Vec::new());
        for value in values {
            if value.is_short() {
                short.push((value.value.trim().to_owned(), value.reference.to_owned()));
            }
            long.extend(forms(value.value).into_iter().map(|form| (form, value.reference.to_owned())));
        }
        let long = Patterns::new(long, MatchKind::LeftmostLongest);
        let short = Patterns::new(short, MatchKind::Standard);
        Self((long.is_some() || short.is_some()).then_some(Found { long, short }))
    }

    /// Replaces each value with its reference.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.replace(text, |reference| reference)
    }

    fn replace<'a>(&self, text: &'a str, by: impl for<'s> Fn(&'s str) -> &'s str) -> Cow<'a, str> {
        let Some(found) = &self.0 else { return Cow::Borrowed(text) };
        let places = found.places(text);
        if places.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut hidden, mut from) = (String::with_capacity(text.len()), 0);
        for (place, reference) in places {
            // Values are valid UTF-8, so their positions are on character boundaries.
            hidden.push_str(text.get(from..place.start).unwrap_or_default());
            hidden.push_str(by(reference));
            from = place.end;
        }
        hidden.push_str(text.get(from..).unwrap_or_default());
        Cow::Owned(hidden)
    }
}

impl Found {
    /// Finds the values in a text, in order and without overlaps, with their references.
    fn places(&self, text: &str) -> Vec<(Range<usize>, &str)> {
        let mut places: Vec<(Range<usize>, &str)> = Vec::new();
        if let Some(Patterns { automaton, references }) = &self.long {
            places.extend(automaton.find_iter(text).map(|at| (at.range(), &*references[at.pattern().as_usize()])));
        }
        let Some(Patterns { automaton, references }) = &self.short else { return places };
        let long = places.len();
        for at in automaton.find_overlapping_iter(text) {
            let range = at.range();
            // The first long value that does not end before this one.
            let next = places[..long].partition_point(|(place, _)| place.end <= range.start);
            let free = places[..long].get(next).is_none_or(|(place, _)| place.start >= range.end);
            if free && short_values::stands_alone(text, &range) {
                places.push((range, &references[at.pattern().as_usize()]));
            }
        }
        places.sort_by_key(|(place, _)| place.start);
        // Two short values do not overlap; this makes sure of it.
        let mut end = 0;
        places.retain(|(place, _)| {
            let free = place.start >= end;
            end = if free { place.end } else { end };
            free
        });
        places
    }
}

impl std::fmt::Debug for Secrets {
    /// Prints how many values there are, not the values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let patterns = self.0.iter().flat_map(|found| found.long.iter().chain(&found.short));
        write!(f, "{} values", patterns.map(|patterns| patterns.references.len()).sum::<usize>())
    }
}

/// Returns the forms in which a text may contain a value: whole, line by line, and with the escape sequences of JSON and Rust.
fn forms(value: &str) -> IndexSet<String> {
    let whole = value.trim();
    let lines = whole.lines().map(str::trim).filter(|line| *line != whole && line.len() >= MIN_LINE_BYTES);
    let mut forms = IndexSet::new();
    for form in std::iter::once(whole).filter(|whole| whole.len() >= MIN_BYTES).chain(lines) {
        let json = serde_json::Value::from(form).to_string();
        forms.extend([form.to_owned(), inside(&json), inside(&format!("{form:?}"))]);
    }
    forms
}

fn inside(quoted: &str) -> String {
    quoted.trim_start_matches('"').strip_suffix('"').unwrap_or(quoted).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<const N: usize>(values: [(&str, &str); N]) -> Secrets {
        Secrets::new(values.map(|(value, reference)| Value { value, reference, key: "k" }))
    }

    #[test]
    fn a_short_value_is_hidden_where_it_stands_alone() {
        let secrets = of([("ab", "${f:p:ab}"), ("7", "${f:p:token}"), ("hunter2", "${f:p:b}"), ("8", "${f:p:tasks}")]);
        for (text, hidden) in [
            ("cab fare", "cab fare"),
            ("login failed for password=ab", "login failed for password=${f:p:ab}"),
            (r#"{"password":"ab","n":7}"#, r#"{"password":"${f:p:ab}","n":7}"#),
            ("ab", "${f:p:ab}"),
            ("token=7, tasks=8, rows=17", "token=${f:p:token}, tasks=8, rows=17"),
            ("password=hunter2 then=ab", "password=${f:p:b} then=${f:p:ab}"),
        ] {
            assert_eq!(secrets.hide(text), hidden);
        }
        assert_eq!(secrets.hide_in_log("p=ab"), "p=[hidden]");
        assert!(matches!(secrets.hide("nothing about it"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_short_value_within_a_long_one_or_a_reference_changes_nothing() {
        let secrets = of([("a=x", "${f:p:a}"), ("b=x long", "${f:p:b}"), ("x", "${f:x:c}")]);
        assert_eq!(secrets.hide("b=x long c=x"), "${f:p:b} c=${f:x:c}");
        assert_eq!(secrets.hide("p='a=x'"), "p='${f:p:a}'");
    }

    #[test]
    fn a_value_is_replaced_by_its_reference_wherever_it_stands() {
        let secrets = of([("hunter2\n", "${f:p:a}"), ("hunter2longer", "${f:p:b}"), ("abc", "${f:p:c}")]);
        assert_eq!(secrets.hide("xhunter2y hunter2longer abc"), "x${f:p:a}y ${f:p:b} abc");
        assert_eq!(secrets.hide_in_log("xhunter2y"), "x[hidden]y");
        assert!(matches!(secrets.hide("nothing here"), Cow::Borrowed(_)));
        assert_eq!(format!("{secrets:?}"), "3 values");
    }

    #[test]
    fn a_reference_that_holds_another_value_is_not_replaced_again() {
        let secrets = of([("file", "${dir:/file:x}"), ("secret", "${file:/secret:y}")]);
        assert_eq!(secrets.hide("file secret"), "${dir:/file:x} ${file:/secret:y}");
    }

    /// If each line were compared with all before it, this would take hours.
    #[test]
    fn a_value_with_very_many_lines_is_divided() {
        let many = 200_000;
        let value: String = (0..many).map(|number| format!("line number {number:09}\n")).collect();
        assert!(forms(&value).len() > many);
    }

    #[test]
    fn a_value_in_quotes_and_a_line_of_it_are_found_too() {
        let value = "two \"words\"\nand a line that is long";
        let secrets = of([(value, "R")]);
        assert_eq!(secrets.hide(&format!("{value:?}")), "\"R\"");
        assert_eq!(secrets.hide(&serde_json::Value::from(value).to_string()), "\"R\"");
        assert_eq!(secrets.hide("so: and a line that is long!"), "so: R!");
        let starts_with_quote = of([("\"quoted", "R")]);
        assert_eq!(starts_with_quote.hide(&format!("{:?}", "\"quoted")), "\"R\"");
    }
}
