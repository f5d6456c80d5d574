//! Settings of producers.

use super::meaning::Meaning::{
    Both, IgnoreKeys, Ignored, Kilobytes, Level, LowerCase, MinusOneIsZero, Named, Only, Partitioner, Refused, Same,
    ZeroIsOne,
};
use super::meaning::{ClientKey, bare, key};

const ADAPTIVE: &str = "librdkafka chooses partitions without considering how busy their brokers are";
const BYTES: &str = "converters produce the bytes; set `key.converter` and `value.converter` instead";
const TRANSACTIONS: &str = "Weir's sources deliver at least once, without transactions";

pub(super) const KEYS: &[ClientKey] = &[
    key("acks", "all", Same),
    key("batch.size", "16384", ZeroIsOne("batch.size")),
    key("buffer.memory", "33554432", Kilobytes("queue.buffering.max.kbytes")),
    key("compression.gzip.level", "-1", Level("gzip")),
    key("compression.lz4.level", "9", Level("lz4")),
    key("compression.type", "none", LowerCase),
    key("compression.zstd.level", "3", Level("zstd")),
    key("delivery.timeout.ms", "120000", Same),
    key("enable.idempotence", "true", LowerCase),
    key(
        "interceptor.classes",
        "",
        Refused(
            "it names Java classes that may change, encrypt or hold back records; without them, records would be sent \
             unchanged; remove the key",
        ),
    ),
    bare("key.serializer", Only("org.apache.kafka.common.serialization.ByteArraySerializer", BYTES)),
    key("linger.ms", "5", Same),
    key(
        "max.block.ms",
        "60000",
        Ignored("a source task waits for buffer space without a time limit, as Kafka Connect does by default"),
    ),
    key("max.in.flight.requests.per.connection", "5", Same),
    key("max.request.size", "1048576", Named("message.max.bytes")),
    key(
        "metadata.max.idle.ms",
        "300000",
        Ignored("librdkafka keeps a topic's metadata for as long as the topic is used"),
    ),
    key("partitioner.adaptive.partitioning.enable", "true", Ignored(ADAPTIVE)),
    key("partitioner.availability.timeout.ms", "0", Ignored(ADAPTIVE)),
    bare("partitioner.class", Partitioner),
    key("partitioner.ignore.keys", "false", IgnoreKeys),
    key("receive.buffer.bytes", "32768", MinusOneIsZero("socket.receive.buffer.bytes")),
    key("request.timeout.ms", "30000", Both("request.timeout.ms", "socket.timeout.ms")),
    key("retries", "2147483647", Same),
    key("transaction.timeout.ms", "60000", Ignored(TRANSACTIONS)),
    key("transaction.two.phase.commit.enable", "false", Ignored(TRANSACTIONS)),
    bare(
        "transactional.id",
        Refused(
            "Weir's sources deliver at least once, without transactions, like Kafka Connect's without exactly-once support; remove the \
             key",
        ),
    ),
    bare("value.serializer", Only("org.apache.kafka.common.serialization.ByteArraySerializer", BYTES)),
];
