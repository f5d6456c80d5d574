//! The section of `docs/compatibility.md` about transforms: how many cases are compared, and what differs.

use std::fmt::Write as _;
use std::path::Path;

use crate::case::{Case, Recording};

const BEGIN: &str = "<!-- from connectors/transforms/tests/recorded: do not edit, run WEIR_BLESS=1 cargo test -p weir-transforms compatibility_page -->\n";
const END: &str = "<!-- end -->";

#[test]
fn the_compatibility_page_has_the_cases_and_the_reasons() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compatibility.md");
    let page = std::fs::read_to_string(&path).expect("docs/compatibility.md");
    let (before, rest) = page.split_once(BEGIN).expect("a section of transforms");
    let (_, after) = rest.split_once(END).expect("an end of the section");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", section());
    if std::env::var_os("WEIR_BLESS").is_some() {
        std::fs::write(&path, wanted).expect("docs/compatibility.md");
        return;
    }
    assert!(
        page == wanted,
        "docs/compatibility.md is out of date: WEIR_BLESS=1 cargo test -p weir-transforms compatibility_page"
    );
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
