//! Translates one setting of Kafka's Java clients to librdkafka's settings, as the table in `keys` defines.

use std::time::Duration;

use super::bootstrap_servers;
use super::keys::{self, Meaning};
use super::kind::Kind;
use super::settings::{ClientSettings, Given};
use crate::error::Error;
use crate::keys::{check, types};
use crate::recorded::client_setting;
use weir_kafka::internal_topics::ADMIN_CLIENT;

/// Adds what a setting means for librdkafka.
///
/// # Errors
///
/// The value is not valid, or the setting is refused.
pub(super) fn translate(
    kind: Kind,
    key: &str,
    value: &str,
    given: &Given<'_>,
    client: &mut ClientSettings,
) -> Result<(), Error> {
    let Some(meaning) = keys::meaning(kind, key) else {
        let line = format!("client setting '{}{key}' is not known to Weir and has no effect", kind.prefix());
        client.warnings.push(line);
        return Ok(());
    };
    let default = keys::find(kind, key).map(|known| known.default);
    let is_default = default.flatten() == Some(value);
    // An empty text means that the setting is not set.
    if value.is_empty() && matches!(default, Some(None | Some(""))) {
        return Ok(());
    }
    check_as_kafka(kind, key, value)?;
    if key == "client.id" && value == ADMIN_CLIENT {
        let detail = "brokers let a client of this name write to Kafka's internal topics; choose another name";
        return Err(Error::invalid(key, value, detail));
    }
    match meaning {
        Meaning::Same => client.put(key, key, value.to_owned()),
        Meaning::Named(name) => client.put(key, name, value.to_owned()),
        Meaning::Both(one, other) => {
            client.put(key, one, value.to_owned());
            client.put(key, other, value.to_owned());
        }
        Meaning::LowerCase => client.put(key, key, value.to_lowercase()),
        Meaning::Kilobytes(name) => {
            let bytes: u64 = number(key, value)?;
            client.put(key, name, (bytes / 1024).max(1).to_string());
        }
        Meaning::MinusOneIsZero(name) => client.put(key, name, if value == "-1" { "0" } else { value }.to_owned()),
        Meaning::ZeroIsOne(name) => client.put(key, name, if value == "0" { "1" } else { value }.to_owned()),
        Meaning::MetadataAge => {
            // librdkafka refreshes metadata after the first time and discards it after the second, which must be longer.
            let age: u64 = number(key, value)?;
            client.put(key, "topic.metadata.refresh.interval.ms", age.clamp(1, 3_600_000).to_string());
            client.put(key, "metadata.max.age.ms", age.saturating_mul(3).clamp(3, 86_400_000).to_string());
        }
        Meaning::Level(codec) => {
            let _: i64 = number(key, value)?;
            if given.get("compression.type").is_some_and(|chosen| chosen.eq_ignore_ascii_case(codec)) {
                client.put(key, "compression.level", value.to_owned());
            }
        }
        Meaning::Partitioner => partitioner(key, value, client)?,
        Meaning::IgnoreKeys => {
            if types::parse(key, types::Type::Boolean, value)? == types::Value::Boolean(true) {
                client.put(key, "partitioner", "random".to_owned());
            }
        }
        Meaning::OffsetReset => match value.to_lowercase().as_str() {
            "none" => client.put(key, key, "error".to_owned()),
            reset @ ("earliest" | "latest") => client.put(key, key, reset.to_owned()),
            reset if reset.starts_with("by_duration:") => {
                return Err(Error::invalid(
                    key,
                    value,
                    "librdkafka cannot start at a point in time; use earliest, latest or none",
                ));
            }
            _ => return Err(Error::invalid(key, value, "Weir supports earliest, latest and none")),
        },
        Meaning::Assignors => client.put(key, key, assignors(value)),
        Meaning::PollRecords => match value.parse() {
            Ok(records) if records >= 1 => client.max_poll_records = Some(records),
            _ => return Err(Error::invalid(key, value, "Value must be at least 1")),
        },
        Meaning::ApiTimeout => client.api_timeout = Some(Duration::from_millis(number(key, value)?)),
        Meaning::Only(expected, reason) if !value.eq_ignore_ascii_case(expected) => {
            return Err(Error::invalid(key, value, format!("{reason}; remove the key, or write {expected}")));
        }
        Meaning::Refused(next) if !is_default => return Err(Error::invalid(key, value, next)),
        Meaning::Ignored(reason) if !is_default => client.warn(key, reason),
        // Handled by `security`.
        Meaning::Security(_) | Meaning::RefusedWithTls(_) | Meaning::RefusedWithSasl(_) => {}
        Meaning::Only(..) | Meaning::Refused(_) | Meaning::Ignored(_) => {}
    }
    Ok(())
}

/// Checks a value as Kafka's definition of the setting does: its type and the allowed values.
fn check_as_kafka(kind: Kind, key: &str, value: &str) -> Result<(), Error> {
    if let Some(of_type) = client_setting(kind.name(), key) {
        let value = types::parse(key, of_type, value)?;
        keys::allowed(key).map_or(Ok(()), |check| check::check(key, &value, check))?;
    }
    match key {
        "bootstrap.servers" => bootstrap_servers::check(value),
        _ => Ok(()),
    }
}

fn number<N: std::str::FromStr>(key: &str, value: &str) -> Result<N, Error> {
    value.parse().map_err(|_| Error::invalid(key, value, "Not a number of type LONG"))
}

fn partitioner(key: &str, value: &str, client: &mut ClientSettings) -> Result<(), Error> {
    match value.rsplit('.').next().unwrap_or(value) {
        // Records are distributed evenly, regardless of their keys.
        "RoundRobinPartitioner" => {
            client.put(key, "partitioner", "random".to_owned());
            Ok(())
        }
        _ => {
            let detail = "it names a Java class, and without it keys would be assigned to different partitions; remove the key \
                          if Java's default (murmur2) is acceptable";
            Err(Error::invalid(key, value, detail))
        }
    }
}

/// Translates Java's assignor classes to librdkafka's names. Unknown names are kept, so that librdkafka refuses them.
fn assignors(value: &str) -> String {
    let names: Vec<&str> = types::list(value)
        .iter()
        .map(|class| match class.rsplit('.').next().unwrap_or(class) {
            "RangeAssignor" | "range" => "range",
            "RoundRobinAssignor" | "roundrobin" => "roundrobin",
            // librdkafka cannot mix eager and cooperative ones in a list, and has no eager sticky one.
            "CooperativeStickyAssignor" | "StickyAssignor" | "cooperative-sticky" => "cooperative-sticky",
            _ => "",
        })
        .collect();
    if names.contains(&"") {
        return value.to_owned();
    }
    match names.iter().all(|name| *name == "cooperative-sticky") {
        true => "cooperative-sticky".to_owned(),
        false => names.into_iter().filter(|name| *name != "cooperative-sticky").collect::<Vec<_>>().join(","),
    }
}
