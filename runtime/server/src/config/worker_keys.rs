//! Every worker key that Kafka Connect or Weir knows, in one table. The worker's configuration is parsed from it, and
//! `docs/configuration.md` is written from it.

use super::def::{Check, Type};
use super::keys::{Fallback, Key, Prefix, Section, Usage};
use super::restart_policy::MOST_ATTEMPTS;

const fn key(name: &'static str, kind: Type, default: Fallback, usage: Usage, doc: &'static str) -> Key {
    Key { name, kind, default, doc, usage, checks: &[] }
}

impl Key {
    const fn checked(mut self, checks: &'static [Check<'static>]) -> Self {
        self.checks = checks;
        self
    }
}

const AT_LEAST_0: &[Check<'static>] = &[Check::Range(Some(0), None)];
const AT_LEAST_1: &[Check<'static>] = &[Check::Range(Some(1), None)];
/// For times in milliseconds that are added to the clock.
const UP_TO_A_DAY_OR_0: &[Check<'static>] = &[Check::Range(Some(0), Some(86_400_000))];
const UP_TO_A_DAY: &[Check<'static>] = &[Check::Range(Some(1), Some(86_400_000))];

use Fallback::{Computed, Null, Required, Value};
use Type::{Boolean, Class, Int, List, Long, Short, String};
use Usage::{Ignored, Used};

const NO_REPORTERS: Usage = Ignored("Weir's metrics are read at `GET /metrics`; it runs no Java classes");
const NO_VERSIONS: Usage = Ignored("Weir's converters are built in and have one version");
const NO_CLUSTER: Usage = Ignored("a standalone worker has no cluster; Weir runs standalone only, so far");

/// The table.
pub static SECTIONS: &[Section] = &[
    Section {
        title: "Kafka",
        intro: "Keys of Kafka's Java clients stand in the worker's file as they do for Kafka Connect: without a prefix for \
                the worker's own clients, with `producer.`, `consumer.` or `admin.` for those of the connectors. A connector \
                overrides them with `producer.override.` and so on. [client-settings.md](client-settings.md) has each of them.",
        keys: &[
            key("bootstrap.servers", List, Required, Used, "`host:port` of some brokers. The connectors' clients inherit it.")
                .checked(&[Check::NonEmptyList]),
            key("client.dns.lookup", String, Value("use_all_dns_ips"), Used, "How the brokers' names are looked up.").checked(
                &[Check::OneOf(&["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"])],
            ),
            key("client.id", String, Value(""), Used, "Name of the worker's own clients in the broker's logs."),
        ],
    },
    Section {
        title: "Converters",
        intro: "A converter's own settings follow its key as a prefix: `value.converter.schemas.enable=false`. A connector that \
                names a converter itself takes none of the worker's settings for it.",
        keys: &[
            key("key.converter", Class, Required, Used, "Converter of the keys: full class name or simple name."),
            key("value.converter", Class, Required, Used, "Converter of the values."),
            key(
                "header.converter",
                Class,
                Value("org.apache.kafka.connect.storage.SimpleHeaderConverter"),
                Used,
                "Converter of the header values.",
            ),
            key("key.converter.plugin.version", String, Null, NO_VERSIONS, "Which version of the converter to use."),
            key("value.converter.plugin.version", String, Null, NO_VERSIONS, "Which version of the converter to use."),
            key("header.converter.plugin.version", String, Null, NO_VERSIONS, "Which version of the converter to use."),
        ],
    },
    Section {
        title: "Tasks and offsets",
        intro: "",
        keys: &[
            key(
                "offset.storage.file.filename",
                String,
                Required,
                Used,
                "File with the source offsets of a standalone worker. Weir writes JSON; a file that Kafka Connect wrote is refused.",
            )
            .checked(&[Check::NonEmptyString]),
            key(
                "offset.flush.interval.ms",
                Long,
                Value("60000"),
                Used,
                "Time between two commits of a task's offsets, in milliseconds.",
            )
            .checked(AT_LEAST_1),
            key(
                "offset.flush.timeout.ms",
                Long,
                Value("5000"),
                Used,
                "How long one commit of offsets, and the wait for records in flight when a task stops, may take, in milliseconds.",
            )
            .checked(AT_LEAST_0),
            key(
                "weir.offsets.partitions.max",
                Long,
                Value("100000"),
                Used,
                "How many source partitions one source connector may have offsets of. Its task fails when it stores more.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.offsets.bytes.max",
                Long,
                Value("33554432"),
                Used,
                "How many bytes of the offset file the offsets of one source connector may take. Its task fails when it stores more.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.offsets.total.bytes.max",
                Long,
                Value("134217728"),
                Used,
                "How many bytes of the offset file the offsets of all source connectors may take, those of deleted ones included. A task whose \
                 connector has more than 64 KiB fails when it stores more.",
            )
            .checked(AT_LEAST_1),
            key(
                "task.shutdown.graceful.timeout.ms",
                Long,
                Value("5000"),
                Used,
                "How long tasks that are being stopped may take, all together, in milliseconds. What is left is ended.",
            )
            .checked(AT_LEAST_0),
            key(
                "weir.shutdown.timeout.ms",
                Long,
                Value("25000"),
                Used,
                "How long the worker may take to stop after a signal, in addition to `task.shutdown.graceful.timeout.ms`, in \
                 milliseconds. If it has not stopped by then, because a disk or a broker does not answer, the process ends with \
                 exit code 4; what was not committed is processed again after the next start.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.lock.wait.ms",
                Long,
                Value("30000"),
                Used,
                "How long a start waits for another worker that uses the same offset file, the same file of `weir.standalone.state` or the \
                 same `weir.plugin.store` to end, in milliseconds. If it has not ended by then, the worker does not start. The default \
                 is how long a worker may take to stop.",
            )
            .checked(UP_TO_A_DAY_OR_0),
            key(
                "topic.creation.enable",
                Boolean,
                Value("true"),
                Used,
                "Let source connectors create topics with their own settings (`topic.creation.*`).",
            ),
            key(
                "topic.tracking.enable",
                Boolean,
                Value("true"),
                Used,
                "Keep track of the topics that each connector writes to or reads from (`GET /connectors/{c}/topics`).",
            ),
            key(
                "topic.tracking.allow.reset",
                Boolean,
                Value("true"),
                Used,
                "Allow to reset what is tracked (`PUT /connectors/{c}/topics/reset`).",
            ),
            key(
                "weir.records.in.flight.max.bytes",
                Long,
                Value("268435456"),
                Used,
                "Memory for records on their way between plugins and Kafka, all tasks of the worker together, in bytes: what was not \
                 acknowledged by Kafka yet, with source offsets, headers and what tracks each record. Beyond it a task waits for its turn \
                 before it polls its source again. A task that has nothing in flight does not wait, so each may hold one batch beyond the limit.",
            )
            .checked(&[Check::Range(Some(1_048_576), None)]),
            key(
                "weir.task.topics.max",
                Int,
                Value("1000"),
                Used,
                "Topics that a task of a source connector may write to from its start to its end. A task that writes to more fails.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.standalone.state",
                String,
                Null,
                Used,
                "File that keeps the connectors of a standalone worker across restarts: their configurations as submitted, and whether \
                 they are paused or stopped. Not set: connectors live as long as the worker, as in Kafka Connect. A connector that is \
                 named on the command line takes its configuration from there at each start, and its state from this file. The file \
                 holds what was submitted, passwords too, and is readable by its owner only.",
            ),
            key(
                "connector.client.config.override.policy",
                String,
                Value("All"),
                Used,
                "Which `producer.override.` keys and the like a connector may set: `All`, `None`, `Principal`, `Allowlist`.",
            ),
            key(
                "connector.client.config.override.allowlist",
                List,
                Value(""),
                Used,
                "The keys that the policy `Allowlist` lets through.",
            ),
            key(
                "config.providers",
                List,
                Value(""),
                Used,
                "Names of config providers, for references such as `${file:/etc/secrets.properties:password}` in this file and \
                 in connectors' configurations. See [config-providers.md](config-providers.md).",
            ),
            key(
                "weir.config.providers.strict",
                Boolean,
                Value("true"),
                Used,
                "Whether a reference to a config provider, path or key that is not there is refused. `false`: it stays as it is written, as \
                 in Kafka Connect, and becomes a password or a name of a topic.",
            ),
        ],
    },
    Section {
        title: "Restarts",
        intro: "Off by default, as in Kafka Connect: what has failed stays so until somebody restarts it. A connector may set each of \
                these for itself, a shorter delay than the worker's excepted. See [operations.md](operations.md).",
        keys: &[
            key(
                "weir.restart.max.attempts",
                Int,
                Value("0"),
                Used,
                "How often in a row a failed task or connector is restarted by itself; 0 = never.",
            )
            .checked(&[Check::Range(Some(0), Some(MOST_ATTEMPTS))]),
            key(
                "weir.restart.delay.ms",
                Long,
                Value("5000"),
                Used,
                "Time before the first restart, in milliseconds. It doubles with each further one.",
            )
            .checked(&[Check::Range(Some(100), None)]),
            key(
                "weir.restart.delay.max.ms",
                Long,
                Value("300000"),
                Used,
                "Longest time before a restart, in milliseconds; never less than the first.",
            )
            .checked(AT_LEAST_0),
            key(
                "weir.restart.reset.after.ms",
                Long,
                Value("600000"),
                Used,
                "What has run for so long counts as well again: its next failure is the first. In milliseconds.",
            )
            .checked(AT_LEAST_0),
        ],
    },
    Section {
        title: "Plugins",
        intro: "Plugins come from the directories of `plugin.path`, read at start, and from `POST /plugins`, usable at once. Limits and \
                grants hold for each task of a connector. A connector's own configuration may lower `weir.task.memory.max` and \
                `weir.call.timeout.ms`, never raise them.",
        keys: &[
            key(
                "plugin.path",
                List,
                Computed("the directory `plugins` beside the program, where the components are that ship with Weir"),
                Used,
                "Directories with components: `*.wasm` in the directory itself or one level below. One that is not there is skipped. Where \
                 the key is set, the components that ship with Weir are found only if their directory is named too.",
            ),
            key(
                "plugin.discovery",
                String,
                Value("hybrid_warn"),
                Ignored("a component says itself what is in it; there is nothing to scan for"),
                "How plugins are looked for.",
            )
            .checked(&[Check::OneOfIgnoringCase(&["only_scan", "hybrid_warn", "hybrid_fail", "service_load"])]),
            key(
                "weir.plugin.store",
                String,
                Computed("`weir-plugins` beside the file of `offset.storage.file.filename`"),
                Used,
                "Directory of the uploaded components. It and those above it must belong to the worker's user or root, and nobody else may \
                 write there.",
            ),
            key(
                "weir.plugin.cache",
                String,
                Computed("`cache` in the directory of `weir.plugin.store`"),
                Used,
                "Directory of the compiled components. May be deleted at any time; what is missing is compiled again. It must belong to \
                 the worker's user, and nobody else may write here or in a directory above. What is in it is marked with a key that \
                 lies there too.",
            ),
            key(
                "weir.plugin.max.bytes",
                Long,
                Value("67108864"),
                Used,
                "Size that an uploaded component may have, in bytes. Larger ones are answered with 413.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.plugin.uploads.max",
                Int,
                Value("4"),
                Used,
                "Uploads that are taken at once. They are written to disk in `weir.plugin.store` until they are whole, for which each has \
                 10 minutes. A further one is answered with 503.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.plugin.upload.override",
                Boolean,
                Value("false"),
                Used,
                "Whether an uploaded component may have classes that are on `plugin.path`. If so, the latest version is used, wherever \
                 it came from. Otherwise such an upload is answered with 409.",
            ),
            key(
                "weir.plugin.compile.memory.max",
                Long,
                Value("1073741824"),
                Used,
                "Memory that compiling one component may take, in bytes. Components are compiled in a child process; one that needs more \
                 is refused.",
            )
            .checked(&[Check::Range(Some(67108864), None)]),
            key(
                "weir.plugin.compile.cpu.ms",
                Long,
                Value("120000"),
                Used,
                "Processor time that compiling one component may take, all threads together, in milliseconds; rounded up to whole \
                 seconds. One that needs more is refused.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.plugin.compile.timeout.ms",
                Long,
                Value("60000"),
                Used,
                "How long compiling one component may take, in milliseconds. One that takes longer is refused.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.plugin.compile.parallel",
                Int,
                Value("1"),
                Used,
                "Components that are compiled at once. Each may take the memory of `weir.plugin.compile.memory.max`.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.plugin.compile.queue.max",
                Int,
                Value("8"),
                Used,
                "Uploads that may wait until others are compiled. A further one is answered with 503. An upload whose client leaves is \
                 not compiled.",
            )
            .checked(AT_LEAST_0),
            key(
                "weir.plugin.compile.queue.timeout.ms",
                Long,
                Value("30000"),
                Used,
                "How long an upload may wait until others are compiled, in milliseconds. After that it is answered with 503.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.task.memory.max",
                Long,
                Value("67108864"),
                Used,
                "Memory that each instance of a plugin may have, in bytes: its linear memory, and what it costs the worker besides \
                 (3 MiB for its stack and handles, globals, functions, tables, and buffers of open files and sockets). A guest that \
                 wants more fails its task.",
            )
            .checked(&[Check::Range(Some(65536), Some(4294967296))]),
            key(
                "weir.task.files.max",
                Int,
                Value("256"),
                Used,
                "Files and directories that each instance of a plugin may have open. Opening more fails with `quota`. All plugins \
                 together may have half of the descriptors that the process may have (`ulimit -n`).",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.task.sockets.max",
                Int,
                Value("64"),
                Used,
                "Sockets that each instance of a plugin may have open. Opening more fails with `new-socket-limit`.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.instances.max",
                Int,
                Computed("as many as fit in half of the kernel's `vm.max_map_count`, 12 mappings each"),
                Used,
                "Instances of plugins that there may be at once. A connector has one, and so has each of its tasks, for the \
                 connector's plugin and for each chain of transforms. A task that would need one more fails.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.call.timeout.ms",
                Long,
                Value("60000"),
                Used,
                "How long one call of a plugin may take, in milliseconds. A guest that takes longer fails its task.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.plugin.log.bytes.per.second",
                Long,
                Value("65536"),
                Used,
                "Bytes that the plugins of a connector may write to the log in a second, all of its tasks together; after a pause up to \
                 16 times as many at once. Lines beyond that are dropped and counted, and a line in the log says how many.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.allow.read",
                List,
                Value(""),
                Used,
                "Directories that plugins may be granted to read, with all that is below. A plugin gets the part that its connector's \
                 configuration asks for, and nothing else. Symbolic links are followed once, at start. They must be apart from the \
                 worker's own files; see [security.md](security.md#the-workers-own-files).",
            ),
            key(
                "weir.allow.write",
                List,
                Value(""),
                Used,
                "Directories that plugins may be granted to read, write and delete in. As for `weir.allow.read`, they must be apart from \
                 the worker's own files.",
            ),
            key(
                "weir.allow.connect",
                List,
                Value(""),
                Used,
                "`host:port` that plugins may be granted to connect to. `*` as the host's first label stands for any names \
                 (`*.internal:5432`), `*` as port for any port. Addresses of this machine (127.0.0.1, `[::1]`), link-local ones and those \
                 of metadata services have to be named as addresses, also where a name leads to them; see \
                 [security.md](security.md#names-that-lead-to-this-machine).",
            ),
        ],
    },
    Section {
        title: "REST",
        intro: "",
        keys: &[
            key(
                "listeners",
                List,
                Value("http://127.0.0.1:8083"),
                Used,
                "Addresses that the REST server listens on, `http://host:port` or `https://host:port`; an empty host is every \
                 interface. Kafka Connect's default is `http://:8083`. Weir's is the loopback interface, because whoever reaches \
                 the server can upload code.",
            )
            .checked(&[Check::NonEmptyList]),
            key(
                "rest.advertised.host.name",
                String,
                Null,
                Used,
                "Host in this worker's id, which stands in statuses as `worker_id`. Default: the first listener's.",
            ),
            key("rest.advertised.port", Int, Null, Used, "Port in this worker's id. Default: the first listener's."),
            key("rest.advertised.listener", String, Null, NO_CLUSTER, "Which listener other workers use."),
            key(
                "access.control.allow.origin",
                String,
                Value(""),
                Used,
                "Origins whose pages may read answers and change connectors and loggers: regular expressions for a whole origin, \
                 with commas between them, or `*` for any. If it is empty, no page of another origin may. `/plugins` and `/metrics` \
                 are not opened by it.",
            ),
            key(
                "access.control.allow.methods",
                String,
                Value(""),
                Used,
                "Methods that such pages are told they may use, with commas between them. Where it is empty: GET, POST, HEAD.",
            ),
            key(
                "admin.listeners",
                List,
                Null,
                Used,
                "Addresses of `/admin/loggers`, written as `listeners`, which is then nowhere else; where it is empty, it is nowhere. \
                 Not set: beside the other resources.",
            ),
            key(
                "rest.extension.classes",
                List,
                Value(""),
                Used,
                "Of Kafka Connect's REST extensions `BasicAuthSecurityRestExtension`, whose work Weir does itself, with the users of \
                 `weir.rest.auth.jaas.file` or `weir.rest.auth.users.file`. Weir does not start with any other: a server that relied \
                 on one for access control would be open.",
            ),
            key(
                "ssl.client.auth",
                String,
                Value("none"),
                Used,
                "Whether clients of an https listener show certificates: `none`, `requested`, `required`. It and the other `ssl.` keys \
                 hold for the REST server when there is no key that begins with `listeners.https.`.",
            ),
            key(
                "response.http.headers.config",
                String,
                Value(""),
                Used,
                "Headers put on each answer, except on the admin listeners: rules with commas between them, each `set`, `add`, \
                 `setDate` or `addDate`, then `name:value`; in double quotes when it has a comma. A date is given in milliseconds \
                 from the time of the answer.",
            ),
        ],
    },
    Section {
        title: "Access to the REST server",
        intro: "Without any of the first four keys whoever reaches a listener may do everything. How to set this up: \
                [security.md](security.md).",
        keys: &[
            key(
                "weir.rest.auth.users.file",
                String,
                Null,
                Used,
                "Properties file with a line `name=password` for each user, as for Kafka Connect's `PropertyFileLoginModule`. Instead of \
                 the password its bcrypt hash may stand there. Read again when it changes.",
            ),
            key(
                "weir.rest.auth.jaas.file",
                String,
                Null,
                Used,
                "JAAS file whose entry `KafkaConnect` names the file of users, `PropertyFileLoginModule required file=\"...\"`; for \
                 Kafka Connect it is given by `-Djava.security.auth.login.config`.",
            ),
            key(
                "weir.rest.auth.tokens.file",
                String,
                Null,
                Used,
                "Properties file with a line `name=token` for each bearer token, or `name=sha256:` and the token's SHA-256 in hexadecimal \
                 digits. Read again when it changes.",
            ),
            key(
                "weir.rest.auth.certificates",
                Boolean,
                Value("false"),
                Used,
                "Whether the common name in a client's certificate, which `ssl.client.auth` asked for and the trust store vouches for, is \
                 a proven name.",
            ),
            key(
                "weir.rest.auth.read",
                List,
                Value("*"),
                Used,
                "Names that may read (GET, HEAD, OPTIONS); `*` is everyone with a proven name. Who may operate or upload may read.",
            ),
            key(
                "weir.rest.auth.operate",
                List,
                Value("*"),
                Used,
                "Names that may change connectors, offsets, loggers: everything below `/connectors`, `/connector-plugins` and `/admin`.",
            ),
            key(
                "weir.rest.auth.upload",
                List,
                Value(""),
                Used,
                "Names that may upload and delete plugins. Nobody, unless named here.",
            ),
            key(
                "weir.rest.probes.open",
                Boolean,
                Value("false"),
                Used,
                "Whether `GET /health/live` and `GET /health/ready` need no credentials, so that an orchestrator can probe them.",
            ),
            key(
                "weir.rest.hosts.allowed",
                List,
                Value(""),
                Used,
                "Names that clients may address the worker with in `Host`, beside addresses, `localhost`, the hosts of `listeners` and \
                 `admin.listeners` and `rest.advertised.host.name`: whole names without a port, `*.example.com` for all names below \
                 one, `*` for any name. Other names are answered with 403. Not looked at when clients have to prove who they are.",
            ),
            key(
                "weir.rest.connections.max",
                Int,
                Value("512"),
                Used,
                "Connections that a listener has open at once. A further one is closed, over http with an answer 503.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.rest.connections.new.max",
                Int,
                Value("128"),
                Used,
                "Those of these connections that have not had a request yet whose client may use the worker, TLS handshakes among \
                 them. For a further one the oldest of the address that has most of them is closed.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.rest.connections.per.address.max",
                Int,
                Value("256"),
                Used,
                "Connections that one client address has open at once, with IPv6 one network of 64 bits. Behind a proxy all clients \
                 have its address.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.rest.requests.max",
                Int,
                Value("128"),
                Used,
                "Requests that a listener answers at once. A further one is answered with 503.",
            )
            .checked(AT_LEAST_1),
            key("weir.rest.headers.max", Int, Value("100"), Used, "Header fields of a request. More are answered with 431.")
                .checked(&[Check::Range(Some(1), Some(10000))]),
            key(
                "weir.rest.head.max.bytes",
                Int,
                Value("8192"),
                Used,
                "Bytes of a request's first line and header fields. More are answered with 431, as by Kafka Connect.",
            )
            .checked(&[Check::Range(Some(256), Some(65536))]),
            key(
                "weir.rest.handshake.timeout.ms",
                Long,
                Value("5000"),
                Used,
                "Time of a TLS handshake, in milliseconds. After that the connection is closed.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.rest.head.timeout.ms",
                Long,
                Value("30000"),
                Used,
                "Time from the first byte of a request's head to its last, in milliseconds. After that the connection is closed.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.rest.body.timeout.ms",
                Long,
                Value("30000"),
                Used,
                "How long a request's body may stand still, in milliseconds. On the whole it has to come with at least 1 KiB a second \
                 after that time.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.rest.answer.timeout.ms",
                Long,
                Value("30000"),
                Used,
                "How long a client may take nothing of its answer, in milliseconds, and 1 KiB a second after that time on the whole. After \
                 that the connection is closed.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.rest.idle.timeout.ms",
                Long,
                Value("90000"),
                Used,
                "How long a connection may be open without a request, in milliseconds. The default is Kafka Connect's.",
            )
            .checked(UP_TO_A_DAY),
        ],
    },
    Section {
        title: "Logs",
        intro: "Logs go to standard error, each event in one line: characters that would end it or change how it is shown are \
                escaped. If standard error is not read fast enough, lines are dropped and counted (`weir_log_lines_dropped_total`); \
                the worker does not wait.",
        keys: &[
            key("weir.log.format", String, Value("text"), Used, "`text`, or `json`: one object a line. `--log-format` wins.")
                .checked(&[Check::OneOf(&["text", "json"])]),
            key(
                "weir.log.level",
                String,
                Value("info"),
                Used,
                "`error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,weir::rest=debug`. The variable `RUST_LOG` wins.",
            ),
        ],
    },
    Section {
        title: "Process",
        intro: "",
        keys: &[key(
            "weir.core.dumps",
            Boolean,
            Value("false"),
            Used,
            "Whether a crash may leave a core dump, as the limits that the process was started with allow (`ulimit -c`). A core dump \
             holds passwords and records. For debugging only.",
        )],
    },
    Section {
        title: "Metrics",
        intro: "What there is to see is in [metrics.md](metrics.md).",
        keys: &[
            key("weir.metrics.enable", Boolean, Value("true"), Used, "Answer `GET /metrics`, in Prometheus' text format."),
            key(
                "metrics.sample.window.ms",
                Long,
                Value("30000"),
                Used,
                "Time that a sample of an average or a maximum covers, in milliseconds.",
            )
            .checked(AT_LEAST_0),
            key(
                "metrics.num.samples",
                Int,
                Value("2"),
                Used,
                "Samples that averages and maxima are made of. More than 60 are taken as 60.",
            )
            .checked(AT_LEAST_1),
            key(
                "metrics.recording.level",
                String,
                Value("INFO"),
                Ignored("all of Weir's metrics are of Kafka's level INFO"),
                "The finest metrics that are recorded.",
            ),
            key("metric.reporters", List, Value(""), NO_REPORTERS, "Java classes that metrics are reported to."),
        ],
    },
    Section {
        title: "Distributed workers",
        intro: "Known, and without effect: a distributed worker's file can be tried with `weir standalone` once \
                `offset.storage.file.filename` is added, which a standalone worker needs in place of the topics.",
        keys: &[
            key("group.id", String, Null, NO_CLUSTER, "The cluster's name."),
            key("config.storage.topic", String, Null, NO_CLUSTER, "Topic with the configurations."),
            key("config.storage.replication.factor", Short, Value("3"), NO_CLUSTER, "Its replication factor."),
            key("offset.storage.topic", String, Null, NO_CLUSTER, "Topic with the source offsets."),
            key("offset.storage.partitions", Int, Value("25"), NO_CLUSTER, "Its partitions."),
            key("offset.storage.replication.factor", Short, Value("3"), NO_CLUSTER, "Its replication factor."),
            key("status.storage.topic", String, Null, NO_CLUSTER, "Topic with the statuses."),
            key("status.storage.partitions", Int, Value("5"), NO_CLUSTER, "Its partitions."),
            key("status.storage.replication.factor", Short, Value("3"), NO_CLUSTER, "Its replication factor."),
            key(
                "internal.topics.automatic.creation.enable",
                Boolean,
                Value("true"),
                NO_CLUSTER,
                "Create these topics when they are missing.",
            ),
            key("session.timeout.ms", Int, Value("10000"), NO_CLUSTER, "When a silent worker counts as lost."),
            key("heartbeat.interval.ms", Int, Value("3000"), NO_CLUSTER, "Time between signs of life."),
            key("rebalance.timeout.ms", Int, Value("60000"), NO_CLUSTER, "How long a worker may take to rejoin."),
            key("worker.sync.timeout.ms", Int, Value("3000"), NO_CLUSTER, "How long reading the configurations may take."),
            key("worker.unsync.backoff.ms", Int, Value("300000"), NO_CLUSTER, "Pause after a failure of that."),
            key("connect.protocol", String, Value("sessioned"), NO_CLUSTER, "Protocol among the workers."),
            key("scheduled.rebalance.max.delay.ms", Int, Value("300000"), NO_CLUSTER, "Wait for workers that left."),
            key("exactly.once.source.support", String, Value("disabled"), NO_CLUSTER, "Exactly-once delivery of sources."),
            key("inter.worker.key.generation.algorithm", String, Value("HmacSHA256"), NO_CLUSTER, "How keys are made."),
            key("inter.worker.key.size", Int, Null, NO_CLUSTER, "Bits of a key."),
            key("inter.worker.key.ttl.ms", Int, Value("3600000"), NO_CLUSTER, "Life of a key."),
            key("inter.worker.signature.algorithm", String, Value("HmacSHA256"), NO_CLUSTER, "How requests are signed."),
            key("inter.worker.verification.algorithms", List, Value("HmacSHA256"), NO_CLUSTER, "Signatures accepted."),
        ],
    },
];

/// Known beginnings. The exact keys above come first.
pub static PREFIXES: &[Prefix] = &[
    Prefix { prefix: "producer.", doc: "Settings of the source connectors' producers.", usage: Used },
    Prefix { prefix: "consumer.", doc: "Settings of the sink connectors' consumers.", usage: Used },
    Prefix { prefix: "admin.", doc: "Settings of the connectors' admin clients.", usage: Used },
    Prefix { prefix: "key.converter.", doc: "Settings of the key converter.", usage: Used },
    Prefix { prefix: "value.converter.", doc: "Settings of the value converter.", usage: Used },
    Prefix { prefix: "header.converter.", doc: "Settings of the header converter.", usage: Used },
    Prefix { prefix: "config.storage.", doc: "Settings of the topic with the configurations.", usage: NO_CLUSTER },
    Prefix { prefix: "offset.storage.", doc: "Settings of the topic with the source offsets.", usage: NO_CLUSTER },
    Prefix { prefix: "status.storage.", doc: "Settings of the topic with the statuses.", usage: NO_CLUSTER },
    Prefix {
        prefix: "config.providers.",
        doc: "Settings of a config provider: `config.providers.NAME.class` and `config.providers.NAME.param.`.",
        usage: Used,
    },
    Prefix {
        prefix: "listeners.https.",
        doc: "TLS of the REST server's https listeners: `listeners.https.ssl.keystore.location` and so on \
              ([security.md](security.md)). If there is one such key, the unprefixed `ssl.` keys do not hold for the REST server.",
        usage: Used,
    },
    Prefix {
        prefix: "admin.listeners.https.",
        doc: "The same for the https listeners of `admin.listeners`.",
        usage: Used,
    },
    Prefix { prefix: "metrics.context.", doc: "Labels of all metrics.", usage: NO_REPORTERS },
];
