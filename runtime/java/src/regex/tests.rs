use super::*;

#[test]
fn a_text_matches_as_a_whole_or_not_at_all() {
    for (expression, text, matches) in [
        ("a|ab", "ab", true),
        ("a", "ab", false),
        ("b", "ab", false),
        ("raw-(.*)", "raw-orders", true),
        (r"\Qa.b\E.*", "a.bc", true),
        (r"\Qa.b\E.*", "axbc", false),
        (r"[\w&&[^_]]+", "ab1", true),
        (r"[\w&&[^_]]+", "ab_1", false),
        (r"\d+", "٣", false),
        ("[[:alpha:]]+", "abc", false),
        ("[[:alpha:]]+", "alpha", true),
        (r"\H", " ", false),
        (r"\<a", "<a", true),
        ("(?!internal).*", "orders", true),
        ("(?!internal).*", "internal-x", false),
        ("a++a", "aaa", false),
        ("(?i)ORDERS", "orders", true),
        ("", "", true),
    ] {
        assert_eq!(JavaRegex::new(expression).unwrap().matches(text), Ok(matches), "{expression} {text}");
    }
}

#[test]
fn the_first_match_is_replaced_with_its_groups() {
    for (expression, text, replacement, expected) in [
        ("raw-(.*)", "raw-a", "clean-$1", "clean-a"),
        ("a|ab", "ab", "x", "xb"),
        ("(?<first>[a-z]+)-(\\d+)", "ab-12", "${first}_$2", "ab_12"),
        ("(a)(b)?", "a", "$1$2-", "a-"),
        ("(a)", "a", "$12", "a2"),
        ("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)", "abcdefghijk", "$11$10$011", "kjk"),
        (".*", "a", r"\$1\\", r"$1\"),
        ("(.*)", "a.b", "$0é", "a.bé"),
        ("(a*)*", "aab", "<$1>", "<>b"),
    ] {
        assert_eq!(JavaRegex::new(expression).unwrap().replace_first(text, replacement), Ok(expected.into()));
    }
}

#[test]
fn invalid_replacements_have_javas_messages() {
    for (replacement, message) in [
        ("$", "Illegal group reference: group index is missing"),
        ("$x", "Illegal group reference"),
        ("$2", "No group 2"),
        ("${b}", "No group with name {b}"),
        ("${1b}", "capturing group name {1b} starts with digit character"),
        ("${a", "named capturing group is missing trailing '}'"),
        ("${a_b}", "named capturing group is missing trailing '}'"),
        ("${}", "named capturing group has 0 length name"),
        ("\\", "character to be escaped is missing"),
    ] {
        let error = JavaRegex::new("(?<a>.)").unwrap().replace_first("x", replacement).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn invalid_expressions_have_javas_messages_with_the_position() {
    let text = |expression: &str| JavaRegex::new(expression).unwrap_err().to_string();
    assert_eq!(text("("), "Unclosed group near index 1\n(");
    assert_eq!(text("a[z-a]"), "Illegal character range near index 4\na[z-a]\n    ^");
    assert_eq!(text(")"), "Unmatched closing ')'\n)");
}

#[test]
fn unsupported_constructs_are_refused_and_named() {
    let text = |expression: &str| JavaRegex::new(expression).unwrap_err().to_string();
    let expected =
        "Weir does not support (?U), classes of characters beyond ASCII,; write the expression without it near index 1";
    assert!(text(r"a(?U)\w").starts_with(&expected.replace(",;", ";")), "{}", text(r"a(?U)\w"));
    assert!(text(r"\p{InGreek}").contains(r"does not support \p{InGreek};"));
}

#[test]
fn nesting_and_matches_are_limited() {
    let nested = |depth: usize| format!("{}{}", "(".repeat(depth), ")".repeat(depth));
    assert!(JavaRegex::new(&nested(100)).unwrap().matches("").unwrap());
    assert!(JavaRegex::new(&nested(101)).is_err());
    assert!(JavaRegex::new(&"[".repeat(100_000)).is_err());
    let every = |count: u32| (0..count).filter_map(|n| char::from_u32(0x4E00 + 2 * n)).collect::<String>();
    assert_eq!(JavaRegex::new(&format!("[{}]", every(9_000))).unwrap().matches("一"), Ok(true));
    assert!(JavaRegex::new(&every(10_001)).unwrap_err().to_string().contains("more than 10000 characters"));
    let nested = format!("{}a{}", "(?>".repeat(100), ")*".repeat(100));
    assert_eq!(JavaRegex::new(&nested).unwrap().matches(&"a".repeat(1000)), Ok(true));
    // Without remembering what has failed, this takes 2^60 steps.
    assert_eq!(JavaRegex::new("(a|aa)+").unwrap().matches(&format!("{}b", "a".repeat(60))), Ok(false));
    assert_eq!(JavaRegex::new("(([ab]+)+c?)+").unwrap().matches(&format!("{}-", "ab".repeat(60))), Ok(false));
    let long = format!("{}b", "a".repeat(60));
    assert_eq!(JavaRegex::new(r"(a|aa)+()\2").unwrap().matches(&long), Err(RegexError::TooManySteps));
    assert_eq!(JavaRegex::new("(?:(a)|b)*").unwrap().matches(&"ab".repeat(100_000)), Ok(true));
}

#[test]
fn halves_of_characters_are_not_matched() {
    assert_eq!(JavaRegex::new("(.*)").unwrap().replace_first("a😀", "<$1>"), Ok("<a😀>".into()));
    assert_eq!(JavaRegex::new("(?<=^.).").unwrap().matches("a😀"), Err(RegexError::HalfCharacters));
    assert_eq!(JavaRegex::new("b").unwrap().find("😀b"), Err(RegexError::HalfCharacters));
}
