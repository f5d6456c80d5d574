//! The keys that every connector has in addition to its plugin's own, in one table, with what Weir does with each.

use super::check::Check;
use super::key::{Fallback, Key, Prefix, Usage};
use super::types::Type;
use crate::restart_policy::MOST_ATTEMPTS;

use Fallback::{Computed, Null, Required, Value};
use Type::{Boolean, Class, Int, List, Long, Short, String};
use Usage::{Ignored, Used};

const fn key(
    name: &'static str,
    kind: Type,
    default: Fallback,
    checks: &'static [Check<'static>],
    usage: Usage,
    doc: &'static str,
) -> Key {
    Key { name, kind, default, doc, usage, checks }
}

const ALIASES: &[Check<'static>] = &[Check::Aliases];
const CONVERTER_VERSION: &str =
    "Version of the converter, in the format of `connector.plugin.version`. There is only one, Weir's own.";
const NO_TRANSACTIONS: Usage = Ignored("Weir supports only at-least-once delivery so far");

/// Keys of sources and sinks that are known by their prefix.
pub(crate) static PREFIXES: &[Prefix] = &[
    Prefix { prefix: "key.converter.", doc: "Settings of the key converter.", usage: Used },
    Prefix { prefix: "value.converter.", doc: "Settings of the value converter.", usage: Used },
    Prefix { prefix: "header.converter.", doc: "Settings of the header converter.", usage: Used },
    Prefix { prefix: "transforms.", doc: "Settings of a transform.", usage: Used },
    Prefix { prefix: "predicates.", doc: "Settings of a predicate.", usage: Used },
    Prefix {
        prefix: "producer.override.",
        doc: "Settings of a source's producer, or of the producer that writes a sink's dead letter queue.",
        usage: Used,
    },
    Prefix { prefix: "consumer.override.", doc: "Settings of a sink's consumer.", usage: Used },
    Prefix {
        prefix: "admin.override.",
        doc: "Settings of the admin client that creates topics: a source's topics, or a sink's dead letter queue.",
        usage: Used,
    },
    Prefix {
        prefix: "topic.creation.",
        doc: "How topics are created before the first record is written to them (KIP-158): `topic.creation.default.partitions` and \
              `.replication.factor`, and for each group in `topic.creation.groups` also `.include` and `.exclude`, regular expressions \
              that match whole names; any other key of a group is a setting of its topics.",
        usage: Used,
    },
];

/// Keys of sources and sinks.
pub(crate) static COMMON: &[Key] = &[
    key("name", String, Required, &[Check::Name], Used, "The connector's name: not empty, without control characters."),
    key(
        "connector.class",
        String,
        Required,
        &[],
        Used,
        "Class of the plugin: full name, simple name, or simple name without `Connector`.",
    ),
    key(
        "connector.plugin.version",
        String,
        Null,
        &[],
        Used,
        "Version of the plugin: an exact version, a Maven range such as `[1.0,2.0)`, or `latest`, which is also used if the key is not \
         set. The connector keeps the version with which it was created or changed.",
    ),
    key(
        "tasks.max",
        Int,
        Value("1"),
        &[Check::Range(Some(1), None)],
        Used,
        "Maximum number of tasks of the connector.",
    ),
    key(
        "tasks.max.enforce",
        Boolean,
        Value("true"),
        &[],
        Used,
        "If `false`, a connector that creates more tasks than `tasks.max` is accepted.",
    ),
    key(
        "key.converter",
        Class,
        Computed("the worker's"),
        &[],
        Used,
        "Converter for record keys. Its settings have this key as a prefix.",
    ),
    key("key.converter.plugin.version", String, Null, &[], Used, CONVERTER_VERSION),
    key("value.converter", Class, Computed("the worker's"), &[], Used, "Converter for record values."),
    key("value.converter.plugin.version", String, Null, &[], Used, CONVERTER_VERSION),
    key("header.converter", Class, Computed("the worker's"), &[], Used, "Converter for header values."),
    key("header.converter.plugin.version", String, Null, &[], Used, CONVERTER_VERSION),
    key(
        "transforms",
        List,
        Value(""),
        ALIASES,
        Used,
        "Aliases of transforms, in the order in which they are applied. Each has `transforms.ALIAS.type` and its own settings; \
         `transforms.ALIAS.plugin.version` is like `connector.plugin.version`, but if it is not set, a version in the connector's own \
         component takes precedence over the latest one; `transforms.ALIAS.predicate` and `transforms.ALIAS.negate` determine which \
         records it applies to.",
    ),
    key(
        "predicates",
        List,
        Value(""),
        ALIASES,
        Used,
        "Aliases of predicates. Each has `predicates.ALIAS.type`, `predicates.ALIAS.plugin.version` and its own settings.",
    ),
    key(
        "config.action.reload",
        String,
        Value("restart"),
        &[Check::OneOf(&["none", "restart"])],
        Used,
        "What to do when a value that a config provider returned has changed: `restart` the connector, or `none`.",
    ),
    key(
        "errors.retry.timeout",
        Long,
        Value("0"),
        &[],
        Used,
        "How long a record is retried if a transform reports that it may succeed later, in milliseconds. `-1` means without limit.",
    ),
    key("errors.retry.delay.max.ms", Long, Value("60000"), &[], Used, "Maximum delay between two such retries."),
    key(
        "errors.tolerance",
        String,
        Value("none"),
        &[Check::OneOf(&["none", "all"])],
        Used,
        "`none`: a record that cannot be converted, transformed, sent or processed by the sink fails the task. `all`: the record is \
         skipped, as described in [errors.md](errors.md).",
    ),
    key("errors.log.enable", Boolean, Value("false"), &[], Used, "Whether to log each failed record."),
    key(
        "errors.log.include.messages",
        Boolean,
        Value("false"),
        &[],
        Used,
        "Whether to include the position of a sink's record, or the content of a source's record, in these log messages.",
    ),
    key(
        "weir.restart.max.attempts",
        Int,
        Computed("the worker's"),
        &[Check::Range(Some(0), Some(MOST_ATTEMPTS))],
        Used,
        "Maximum number of consecutive automatic restarts of a failed task of this connector, or of the connector itself; 0 disables \
         automatic restarts.",
    ),
    key(
        "weir.restart.delay.ms",
        Long,
        Computed("the worker's, which is also the minimum"),
        &[Check::Range(Some(100), None)],
        Used,
        "Delay before the first restart, in milliseconds.",
    ),
    key(
        "weir.restart.delay.max.ms",
        Long,
        Computed("the worker's"),
        &[Check::Range(Some(0), None)],
        Used,
        "Maximum delay before a restart, in milliseconds.",
    ),
    key(
        "weir.restart.reset.after.ms",
        Long,
        Computed("the worker's"),
        &[Check::Range(Some(0), None)],
        Used,
        "How long a task or the connector must run without failing before its attempt counter is reset, in milliseconds.",
    ),
    key(
        "weir.task.memory.max",
        Long,
        Computed("the worker's, which is also the maximum"),
        &[Check::Range(Some(65536), None)],
        Used,
        "Memory limit for each instance of this connector's plugins, in bytes. If it is lower than the worker's, it applies also to \
         plugins that state a greater need.",
    ),
    key(
        "weir.call.timeout.ms",
        Long,
        Computed("the worker's, which is also the maximum"),
        &[Check::Range(Some(1), None)],
        Used,
        "Maximum time for one call of this connector's plugins, in milliseconds.",
    ),
];

/// Keys of sources only.
pub(crate) static SOURCE: &[Key] = &[
    key(
        "topic.creation.groups",
        List,
        Value(""),
        ALIASES,
        Used,
        "Groups of topics that are created with their own settings; the first group that matches a topic's name is used, and finally \
         `default`.",
    ),
    key(
        "exactly.once.support",
        String,
        Value("requested"),
        &[Check::OneOfIgnoringCase(&["requested", "required"])],
        Used,
        "`required` is refused: Weir does not support exactly-once delivery yet.",
    ),
    key(
        "transaction.boundary",
        String,
        Value("poll"),
        &[Check::OneOfIgnoringCase(&["poll", "interval", "connector"])],
        NO_TRANSACTIONS,
        "Where transactions end.",
    ),
    key(
        "transaction.boundary.interval.ms",
        Long,
        Null,
        &[Check::RangeOrNull(Some(0), None)],
        NO_TRANSACTIONS,
        "Interval between transaction boundaries.",
    ),
    key(
        "offsets.storage.topic",
        String,
        Null,
        &[Check::NonEmptyString],
        Ignored("a standalone worker stores all offsets in its offset file"),
        "The connector's own topic for source offsets.",
    ),
];

/// Keys of sinks only.
pub(crate) static SINK: &[Key] = &[
    key(
        "topics",
        List,
        Value(""),
        &[Check::UniqueList { may_be_empty: true }],
        Used,
        "Topics to read. Set either this or `topics.regex`.",
    ),
    key(
        "topics.regex",
        String,
        Value(""),
        &[Check::Regex],
        Used,
        "Java regular expression that matches the topics to read.",
    ),
    key(
        "errors.deadletterqueue.topic.name",
        String,
        Value(""),
        &[],
        Used,
        "Topic for failed records, as they were consumed. If empty, there is no dead letter queue.",
    ),
    key(
        "errors.deadletterqueue.topic.replication.factor",
        Short,
        Value("3"),
        &[],
        Used,
        "Replication factor of that topic if the task creates it.",
    ),
    key(
        "errors.deadletterqueue.context.headers.enable",
        Boolean,
        Value("false"),
        &[],
        Used,
        "Whether to add `__connect.errors.*` headers that describe why a record failed.",
    ),
];

/// Finds a key by its name.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    COMMON.iter().chain(SOURCE).chain(SINK).find(|key| key.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{check, types};

    #[test]
    fn every_default_passes_its_own_checks() {
        for key in COMMON.iter().chain(SOURCE).chain(SINK) {
            let Value(text) = key.default else { continue };
            let value = types::parse(key.name, key.kind, text).expect("a default of the key's type");
            for check in key.checks {
                check::check(key.name, &value, *check).expect("a default that passes");
            }
        }
    }
}
