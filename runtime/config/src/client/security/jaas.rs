//! `sasl.jaas.config`: one login module with its options, as Kafka's `JaasConfig` reads it.

use std::collections::BTreeMap;

use weir_java::jaas::{self, Token};

/// The login module that the setting names.
#[derive(PartialEq, Eq)]
pub(super) struct LoginModule {
    class: String,
    options: BTreeMap<String, String>,
}

impl LoginModule {
    /// Parses `CLASS FLAG OPTION=VALUE ... ;`. Errors have Kafka's words, without any part of the text.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut tokens = jaas::tokens(text, jaas::SETTING).into_iter();
        let class = match tokens.next() {
            Some(first) => word(first).ok_or("the JAAS config does not begin with the class of a login module")?,
            None => return Err("Login module not specified in JAAS config"),
        };
        let flag = tokens.next().ok_or("Login module control flag not specified in JAAS config")?;
        let flag = word(flag).ok_or("Login module control flag is not available in the JAAS config")?;
        if !jaas::is_control_flag(&flag) {
            return Err("Invalid login module control flag in JAAS config");
        }
        let mut options = BTreeMap::new();
        loop {
            let option = tokens.next().ok_or("JAAS config entry not terminated by semi-colon")?;
            if option == Token::Sign(';') {
                break;
            }
            let value = (tokens.next() == Some(Token::Sign('='))).then(|| tokens.next().and_then(word)).flatten();
            let value = value.ok_or("Value not specified for an option in JAAS config; write it in quotes")?;
            options.insert(word(option).ok_or("Value without an option in JAAS config")?, value);
        }
        if tokens.next().is_some() {
            return Err("JAAS config property contains more than 1 login module, should be 1 module");
        }
        Ok(Self { class, options })
    }

    /// Returns the user and the password of Kafka's login modules for PLAIN and SCRAM.
    pub(super) fn credentials(mut self) -> Result<(String, String), &'static str> {
        let simple = self.class.rsplit('.').next().unwrap_or_default();
        if !matches!(simple, "PlainLoginModule" | "ScramLoginModule") {
            return Err(
                "Weir supports the login modules PlainLoginModule and ScramLoginModule of org.apache.kafka.common.security",
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

/// The text of a word or of a text in quotes.
fn word(token: Token) -> Option<String> {
    match token {
        Token::Word(text) | Token::Quoted { text, .. } => Some(text),
        Token::Number | Token::Sign(_) => None,
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
        assert_eq!(problem(scram), "Login module control flag not specified in JAAS config");
        assert_eq!(problem(&format!("{scram} ;")), "Login module control flag is not available in the JAAS config");
        assert_eq!(problem(&format!("{scram} maybe;")), "Invalid login module control flag in JAAS config");
        assert_eq!(
            problem(&format!("{scram} required username=\"u\"")),
            "JAAS config entry not terminated by semi-colon"
        );
        assert!(problem(&format!("{scram} required username;")).contains("Value not specified"));
        // As in Java, a number is not a value, and a quote that is not closed ends with its line.
        assert!(problem(&format!("{scram} required username=1u;")).contains("Value not specified"));
        assert!(problem(&format!("{scram} required username=\"u;")).contains("not terminated"));
        assert!(problem(&format!("{scram} required; {scram} required;")).contains("more than 1 login module"));
        assert!(problem(&format!("{scram} required username=\"u\";")).contains("no username="));
        assert!(
            problem(&format!("{scram} required username=\"u\" password=\"p\" tokenauth=\"true\";")).contains("token")
        );
        assert!(problem("com.sun.security.auth.module.Krb5LoginModule required;").contains("PlainLoginModule"));
    }
}
