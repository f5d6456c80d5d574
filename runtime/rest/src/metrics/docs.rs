//! Writes `docs/metrics.md` from the tables of families. A test compares the file with what this writes;
//! `WEIR_BLESS=1 cargo test -p weir-rest metrics` rewrites it.

use std::fmt::Write as _;

use super::families::{CONNECTOR, CONNECTOR_INFO, GUEST, SINK, SOURCE, TASK, TASK_INFO, WORKER};
use super::family::Family;

const INTRO: &str = "\
# Metrics

`GET /metrics` returns metrics in the Prometheus text format 0.0.4, on every listener and with the same access rights as the rest of the \
REST API. `weir.metrics.enable=false` disables it. [grafana-weir.json](grafana-weir.json) is a Grafana dashboard: import it and choose the \
data source; its variables select clusters, instances and connectors. [operations/alerts.yml](operations/alerts.yml) contains alert rules, \
with an entry for each in [operations/alerts.md](operations/alerts.md).

```yaml
scrape_configs:
  - job_name: weir
    static_configs:
      - targets: ['127.0.0.1:8083']
        labels:
          cluster: production
```

The label `cluster` is optional: set it to the name of the Kafka cluster, or omit it.

## Names

Kafka Connect exposes its metrics over JMX; their names in Prometheus depend on the rules given to the JMX exporter. Weir uses the names \
that the exporter's own example, `kafka-connect.yml`, produces, on which most dashboards are based: `kafka_connect_`, the group without \
`-metrics`, and the attribute, with `_` for `-` (`connect-worker-metrics` becomes `kafka_connect_worker_`), and the labels `connector` and \
`task`. Attributes for which the example has no rule are named in the same way. The state of a task is `kafka_connect_connector_status`, as \
in the example; the state of a connector, for which it has no rule, is `kafka_connect_connector_state`.

There are three differences from the exporter:

- Totals have the type `counter`, not `gauge`, whatever their suffix. Rates are omitted: `rate(..._total[5m])` is the rate over any window.
- Text values are labels of a sample with the value 1: the state, and classes and versions in the `_info` families.
- Times in windows include fractions of milliseconds.

Averages and maxima are those of Kafka Connect, over `metrics.num.samples` windows of `metrics.sample.window.ms`, by the same rules; if \
nothing happened within these windows, they are NaN. As in Kafka Connect, what Kafka calls a percentage is a fraction from 0 to 1.

OpenMetrics is not offered: it requires the names of counters to end in `_total`, and not all of Kafka Connect's do. `promtool check \
metrics` complains about names that start with `kafka_connect_` (counters without `_total`, gauges that end in `_count`, milliseconds): \
they are inherited from Kafka Connect.

The counters of a task start at zero when it starts; Prometheus handles such counter resets. When a connector is deleted, its series are \
removed.

## Differences from Kafka Connect

- Empty batches are not counted: `batch-size-*`, `poll-batch-*` and `put-batch-*` count calls that returned or passed records. Kafka \
Connect calls `put` without records after each empty poll and counts the call.
- `source-record-write-total` and `source-record-active-count` change by whole batches, as in Kafka Connect; a batch counts as written \
once all of its records are acknowledged or have failed.
- `sink-record-active-count` includes a partition without a committed offset from the first record that was read.
- A record that is read again, because the sink asked for it or the task went back to an earlier offset, is counted again.
";

const GUESTS: &str = "\
The label `sandbox` is `task` for the connector's own code, `transforms.ALIAS` for transforms (adjacent transforms of the same component \
share a sandbox and count under the first of them), `transforms.ALIAS.predicate` for a predicate of another component, and `connector`, \
without a task, for the connector as a whole. A sandbox that replaces one that trapped continues its counts. Only the operator creates \
series here: functions, kinds and interfaces are fixed, the values of `sandbox` come from the configuration, and of the names that a \
plugin gives its own metrics, the first 64 are kept.

Processor time is that of the worker's threads while they are within a call, measured with the thread's own clock: it includes copying \
records into and out of the sandbox and reading files for it on the host, but not waiting.
";

/// Attributes of Kafka Connect that have no family, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("source-task-metrics/source-record-poll-rate", RATE),
    ("source-task-metrics/source-record-write-rate", RATE),
    ("sink-task-metrics/sink-record-read-rate", RATE),
    ("sink-task-metrics/sink-record-send-rate", RATE),
    ("sink-task-metrics/offset-commit-completion-rate", RATE),
    ("sink-task-metrics/offset-commit-skip-rate", NEVER_LATE),
    ("sink-task-metrics/offset-commit-skip-total", NEVER_LATE),
    ("sink-task-metrics/sink-record-lag-max", "Kafka Connect declares it but never registers it"),
    ("source-task-metrics/transaction-size-min", TRANSACTIONS),
    ("source-task-metrics/transaction-size-max", TRANSACTIONS),
    ("source-task-metrics/transaction-size-avg", TRANSACTIONS),
    ("connect-worker-metrics/connector-destroyed-task-count", "the series of a deleted task are removed"),
    ("connect-worker-rebalance-metrics/connect-protocol", CLUSTER),
    ("connect-worker-rebalance-metrics/leader-name", CLUSTER),
    ("connect-worker-rebalance-metrics/epoch", CLUSTER),
    ("connect-worker-rebalance-metrics/completed-rebalances-total", CLUSTER),
    ("connect-worker-rebalance-metrics/rebalancing", CLUSTER),
    ("connect-worker-rebalance-metrics/rebalance-max-time-ms", CLUSTER),
    ("connect-worker-rebalance-metrics/rebalance-avg-time-ms", CLUSTER),
    ("connect-worker-rebalance-metrics/time-since-last-rebalance-ms", CLUSTER),
    ("connect-coordinator-metrics", CLUSTER),
    ("connect-metrics", CLUSTER),
    ("plugins", "a plugin's own metrics are `weir_plugin_counter_total` and `weir_plugin_gauge`"),
    (
        "kafka.producer, kafka.consumer, kafka.admin.client",
        "Weir's Kafka client is librdkafka, whose metrics differ from the Java clients'; they are not exposed",
    ),
];

const RATE: &str = "use the `rate` of the total";
const NEVER_LATE: &str = "Weir waits for the response to each commit, so none is late";
const TRANSACTIONS: &str = "Weir does not support exactly-once delivery yet";
const CLUSTER: &str =
    "a standalone worker has no cluster, and a standalone Kafka Connect worker does not expose it either";

/// Returns the page.
fn page() -> String {
    let mut page = INTRO.to_owned();
    let kafka = "Kafka Connect's attribute";
    section(&mut page, "Worker", "");
    let (of_kafka, own): (Vec<_>, Vec<_>) = WORKER.iter().partition(|family| !family.attributes.is_empty());
    table(&mut page, kafka, of_kafka.into_iter());
    section(&mut page, "Connectors", "Label `connector`.\n");
    table(&mut page, kafka, CONNECTOR.iter().chain(CONNECTOR_INFO));
    section(&mut page, "Tasks", "Labels `connector` and `task`.\n");
    table(&mut page, kafka, TASK.iter().chain(TASK_INFO));
    section(&mut page, "Source tasks", "Labels `connector` and `task`.\n");
    table(&mut page, kafka, SOURCE.iter());
    section(&mut page, "Sink tasks", "Labels `connector` and `task`.\n");
    table(&mut page, kafka, SINK.iter());
    section(&mut page, "Sandboxes", GUESTS);
    table(&mut page, "", GUEST.iter());
    section(&mut page, "Engine and process", "");
    table(&mut page, "", own.into_iter());
    section(&mut page, "Omitted metrics", "");
    page.push_str("\n| Kafka Connect's attribute | Why |\n| --- | --- |\n");
    for (attribute, why) in LEFT_OUT {
        let _ = writeln!(page, "| `{attribute}` | {why} |");
    }
    page.push_str("\nThis page is generated from the tables in `runtime/rest/src/metrics`; a test checks that it is up to date.\n");
    page
}

fn section(page: &mut String, title: &str, intro: &str) {
    let _ = write!(page, "\n## {title}\n");
    if !intro.is_empty() {
        let _ = write!(page, "\n{intro}");
    }
}

/// Returns a table of families, with or without a column for Kafka Connect's attributes.
fn table<'a, T: ?Sized + 'a>(page: &mut String, kafka: &str, families: impl Iterator<Item = &'a Family<T>>) {
    match kafka {
        "" => page.push_str("\n| Prometheus | Type | Meaning |\n| --- | --- | --- |\n"),
        kafka => {
            let _ = write!(page, "\n| {kafka} | Prometheus | Type | Meaning |\n| --- | --- | --- | --- |\n");
        }
    }
    for family in families {
        if !kafka.is_empty() {
            let attributes: Vec<_> = family.attributes.iter().map(|attribute| format!("`{attribute}`")).collect();
            let _ = write!(page, "| {} ", attributes.join(", "));
        }
        let _ = writeln!(page, "| `{}` | {} | {} |", family.name, family.kind.as_str(), family.help);
    }
}

/// Returns the description of each family, independent of the families' type.
fn all() -> Vec<(&'static str, &'static [&'static str])> {
    fn of<T: ?Sized>(families: &[Family<T>]) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
        families.iter().map(|family| (family.name, family.attributes))
    }
    of(WORKER)
        .chain(of(CONNECTOR))
        .chain(of(CONNECTOR_INFO))
        .chain(of(TASK))
        .chain(of(TASK_INFO))
        .chain(of(SOURCE))
        .chain(of(SINK))
        .chain(of(GUEST))
        .collect()
}

#[test]
fn the_metrics_page_is_the_one_that_the_tables_give() {
    weir_test_support::bless("docs/metrics.md", &page());
}

#[test]
fn names_are_valid_for_prometheus_and_unique() {
    let mut names: Vec<_> = all().into_iter().map(|(name, _)| name).collect();
    for name in &names {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
    }
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// `ConnectMetricsRegistry.getAllTemplates()` of Kafka Connect 4.3.1: `group/attribute`, one per line.
const KAFKA_CONNECT: &str = include_str!("../../tests/kafka_connect_metrics.txt");

#[test]
fn every_attribute_of_kafka_connect_is_shown_or_left_out_for_a_reason() {
    let (families, known): (_, Vec<&str>) = (all(), KAFKA_CONNECT.lines().collect());
    assert_eq!(known.len(), 91);
    for attribute in &known {
        let shown = families.iter().filter(|(_, attributes)| attributes.contains(attribute)).count();
        let left_out = LEFT_OUT.iter().filter(|(name, _)| name == attribute).count();
        assert_eq!(shown + left_out, 1, "{attribute}");
    }
    // App-info is registered elsewhere.
    for attribute in families.iter().flat_map(|(_, attributes)| *attributes) {
        assert!(
            known.contains(attribute) || attribute.starts_with("app-info/"),
            "{attribute} is none of Kafka Connect's"
        );
    }
}
