//! Checks docs/security.md: every row of a table with a column `Test` names a test, and each named test exists.
//!
//! The cell names tests in code spans. `` `a_test_of_some_crate` `` is the name of a test anywhere in the workspace. After a file,
//! as in `` `hostile.rs`: `eat-memory` ``, the span may also be a string literal in that file: the name of a case.

use std::path::{Path, PathBuf};
use std::{fs, iter};

use crate::files;

/// Source files by path, relative to the root.
struct Sources(Vec<(PathBuf, String)>);

/// A row of a table: its line, its first and its last cell.
#[derive(Debug, PartialEq, Eq)]
struct Row<'a> {
    line: usize,
    subject: &'a str,
    test: &'a str,
}

#[test]
fn every_limit_and_every_claim_of_security_md_has_a_test_that_exists() {
    let root = crate::workspace::root();
    let text = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let sources = Sources::read(&root);
    let rows = rows(&text);
    assert!(rows.iter().any(|row| row.subject.starts_with("Linear memory")), "the table of limits was not found");
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let error = sources.check(row.test).err()?;
            Some(format!("docs/security.md:{}: {}: {error}", row.line, row.subject))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_cell_without_a_test_and_a_test_that_is_not_there_are_found() {
    let sources = Sources(vec![
        ("a/it/limits.rs".into(), "#[tokio::test]\nasync fn a_limit_holds() {}\nfn a_helper() {}\n\"a-case\"".into()),
        ("b/it/limits.rs".into(), "#[test]\n#[cfg(unix)]\nfn another_limit_holds() {}".into()),
    ]);
    for cell in [
        "`a_limit_holds`",
        "`limits.rs`: `a-case`, `another_limit_holds`",
        "`a/it/limits.rs`: `a-case`, `another_limit_holds`",
        "`it::limits::a_limit_holds`",
    ] {
        assert_eq!(sources.check(cell), Ok(()), "{cell}");
    }
    for (cell, error) in [
        ("", "no test is named"),
        ("by hand", "no test is named"),
        ("`limits.rs`", "no test is named"),
        ("`a_helper`", "there is no test `a_helper`"),
        ("`a-case`", "there is no test `a-case`"),
        ("`limits.rs`: `no-case`", "there is no test `no-case`"),
        ("`b/it/limits.rs`: `a-case`", "there is no test `a-case`"),
        ("`its.rs`: `a_limit_holds`", "there is no file its.rs"),
    ] {
        assert_eq!(sources.check(cell), Err(error.to_owned()), "{cell}");
    }
}

#[test]
fn only_tables_whose_last_column_is_the_test_are_looked_at() {
    let text = "| A | B |\n| --- | --- |\n| x | y |\n\n| A | Test |\n| --- | --- |\n| one | `t` |\n| two \\| three | |\n\ntext | `no` |\n";
    let found = rows(text);
    assert_eq!(
        found,
        [Row { line: 7, subject: "one", test: "`t`" }, Row { line: 8, subject: r"two \| three", test: "" }]
    );
}

impl Sources {
    fn read(root: &Path) -> Self {
        let read = |path: PathBuf| {
            let text = fs::read_to_string(&path).unwrap();
            (path.strip_prefix(root).unwrap().to_owned(), text)
        };
        Self(files::sources(root).into_iter().map(read).collect())
    }

    /// Checks that there is at least one span in a cell, and that each names something that exists.
    fn check(&self, cell: &str) -> Result<(), String> {
        let mut file: Option<&str> = None;
        let mut tests = 0;
        for span in spans(cell) {
            if span.ends_with(".rs") {
                if !self.0.iter().any(|(path, _)| path.ends_with(span)) {
                    return Err(format!("there is no file {span}"));
                }
                file = Some(span);
                continue;
            }
            tests += 1;
            let case = format!("\"{span}\"");
            let in_file = |path: &Path| file.is_some_and(|file| path.ends_with(file));
            if !self.0.iter().any(|(path, text)| has_test(text, span) || in_file(path) && text.contains(&case)) {
                return Err(format!("there is no test `{span}`"));
            }
        }
        if tests == 0 { Err("no test is named".into()) } else { Ok(()) }
    }
}

/// Whether there is a function of this name that an attribute makes a test. The last part of a path is the name.
fn has_test(text: &str, name: &str) -> bool {
    let function = format!("fn {}(", name.rsplit("::").next().unwrap_or(name));
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    lines.iter().enumerate().filter(|(_, line)| line.contains(&function)).any(|(at, _)| {
        let above = lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        above.into_iter().any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

/// Returns the rows of all tables whose last column is `Test`.
fn rows(text: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut header = true;
    let mut wanted = false;
    for (number, line) in text.lines().enumerate() {
        let Some(inside) = line.trim().strip_prefix('|').and_then(|line| line.strip_suffix('|')) else {
            (header, wanted) = (true, false);
            continue;
        };
        let last = last_cell(inside);
        if header {
            (header, wanted) = (false, last == "Test");
        } else if wanted && !last.starts_with("---") {
            rows.push(Row { line: number + 1, subject: first_cell(inside), test: last });
        }
    }
    rows
}

/// Returns the first cell of a row. A `|` after a backslash is part of a cell.
fn first_cell(row: &str) -> &str {
    let end = row.match_indices('|').map(|(at, _)| at).find(|at| !row[..*at].ends_with('\\'));
    row[..end.unwrap_or(row.len())].trim()
}

fn last_cell(row: &str) -> &str {
    let begin = row.rmatch_indices('|').map(|(at, _)| at).find(|at| !row[..*at].ends_with('\\'));
    row[begin.map_or(0, |at| at + 1)..].trim()
}

/// Returns the text between each pair of backticks.
fn spans(cell: &str) -> impl Iterator<Item = &str> {
    let mut rest = cell.split('`').skip(1);
    iter::from_fn(move || {
        let span = rest.next()?;
        rest.next();
        Some(span)
    })
}
