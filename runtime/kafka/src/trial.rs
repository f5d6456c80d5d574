//! Lets librdkafka check settings before a client needs them: limits of values, values that exclude each other, certificates and keys. The
//! client that is created for this has no brokers and is dropped at once.

use rdkafka::client::Client as NativeClient;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaType;
use rdkafka::{ClientContext, Statistics};

use super::{Properties, client_config};

/// Why librdkafka rejects settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// It does not accept the value of one setting.
    Setting {
        /// librdkafka's name of the setting.
        name: String,
        /// The value.
        value: String,
        /// librdkafka's text.
        detail: String,
    },
    /// The settings do not go together, or a file that they name cannot be used. librdkafka's text.
    Client(String),
    /// Something else. librdkafka's text.
    Other(String),
}

struct Silent;

impl ClientContext for Silent {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn stats(&self, _: Statistics) {}

    fn error(&self, _: KafkaError, _: &str) {}
}

/// Makes a client with these settings, and closes it.
///
/// # Errors
///
/// librdkafka does not accept them.
pub fn try_out(properties: &Properties, is_consumer: bool) -> Result<(), Rejection> {
    let mut config = client_config(properties);
    config.set_log_level(RDKafkaLogLevel::Emerg);
    let native = match is_consumer {
        true => RDKafkaType::RD_KAFKA_CONSUMER,
        false => RDKafkaType::RD_KAFKA_PRODUCER,
    };
    let tried = config.create_native_config().and_then(|made| NativeClient::new(&config, made, native, Silent));
    match tried {
        Ok(_) => Ok(()),
        Err(KafkaError::ClientConfig(_, detail, name, value)) => Err(Rejection::Setting { name, value, detail }),
        Err(KafkaError::ClientCreation(reason)) => Err(Rejection::Client(reason)),
        Err(other) => Err(Rejection::Other(other.to_string())),
    }
}

/// Whether librdkafka knows the setting and accepts the value.
///
/// # Errors
///
/// librdkafka's text.
#[doc(hidden)]
pub fn accepts(name: &str, value: &str) -> Result<(), String> {
    let properties = Properties::from([(name.to_owned(), value.to_owned())]);
    client_config(&properties).create_native_config().map(drop).map_err(|error| error.to_string())
}
