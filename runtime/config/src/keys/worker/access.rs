//! Worker keys: who may use the REST server, and its limits.

use super::super::check::Check;
use super::super::key::{Fallback, Section, Usage};
use super::super::types::Type;
use super::define::{AT_LEAST_1, UP_TO_A_DAY, key};

use Fallback::{Null, Value};
use Type::{Boolean, Int, List, Long, String};
use Usage::Used;

pub(super) const SECTION: Section = Section {
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
};
