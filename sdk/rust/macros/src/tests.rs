//! Tests that errors say what to do, and point at the token in the source that is wrong.

use syn::DeriveInput;

/// Returns the macro's error for a struct, and the token that it points at.
fn error(input: &str) -> (String, String) {
    let input: DeriveInput = syn::parse_str(input).expect("the case is Rust");
    let error = crate::expand::config(&input).expect_err("the case is wrong");
    (error.to_string(), error.span().source_text().unwrap_or_default())
}

fn check(input: &str, message: &str, token: &str) {
    let (said, at) = error(input);
    assert!(said.contains(message), "said: {said}");
    assert_eq!(at, token, "said: {said}");
}

#[test]
fn only_structs_with_named_fields() {
    check("enum E { A }", "only a struct", "E");
    check("struct T(String);", "need names", "T");
}

#[test]
fn a_key_needs_a_doc_comment() {
    check("struct C { topic: String }", "needs a doc comment", "topic");
}

#[test]
fn an_error_about_an_unknown_attribute_lists_the_attributes() {
    check("struct C { /// D.\n #[config(defualt = 1)] a: u64 }", "the attributes are: name, default,", "defualt");
}

#[test]
fn an_error_about_an_unknown_word_lists_the_words() {
    check("struct C { /// D.\n #[config(importance = huge)] a: u64 }", "not one of: high, medium, low", "huge");
    check("struct C { /// D.\n #[config(validator = odd)] a: u64 }", "not one of: non_empty, regex,", "odd");
    check("struct C { /// D.\n #[config(width = broad)] a: u64 }", "not one of: short,", "broad");
}

#[test]
fn a_default_of_another_type_is_rejected() {
    check("struct C { /// D.\n #[config(default = \"1\")] a: u64 }", "must be a whole number", "\"1\"");
    check("struct C { /// D.\n #[config(default = 1.5)] a: Option<i32> }", "must be a whole number", "1.5");
    check("struct C { /// D.\n #[config(default = 1)] a: bool }", "must be `true` or `false`", "1");
    check("struct C { /// D.\n #[config(default = 1)] a: String }", "must be a text in quotes", "1");
    check("struct C { /// D.\n #[config(default = true)] a: Duration }", "of milliseconds", "true");
}

#[test]
fn two_fields_cannot_have_the_same_key() {
    check(
        "struct C { /// D.\n a_b: u64, /// D.\n #[config(name = \"a.b\")] c: u64 }",
        "two fields have the key `a.b`",
        "\"a.b\"",
    );
    check("struct C { /// D.\n #[config(name = \"\")] c: u64 }", "cannot be empty", "\"\"");
}

#[test]
fn ranges_and_lists_are_not_empty() {
    check("struct C { /// D.\n #[config(range(..))] a: u64 }", "has no bounds", "..");
    check("struct C { /// D.\n #[config(range(0.5..1.5))] a: f64 }", "write `..=`", "0.5..1.5");
    check("struct C { /// D.\n #[config(one_of())] a: String }", "at least one text", "one_of()");
}

#[test]
fn a_wrong_definition_is_one_error() {
    let input: DeriveInput = syn::parse_str("struct C<T> where T: Copy { topic: T }").expect("the case is Rust");
    let error = crate::expand::config(&input).expect_err("the case is wrong");
    let code = crate::expand::failed(&input, error).to_string();
    assert!(code.contains("compile_error") && code.contains("Config for C < T > where T : Copy"), "{code}");
}
