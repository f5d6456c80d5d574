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

const NO_REPORTERS: Usage = Ignored("Weir exposes its metrics at `GET /metrics` and does not run Java classes");
const NO_VERSIONS: Usage = Ignored("Weir's converters are built in and have only one version");
const NO_CLUSTER: Usage = Ignored("a standalone worker has no cluster; Weir does not support distributed mode yet");

/// The table.
pub static SECTIONS: &[Section] = &[
    Section {
        title: "Kafka",
        intro: "As in Kafka Connect, settings of Kafka's Java clients are written in the worker's file: without a prefix for the \
                worker's own clients, and with `producer.`, `consumer.` or `admin.` for the connectors' clients. A connector overrides \
                them with `producer.override.` and so on. [client-settings.md](client-settings.md) lists all of them.",
        keys: &[
            key(
                "bootstrap.servers",
                List,
                Required,
                Used,
                "`host:port` of one or more brokers. The connectors' clients inherit it.",
            )
            .checked(&[Check::NonEmptyList]),
            key("client.dns.lookup", String, Value("use_all_dns_ips"), Used, "How broker host names are resolved.").checked(
                &[Check::OneOf(&["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"])],
            ),
            key("client.id", String, Value(""), Used, "Name of the worker's own clients in broker logs."),
        ],
    },
    Section {
        title: "Converters",
        intro: "A converter's own settings have its key as a prefix: `value.converter.schemas.enable=false`. If a connector sets a \
                converter itself, the worker's settings for that converter do not apply.",
        keys: &[
            key("key.converter", Class, Required, Used, "Converter for record keys: full class name or simple name."),
            key("value.converter", Class, Required, Used, "Converter for record values."),
            key(
                "header.converter",
                Class,
                Value("org.apache.kafka.connect.storage.SimpleHeaderConverter"),
                Used,
                "Converter for header values.",
            ),
            key("key.converter.plugin.version", String, Null, NO_VERSIONS, "Version of the converter to use."),
            key("value.converter.plugin.version", String, Null, NO_VERSIONS, "Version of the converter to use."),
            key("header.converter.plugin.version", String, Null, NO_VERSIONS, "Version of the converter to use."),
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
    },
    Section {
        title: "Restarts",
        intro: "Off by default, as in Kafka Connect: a failed connector or task stays FAILED until it is restarted. A connector may \
                override each of these keys, but its delay cannot be shorter than the worker's. See [operations.md](operations.md).",
        keys: &[
            key(
                "weir.restart.max.attempts",
                Int,
                Value("0"),
                Used,
                "Maximum number of consecutive automatic restarts of a failed task or connector; 0 disables automatic restarts.",
            )
            .checked(&[Check::Range(Some(0), Some(MOST_ATTEMPTS))]),
            key(
                "weir.restart.delay.ms",
                Long,
                Value("5000"),
                Used,
                "Delay before the first restart, in milliseconds. It doubles with each further restart.",
            )
            .checked(&[Check::Range(Some(100), None)]),
            key(
                "weir.restart.delay.max.ms",
                Long,
                Value("300000"),
                Used,
                "Maximum delay before a restart, in milliseconds; never less than the first delay.",
            )
            .checked(AT_LEAST_0),
            key(
                "weir.restart.reset.after.ms",
                Long,
                Value("600000"),
                Used,
                "How long a task or connector must run without failing before its attempt counter is reset, in milliseconds.",
            )
            .checked(AT_LEAST_0),
        ],
    },
    Section {
        title: "Plugins",
        intro: "Plugins are loaded from the directories of `plugin.path` at start, and from `POST /plugins`, after which they are \
                available at once. Limits and grants apply to each task of a connector. A connector's own configuration may lower \
                `weir.task.memory.max` and `weir.call.timeout.ms`, but not raise them.",
        keys: &[
            key(
                "plugin.path",
                List,
                Computed("the directory `plugins` next to the program, which contains the components that ship with Weir"),
                Used,
                "Directories with components: `*.wasm` in the directory itself or one level below. Directories that do not exist are \
                 skipped. If the key is set, the components that ship with Weir are found only if their directory is listed too.",
            ),
            key(
                "plugin.discovery",
                String,
                Value("hybrid_warn"),
                Ignored("a component describes its own contents, so there is nothing to scan for"),
                "How plugins are discovered.",
            )
            .checked(&[Check::OneOfIgnoringCase(&["only_scan", "hybrid_warn", "hybrid_fail", "service_load"])]),
            key(
                "weir.plugin.store",
                String,
                Computed("`weir-plugins` in the directory of the `offset.storage.file.filename` file"),
                Used,
                "Directory for uploaded components. It and its parent directories must belong to the worker's user or root, and must not \
                 be writable by anyone else.",
            ),
            key(
                "weir.plugin.cache",
                String,
                Computed("`cache` in the directory of `weir.plugin.store`"),
                Used,
                "Directory for compiled components. It may be deleted at any time; missing components are compiled again. It must belong \
                 to the worker's user, and neither it nor its parent directories may be writable by anyone else. Its contents are \
                 authenticated with a key that is stored in it.",
            ),
            key(
                "weir.plugin.max.bytes",
                Long,
                Value("67108864"),
                Used,
                "Maximum size of an uploaded component, in bytes. Larger uploads are answered with 413.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.plugin.uploads.max",
                Int,
                Value("4"),
                Used,
                "Maximum number of concurrent uploads. Each is written to disk in `weir.plugin.store` until it is complete, for which it \
                 has 10 minutes. Further uploads are answered with 503.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.plugin.upload.override",
                Boolean,
                Value("false"),
                Used,
                "Whether an uploaded component may contain classes that are on `plugin.path`. If `true`, the latest version is used, \
                 regardless of its origin. If `false`, such an upload is answered with 409.",
            ),
            key(
                "weir.plugin.compile.memory.max",
                Long,
                Value("1073741824"),
                Used,
                "Maximum memory for compiling one component, in bytes. Components are compiled in a child process; a component that \
                 needs more is refused.",
            )
            .checked(&[Check::Range(Some(67108864), None)]),
            key(
                "weir.plugin.compile.cpu.ms",
                Long,
                Value("120000"),
                Used,
                "Maximum processor time for compiling one component, for all threads together, in milliseconds; rounded up to whole \
                 seconds. A component that needs more is refused.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.plugin.compile.timeout.ms",
                Long,
                Value("60000"),
                Used,
                "Maximum time for compiling one component, in milliseconds. A component that takes longer is refused.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.plugin.compile.parallel",
                Int,
                Value("1"),
                Used,
                "Number of components that are compiled concurrently. Each may use the memory of `weir.plugin.compile.memory.max`.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.plugin.compile.queue.max",
                Int,
                Value("8"),
                Used,
                "Maximum number of uploads that wait for compilation. Further uploads are answered with 503. If a client disconnects, \
                 its upload is not compiled.",
            )
            .checked(AT_LEAST_0),
            key(
                "weir.plugin.compile.queue.timeout.ms",
                Long,
                Value("30000"),
                Used,
                "Maximum time that an upload waits for compilation, in milliseconds. After that, it is answered with 503.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.task.memory.max",
                Long,
                Value("67108864"),
                Used,
                "Memory limit for each plugin instance, in bytes: its linear memory and its overhead in the worker (3 MiB for its stack \
                 and handles, globals, functions, tables, and buffers of open files and sockets). If a plugin exceeds it, its task \
                 fails.",
            )
            .checked(&[Check::Range(Some(65536), Some(4294967296))]),
            key(
                "weir.task.files.max",
                Int,
                Value("256"),
                Used,
                "Maximum number of files and directories that each plugin instance may have open. Opening more fails with `quota`. All \
                 plugins together may use half of the process's file descriptors (`ulimit -n`).",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.task.sockets.max",
                Int,
                Value("64"),
                Used,
                "Maximum number of sockets that each plugin instance may have open. Opening more fails with `new-socket-limit`.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.instances.max",
                Int,
                Computed("as many as fit in half of the kernel's `vm.max_map_count`, with 12 mappings each"),
                Used,
                "Maximum number of plugin instances at the same time. A connector has one instance; each of its tasks has one for the \
                 connector's plugin and one for each chain of transforms. A task that would need one more fails.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.call.timeout.ms",
                Long,
                Value("60000"),
                Used,
                "Maximum time for one call of a plugin, in milliseconds. If a plugin takes longer, its task fails.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.plugin.log.bytes.per.second",
                Long,
                Value("65536"),
                Used,
                "Bytes per second that the plugins of a connector may write to the log, for all of its tasks together; after a pause, up \
                 to 16 times as many at once. Lines beyond the limit are dropped and counted, and a log line reports how many.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.allow.read",
                List,
                Value(""),
                Used,
                "Directories that plugins may be granted permission to read, including everything below them. A plugin gets only the \
                 part that its connector's configuration asks for. Symbolic links are followed once, at start. The directories must be \
                 separate from the worker's own files; see [security.md](security.md#the-workers-own-files).",
            ),
            key(
                "weir.allow.write",
                List,
                Value(""),
                Used,
                "Directories in which plugins may be granted permission to read, write and delete. As for `weir.allow.read`, they must \
                 be separate from the worker's own files.",
            ),
            key(
                "weir.allow.connect",
                List,
                Value(""),
                Used,
                "`host:port` pairs that plugins may be granted permission to connect to. `*` as the first label of the host matches any \
                 names (`*.internal:5432`), `*` as the port matches any port. Addresses of this machine (127.0.0.1, `[::1]`), link-local \
                 addresses and those of metadata services must be listed as addresses, even if an allowed name resolves to them; see \
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
                "Addresses that the REST server listens on, `http://host:port` or `https://host:port`; an empty host means all \
                 interfaces. Kafka Connect's default is `http://:8083`. Weir's default is the loopback interface, because anyone who can \
                 reach the server can upload code.",
            )
            .checked(&[Check::NonEmptyList]),
            key(
                "rest.advertised.host.name",
                String,
                Null,
                Used,
                "Host in this worker's ID, which is the `worker_id` in statuses. Defaults to the first listener's host.",
            ),
            key(
                "rest.advertised.port",
                Int,
                Null,
                Used,
                "Port in this worker's ID. Defaults to the first listener's port.",
            ),
            key("rest.advertised.listener", String, Null, NO_CLUSTER, "Listener that other workers use."),
            key(
                "access.control.allow.origin",
                String,
                Value(""),
                Used,
                "Origins whose pages may read responses and change connectors and loggers: a comma-separated list of regular \
                 expressions, each for a whole origin, or `*` for any origin. If empty, pages of other origins may not. It does not \
                 apply to `/plugins` and `/metrics`.",
            ),
            key(
                "access.control.allow.methods",
                String,
                Value(""),
                Used,
                "Comma-separated list of methods that the worker tells such pages they may use. If empty: GET, POST, HEAD.",
            ),
            key(
                "admin.listeners",
                List,
                Null,
                Used,
                "Addresses of `/admin/loggers`, in the same format as `listeners`. If set, `/admin/loggers` is served only there; if \
                 empty, it is not served. If not set, it is served together with the other resources.",
            ),
            key(
                "rest.extension.classes",
                List,
                Value(""),
                Used,
                "Of Kafka Connect's REST extensions, only `BasicAuthSecurityRestExtension` is accepted. Weir implements it itself, with \
                 the users of `weir.rest.auth.jaas.file` or `weir.rest.auth.users.file`. Weir does not start with any other extension: a \
                 server that relied on one for access control would be open.",
            ),
            key(
                "ssl.client.auth",
                String,
                Value("none"),
                Used,
                "Whether clients of an https listener present certificates: `none`, `requested`, `required`. This and the other `ssl.` \
                 keys apply to the REST server if there is no key that starts with `listeners.https.`.",
            ),
            key(
                "response.http.headers.config",
                String,
                Value(""),
                Used,
                "Headers added to each response, except on the admin listeners: comma-separated rules, each consisting of `set`, `add`, \
                 `setDate` or `addDate`, followed by `name:value`; a rule that contains a comma is enclosed in double quotes. A date is \
                 given in milliseconds from the time of the response.",
            ),
        ],
    },
    Section {
        title: "Access to the REST server",
        intro: "Without any of the first four keys, anyone who can reach a listener has full access. How to set up authentication: \
                [security.md](security.md).",
        keys: &[
            key(
                "weir.rest.auth.users.file",
                String,
                Null,
                Used,
                "Properties file with a line `name=password` for each user, as for Kafka Connect's `PropertyFileLoginModule`. A bcrypt \
                 hash may be given instead of the password. The file is read again when it changes.",
            ),
            key(
                "weir.rest.auth.jaas.file",
                String,
                Null,
                Used,
                "JAAS file whose `KafkaConnect` entry names the users file, `PropertyFileLoginModule required file=\"...\"`; Kafka \
                 Connect takes it from `-Djava.security.auth.login.config`.",
            ),
            key(
                "weir.rest.auth.tokens.file",
                String,
                Null,
                Used,
                "Properties file with a line `name=token` for each bearer token, or `name=sha256:` followed by the token's SHA-256 in \
                 hexadecimal digits. The file is read again when it changes.",
            ),
            key(
                "weir.rest.auth.certificates",
                Boolean,
                Value("false"),
                Used,
                "Whether clients are authenticated by the common name in their certificate. The certificate is requested according to \
                 `ssl.client.auth` and verified with the trust store.",
            ),
            key(
                "weir.rest.auth.read",
                List,
                Value("*"),
                Used,
                "Names that may read (GET, HEAD, OPTIONS); `*` means every authenticated name. Names that may operate or upload may also \
                 read.",
            ),
            key(
                "weir.rest.auth.operate",
                List,
                Value("*"),
                Used,
                "Names that may change connectors, offsets and loggers: everything below `/connectors`, `/connector-plugins` and \
                 `/admin`.",
            ),
            key(
                "weir.rest.auth.upload",
                List,
                Value(""),
                Used,
                "Names that may upload and delete plugins. If empty, no one may.",
            ),
            key(
                "weir.rest.probes.open",
                Boolean,
                Value("false"),
                Used,
                "Whether `GET /health/live` and `GET /health/ready` are available without credentials, so that an orchestrator can probe \
                 them.",
            ),
            key(
                "weir.rest.hosts.allowed",
                List,
                Value(""),
                Used,
                "Host names that clients may use in the `Host` header, in addition to addresses, `localhost`, the hosts of `listeners` \
                 and `admin.listeners`, and `rest.advertised.host.name`: whole names without a port, `*.example.com` for all names below \
                 a domain, `*` for any name. Requests with other names are answered with 403. Not checked if clients must authenticate.",
            ),
            key(
                "weir.rest.connections.max",
                Int,
                Value("512"),
                Used,
                "Maximum number of open connections per listener. Further connections are closed, over http after a 503 response.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.rest.connections.new.max",
                Int,
                Value("128"),
                Used,
                "Maximum number of these connections that have not yet had a request from an authorized client, including TLS \
                 handshakes. When there is one more, the oldest connection of the address that has the most of them is closed.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.rest.connections.per.address.max",
                Int,
                Value("256"),
                Used,
                "Maximum number of open connections per client address; for IPv6, per 64-bit network. Behind a proxy, all clients have \
                 the proxy's address.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.rest.requests.max",
                Int,
                Value("128"),
                Used,
                "Maximum number of requests that a listener answers concurrently. Further requests are answered with 503.",
            )
            .checked(AT_LEAST_1),
            key(
                "weir.rest.headers.max",
                Int,
                Value("100"),
                Used,
                "Maximum number of header fields in a request. Requests with more are answered with 431.",
            )
            .checked(&[Check::Range(Some(1), Some(10000))]),
            key(
                "weir.rest.head.max.bytes",
                Int,
                Value("8192"),
                Used,
                "Maximum size of a request's first line and header fields, in bytes. Larger ones are answered with 431, as in Kafka \
                 Connect.",
            )
            .checked(&[Check::Range(Some(256), Some(65536))]),
            key(
                "weir.rest.handshake.timeout.ms",
                Long,
                Value("5000"),
                Used,
                "Maximum time for a TLS handshake, in milliseconds. After that, the connection is closed.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.rest.head.timeout.ms",
                Long,
                Value("30000"),
                Used,
                "Maximum time between the first and the last byte of a request's head, in milliseconds. After that, the connection is \
                 closed.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.rest.body.timeout.ms",
                Long,
                Value("30000"),
                Used,
                "Maximum pause in a request's body, in milliseconds. In addition, the body as a whole must arrive at 1 KiB per second or \
                 more, not counting this time.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.rest.answer.timeout.ms",
                Long,
                Value("30000"),
                Used,
                "Maximum time during which a client reads nothing of its response, in milliseconds. In addition, the client must read \
                 the response as a whole at 1 KiB per second or more, not counting this time. Otherwise, the connection is closed.",
            )
            .checked(UP_TO_A_DAY),
            key(
                "weir.rest.idle.timeout.ms",
                Long,
                Value("90000"),
                Used,
                "Maximum time that a connection stays open without a request, in milliseconds. The default is Kafka Connect's.",
            )
            .checked(UP_TO_A_DAY),
        ],
    },
    Section {
        title: "Logs",
        intro: "Logs are written to standard error, one line per event: characters that would end the line or change how it is displayed \
                are escaped. If standard error is not read fast enough, lines are dropped and counted (`weir_log_lines_dropped_total`); \
                the worker does not wait.",
        keys: &[
            key(
                "weir.log.format",
                String,
                Value("text"),
                Used,
                "`text`, or `json` with one object per line. `--log-format` takes precedence.",
            )
            .checked(&[Check::OneOf(&["text", "json"])]),
            key(
                "weir.log.level",
                String,
                Value("info"),
                Used,
                "`error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,weir::rest=debug`. The environment variable \
                 `RUST_LOG` takes precedence.",
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
            "Whether a crash may leave a core dump, within the limits with which the process was started (`ulimit -c`). A core dump \
             contains passwords and records. For debugging only.",
        )],
    },
    Section {
        title: "Metrics",
        intro: "[metrics.md](metrics.md) lists the metrics.",
        keys: &[
            key(
                "weir.metrics.enable",
                Boolean,
                Value("true"),
                Used,
                "Whether `GET /metrics` is served, in the Prometheus text format.",
            ),
            key(
                "metrics.sample.window.ms",
                Long,
                Value("30000"),
                Used,
                "Time that one sample of an average or a maximum covers, in milliseconds.",
            )
            .checked(AT_LEAST_0),
            key(
                "metrics.num.samples",
                Int,
                Value("2"),
                Used,
                "Number of samples from which averages and maxima are computed. Values above 60 are treated as 60.",
            )
            .checked(AT_LEAST_1),
            key(
                "metrics.recording.level",
                String,
                Value("INFO"),
                Ignored("all of Weir's metrics have Kafka's level INFO"),
                "The most detailed level of metrics that is recorded.",
            ),
            key("metric.reporters", List, Value(""), NO_REPORTERS, "Java classes to which metrics are reported."),
        ],
    },
    Section {
        title: "Distributed workers",
        intro: "These keys are recognized but have no effect: the file of a distributed worker can be tried with `weir standalone` once \
                `offset.storage.file.filename` is added, which a standalone worker needs instead of the topics.",
        keys: &[
            key("group.id", String, Null, NO_CLUSTER, "Name of the cluster."),
            key("config.storage.topic", String, Null, NO_CLUSTER, "Topic for connector configurations."),
            key("config.storage.replication.factor", Short, Value("3"), NO_CLUSTER, "Its replication factor."),
            key("offset.storage.topic", String, Null, NO_CLUSTER, "Topic for source offsets."),
            key("offset.storage.partitions", Int, Value("25"), NO_CLUSTER, "Its number of partitions."),
            key("offset.storage.replication.factor", Short, Value("3"), NO_CLUSTER, "Its replication factor."),
            key("status.storage.topic", String, Null, NO_CLUSTER, "Topic for statuses."),
            key("status.storage.partitions", Int, Value("5"), NO_CLUSTER, "Its number of partitions."),
            key("status.storage.replication.factor", Short, Value("3"), NO_CLUSTER, "Its replication factor."),
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
            key(
                "worker.sync.timeout.ms",
                Int,
                Value("3000"),
                NO_CLUSTER,
                "Maximum time for reading the configurations.",
            ),
            key("worker.unsync.backoff.ms", Int, Value("300000"), NO_CLUSTER, "Delay after failing to read them."),
            key("connect.protocol", String, Value("sessioned"), NO_CLUSTER, "Protocol between workers."),
            key(
                "scheduled.rebalance.max.delay.ms",
                Int,
                Value("300000"),
                NO_CLUSTER,
                "How long to wait for workers that left to return.",
            ),
            key(
                "exactly.once.source.support",
                String,
                Value("disabled"),
                NO_CLUSTER,
                "Exactly-once delivery for sources.",
            ),
            key(
                "inter.worker.key.generation.algorithm",
                String,
                Value("HmacSHA256"),
                NO_CLUSTER,
                "Algorithm for generating keys.",
            ),
            key("inter.worker.key.size", Int, Null, NO_CLUSTER, "Size of a key in bits."),
            key("inter.worker.key.ttl.ms", Int, Value("3600000"), NO_CLUSTER, "Lifetime of a key."),
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
    Prefix { prefix: "config.storage.", doc: "Settings of the topic for connector configurations.", usage: NO_CLUSTER },
    Prefix { prefix: "offset.storage.", doc: "Settings of the topic for source offsets.", usage: NO_CLUSTER },
    Prefix { prefix: "status.storage.", doc: "Settings of the topic for statuses.", usage: NO_CLUSTER },
    Prefix {
        prefix: "config.providers.",
        doc: "Settings of a config provider: `config.providers.NAME.class` and `config.providers.NAME.param.`.",
        usage: Used,
    },
    Prefix {
        prefix: "listeners.https.",
        doc: "TLS settings of the REST server's https listeners: `listeners.https.ssl.keystore.location` and so on \
              ([security.md](security.md)). If any such key is set, the `ssl.` keys without a prefix do not apply to the REST server.",
        usage: Used,
    },
    Prefix {
        prefix: "admin.listeners.https.",
        doc: "The same for the https listeners of `admin.listeners`.",
        usage: Used,
    },
    Prefix { prefix: "metrics.context.", doc: "Labels added to all metrics.", usage: NO_REPORTERS },
];
