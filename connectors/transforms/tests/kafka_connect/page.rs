//! The section of `docs/compatibility.md` about transforms: the number of compared cases, and the differences.

use std::fmt::Write as _;

use crate::case::{Case, Recording};

const BEGIN: &str = "<!-- from tests/oracle/cases/transforms: do not edit, run WEIR_BLESS=1 cargo test -p weir-transforms compatibility_page -->\n";
const END: &str = "<!-- end -->";

#[test]
fn the_compatibility_page_has_the_cases_and_the_reasons() {
    weir_test_support::bless_section("docs/compatibility.md", BEGIN, END, &section());
}

fn section() -> String {
    let cases: Vec<Case> = Recording::all().iter().flat_map(Recording::lines).map(|line| Case::read(&line)).collect();
    let mut names: Vec<&str> = Vec::new();
    let mut reasons: Vec<&str> = Vec::new();
    for case in &cases {
        let name = case.class().split('$').next().unwrap_or_default();
        if !names.contains(&name) {
            names.push(name);
        }
        if let Some(why) = case.why().filter(|why| !reasons.contains(why)) {
            reasons.push(why);
        }
    }
    names.sort_unstable();
    let list: Vec<String> = names
        .iter()
        .map(|name| {
            let of_name = |case: &&Case| case.class().split('$').next() == Some(*name);
            format!("{name} ({})", cases.iter().filter(of_name).count())
        })
        .collect();
    let mut section =
        format!("{} cases: {}.\n\n| Cases | What differs, and why |\n| --- | --- |\n", cases.len(), list.join(", "));
    for why in reasons {
        let count = cases.iter().filter(|case| case.why() == Some(why)).count();
        // Writing to a text does not fail.
        let _ = writeln!(section, "| {count} | {why} |");
    }
    section
}
