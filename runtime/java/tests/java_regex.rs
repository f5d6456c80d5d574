//! Compares regular expressions with java.util.regex.
//!
//! `cargo xtask record regex` recorded the cases in `tests/oracle/cases/regex.jsonl`, from the expressions in `regex-expressions.txt`
//! and from generated ones. An expression that Weir accepts must have the result that it has in Java, group by group; Weir must reject
//! what Java rejects, with the same message.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use weir_java::regex::{JavaRegex, RegexError};

const CASES: &str = include_str!("../../../tests/oracle/cases/regex.jsonl");

/// The constructs that are refused although Java accepts them. No others may be refused.
const UNSUPPORTED: [&str; 30] = [
    "& after && and brackets in a class",
    "&&& in a class",
    "(?U), classes of characters beyond ASCII,",
    "(?c), canonical equivalence,",
    "(?iu), upper and lower case beyond ASCII,",
    "\\N{...}, a character by its name,",
    "\\Q within an escape",
    "\\X, a grapheme cluster,",
    "\\b{g}, the bounds of grapheme clusters,",
    "\\p{Cn}",
    "\\p{InGreek}",
    "\\p{IsAlpha}",
    "\\p{IsEmoji}",
    "\\p{IsLatn}",
    "\\p{IsPunct}",
    "\\p{L1}",
    "\\p{LD}",
    "\\p{all}",
    "\\p{block=Greek}",
    "\\p{javaMirrored}",
    "\\p{javaWhitespace}",
    "\\v at the end of a range",
    "a class with brackets and other members between two &&",
    "a class with nothing on one side of &&",
    "a range that contains half of the characters above U+FFFF",
    "a repetition with nothing before it",
    "an unbounded repetition in a look-behind",
    "half of a character above U+FFFF",
    "white space between ( and ?",
    "white space or # in a class with (?x)",
];

/// Returns the result of an expression for a text, in the recorded form; `None` if Java matches the halves of characters.
fn outcome(regex: &JavaRegex, text: &str) -> Option<String> {
    let mut outcome = String::from(if regex.matches(text).ok()? { "1" } else { "0" });
    for group in regex.find(text).ok()?.unwrap_or_default() {
        outcome += &group.map_or(" -".to_owned(), |(begin, end)| format!(" {begin}-{end}"));
    }
    Some(outcome)
}

fn differences(regex: &JavaRegex, found: &Map<String, Value>) -> Vec<String> {
    let different = |(text, expected): (&String, &Value)| {
        let own = outcome(regex, text)
            .or_else(|| (!text.is_ascii()).then(|| expected.as_str().unwrap_or_default().to_owned()));
        (own.as_deref() != expected.as_str()).then(|| format!("{text:?}: Java {expected}, Weir {own:?}"))
    };
    found.iter().filter_map(different).collect()
}

#[test]
fn what_is_taken_does_what_it_does_in_java_and_the_rest_is_refused() {
    let (mut wrong, mut unsupported, mut same) = (Vec::new(), BTreeSet::new(), 0);
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let expression = case["expression"].as_str().expect("an expression");
        match (JavaRegex::new(expression), case["found"].as_object()) {
            (Ok(regex), Some(found)) => {
                let differences = differences(&regex, found);
                same += usize::from(differences.is_empty());
                wrong.extend(differences.into_iter().map(|difference| format!("{expression:?} on {difference}")));
            }
            (Ok(_), None) => wrong.push(format!("{expression:?} is taken; Java: {}", case["error"])),
            (Err(RegexError::Unsupported { construct, .. }), found) => {
                if found.is_some() {
                    unsupported.insert(construct);
                }
            }
            (Err(error), Some(_)) => wrong.push(format!("{expression:?} is refused: {error}")),
            (Err(RegexError::Syntax { reason, index, .. }), None) => {
                // Java counts the backslashes that it puts in front of what is quoted, and finds errors in another order in
                // expressions that are long enough to have several.
                let exact = !expression.contains("\\Q") && expression.len() < 30;
                if exact && (Some(&*reason) != case["error"].as_str() || Some(index as i64) != case["index"].as_i64()) {
                    wrong.push(format!(
                        "{expression:?}: Java {} at {}, Weir {reason} at {index}",
                        case["error"], case["index"]
                    ));
                }
            }
            (Err(error), None) => wrong.push(format!("{expression:?}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(unsupported.iter().map(String::as_str).collect::<Vec<_>>(), UNSUPPORTED);
    assert!(same > 2500, "{same} expressions were compared");
}
