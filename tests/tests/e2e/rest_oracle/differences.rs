//! The list of differences that are known, `tests/cases/rest/differences.json`, and the page that shows it to users.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::answer::Difference;

/// A known difference. In all four patterns `*` stands for anything, `-` for what is not there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    /// What a user of the API notices.
    what: String,
    /// Why it is so.
    why: String,
    /// The parts of the answer.
    part: String,
    /// What Kafka Connect has there.
    theirs: String,
    /// What Weir has there.
    ours: String,
    /// The requests, each of which has to show it.
    requests: Vec<String>,
}

/// The list.
pub(super) fn known() -> Result<Vec<Known>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/rest/differences.json");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).context("differences.json")
}

/// What was found and is not known, and what is known and was not found, as text; empty = nothing.
pub(super) fn judge(known: &[Known], found: &[(String, Difference)]) -> Result<String> {
    let mut used: Vec<Vec<bool>> = known.iter().map(|known| vec![false; known.requests.len()]).collect();
    let mut report = String::new();
    for (request, difference) in found {
        let mut listed = false;
        for (known, used) in known.iter().zip(&mut used) {
            let Difference { part, theirs, ours } = difference;
            if !matches(&known.part, part) || !matches(&known.theirs, theirs) || !matches(&known.ours, ours) {
                continue;
            }
            for (pattern, used) in known.requests.iter().zip(used) {
                if matches(pattern, request) {
                    *used = true;
                    listed = true;
                }
            }
        }
        if !listed {
            let Difference { part, theirs, ours } = difference;
            write!(report, "\n{request}\n  {part}\n    Kafka Connect: {theirs}\n    Weir:          {ours}")?;
        }
    }
    for (known, used) in known.iter().zip(&used) {
        for (pattern, _) in known.requests.iter().zip(used).filter(|(_, used)| !**used) {
            write!(report, "\n{pattern:?} is listed under {:?} and shows no such difference any more", known.what)?;
        }
    }
    Ok(report)
}

/// Whether the text is what the pattern says.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

const BEGIN: &str =
    "<!-- from tests/cases/rest: do not edit, run WEIR_BLESS=1 cargo test -p weir-tests compatibility_page -->\n";
const END: &str = "<!-- end -->";

/// Holds the page against the list, or writes it.
pub(super) fn check_page(known: &[Known], requests: usize, second: usize) -> Result<()> {
    let mut table = format!(
        "{} requests are compared, {second} of them on a worker with `admin.listeners`, cross-origin rules and header rules.\n\n\
         | Difference | Why |\n| --- | --- |\n",
        requests + second
    );
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for Known { what, why, .. } in known {
        if !seen.contains(&(what, why)) {
            seen.push((what, why));
            writeln!(table, "| {what} | {why} |")?;
        }
    }
    weir_test_support::bless_section("docs/compatibility.md", BEGIN, END, &table);
    Ok(())
}

#[test]
fn patterns_stand_for_what_they_say() {
    for (pattern, text, want) in [
        ("*", "", true),
        ("-", "-", true),
        ("a*c", "abc", true),
        ("a*c", "abcd", false),
        ("*b*", "abc", true),
        ("ab*ba", "aba", false),
        ("a", "ab", false),
    ] {
        assert_eq!(matches(pattern, text), want, "{pattern} {text}");
    }
}
