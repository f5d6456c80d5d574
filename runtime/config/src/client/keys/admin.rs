//! Settings of admin clients.

use super::meaning::Meaning::{ApiTimeout, Ignored, LowerCase, MinusOneIsZero, Refused, Same};
use super::meaning::{ClientKey, key};

pub(super) const KEYS: &[ClientKey] = &[
    key(
        "bootstrap.controllers",
        "",
        Refused(
            "Weir connects to brokers and always has their addresses; Java's admin client does not accept both keys either; remove the \
             key",
        ),
    ),
    key("bootstrap.servers", "", Same),
    key("connections.max.idle.ms", "300000", MinusOneIsZero("connections.max.idle.ms")),
    key("default.api.timeout.ms", "60000", ApiTimeout),
    key("enable.metrics.push", "false", LowerCase),
    key("retries", "2147483647", Ignored("librdkafka retries requests until they time out")),
];
