//! Finds the users file in a JAAS file, with which Kafka Connect's basic authentication is configured:
//!
//! ```text
//! KafkaConnect {
//!     org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required
//!     file="/etc/kafka/users.properties";
//! };
//! ```

use std::borrow::Cow;
use std::collections::HashSet;

use weir_java::jaas::{self, Token};

const ENTRY: &str = "KafkaConnect";
const MODULE: &str = "org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule";

/// What is wrong with a JAAS file.
type Problem = Cow<'static, str>;

/// Returns the value of `file` in the entry `KafkaConnect`, or what is wrong with the text.
pub(super) fn users_file(text: &str) -> Result<String, Problem> {
    let mut tokens = jaas::tokens(text, jaas::FILE).into_iter();
    let mut names = HashSet::new();
    let mut file = None;
    // Java reads the whole file, too: an entry after the one that it looks for may be a second one.
    while let Some(name) = tokens.next() {
        if tokens.next() != Some(Token::Sign('{')) {
            return Err("is not a JAAS configuration: an entry begins with its name and '{'".into());
        }
        let name = word(name);
        if name.as_deref() == Some(ENTRY) && file.is_none() {
            file = Some(module(&mut tokens)?);
        } else {
            tokens.by_ref().find(|token| *token == Token::Sign('}')).ok_or("ends within an entry")?;
        }
        if tokens.next() != Some(Token::Sign(';')) {
            return Err("is not a JAAS configuration: an entry ends with '};'".into());
        }
        if let Some(twice) = name.and_then(|name| names.replace(name)) {
            // Java's words.
            return Err(format!("Configuration Error: Can not specify multiple entries for {twice}").into());
        }
    }
    file.ok_or_else(|| "has no entry 'KafkaConnect'".into())
}

/// Reads the entry `KafkaConnect` up to its closing brace.
fn module(tokens: &mut impl Iterator<Item = Token>) -> Result<String, Problem> {
    let module = word(tokens.next().ok_or("ends within an entry")?);
    if module.as_deref() != Some(MODULE) {
        return Err(
            "the entry 'KafkaConnect' has a login module other than PropertyFileLoginModule, the only one that Weir supports"
                .into(),
        );
    }
    // With a single module, all flags mean the same.
    let flag = word(tokens.next().ok_or("ends within an entry")?);
    if !flag.is_some_and(|flag| jaas::is_control_flag(&flag)) {
        return Err(
            "the login module of the entry 'KafkaConnect' must be 'required' (or requisite, sufficient, optional)"
                .into(),
        );
    }
    let mut file = None;
    loop {
        let option = tokens.next().ok_or("ends within an entry")?;
        if option == Token::Sign(';') {
            break;
        }
        let parts = (word(option), tokens.next(), tokens.next().and_then(word));
        let (Some(option), Some(Token::Sign('=')), Some(value)) = parts else {
            return Err("is not a JAAS configuration: an option is written name=\"value\"".into());
        };
        if option == "file" {
            file = Some(value);
        }
    }
    if tokens.next() != Some(Token::Sign('}')) {
        return Err(
            "the entry 'KafkaConnect' has more than one login module, and Weir supports only PropertyFileLoginModule"
                .into(),
        );
    }
    let file = file.filter(|file| !file.trim().is_empty()).ok_or("Property Credentials file must be specified")?;
    without_properties(file)
}

/// Returns a value unless Java replaces something in it (`sun.security.util.PropertyExpander`): the worker has no system properties. A
/// `${` that is not closed, and everything in `${{...}}`, is text in Java, too.
fn without_properties(value: String) -> Result<String, Problem> {
    let mut rest = value.as_str();
    while let Some((_, after)) = rest.split_once("${") {
        let end = if after.starts_with('{') { "}}" } else { "}" };
        let Some((name, after)) = after.split_once(end) else { break };
        if end == "}" {
            return Err(format!(
                "the option 'file' contains ${{{name}}}, which Java replaces with a system property. Weir does not support this; write \
                 the path itself"
            )
            .into());
        }
        rest = after;
    }
    Ok(value)
}

/// Returns a word or a text in double quotes. Java does not accept numbers or texts in single quotes here.
fn word(token: Token) -> Option<String> {
    match token {
        Token::Word(text) | Token::Quoted { quote: '"', text } => Some(text),
        Token::Quoted { .. } | Token::Number | Token::Sign(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_users_is_found_as_java_finds_it() {
        let text = "/* brokers */ KafkaServer { x.Y optional a=\"b\"; };\n// ours\nKafkaConnect {\n  \
             org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required\n  debug=true file=\"/e/u s.properties\";\n};";
        assert_eq!(users_file(text), Ok("/e/u s.properties".to_owned()));
        let file = |option: &str| users_file(&format!("KafkaConnect {{ {MODULE} Required {option}; }};"));
        assert_eq!(file("file=\"C:\\\\users\\101\""), Ok("C:\\usersA".to_owned()));
        assert_eq!(file("file=\"a\" file=users1"), Ok("users1".to_owned()));
        // Java leaves these as they are.
        for path in ["/a$b/{c}/$", "/a/${b", "/a/${{b}}/c", "/a/${{b}/c"] {
            assert_eq!(file(&format!("file=\"{path}\"")), Ok(path.to_owned()));
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let module = MODULE;
        for (text, part) in [
            (String::new(), "no entry"),
            ("KafkaServer { x.Y required; };".to_owned(), "no entry"),
            (
                "KafkaConnect { com.sun.security.auth.module.LdapLoginModule required; };".to_owned(),
                "a login module other than",
            ),
            (format!("KafkaConnect {{ {module} required; }};"), "must be specified"),
            (format!("KafkaConnect {{ {module} required file=\"a\"; x.Y required; }};"), "more than one"),
            (format!("KafkaConnect {{ {module} required file=\"a"), "ends within"),
            (format!("KafkaConnect {{ {module} required file='a'; }};"), "an option is written"),
            (format!("KafkaConnect {{ {module} required file=1a; }};"), "an option is written"),
            (format!("KafkaConnect {{ {module} maybe file=\"a\"; }};"), "must be 'required'"),
            (format!("# users\nKafkaConnect {{ {module} required file=\"a\"; }};"), "begins with"),
            (format!("KafkaConnect {{ {module} required file"), "option"),
            (format!("KafkaConnect {{ {module}"), "ends within"),
            ("KafkaConnect".to_owned(), "begins with"),
            (
                format!(
                    "KafkaConnect {{ {module} required file=\"a\"; }}; KafkaConnect {{ {module} required file=\"b\"; }};"
                ),
                "Configuration Error: Can not specify multiple entries for KafkaConnect",
            ),
            (
                format!("X {{ a.B required; }}; KafkaConnect {{ {module} required file=\"a\"; }}; \"X\" {{ }};"),
                "Configuration Error: Can not specify multiple entries for X",
            ),
            (format!("KafkaConnect {{ {module} required file=\"a\"; }}; X {{ a.B required;"), "ends within"),
            (format!("KafkaConnect {{ {module} required file=\"a\"; }} X"), "ends with '};'"),
            (
                format!("KafkaConnect {{ {module} required file=\"${{user.home}}/a\"; }};"),
                "contains ${user.home}, which",
            ),
            (format!("KafkaConnect {{ {module} required file=\"${{{{a}}}}${{/}}b\"; }};"), "contains ${/}, which"),
            ("KafkaConnect { /* ".to_owned(), "ends within"),
        ] {
            let problem = users_file(&text).expect_err(&text);
            assert!(problem.contains(part), "{text}: {problem}");
        }
    }
}
