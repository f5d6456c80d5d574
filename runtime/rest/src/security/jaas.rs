//! Finds the users file in a JAAS file, with which Kafka Connect's basic authentication is configured:
//!
//! ```text
//! KafkaConnect {
//!     org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required
//!     file="/etc/kafka/users.properties";
//! };
//! ```

use weir_java::jaas::{self, Token};

const ENTRY: &str = "KafkaConnect";
const MODULE: &str = "org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule";
const FLAGS: [&str; 4] = ["REQUIRED", "REQUISITE", "SUFFICIENT", "OPTIONAL"];

/// Returns the value of `file` in the entry `KafkaConnect`, or what is wrong with the text.
pub(super) fn users_file(text: &str) -> Result<String, &'static str> {
    let mut tokens = jaas::tokens(text, jaas::FILE).into_iter();
    // Skip the entries for other programs.
    loop {
        let name = tokens.next().ok_or("has no entry 'KafkaConnect'")?;
        if tokens.next() != Some(Token::Sign('{')) {
            return Err("is not a JAAS configuration: an entry begins with its name and '{'");
        }
        if word(name).is_some_and(|name| name == ENTRY) {
            break;
        }
        tokens.by_ref().find(|token| *token == Token::Sign('}')).ok_or("ends within an entry")?;
        if tokens.next() != Some(Token::Sign(';')) {
            return Err("is not a JAAS configuration: an entry ends with '};'");
        }
    }
    let module = word(tokens.next().ok_or("ends within an entry")?);
    if module.as_deref() != Some(MODULE) {
        return Err(
            "the entry 'KafkaConnect' has a login module other than PropertyFileLoginModule, the only one that Weir supports",
        );
    }
    // With a single module, all flags mean the same.
    let flag = word(tokens.next().ok_or("ends within an entry")?);
    if !flag.is_some_and(|flag| FLAGS.iter().any(|known| known.eq_ignore_ascii_case(&flag))) {
        return Err(
            "the login module of the entry 'KafkaConnect' must be 'required' (or requisite, sufficient, optional)",
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
            return Err("is not a JAAS configuration: an option is written name=\"value\"");
        };
        if option == "file" {
            file = Some(value);
        }
    }
    match tokens.next() {
        Some(Token::Sign('}')) => {
            file.filter(|file| !file.trim().is_empty()).ok_or("Property Credentials file must be specified")
        }
        _ => Err(
            "the entry 'KafkaConnect' has more than one login module, and Weir supports only PropertyFileLoginModule",
        ),
    }
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
            ("KafkaConnect { /* ".to_owned(), "ends within"),
        ] {
            let problem = users_file(&text).expect_err(&text);
            assert!(problem.contains(part), "{text}: {problem}");
        }
    }
}
