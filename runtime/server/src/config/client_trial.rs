//! Lets librdkafka look at settings before a task needs them: bounds of values, values that do not go together, certificates and
//! keys. The client that is made for it knows no broker and is gone at once.

use rdkafka::client::Client as NativeClient;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaType;
use rdkafka::{ClientContext, Statistics};

use super::client::{Client, Kind};
use super::client_keys::is_secret;
use super::error::Error;

struct Silent;

impl ClientContext for Silent {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn stats(&self, _: Statistics) {}

    fn error(&self, _: KafkaError, _: &str) {}
}

/// Says what librdkafka has against the settings, under the user's names and without secrets.
pub(super) fn try_out(kind: Kind, client: &Client) -> Result<(), Error> {
    let mut config = ClientConfig::new();
    // Nobody to connect to, no group to join, nothing to say.
    let left_out = ["bootstrap.servers", "group.id", "group.instance.id", "debug", "statistics.interval.ms"];
    for (key, value) in client.properties.iter().filter(|(key, _)| !left_out.contains(&key.as_str())) {
        config.set(key, value);
    }
    config.set_log_level(RDKafkaLogLevel::Emerg);
    let native = match kind {
        Kind::Consumer => RDKafkaType::RD_KAFKA_CONSUMER,
        Kind::Producer | Kind::Admin => RDKafkaType::RD_KAFKA_PRODUCER,
    };
    let tried = config.create_native_config().and_then(|made| NativeClient::new(&config, made, native, Silent));
    match tried {
        Ok(_) => Ok(()),
        Err(KafkaError::ClientConfig(_, detail, name, value)) => {
            let key = client.origin(&name);
            let hidden = is_secret(key) || is_secret(&name);
            Err(Error::invalid(key, if hidden { "[hidden]" } else { &value }, what_it_takes(&detail, &name, key)))
        }
        Err(KafkaError::ClientCreation(reason)) => {
            let name = named(&reason);
            let key = name.map_or("bootstrap.servers", |name| client.origin(name));
            Err(Error::other(key, format!("no Kafka client can be made of the settings ({key}): {reason}")))
        }
        Err(other) => Err(Error::other("bootstrap.servers", other.to_string())),
    }
}

/// What librdkafka says of a value, without its own name for the setting and without the value once more.
fn what_it_takes(detail: &str, name: &str, key: &str) -> String {
    if let Some((_, range)) = detail.split_once("outside allowed range ") {
        return format!("librdkafka takes {} here", range.trim());
    }
    match detail.starts_with("Invalid value ") {
        true => "librdkafka, which is Weir's Kafka client, does not take this value".to_owned(),
        false => detail.replace(&format!("\"{name}\""), &format!("\"{key}\"")),
    }
}

/// The setting that librdkafka's text is about: the first in back quotes, or the one it begins with.
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
        let error = super::super::client::client(Kind::Consumer, settings).expect_err("refused");
        assert_eq!(error.key(), "max.poll.interval.ms");
        let settings = [("reconnect.backoff.ms", "2000")];
        let error = super::super::client::client(Kind::Admin, settings).expect_err("refused");
        assert_eq!(error.key(), "reconnect.backoff.max.ms");
    }

    #[test]
    fn the_setting_of_a_complaint_is_found_in_it() {
        assert_eq!(named("`a.b` must be >= `c.d`"), Some("a.b"));
        assert_eq!(named("ssl.key.pem failed: not in PEM format?"), Some("ssl.key.pem"));
        assert_eq!(named("out of memory"), None);
    }
}
