//! Searches the documents, the contract and the comments of crates that plugin authors read for words that CONTRIBUTING.md (section
//! "Writing") bans, and these crates for names that contain such a word.

use std::fs;

use crate::files::files;
use crate::workspace::root;

/// "X is no Y". See [`denies_a_kind`] for what is not meant.
const IS_NO: &str = "is|are|was|were no";

/// Banned phrases, and what to write instead. `|` separates the forms of a word.
const BANNED: [(&str, &str); 14] = [
    ("in vain", "write how often it was tried, or \"unsuccessfully\""),
    ("go|goes on", "write \"continue\""),
    ("anew", "write \"again\""),
    ("mend|mends|mended", "write \"fix\""),
    ("whoever|somebody|nobody", "name the actor: the operator, the client, the plugin, you"),
    ("that is|are none", "write \"that is not a valid X\""),
    (IS_NO, "write \"is not a\" or \"is not a valid\""),
    ("but for", "write \"except\""),
    ("at the most", "write \"at most\""),
    ("so many", "write the number, \"that many\" or \"too many\""),
    ("hang|hangs on", "write \"depend on\""),
    ("folder|folders", "write \"directory\""),
    ("row|rows", "write \"record\"; for a row of a table, add the phrase to ALLOWED in xtask/src/words.rs"),
    ("none|`none`|true|`true`|false|`false` =", "write a sentence: \"`None` if ...\", \"Whether ...\""),
];

/// Phrases in which a banned word is correct, and why.
const ALLOWED: [(&str, &str); 3] = [
    ("in a row", "one after the other"),
    ("row|rows of the table", "a table of a document"),
    ("database row|rows", "what databases call it"),
];

/// What may follow "is no".
const COMPARATIVES: [&str; 12] = [
    "longer", "more", "less", "larger", "smaller", "greater", "higher", "lower", "later", "earlier", "faster", "slower",
];

/// A word, a code span, the target of a link, a punctuation mark or a paragraph break, with the line where it begins.
struct Word<'a> {
    line: usize,
    text: &'a str,
}

#[test]
fn words_that_contributing_md_bans_do_not_occur() {
    let root = root();
    let mut searched = Vec::new();
    let mut wrong = Vec::new();
    for file in files(&root) {
        let path = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        if is_searched(&path) {
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
            wrong.extend(banned(&path, &text));
            if path.ends_with(".rs") {
                wrong.extend(banned_names(&path, &text));
            }
            searched.push(path);
        }
    }
    for path in ["README.md", ".github/pull_request_template.md", "wit/sink.wit", "sdk/rust/src/lib.rs"] {
        assert!(searched.iter().any(|name| name == path), "{path} is not searched");
    }
    assert!(wrong.is_empty(), "see \"Writing\" in CONTRIBUTING.md\n{}", wrong.join("\n"));
}

#[test]
fn banned_words_are_found_in_prose_and_nowhere_else() {
    assert_eq!(banned("a.md", "First.\n\nIt Goes\non.\n"), ["a.md:3: \"go|goes on\": write \"continue\""]);
    let count = |path: &str, text: &str| banned(path, text).len();
    for text in [
        "tried *anew*",
        "the [folder](x.md) of",
        "a row's size",
        "`a` is no number",
        "a text that is no `Pattern`",
        "It was there. It is no number",
        "`None` = nothing",
        "none = nothing",
        "after `code\nover two lines` in\nvain",
        "1. item\n    with a folder",
    ] {
        assert_eq!(count("a.md", text), 1, "{text}");
    }
    for text in [
        "there is no number",
        "it is no longer so",
        "three times in a row",
        "compare the rows of the table",
        "a database row",
        "`row` and `` a ` row ``",
        "`a row\nover two lines`",
        "Before.\n```text\nrow\n```\n",
        "- Item:\n\n  ```\n  row\n  ```\n",
        "Before:\n\n    row\n    row\n",
        "[a](folder/row.md)",
        "in\n\nvain",
        "go, on",
        "brows, amend, max_rows",
    ] {
        assert_eq!(count("a.md", text), 0, "{text}");
    }
    assert_eq!(count("a.rs", "/// A row.\nlet row = 1;\n// A row.\n//! ```\n//! row\n//! ```\n"), 2);
    assert_eq!(count("a.wit", "row: u32, // row\n/// Folder.\nrecord row {}\n"), 2);
    assert_eq!(count("CONTRIBUTING.md", "## Writing\nrow\n### Row\n## Commits\nrow\n"), 1);
}

#[test]
fn banned_words_are_found_in_names() {
    for name in ["row", "MAX_ROWS", "from_rows", "RowError", "maxRows", "a_folder_b"] {
        assert_eq!(banned_names("a.rs", &format!("let x = {name};")).len(), 1, "{name}");
    }
    for name in ["narrow", "brows", "with_borrow_mut", "Cow::Borrowed", "arrows", "growing"] {
        assert!(banned_names("a.rs", &format!("let x = {name};")).is_empty(), "{name}");
    }
}

/// The crates whose comments and names are searched.
const CRATES: [&str; 5] = ["sdk/rust/", "connectors/", "tests/plugins/", "runtime/data/", "runtime/plugin/"];

fn is_searched(path: &str) -> bool {
    match path.rsplit_once('.') {
        Some((_, "md")) => path != "CHANGELOG.md",
        Some((_, "wit")) => path.starts_with("wit/"),
        Some((_, "rs")) => CRATES.iter().any(|directory| path.starts_with(directory)),
        _ => false,
    }
}

/// Returns a message for each name in Rust code that contains `row` or `folder` as a word.
fn banned_names(path: &str, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (line, number) in code.lines().zip(1..) {
        let names = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let mut names: Vec<&str> =
            names.filter(|name| name_words(name).iter().any(|word| is_banned_name(word))).collect();
        names.dedup();
        found.extend(
            names.into_iter().map(|name| format!("{path}:{number}: the name {name}: use \"record\" or \"directory\"")),
        );
    }
    found
}

fn is_banned_name(word: &str) -> bool {
    ["row", "rows", "folder", "folders"].iter().any(|banned| word.eq_ignore_ascii_case(banned))
}

/// Returns the words of a name, which begin after `_` or with a capital letter: `max`, `Rows` of `maxRows`.
fn name_words(name: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for part in name.split('_') {
        let mut start = 0;
        let letters: Vec<(usize, char)> = part.char_indices().collect();
        for pair in letters.windows(2) {
            if pair[0].1.is_lowercase() && pair[1].1.is_uppercase() {
                words.push(&part[start..pair[1].0]);
                start = pair[1].0;
            }
        }
        words.push(&part[start..]);
    }
    words
}

/// Returns a message for each banned phrase in a file.
fn banned(path: &str, text: &str) -> Vec<String> {
    let prose = prose(path, text);
    let words = words(&prose);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        for (phrase, instead) in BANNED {
            let is_meant = phrase != IS_NO || denies_a_kind(&words, at);
            if is_meant && is_at(&words, at, phrase) && !is_allowed(&words, at) {
                found.push(format!("{path}:{}: \"{phrase}\": {instead}", word.line));
            }
        }
    }
    found
}

/// Whether the words from here on are the phrase.
fn is_at(words: &[Word<'_>], at: usize, phrase: &str) -> bool {
    phrase.split(' ').enumerate().all(|(number, forms)| {
        words.get(at + number).is_some_and(|word| forms.split('|').any(|form| form.eq_ignore_ascii_case(word.text)))
    })
}

/// Whether the word is part of an allowed phrase.
fn is_allowed(words: &[Word<'_>], at: usize) -> bool {
    ALLOWED.iter().any(|(phrase, _)| {
        let length = phrase.split(' ').count();
        (0..length).any(|back| at.checked_sub(back).is_some_and(|start| is_at(words, start, phrase)))
    })
}

/// Whether "is no", at this place, denies that something is a Y. "There is no Y" and "is no longer" do not.
fn denies_a_kind(words: &[Word<'_>], at: usize) -> bool {
    let is_there = words[at.saturating_sub(2)..at].iter().any(|word| word.text.eq_ignore_ascii_case("there"));
    let is_kind = words.get(at + 2).is_some_and(|word| {
        let is_comparative = COMPARATIVES.iter().any(|known| known.eq_ignore_ascii_case(word.text));
        !is_comparative && word.text.starts_with(|letter: char| letter.is_alphanumeric() || letter == '`')
    });
    is_kind && !is_there
}

/// Returns the text with an empty line in place of each line that is not searched: code, and the rules themselves.
fn prose(path: &str, text: &str) -> String {
    let mut prose = String::new();
    let mut is_fenced = false;
    // Four spaces after an empty line begin a block of code in Markdown.
    let mut is_indented = false;
    let mut is_after_empty = true;
    let mut is_rule = false;
    for line in text.lines() {
        let line = match path.rsplit_once('.') {
            Some((_, "rs")) => comment(line),
            Some((_, "wit")) => line.split_once("//").map_or("", |(_, comment)| comment.trim_start_matches('/')),
            _ => line,
        };
        if path == "CONTRIBUTING.md" && line.starts_with("## ") {
            is_rule = line == "## Writing";
        }
        let is_fence = line.trim_start().starts_with("```");
        is_fenced ^= is_fence;
        is_indented = path.ends_with(".md") && line.starts_with("    ") && (is_indented || is_after_empty);
        is_after_empty = line.is_empty();
        if !is_fence && !is_fenced && !is_indented && !is_rule {
            prose.push_str(line);
        }
        prose.push('\n');
    }
    prose
}

/// Returns the comment of a line that consists of one.
fn comment(line: &str) -> &str {
    let line = line.trim_start();
    let comment = ["///", "//!", "//"].iter().find_map(|mark| line.strip_prefix(mark));
    comment.unwrap_or_default()
}

fn words(prose: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = prose;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (text, after) = rest.split_at(length(rest, first));
        let line_breaks = text.matches('\n').count();
        // The end of a paragraph separates the words around it.
        if !first.is_whitespace() || line_breaks > 1 {
            words.push(Word { line, text });
        }
        line += line_breaks;
        rest = after;
    }
    words
}

/// Returns the length of the word, or the white space, at the beginning of the text.
fn length(text: &str, first: char) -> usize {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    if first.is_whitespace() {
        text.find(|letter: char| !letter.is_whitespace()).unwrap_or(text.len())
    } else if is_letter(first) {
        text.find(|letter: char| !is_letter(letter)).unwrap_or(text.len())
    } else if text.starts_with("](") {
        text.find(')').map_or(2, |end| end + 1)
    } else if first == '`' {
        code_span(text)
    } else {
        first.len_utf8()
    }
}

/// Returns the length of the code span at the beginning of the text, or that of its backticks if it does not end in its paragraph.
fn code_span(text: &str) -> usize {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let run = |from: usize| paragraph[from..].find(|letter: char| letter != '`').unwrap_or(paragraph.len() - from);
    let ticks = run(0);
    let mut end = ticks;
    while let Some(next) = paragraph[end..].find('`') {
        let start = end + next;
        end = start + run(start);
        if end - start == ticks {
            return end;
        }
    }
    ticks
}
