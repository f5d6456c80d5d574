//! Settings of consumers.

use super::meaning::Meaning::{
    Assignors, Ignored, LowerCase, Named, OffsetReset, Only, PollRecords, Refused, Same, ZeroIsOne,
};
use super::meaning::{ClientKey, bare, key};

const BYTES: &str = "converters read the bytes; set `key.converter` and `value.converter` instead";
const COMMITS: &str = "a sink task commits only the offsets that its plugin has reported as safe";
const SHARES: &str = "it configures share groups, which sinks do not use";

pub(super) const KEYS: &[ClientKey] = &[
    key("allow.auto.create.topics", "true", LowerCase),
    key("auto.commit.interval.ms", "5000", Ignored(COMMITS)),
    key("auto.offset.reset", "latest", OffsetReset),
    key("check.crcs", "true", LowerCase),
    key("client.rack", "", Same),
    key("default.api.timeout.ms", "60000", Ignored("Weir has its own timeouts for such calls")),
    key("enable.auto.commit", "true", Only("false", COMMITS)),
    key(
        "exclude.internal.topics",
        "true",
        Only("true", "a topic pattern never matches Kafka's internal topics; list them in `topics`"),
    ),
    key("fetch.max.bytes", "52428800", Same),
    key("fetch.max.wait.ms", "500", Named("fetch.wait.max.ms")),
    key("fetch.min.bytes", "1", ZeroIsOne("fetch.min.bytes")),
    bare("group.id", Same),
    bare("group.instance.id", Same),
    key("group.protocol", "classic", LowerCase),
    bare("group.remote.assignor", Same),
    key("heartbeat.interval.ms", "3000", Same),
    key(
        "interceptor.classes",
        "",
        Refused(
            "it names Java classes that may change, decrypt or drop records; without them, records would arrive unchanged; \
             remove the key",
        ),
    ),
    key(
        "internal.throw.on.fetch.stable.offset.unsupported",
        "false",
        Ignored("it is for brokers older than any that Weir supports"),
    ),
    key("isolation.level", "read_uncommitted", LowerCase),
    bare("key.deserializer", Only("org.apache.kafka.common.serialization.ByteArrayDeserializer", BYTES)),
    key("max.partition.fetch.bytes", "1048576", ZeroIsOne("max.partition.fetch.bytes")),
    key("max.poll.interval.ms", "300000", Same),
    key("max.poll.records", "500", PollRecords),
    key(
        "partition.assignment.strategy",
        "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
        Assignors,
    ),
    key("session.timeout.ms", "45000", Same),
    key("share.acknowledgement.mode", "implicit", Ignored(SHARES)),
    key("share.acquire.mode", "BATCH_OPTIMIZED", Ignored(SHARES)),
    bare("value.deserializer", Only("org.apache.kafka.common.serialization.ByteArrayDeserializer", BYTES)),
];
