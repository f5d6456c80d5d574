//! The keys that every connector has beside its plugin's own, in one table, with what Weir does with each.

use super::def::{Check, Type};
use super::keys::{Fallback, Key, Prefix, Usage};
use super::restart_policy::MOST_ATTEMPTS;

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
const CONVERTER_VERSION: &str = "Version of the converter, as in `connector.plugin.version`. There is one, Weir's own.";
const NO_TRANSACTIONS: Usage = Ignored("Weir delivers at least once, so far");

/// Keys of either kind that are told by how they begin.
pub static PREFIXES: &[Prefix] = &[
    Prefix { prefix: "key.converter.", doc: "Settings of the key converter.", usage: Used },
    Prefix { prefix: "value.converter.", doc: "Settings of the value converter.", usage: Used },
    Prefix { prefix: "header.converter.", doc: "Settings of the header converter.", usage: Used },
    Prefix { prefix: "transforms.", doc: "Settings of a transform.", usage: Used },
    Prefix { prefix: "predicates.", doc: "Settings of a predicate.", usage: Used },
    Prefix {
        prefix: "producer.override.",
        doc: "Settings of a source's producer, or of the one that writes a sink's dead letter queue.",
        usage: Used,
    },
    Prefix { prefix: "consumer.override.", doc: "Settings of a sink's consumer.", usage: Used },
    Prefix {
        prefix: "admin.override.",
        doc: "Settings of the client that makes topics: a source's, or that of a sink's dead letter queue.",
        usage: Used,
    },
    Prefix {
        prefix: "topic.creation.",
        doc: "How topics are made before the first record goes there (KIP-158): `topic.creation.default.partitions` and `.replication.factor`, and for each group of `topic.creation.groups` also `.include` and `.exclude`, regular expressions of whole names; anything else below a group is a setting of its topics.",
        usage: Used,
    },
];

/// Of sources and sinks.
pub static COMMON: &[Key] = &[
    key("name", String, Required, &[Check::Name], Used, "The connector's name: not empty, no control characters."),
    key(
        "connector.class",
        String,
        Required,
        &[],
        Used,
        "Class of the plugin: full name, simple name, or that without `Connector`.",
    ),
    key(
        "connector.plugin.version",
        String,
        Null,
        &[],
        Used,
        "Version of the plugin: an exact one, a Maven range such as `[1.0,2.0)`, or `latest`, which it is when not given. The \
         connector keeps the version that it was created or changed with.",
    ),
    key("tasks.max", Int, Value("1"), &[Check::Range(Some(1), None)], Used, "Tasks that the connector may have."),
    key(
        "tasks.max.enforce",
        Boolean,
        Value("true"),
        &[],
        Used,
        "False = a connector that makes more tasks is let through.",
    ),
    key(
        "key.converter",
        Class,
        Computed("the worker's"),
        &[],
        Used,
        "Converter of the keys. Its settings follow it as a prefix.",
    ),
    key("key.converter.plugin.version", String, Null, &[], Used, CONVERTER_VERSION),
    key("value.converter", Class, Computed("the worker's"), &[], Used, "Converter of the values."),
    key("value.converter.plugin.version", String, Null, &[], Used, CONVERTER_VERSION),
    key("header.converter", Class, Computed("the worker's"), &[], Used, "Converter of the header values."),
    key("header.converter.plugin.version", String, Null, &[], Used, CONVERTER_VERSION),
    key(
        "transforms",
        List,
        Value(""),
        ALIASES,
        Used,
        "Aliases of transforms, in their order. Each has `transforms.ALIAS.type` and its own settings; \
         `transforms.ALIAS.plugin.version` is as `connector.plugin.version`, but when it is not given a version in the connector's \
         own component comes before the latest one; `transforms.ALIAS.predicate` and `transforms.ALIAS.negate` say which records it is for.",
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
        "What to do when a value that a config provider gave has changed: `restart` the connector, or `none`.",
    ),
    key(
        "errors.retry.timeout",
        Long,
        Value("0"),
        &[],
        Used,
        "How long a transform that says that a record may succeed later is given the record again, in milliseconds. `-1` = for ever.",
    ),
    key("errors.retry.delay.max.ms", Long, Value("60000"), &[], Used, "Longest pause between two such tries."),
    key(
        "errors.tolerance",
        String,
        Value("none"),
        &[Check::OneOf(&["none", "all"])],
        Used,
        "`none`: a record that cannot be converted, transformed, sent or taken fails the task. `all`: it is left out; \
         [errors.md](errors.md) says how.",
    ),
    key("errors.log.enable", Boolean, Value("false"), &[], Used, "Log each record that failed."),
    key(
        "errors.log.include.messages",
        Boolean,
        Value("false"),
        &[],
        Used,
        "Say there where a sink's record stood, and what a source's record was.",
    ),
    key(
        "weir.restart.max.attempts",
        Int,
        Computed("the worker's"),
        &[Check::Range(Some(0), Some(MOST_ATTEMPTS))],
        Used,
        "How often in a row a failed task of this connector, or the connector itself, is restarted by itself; 0 = never.",
    ),
    key(
        "weir.restart.delay.ms",
        Long,
        Computed("the worker's, which is also the least it may be"),
        &[Check::Range(Some(100), None)],
        Used,
        "Time before the first restart, in milliseconds.",
    ),
    key(
        "weir.restart.delay.max.ms",
        Long,
        Computed("the worker's"),
        &[Check::Range(Some(0), None)],
        Used,
        "Longest time before a restart, in milliseconds.",
    ),
    key(
        "weir.restart.reset.after.ms",
        Long,
        Computed("the worker's"),
        &[Check::Range(Some(0), None)],
        Used,
        "What has run for so long counts as well again, in milliseconds.",
    ),
    key(
        "weir.task.memory.max",
        Long,
        Computed("the worker's, which is also the most it may be"),
        &[Check::Range(Some(65536), None)],
        Used,
        "Memory that each instance of this connector's plugins may have, in bytes.",
    ),
    key(
        "weir.call.timeout.ms",
        Long,
        Computed("the worker's, which is also the most it may be"),
        &[Check::Range(Some(1), None)],
        Used,
        "How long one call of this connector's plugins may take, in milliseconds.",
    ),
];

/// Of sources.
pub static SOURCE: &[Key] = &[
    key(
        "topic.creation.groups",
        List,
        Value(""),
        ALIASES,
        Used,
        "Groups of topics that are made with settings of their own; the first that takes a name counts, then `default`.",
    ),
    key(
        "exactly.once.support",
        String,
        Value("requested"),
        &[Check::OneOfIgnoringCase(&["requested", "required"])],
        Used,
        "`required` is refused: no worker of Weir can deliver exactly once yet.",
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
        "Time between two ends of transactions.",
    ),
    key(
        "offsets.storage.topic",
        String,
        Null,
        &[Check::NonEmptyString],
        Ignored("a standalone worker keeps all offsets in its file"),
        "The connector's own topic with source offsets.",
    ),
];

/// Of sinks.
pub static SINK: &[Key] = &[
    key(
        "topics",
        List,
        Value(""),
        &[Check::UniqueList { may_be_empty: true }],
        Used,
        "Topics to read. Either this or `topics.regex`.",
    ),
    key("topics.regex", String, Value(""), &[Check::Regex], Used, "Java regular expression of the topics to read."),
    key(
        "errors.deadletterqueue.topic.name",
        String,
        Value(""),
        &[],
        Used,
        "Topic for the records that failed, as they were consumed. Empty = none.",
    ),
    key(
        "errors.deadletterqueue.topic.replication.factor",
        Short,
        Value("3"),
        &[],
        Used,
        "Replication factor of that topic, when the task makes it.",
    ),
    key(
        "errors.deadletterqueue.context.headers.enable",
        Boolean,
        Value("false"),
        &[],
        Used,
        "Say in headers `__connect.errors.*` why a record is there.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::def;

    #[test]
    fn every_default_passes_its_own_checks() {
        for key in COMMON.iter().chain(SOURCE).chain(SINK) {
            let Value(text) = key.default else { continue };
            let value = def::parse(key.name, key.kind, text).expect("a default of the key's type");
            for check in key.checks {
                def::check(key.name, &value, *check).expect("a default that passes");
            }
        }
    }
}
