//! `sasl.jaas.config`: one login module with its options, in the syntax of JAAS, as Kafka's `JaasConfig` reads it.

use std::collections::BTreeMap;

/// A login module as it stands in the setting.
#[derive(PartialEq, Eq)]
pub(super) struct LoginModule {
    class: String,
    options: BTreeMap<String, String>,
}

/// A piece of the text.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Equals,
    End,
}

const FLAGS: [&str; 4] = ["REQUIRED", "REQUISITE", "SUFFICIENT", "OPTIONAL"];

impl LoginModule {
    /// Parses `CLASS FLAG OPTION=VALUE ... ;`. What is wrong is said in Kafka's words and without any part of the text.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut tokens = tokens(text)?.into_iter();
        let Some(Token::Word(class)) = tokens.next() else { return Err("Login module not specified in JAAS config") };
        match tokens.next() {
            Some(Token::Word(flag)) if FLAGS.iter().any(|known| known.eq_ignore_ascii_case(&flag)) => {}
            _ => return Err("Login module control flag is not available in the JAAS config"),
        }
        let mut options = BTreeMap::new();
        loop {
            match tokens.next() {
                Some(Token::Word(key)) => match (tokens.next(), tokens.next()) {
                    (Some(Token::Equals), Some(Token::Word(value))) => {
                        options.insert(key, value);
                    }
                    _ => return Err("Value not specified for an option in JAAS config"),
                },
                Some(Token::End) => break,
                Some(Token::Equals) => return Err("Value without an option in JAAS config"),
                None => return Err("JAAS config entry not terminated by semi-colon"),
            }
        }
        if tokens.next().is_some() {
            return Err("JAAS config property contains more than 1 login module, should be 1 module");
        }
        Ok(Self { class, options })
    }

    /// User and password of Kafka's modules for PLAIN and SCRAM.
    pub(super) fn credentials(mut self) -> Result<(String, String), &'static str> {
        let simple = self.class.rsplit('.').next().unwrap_or_default();
        if !matches!(simple, "PlainLoginModule" | "ScramLoginModule") {
            return Err(
                "Weir knows the login modules PlainLoginModule and ScramLoginModule of org.apache.kafka.common.security",
            );
        }
        if self.options.get("tokenauth").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Err("librdkafka cannot log in with a delegation token (tokenauth); use a user of its own");
        }
        match (self.options.remove("username"), self.options.remove("password")) {
            (Some(user), Some(password)) => Ok((user, password)),
            _ => Err("the login module has no username=\"...\" and password=\"...\""),
        }
    }
}

/// Cuts the text up as `java.io.StreamTokenizer` does with Kafka's settings: quotes with escapes, comments of both kinds. Words
/// without quotes may have digits here.
fn tokens(text: &str) -> Result<Vec<Token>, &'static str> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            _ if char.is_whitespace() => {}
            ';' => tokens.push(Token::End),
            '=' => tokens.push(Token::Equals),
            '"' | '\'' => tokens.push(Token::Word(quoted(&mut chars, char)?)),
            '/' if chars.next_if_eq(&'/').is_some() => while chars.next().is_some_and(|char| char != '\n') {},
            '/' if chars.next_if_eq(&'*').is_some() => {
                let mut last = ' ';
                for char in chars.by_ref() {
                    if (last, char) == ('*', '/') {
                        break;
                    }
                    last = char;
                }
            }
            _ => {
                let mut word = String::from(char);
                let goes_on = |char: &char| !char.is_whitespace() && !matches!(char, ';' | '=' | '"' | '\'');
                while let Some(char) = chars.next_if(goes_on) {
                    word.push(char);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

/// The rest of a word in quotes.
fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, quote: char) -> Result<String, &'static str> {
    let mut word = String::new();
    loop {
        match chars.next() {
            None | Some('\n') => return Err("a quote is not closed in JAAS config"),
            Some(char) if char == quote => return Ok(word),
            Some('\\') => match chars.next() {
                Some('n') => word.push('\n'),
                Some('t') => word.push('\t'),
                Some('r') => word.push('\r'),
                Some('f') => word.push('\u{c}'),
                Some('b') => word.push('\u{8}'),
                Some('a') => word.push('\u{7}'),
                Some('v') => word.push('\u{b}'),
                Some(digit @ '0'..='7') => {
                    let mut code = digit.to_digit(8).unwrap_or_default();
                    // Three digits where the first leaves the character in one byte, else two.
                    let more = if digit <= '3' { 2 } else { 1 };
                    for _ in 0..more {
                        let Some(digit) = chars.next_if(|char| char.is_digit(8)) else { break };
                        code = code * 8 + digit.to_digit(8).unwrap_or_default();
                    }
                    word.extend(char::from_u32(code));
                }
                Some(other) => word.push(other),
                None => return Err("a quote is not closed in JAAS config"),
            },
            Some(other) => word.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(text: &str) -> Result<(String, String), &'static str> {
        LoginModule::parse(text)?.credentials()
    }

    #[test]
    fn users_and_passwords_are_found_however_they_are_written() {
        let plain = "org.apache.kafka.common.security.plain.PlainLoginModule";
        let both = |user: &str, password: &str| Ok((user.to_owned(), password.to_owned()));
        assert_eq!(credentials(&format!("{plain} required username=\"u\" password=\"p\";")), both("u", "p"));
        assert_eq!(
            credentials(&format!("{plain} REQUIRED\n  password='a\"b' // why\n username = u1 ;")),
            both("u1", "a\"b")
        );
        assert_eq!(
            credentials(&format!("{plain} required /* x=\"y\"; */ username=\"\" password=\"a;b=c\\\\d\\\"\\101\";")),
            both("", "a;b=c\\d\"A")
        );
        // As Java's properties files have it over several lines.
        assert_eq!(credentials(&format!("{plain} required \t username=\"ü\" password=\"p w\";\n")), both("ü", "p w"));
    }

    #[test]
    fn what_is_wrong_is_said_in_kafkas_words() {
        let problem = |text: &str| credentials(text).expect_err("refused");
        let scram = "org.apache.kafka.common.security.scram.ScramLoginModule";
        assert_eq!(problem(""), "Login module not specified in JAAS config");
        assert_eq!(problem(scram), "Login module control flag is not available in the JAAS config");
        assert_eq!(
            problem(&format!("{scram} required username=\"u\"")),
            "JAAS config entry not terminated by semi-colon"
        );
        assert!(problem(&format!("{scram} required username;")).contains("Value not specified"));
        assert!(problem(&format!("{scram} required username=\"u;")).contains("not closed"));
        assert!(problem(&format!("{scram} required; {scram} required;")).contains("more than 1 login module"));
        assert!(problem(&format!("{scram} required username=\"u\";")).contains("no username="));
        assert!(
            problem(&format!("{scram} required username=\"u\" password=\"p\" tokenauth=\"true\";")).contains("token")
        );
        assert!(problem("com.sun.security.auth.module.Krb5LoginModule required;").contains("PlainLoginModule"));
    }
}
