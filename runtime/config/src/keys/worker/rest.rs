//! Worker keys: the REST server.

use super::super::check::Check;
use super::super::key::{Fallback, Section, Usage};
use super::super::types::Type;
use super::define::{NO_CLUSTER, key};

use Fallback::{Null, Value};
use Type::{Int, List, String};
use Usage::Used;

pub(super) const SECTION: Section = Section {
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
};
