//! Settings of admin clients.

use super::Meaning::{ApiTimeout, Ignored, LowerCase, MinusOneIsZero, Refused, Same};
use super::{ClientKey, key};

pub(super) const KEYS: &[ClientKey] = &[
    key(
        "bootstrap.controllers",
        "",
        Refused(
            "Weir talks to brokers, whose addresses it always has; Java's admin client refuses to have both, too; remove the key",
        ),
    ),
    key("bootstrap.servers", "", Same),
    key("connections.max.idle.ms", "300000", MinusOneIsZero("connections.max.idle.ms")),
    key("default.api.timeout.ms", "60000", ApiTimeout),
    key("enable.metrics.push", "false", LowerCase),
    key("retries", "2147483647", Ignored("librdkafka repeats requests until their time is up")),
];
