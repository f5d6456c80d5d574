//! Tests the counts of instances: calls, time, memory, traps, host calls.

use std::sync::Arc;
use std::time::Duration;

use weir_plugin::{Budget, Compile, EngineOptions, Grants, GuestStats, Limits, NoStoredOffsets, SourceInstance};

use crate::guest::{component, config, engine, identity, wasm};

const BUDGET: Budget = Budget { max_records: 10, max_bytes: 1000, max_wait: Duration::ZERO };

fn limits() -> Limits {
    Limits { memory_max: 8 << 20, call_timeout: Duration::from_millis(300), ..Limits::default() }
}

async fn source(command: &str, stats: &Arc<GuestStats>) -> SourceInstance {
    let guest = identity("test.Source").counted(Arc::clone(stats));
    let mut source = component().await.source(guest, &limits(), &Grants::none()).await.unwrap();
    source.start(&config(&[("do", command)]), Arc::new(NoStoredOffsets)).await.unwrap();
    source
}

fn traps(stats: &GuestStats) -> Vec<(&'static str, u64)> {
    stats.traps().filter(|(_, count)| *count > 0).collect()
}

fn host_calls(stats: &GuestStats, interface: &str) -> u64 {
    stats.host_calls().find(|(name, _)| *name == interface).expect("an interface").1
}

#[tokio::test]
async fn calls_are_counted_by_function_and_go_on_in_the_next_instance() {
    let stats = Arc::default();
    for _ in 0..2 {
        let mut source = source("records", &stats).await;
        source.poll(BUDGET).await.unwrap();
        source.poll(BUDGET).await.unwrap();
    }
    let calls: Vec<_> = stats.calls().map(|calls| (calls.function, calls.calls)).collect();
    let expected = [("instantiate", 2), ("source.start", 2), ("source.poll", 4), ("source-acknowledgements.wanted", 2)];
    assert_eq!(calls, expected);
    assert!(stats.calls().all(|calls| calls.time > Duration::ZERO));
    assert!(stats.cpu() > Duration::ZERO);
    assert_eq!(traps(&stats), []);
}

#[tokio::test]
async fn waiting_costs_time_and_no_processor() {
    let stats = Arc::default();
    source("sleep", &stats).await.poll(BUDGET).await.unwrap_err();
    let poll = stats.calls().find(|calls| calls.function == "source.poll").expect("it was called");
    assert!(poll.time >= Duration::from_millis(300), "{poll:?}");
    assert!(stats.cpu() < poll.time, "{:?} of {poll:?}", stats.cpu());
}

#[tokio::test]
async fn memory_is_counted_while_there_is_an_instance() {
    let stats = Arc::new(GuestStats::default());
    let mut source = source("eat-politely", &stats).await;
    assert_eq!(stats.memory_max(), 8 << 20);
    let before = stats.memory();
    source.poll(BUDGET).await.unwrap_err();
    assert!(before > 0 && stats.memory() > before && stats.memory() <= 8 << 20, "{before} then {}", stats.memory());
    let peak = stats.memory();
    drop(source);
    assert_eq!((stats.memory(), stats.memory_peak()), (0, peak));
}

#[tokio::test]
async fn traps_are_counted_by_kind_here_and_for_the_engine() {
    let of_engine = |kind: &str| engine().stats().traps().find(|(name, _)| *name == kind).expect("a kind").1;
    for (command, kind) in [
        ("spin", "timeout"),
        ("sleep", "timeout"),
        ("eat", "limit"),
        ("log", "limit"),
        ("panic no more milk", "unreachable"),
        ("exit 3", "exit"),
        // Rust has its own stack in the memory of the guest, which is exhausted first.
        ("recurse", "out-of-bounds"),
        ("too-many", "contract"),
    ] {
        let (stats, before) = (Arc::default(), of_engine(kind));
        let mut source = source(command, &stats).await;
        assert!(source.poll(BUDGET).await.unwrap_err().is_trap(), "{command}");
        // An instance that trapped is not called, so it cannot trap again.
        assert!(source.poll(BUDGET).await.unwrap_err().is_trap());
        assert_eq!(traps(&stats), [(kind, 1)], "{command}");
        assert!(of_engine(kind) > before);
    }
}

#[tokio::test]
async fn calls_of_the_host_are_counted_by_interface() {
    let stats = Arc::default();
    let mut source = source("metrics", &stats).await;
    let before = host_calls(&stats, "host");
    source.poll(BUDGET).await.unwrap_err();
    assert_eq!(host_calls(&stats, "host") - before, 1003, "three by name, and a thousand more");
    assert_eq!(host_calls(&stats, "sink-context"), 0);
    assert_eq!(stats.metrics().iter().next().map(|(name, _)| name), Some("records"));
    // The clock is read at least twice.
    let mut source = self::source("compute 1", &stats).await;
    let before = host_calls(&stats, "wasi");
    source.poll(BUDGET).await.unwrap_err();
    assert!(host_calls(&stats, "wasi") - before >= 2);
}

#[tokio::test]
async fn an_engine_counts_what_it_compiles_and_who_lives() {
    let cache = tempfile::tempdir().unwrap();
    // A component that was described is not described again.
    for (compiled, from_cache, asked) in [(1, 0, 1), (0, 1, 0)] {
        let engine =
            weir_plugin::Engine::new(EngineOptions { cache: cache.path().to_owned(), compile: Compile::InProcess })
                .unwrap();
        let component = engine.load(wasm().to_vec()).await.unwrap();
        let stats = engine.stats();
        assert_eq!((stats.compiled(), stats.from_cache()), (compiled, from_cache));
        assert_eq!(stats.compile_time() > Duration::ZERO, compiled == 1);
        assert_eq!((stats.instances(), stats.instantiated()), (0, asked), "the one that described it is gone");
        let source = component.source(identity("test.Source"), &Limits::default(), &Grants::none()).await.unwrap();
        assert_eq!((stats.instances(), stats.instantiated()), (1, asked + 1));
        drop(source);
        assert_eq!(stats.instances(), 0);
        assert!(stats.cpu() > Duration::ZERO);
    }
}
