//! Tests guests that return texts of any length, and that log without end.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tracing::span;
use weir_plugin::{
    Budget, CallError, Grants, GuestStats, Identity, Limits, NoStoredOffsets, OffsetChange, SourceInstance,
};

use crate::guest::{component, config, identity};

const BUDGET: Budget = Budget { max_records: 10, max_bytes: 1000, max_wait: Duration::ZERO };
/// Returns a text of 30 MB as the host truncates it.
const NOTE: &str = "... truncated, 30000000 bytes in total";

async fn source(connector: &str, command: &str, stats: &Arc<GuestStats>) -> SourceInstance {
    let identity = Identity { connector: connector.to_owned(), ..identity("test.Source") };
    let guest = identity.counted(Arc::clone(stats));
    let mut source = component().await.source(guest, &Limits::default(), &Grants::none()).await.unwrap();
    source.start(&config(&[("do", command)]), Arc::new(NoStoredOffsets)).await.unwrap();
    source
}

fn assert_cut(text: &str) {
    assert!(text.len() < 10_000 && text.ends_with(NOTE), "{} bytes: {text:.100}", text.len());
}

fn fatal<T: Debug>(answer: Result<T, CallError>) -> String {
    match answer {
        Err(CallError::Fatal(message)) => message,
        other => panic!("a fatal error was expected: {other:?}"),
    }
}

#[tokio::test]
async fn a_fatal_error_of_30_mb_is_cut_where_it_comes_in() {
    let mut source = source("c", "say 30000000", &Arc::default()).await;
    assert_cut(&fatal(source.poll(BUDGET).await));
}

#[tokio::test]
async fn so_are_the_errors_of_a_validation_and_refusals() {
    let component = component().await;
    let (limits, grants) = (Limits::default(), Grants::none());
    let said = config(&[("do", "say 30000000")]);
    let values = component.validate("test.Source", &said, &limits, &grants).await.unwrap();
    assert_cut(&values[0].errors[0]);
    let long = "x".repeat(30_000_000);
    let refused = component.capabilities("test.Source", &config(&[("refuse", &long)]), &limits).await;
    assert_cut(&fatal(refused));
    // A class name comes from the host, which repeats it here.
    let directory = config(&[("read", &"d".repeat(5000))]);
    let error = component.capabilities("test.Source", &directory, &limits).await.unwrap_err();
    assert!(error.to_string().contains("a capability names 5000 bytes; the limit is 4096"), "{error}");
    let change = OffsetChange::Source(vec![("{}".into(), None)]);
    let refused = component.alter_offsets(identity("test.Source"), &said, &change, &limits, &grants).await;
    assert_eq!(fatal(refused), "test.Source never forgets");
}

#[tokio::test]
async fn a_trace_is_short_whatever_the_guest_wrote_before_it_died() {
    let mut source = source("c", "print-and-trap", &Arc::default()).await;
    let trap = source.poll(BUDGET).await.unwrap_err().to_string();
    assert!(trap.starts_with("xxx") && trap.contains("\nin source.poll: "), "{trap}");
    assert!(trap.len() < 30_000, "{} bytes", trap.len());
}

/// Counts written lines, and finds reports of dropped ones.
#[derive(Clone, Default)]
struct Log(Arc<Written>);

#[derive(Default)]
struct Written {
    bytes: AtomicU64,
    reports: AtomicU64,
}

impl tracing::field::Visit for Log {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn Debug) {
        let value = format!("{value:?}");
        self.0.bytes.fetch_add(value.len() as u64, Ordering::Relaxed);
        if field.name() == "message" && value.contains("weir.plugin.log.bytes.per.second") {
            self.0.reports.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, place: &tracing::Metadata<'_>) -> bool {
        *place.level() <= tracing::Level::INFO
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn polls_that_bring_nothing_but_log_lines_fill_no_disk_and_take_nothing_from_a_neighbour() {
    let log = Log::default();
    let _scope = tracing::subscriber::set_default(log.clone());
    let stats: Arc<GuestStats> = Arc::default();
    let mut flood = source("flood", "log-much", &stats).await;
    for _ in 0..60 {
        flood.poll(BUDGET).await.unwrap_err();
    }
    // 60 calls of 0.9 MiB. The burst is 1 MiB, plus the bytes allowed while this runs.
    let written = log.0.bytes.load(Ordering::Relaxed);
    assert!((900_000..8_000_000).contains(&written), "{written} bytes of 56 million");
    let (lines, bytes) = stats.log_lines_dropped();
    assert!(lines > 2000 && bytes > 40_000_000, "{lines} lines, {bytes} bytes");
    assert!(log.0.reports.load(Ordering::Relaxed) >= 1, "it is said that lines are missing");
    // A new instance of the same connector continues with its budget.
    drop(flood);
    let before = log.0.bytes.load(Ordering::Relaxed);
    source("flood", "log-much", &stats).await.poll(BUDGET).await.unwrap_err();
    let written = log.0.bytes.load(Ordering::Relaxed) - before;
    assert!(written < 500_000, "{written} bytes");
    let other: Arc<GuestStats> = Arc::default();
    source("neighbour", "log-much", &other).await.poll(BUDGET).await.unwrap_err();
    assert_eq!(other.log_lines_dropped(), (0, 0));
}

#[tokio::test]
async fn lines_that_are_not_written_cost_nothing() {
    let stats: Arc<GuestStats> = Arc::default();
    let mut source = source("silent", "log-much", &stats).await;
    for _ in 0..10 {
        source.poll(BUDGET).await.unwrap_err();
    }
    assert_eq!(stats.log_lines_dropped(), (0, 0), "there is no log");
}
