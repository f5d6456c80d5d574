//! Worker keys of distributed mode. They have no effect on a standalone worker.

use super::super::check::Check;
use super::super::key::{Fallback, Section};
use super::super::types::Type;
use super::define::{AT_LEAST_0, NO_CLUSTER, key};

use Fallback::{Null, Value};
use Type::{Boolean, Int, List, Short, String};

const PARTITIONS: &[Check<'static>] = &[Check::PositiveOrDefault("Number of partitions must be positive")];
const REPLICAS: &[Check<'static>] = &[Check::PositiveOrDefault(
    "Replication factor must be positive and not larger than the number of brokers in the Kafka cluster",
)];

pub(super) const SECTION: Section = Section {
    title: "Distributed workers",
    intro: "These keys are recognized but have no effect: the file of a distributed worker can be tried with `weir standalone` once \
            `offset.storage.file.filename` is added, which a standalone worker needs instead of the topics.",
    keys: &[
        key("group.id", String, Null, NO_CLUSTER, "Name of the cluster."),
        key("config.storage.topic", String, Null, NO_CLUSTER, "Topic for connector configurations."),
        key("config.storage.replication.factor", Short, Value("3"), NO_CLUSTER, "Its replication factor.")
            .checked(REPLICAS),
        key("offset.storage.topic", String, Null, NO_CLUSTER, "Topic for source offsets."),
        key("offset.storage.partitions", Int, Value("25"), NO_CLUSTER, "Its number of partitions.").checked(PARTITIONS),
        key("offset.storage.replication.factor", Short, Value("3"), NO_CLUSTER, "Its replication factor.")
            .checked(REPLICAS),
        key("status.storage.topic", String, Null, NO_CLUSTER, "Topic for statuses."),
        key("status.storage.partitions", Int, Value("5"), NO_CLUSTER, "Its number of partitions.").checked(PARTITIONS),
        key("status.storage.replication.factor", Short, Value("3"), NO_CLUSTER, "Its replication factor.")
            .checked(REPLICAS),
        key(
            "internal.topics.automatic.creation.enable",
            Boolean,
            Value("true"),
            NO_CLUSTER,
            "Whether to create these topics if they do not exist.",
        ),
        key(
            "session.timeout.ms",
            Int,
            Value("10000"),
            NO_CLUSTER,
            "Time without heartbeats after which a worker is considered lost.",
        ),
        key("heartbeat.interval.ms", Int, Value("3000"), NO_CLUSTER, "Interval between heartbeats."),
        key("rebalance.timeout.ms", Int, Value("60000"), NO_CLUSTER, "Maximum time for a worker to rejoin."),
        key("worker.sync.timeout.ms", Int, Value("3000"), NO_CLUSTER, "Maximum time for reading the configurations."),
        key("worker.unsync.backoff.ms", Int, Value("300000"), NO_CLUSTER, "Delay after failing to read them."),
        key("connect.protocol", String, Value("sessioned"), NO_CLUSTER, "Protocol between workers."),
        key(
            "scheduled.rebalance.max.delay.ms",
            Int,
            Value("300000"),
            NO_CLUSTER,
            "How long to wait for workers that left to return.",
        )
        .checked(AT_LEAST_0),
        key("exactly.once.source.support", String, Value("disabled"), NO_CLUSTER, "Exactly-once delivery for sources.")
            .checked(&[Check::OneOfIgnoringCase(&["disabled", "preparing", "enabled"])]),
        key(
            "inter.worker.key.generation.algorithm",
            String,
            Value("HmacSHA256"),
            NO_CLUSTER,
            "Algorithm for generating keys.",
        ),
        key("inter.worker.key.size", Int, Null, NO_CLUSTER, "Size of a key in bits."),
        key("inter.worker.key.ttl.ms", Int, Value("3600000"), NO_CLUSTER, "Lifetime of a key.").checked(AT_LEAST_0),
        key(
            "inter.worker.signature.algorithm",
            String,
            Value("HmacSHA256"),
            NO_CLUSTER,
            "Algorithm for signing requests.",
        ),
        key(
            "inter.worker.verification.algorithms",
            List,
            Value("HmacSHA256"),
            NO_CLUSTER,
            "Accepted signature algorithms.",
        ),
    ],
};
