//! Finds the file of users in a JAAS file, which is how Kafka Connect's basic authentication is told of it:
//!
//! ```text
//! KafkaConnect {
//!     org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required
//!     file="/etc/kafka/users.properties";
//! };
//! ```

const ENTRY: &str = "KafkaConnect";
const MODULE: &str = "org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule";

/// The value of `file` in the entry `KafkaConnect`, or what is wrong with the text.
pub(super) fn users_file(text: &str) -> Result<String, &'static str> {
    let mut tokens = tokens(text)?.into_iter();
    // Other entries belong to others.
    loop {
        let name = tokens.next().ok_or("has no entry 'KafkaConnect'")?;
        if tokens.next().as_deref() != Some("{") {
            return Err("is not a JAAS configuration: an entry begins with its name and '{'");
        }
        if name == ENTRY {
            break;
        }
        tokens.by_ref().find(|token| token == "}").ok_or("ends within an entry")?;
        if tokens.next().as_deref() != Some(";") {
            return Err("is not a JAAS configuration: an entry ends with '};'");
        }
    }
    if tokens.next().as_deref() != Some(MODULE) {
        return Err(
            "the entry 'KafkaConnect' has another login module than PropertyFileLoginModule, the only one that Weir knows",
        );
    }
    // The flag; with a single module all of them mean the same.
    tokens.next().ok_or("ends within an entry")?;
    let mut file = None;
    loop {
        let option = tokens.next().ok_or("ends within an entry")?;
        if option == ";" {
            break;
        }
        let (Some("="), Some(value)) = (tokens.next().as_deref(), tokens.next()) else {
            return Err("is not a JAAS configuration: an option is written name=\"value\"");
        };
        if option == "file" {
            file = Some(value);
        }
    }
    match tokens.next().as_deref() {
        Some("}") => file.filter(|file| !file.trim().is_empty()).ok_or("Property Credentials file must be specified"),
        _ => {
            Err("the entry 'KafkaConnect' has more than one login module, and Weir knows only PropertyFileLoginModule")
        }
    }
}

/// Words, quoted texts and the signs `{ } ; =`, comments left out.
fn tokens(text: &str) -> Result<Vec<String>, &'static str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("//").or_else(|| rest.strip_prefix('#')) {
            rest = after.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(after) = rest.strip_prefix("/*") {
            rest = after.split_once("*/").ok_or("ends within a comment")?.1;
        } else if let Some(after) = rest.strip_prefix('"') {
            let (value, after) = after.split_once('"').ok_or("ends within a quoted text")?;
            // Java's tokenizer knows escapes; those that a path may need are these.
            tokens.push(value.replace("\\\\", "\\"));
            rest = after;
        } else if matches!(first, '{' | '}' | ';' | '=') {
            tokens.push(first.to_string());
            rest = &rest[1..];
        } else {
            let end = rest
                .find(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | ';' | '=' | '"'))
                .unwrap_or(rest.len());
            tokens.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_users_is_found_as_java_finds_it() {
        let text = "/* brokers */ KafkaServer { x.Y optional a=\"b\"; };\n// ours\nKafkaConnect {\n  \
             org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule required\n  debug=true file=\"/e/u s.properties\";\n};";
        assert_eq!(users_file(text), Ok("/e/u s.properties".to_owned()));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let module = MODULE;
        for (text, part) in [
            (String::new(), "no entry"),
            ("KafkaServer { x.Y required; };".to_owned(), "no entry"),
            (
                "KafkaConnect { com.sun.security.auth.module.LdapLoginModule required; };".to_owned(),
                "another login module",
            ),
            (format!("KafkaConnect {{ {module} required; }};"), "must be specified"),
            (format!("KafkaConnect {{ {module} required file=\"a\"; x.Y required; }};"), "more than one"),
            (format!("KafkaConnect {{ {module} required file=\"a"), "quoted text"),
            (format!("KafkaConnect {{ {module} required file"), "option"),
            (format!("KafkaConnect {{ {module}"), "ends within"),
            ("KafkaConnect".to_owned(), "begins with"),
            ("KafkaConnect { /* ".to_owned(), "comment"),
        ] {
            let problem = users_file(&text).expect_err(&text);
            assert!(problem.contains(part), "{text}: {problem}");
        }
    }
}
