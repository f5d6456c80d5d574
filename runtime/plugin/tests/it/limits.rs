//! Tests guests that exceed limits: time, memory, stack, log. Each ends with a trap whose text names the limit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use weir_plugin::{Budget, CallError, Grants, Limits, MetricValue, NoStoredOffsets, SourceInstance, Trap};

use crate::guest::{component, config, identity};

const BUDGET: Budget = Budget { max_records: 10, max_bytes: 1000, max_wait: Duration::ZERO };

async fn source(command: &str, limits: Limits) -> SourceInstance {
    let component = component().await;
    let mut source = component.source(identity("test.Source"), &limits, &Grants::none()).await.unwrap();
    source.start(&config(&[("do", command)]), Arc::new(NoStoredOffsets)).await.unwrap();
    source
}

async fn answer(command: &str) -> String {
    match source(command, Limits::default()).await.poll(BUDGET).await {
        Err(CallError::Fatal(answer)) => answer,
        other => panic!("{command} gave {other:?}"),
    }
}

async fn trap(command: &str, limits: Limits) -> Trap {
    let mut source = source(command, limits).await;
    let Err(CallError::Trapped(trap)) = source.poll(BUDGET).await else { panic!("{command} did not trap") };
    assert_eq!(trap.call, "source.poll");
    let again = source.poll(BUDGET).await.unwrap_err();
    assert!(again.is_trap());
    assert!(again.to_string().contains("the instance trapped earlier in source.poll"), "{again}");
    assert!(source.stop().await.unwrap_err().is_trap());
    trap
}

fn within(millis: u64) -> Limits {
    Limits { call_timeout: Duration::from_millis(millis), ..Limits::default() }
}

#[tokio::test]
async fn a_guest_that_computes_for_ever_is_stopped_at_the_deadline() {
    let before = Instant::now();
    let trap = trap("spin", within(300)).await;
    assert_eq!(trap.cause, "call timeout of 300 ms (weir.call.timeout.ms)");
    assert!(trap.frames.iter().any(|frame| frame.contains("poll")), "the stack names the function: {trap}");
    assert!(before.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_guest_that_waits_for_ever_is_stopped_at_the_deadline() {
    let trap = trap("sleep", within(300)).await;
    assert!(trap.cause.starts_with("call timeout of 300 ms (weir.call.timeout.ms)"), "{trap}");
}

#[tokio::test]
async fn a_long_call_that_ends_in_time_is_fine() {
    let mut source = source("compute 300", within(5_000)).await;
    let Err(CallError::Fatal(rounds)) = source.poll(BUDGET).await else { panic!("an answer was expected") };
    assert!(rounds.parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn the_trace_of_too_much_memory_names_the_limit() {
    let limits = Limits { memory_max: 8 << 20, ..Limits::default() };
    let trap = trap("eat", limits).await;
    assert!(trap.cause.starts_with("memory limit of 8388608 bytes (weir.task.memory.max) reached: "), "{trap}");
    assert!(trap.output.iter().any(|line| line.contains("memory allocation of")), "{trap}");
    assert!(trap.out_of_memory, "{trap}");
}

#[tokio::test]
async fn a_guest_that_can_do_with_less_memory_goes_on() {
    let eaten = answer("eat-politely").await;
    let mib: u64 = eaten.strip_suffix(" MiB").unwrap().parse().unwrap();
    assert!((200..256).contains(&mib), "{eaten} of 256");
}

#[tokio::test]
async fn an_instance_that_does_not_fit_is_not_started() {
    let limits = Limits { memory_max: 64 << 10, ..Limits::default() };
    let started = component().await.source(identity("test.Source"), &limits, &Grants::none()).await;
    let error = started.err().expect("no instance").to_string();
    assert!(error.contains("memory limit of 65536 bytes (weir.task.memory.max)"), "{error}");
}

#[tokio::test]
async fn a_panic_tells_its_message() {
    let trap = trap("panic no more milk", Limits::default()).await;
    assert!(trap.cause.contains("unreachable"), "{trap}");
    assert!(trap.output.iter().any(|line| line.contains("no more milk")), "{trap}");
    assert!(trap.to_string().contains("in source.poll: "), "{trap}");
}

#[tokio::test]
async fn the_last_error_in_the_log_is_part_of_the_trace() {
    let trap = trap("log-and-trap the cat is out", Limits::default()).await;
    assert_eq!(trap.output, ["the cat is out"]);
}

#[tokio::test]
async fn leaving_is_a_trap_too() {
    let trap = trap("exit 3", Limits::default()).await;
    assert!(trap.cause.contains("exited with status"), "{trap}");
}

#[tokio::test]
async fn endless_recursion_ends() {
    let trap = trap("recurse", Limits::default()).await;
    assert!(trap.frames.iter().any(|frame| frame.contains("recurse")), "{trap}");
    assert!(trap.to_string().lines().count() < 20, "the trace stays readable: {trap}");
}

#[tokio::test]
async fn a_flood_of_words_ends_the_call() {
    for command in ["log", "print"] {
        let trap = trap(command, Limits::default()).await;
        assert!(trap.cause.contains("logged more than 1048576 bytes in one call"), "{trap}");
    }
    assert_eq!(answer("log-some").await, "logged");
}

#[tokio::test]
async fn metrics_are_kept_and_bounded() {
    let mut source = source("metrics", Limits::default()).await;
    let metrics = source.metrics();
    assert!(source.poll(BUDGET).await.is_err());
    let snapshot = metrics.snapshot();
    assert_eq!(snapshot[0], ("records".to_owned(), MetricValue::Counter(7)));
    assert_eq!(snapshot[1], ("lag".to_owned(), MetricValue::Gauge(0.5)));
    assert_eq!(snapshot.len(), 64);
}

#[tokio::test]
async fn timers_that_wait_are_bounded_in_number() {
    assert_eq!(answer("timers 500").await, "500 timers");
    // Each needs two handles of WASI: the timer and its pollable.
    let trap = trap("timers 3000", Limits::default()).await;
    assert!(trap.to_string().contains("resource table has no free keys"), "{trap}");
}

#[tokio::test]
async fn a_call_that_was_abandoned_leaves_a_dead_instance() {
    let mut source = source("sleep", Limits::default()).await;
    assert!(tokio::time::timeout(Duration::from_millis(50), source.poll(BUDGET)).await.is_err());
    let error = source.poll(BUDGET).await.unwrap_err();
    assert!(error.to_string().contains("source.poll was abandoned before it returned"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neighbours_of_guests_that_spin_get_their_turns() {
    let mut neighbour = source("records", Limits::default()).await;
    let mut spinners = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let mut spinner = source("spin", within(60_000)).await;
        spinners.spawn(async move { spinner.poll(BUDGET).await.is_err() });
    }
    // They spin by now. If they do not, the test is easier, but it does not fail.
    tokio::time::sleep(Duration::from_millis(200)).await;
    for _ in 0..50 {
        neighbour.poll(BUDGET).await.unwrap();
        tokio::task::yield_now().await;
    }
    // Each turn waits for at most one tick of each spinner. Without turns, the spinners would have ended first.
    assert!(spinners.try_join_next().is_none(), "the neighbour got its turns only after a spinner's deadline");
    spinners.shutdown().await;
}
