//! Families of a sandbox. Kafka Connect cannot measure these, because there a plugin runs in threads of the same process.

use weir_plugin::{GuestStats, MetricValue};

use crate::metrics::family::Family;
use crate::metrics::text::Kind::{Counter, Gauge};

/// The families of a sandbox.
pub(in crate::metrics) const GUEST: &[Family<GuestStats>] = &[
    Family {
        name: "weir_guest_cpu_seconds_total",
        kind: Counter,
        help: "Processor time spent in calls of the sandbox, including what the host does for it during these calls, in seconds.",
        attributes: &[],
        write: |guest, samples| samples.one(guest.cpu().as_secs_f64()),
    },
    Family {
        name: "weir_guest_memory_bytes",
        kind: Gauge,
        help: "Current linear memory of the sandbox, in bytes; 0 if there is no instance.",
        attributes: &[],
        write: |guest, samples| samples.one(guest.memory()),
    },
    Family {
        name: "weir_guest_memory_peak_bytes",
        kind: Gauge,
        help: "Largest linear memory that the sandbox has had, in bytes.",
        attributes: &[],
        write: |guest, samples| samples.one(guest.memory_peak()),
    },
    Family {
        name: "weir_guest_memory_limit_bytes",
        kind: Gauge,
        help: "Memory limit of the sandbox (weir.task.memory.max), which covers its linear memory and its overhead, in bytes.",
        attributes: &[],
        write: |guest, samples| samples.one(guest.memory_max()),
    },
    Family {
        name: "weir_guest_traps_total",
        kind: Counter,
        help: "Number of times the sandbox trapped, by kind: timeout, limit, unreachable (a panic), out-of-bounds, stack-overflow, exit, \
               contract (its answer violates the contract), other.",
        attributes: &[],
        write: |guest, samples| guest.traps().for_each(|(kind, count)| samples.with(&[("kind", kind)], count)),
    },
    Family {
        name: "weir_guest_calls_total",
        kind: Counter,
        help: "Calls to the plugin, by function of the contract.",
        attributes: &[],
        write: |guest, samples| {
            guest.calls().for_each(|calls| samples.with(&[("function", calls.function)], calls.calls));
        },
    },
    Family {
        name: "weir_guest_call_seconds_total",
        kind: Counter,
        help: "Time spent in completed calls to the plugin, including waiting, by function, in seconds.",
        attributes: &[],
        write: |guest, samples| {
            guest.calls().for_each(|calls| samples.with(&[("function", calls.function)], calls.time.as_secs_f64()));
        },
    },
    Family {
        name: "weir_guest_host_calls_total",
        kind: Counter,
        help: "Calls from the plugin to the worker, by interface: wasi (files, clocks, sockets), host (log, metrics), source-context, \
               sink-context.",
        attributes: &[],
        write: |guest, samples| {
            guest.host_calls().for_each(|(interface, count)| samples.with(&[("interface", interface)], count));
        },
    },
    Family {
        name: "weir_guest_log_lines_dropped_total",
        kind: Counter,
        help: "Log lines of the plugin that were dropped because its connector exceeded weir.plugin.log.bytes.per.second.",
        attributes: &[],
        write: |guest, samples| samples.one(guest.log_lines_dropped().0),
    },
    Family {
        name: "weir_guest_log_bytes_dropped_total",
        kind: Counter,
        help: "Bytes of the log lines that were dropped.",
        attributes: &[],
        write: |guest, samples| samples.one(guest.log_lines_dropped().1),
    },
    Family {
        name: "weir_plugin_counter_total",
        kind: Counter,
        help: "Counters maintained by the plugin itself (host.counter-add), by the name that it gives them; at most 64 names are kept.",
        attributes: &[],
        write: |guest, samples| {
            for (name, value) in guest.metrics().iter() {
                if let MetricValue::Counter(count) = value {
                    samples.with(&[("name", name)], count);
                }
            }
        },
    },
    Family {
        name: "weir_plugin_gauge",
        kind: Gauge,
        help: "Gauges maintained by the plugin itself (host.gauge-set), by the name that it gives them; at most 64 names are kept.",
        attributes: &[],
        write: |guest, samples| {
            for (name, value) in guest.metrics().iter() {
                if let MetricValue::Gauge(value) = value {
                    samples.with(&[("name", name)], value);
                }
            }
        },
    },
];
