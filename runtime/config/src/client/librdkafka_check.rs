//! Lets librdkafka check the settings of a client before a task needs them. Errors name the keys that the user wrote.

use super::keys::is_secret;
use super::kind::Kind;
use super::settings::ClientSettings;
use crate::error::Error;
use weir_kafka::trial::{self, Rejection};

/// Returns librdkafka's objection to the settings, under the user's name for the setting and without secrets.
pub(super) fn check(kind: Kind, client: &ClientSettings) -> Result<(), Error> {
    let mut properties = client.properties.clone();
    // The client must not connect to a broker, join a group or write to the log.
    for key in ["bootstrap.servers", "group.id", "group.instance.id", "debug", "statistics.interval.ms"] {
        properties.remove(key);
    }
    match trial::try_out(&properties, kind == Kind::Consumer) {
        Ok(()) => Ok(()),
        Err(Rejection::Setting { name, value, detail }) => {
            let key = client.origin(&name);
            let hidden = is_secret(key) || is_secret(&name);
            Err(Error::invalid(key, if hidden { "[hidden]" } else { &value }, what_it_takes(&detail, &name, key)))
        }
        Err(Rejection::Client(reason)) => {
            let name = named(&reason);
            let key = name.map_or("bootstrap.servers", |name| client.origin(name));
            Err(Error::other(key, format!("cannot create a Kafka client from the settings ({key}): {reason}")))
        }
        Err(Rejection::Other(reason)) => Err(Error::other("bootstrap.servers", reason)),
    }
}

/// librdkafka's text about a value, without the value itself and without librdkafka's name for the setting.
fn what_it_takes(detail: &str, name: &str, key: &str) -> String {
    if let Some((_, range)) = detail.split_once("outside allowed range ") {
        return format!("librdkafka accepts {} here", range.trim());
    }
    match detail.starts_with("Invalid value ") {
        true => "librdkafka, which is Weir's Kafka client, does not accept this value".to_owned(),
        false => detail.replace(&format!("\"{name}\""), &format!("\"{key}\"")),
    }
}

/// Finds the setting that librdkafka's text is about: the first one in backquotes, or the one with which it begins.
fn named(reason: &str) -> Option<&str> {
    if let Some(quoted) = reason.split('`').nth(1) {
        return Some(quoted);
    }
    reason.split([' ', ':']).next().filter(|word| word.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_do_not_go_together_are_found_out() {
        let settings = [("session.timeout.ms", "20000"), ("max.poll.interval.ms", "10000")];
        let error = crate::client::client_settings(Kind::Consumer, settings).expect_err("refused");
        assert_eq!(error.key(), "max.poll.interval.ms");
        let settings = [("reconnect.backoff.ms", "2000")];
        let error = crate::client::client_settings(Kind::Admin, settings).expect_err("refused");
        assert_eq!(error.key(), "reconnect.backoff.max.ms");
    }

    #[test]
    fn the_setting_of_a_complaint_is_found_in_it() {
        assert_eq!(named("`a.b` must be >= `c.d`"), Some("a.b"));
        assert_eq!(named("ssl.key.pem failed: not in PEM format?"), Some("ssl.key.pem"));
        assert_eq!(named("out of memory"), None);
    }
}
