//! Worker keys: tasks, source offsets, topics, client overrides and config providers.

use super::super::check::Check;
use super::super::key::{Fallback, Section, Usage};
use super::super::types::Type;
use super::define::{AT_LEAST_0, AT_LEAST_1, UP_TO_A_DAY, UP_TO_A_DAY_OR_0, key};

use Fallback::{Null, Required, Value};
use Type::{Boolean, Int, List, Long, String};
use Usage::Used;

pub(super) const SECTION: Section = Section {
    title: "Tasks and offsets",
    intro: "",
    keys: &[
        key(
            "offset.storage.file.filename",
            String,
            Required,
            Used,
            "File in which a standalone worker stores source offsets. Weir writes JSON; a file written by Kafka Connect is refused.",
        )
        .checked(&[Check::NonEmptyString]),
        key(
            "offset.flush.interval.ms",
            Long,
            Value("60000"),
            Used,
            "Interval between two offset commits of a task, in milliseconds.",
        )
        .checked(AT_LEAST_1),
        key(
            "offset.flush.timeout.ms",
            Long,
            Value("5000"),
            Used,
            "Maximum time for one offset commit, and for waiting for records in flight when a task stops, in milliseconds.",
        )
        .checked(AT_LEAST_0),
        key(
            "weir.offsets.partitions.max",
            Long,
            Value("100000"),
            Used,
            "Maximum number of source partitions for which one source connector may store offsets. A task that stores more fails.",
        )
        .checked(AT_LEAST_1),
        key(
            "weir.offsets.bytes.max",
            Long,
            Value("33554432"),
            Used,
            "Maximum size of one source connector's offsets in the offset file, in bytes. A task that stores more fails.",
        )
        .checked(AT_LEAST_1),
        key(
            "weir.offsets.total.bytes.max",
            Long,
            Value("134217728"),
            Used,
            "Maximum size of the offsets of all source connectors in the offset file, including those of deleted connectors, in \
             bytes. A task that stores more fails if its connector has more than 64 KiB.",
        )
        .checked(AT_LEAST_1),
        key(
            "task.shutdown.graceful.timeout.ms",
            Long,
            Value("5000"),
            Used,
            "Time that all tasks together have to stop, in milliseconds. Tasks that are still running after that are terminated.",
        )
        .checked(AT_LEAST_0),
        key(
            "weir.shutdown.timeout.ms",
            Long,
            Value("25000"),
            Used,
            "Maximum time for the worker to stop after a signal, in addition to `task.shutdown.graceful.timeout.ms`, in \
             milliseconds. If it has not stopped by then, because a disk or a broker does not respond, the process exits with code \
             4; whatever was not committed is processed again after the next start.",
        )
        .checked(UP_TO_A_DAY),
        key(
            "weir.lock.wait.ms",
            Long,
            Value("30000"),
            Used,
            "How long a starting worker waits for another worker that uses the same offset file, the same `weir.standalone.state` \
             file or the same `weir.plugin.store` to exit, in milliseconds. If the other worker has not exited by then, the new one \
             does not start. The default is the time that a worker may take to stop.",
        )
        .checked(UP_TO_A_DAY_OR_0),
        key(
            "topic.creation.enable",
            Boolean,
            Value("true"),
            Used,
            "Whether source connectors may create topics with their own settings (`topic.creation.*`).",
        ),
        key(
            "topic.tracking.enable",
            Boolean,
            Value("true"),
            Used,
            "Whether to track the topics that each connector writes to or reads from (`GET /connectors/{c}/topics`).",
        ),
        key(
            "topic.tracking.allow.reset",
            Boolean,
            Value("true"),
            Used,
            "Whether the tracked topics may be reset (`PUT /connectors/{c}/topics/reset`).",
        ),
        key(
            "weir.records.in.flight.max.bytes",
            Long,
            Value("268435456"),
            Used,
            "Memory for records in flight between plugins and Kafka, for all tasks of the worker together, in bytes: records that \
             Kafka has not acknowledged yet, including source offsets, headers and the bookkeeping for each record. When the limit \
             is reached, a task waits for its turn before it polls its source again. A task that has nothing in flight does not \
             wait, so each task may hold one batch beyond the limit.",
        )
        .checked(&[Check::Range(Some(1_048_576), None)]),
        key(
            "weir.task.topics.max",
            Int,
            Value("1000"),
            Used,
            "Maximum number of topics that a task of a source connector may write to between its start and its end. A task that \
             writes to more fails.",
        )
        .checked(AT_LEAST_1),
        key(
            "weir.standalone.state",
            String,
            Null,
            Used,
            "File in which a standalone worker keeps its connectors across restarts: their configurations as submitted, and whether \
             they are paused or stopped. If not set, connectors exist only while the worker runs, as in Kafka Connect. A connector \
             that is named on the command line takes its configuration from there at each start, and its state from this file. The \
             file contains the configurations as submitted, including passwords, and is readable only by its owner.",
        ),
        key(
            "connector.client.config.override.policy",
            String,
            Value("All"),
            Used,
            "Which client settings (`producer.override.` and so on) a connector may set: `All`, `None`, `Principal`, `Allowlist`.",
        ),
        key(
            "connector.client.config.override.allowlist",
            List,
            Value(""),
            Used,
            "The keys that the `Allowlist` policy allows.",
        ),
        key(
            "config.providers",
            List,
            Value(""),
            Used,
            "Names of config providers, for references such as `${file:/etc/secrets.properties:password}` in this file and in \
             connector configurations. See [config-providers.md](config-providers.md).",
        ),
        key(
            "weir.config.providers.strict",
            Boolean,
            Value("true"),
            Used,
            "Whether a reference to a config provider, path or key that does not exist is refused. If `false`, the reference is left \
             as it is written, as in Kafka Connect, and is then used literally, for example as a password or a topic name.",
        ),
    ],
};
