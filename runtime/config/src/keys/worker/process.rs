//! Worker keys: the log, the process and its metrics.

use super::super::check::Check;
use super::super::key::{Fallback, Section, Usage};
use super::super::types::Type;
use super::define::{AT_LEAST_0, AT_LEAST_1, NO_REPORTERS, key};

use Fallback::Value;
use Type::{Boolean, Int, List, Long, String};
use Usage::{Ignored, Used};

pub(super) const LOGS: Section = Section {
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
            "`off`, `error`, `warn`, `info`, `debug` or `trace` (or log4j2's `fatal` and `all`), or a filter such as \
             `info,weir::rest=debug`; a filter without a level for all others (`weir::rest=debug`) logs nothing else. Any other level is \
             refused, while log4j2 would log errors only. The environment variable `RUST_LOG` takes precedence.",
        ),
    ],
};

pub(super) const PROCESS: Section = Section {
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
};

pub(super) const METRICS: Section = Section {
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
};
