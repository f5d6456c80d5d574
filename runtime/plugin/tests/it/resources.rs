//! Tests guests that use other resources than linear memory: globals, memories, instances, files, sockets.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use weir_plugin::{
    Allowed, CallError, Capability, Compile, Engine, EngineOptions, Grants, HostError, HostPattern, Limits, LoadError,
    RoomError,
};

use crate::guest::{component, config, identity, wasm};

/// Returns the result of a command in an instance with these limits and grants.
async fn run(command: &str, limits: &Limits, grants: &Grants) -> String {
    let config = config(&[("do", command)]);
    let values = component().await.validate("test.Source", &config, limits, grants).await.unwrap();
    values[0].errors[0].clone()
}

async fn directory() -> (tempfile::TempDir, String, Grants) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().canonicalize().unwrap().to_str().unwrap().to_owned();
    let all = vec![PathBuf::from(&path)];
    let allowed = Allowed { read: all.clone(), write: all, ..Allowed::default() };
    let grants = allowed.grant(&[Capability::WriteDirectory(path.clone())]).await.unwrap();
    (directory, path, grants)
}

/// Returns a component with these modules and instances, whose exports are those of a plugin.
fn bomb(inside: &str) -> Vec<u8> {
    let text = format!(
        "(component
           {inside}
           (core module $code (func (export \"f\")))
           (core instance $code (instantiate $code))
           (func $f (canon lift (core func $code \"f\")))
           (instance $plugin (export \"describe\" (func $f)))
           (export \"weir:connect/plugin@0.2.0\" (instance $plugin)))"
    );
    wat::parse_str(text).unwrap()
}

async fn refusal(wasm: Vec<u8>) -> LoadError {
    let cache = tempfile::tempdir().unwrap();
    let engine = Engine::new(EngineOptions { cache: cache.path().join("cache"), compile: Compile::InProcess }).unwrap();
    engine.load(wasm).await.expect_err("it is no plugin")
}

#[tokio::test]
async fn globals_count_once_for_each_instance_of_their_module() {
    let globals = "(global i32 (i32.const 1))".repeat(50_000);
    let instances = "(core instance (instantiate $g))".repeat(120);
    let error = refusal(bomb(&format!("(core module $g {globals}) {instances}"))).await;
    assert!(matches!(error, LoadError::Describe(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("memory limit of 268435456 bytes (weir.task.memory.max) reached"), "{text}");
    // Ten of them are allowed: the error is another one, after an instance was created.
    let few = "(core instance (instantiate $g))".repeat(10);
    let error = refusal(bomb(&format!("(core module $g {globals}) {few}"))).await;
    assert!(matches!(error, LoadError::Types { .. }), "{error}");
}

#[tokio::test]
async fn memories_are_bounded_in_number() {
    let memories = |count| {
        let instances = "(core instance (instantiate $m))".repeat(count);
        bomb(&format!("(core module $m (memory 1)) {instances}"))
    };
    let error = refusal(memories(9)).await.to_string();
    assert!(error.contains("memory count too high at 9"), "{error}");
    let error = refusal(memories(8)).await;
    assert!(matches!(error, LoadError::Types { .. }), "{error}");
}

#[tokio::test]
async fn handles_of_a_component_to_its_own_resources_are_bounded() {
    let error = refusal(bomb(
        "(type $thing (resource (rep i32)))
         (core func $new (canon resource.new $thing))
         (core module $m
           (import \"\" \"new\" (func $new (param i32) (result i32)))
           (func $all (loop $again (drop (call $new (i32.const 0))) (br $again)))
           (start $all))
         (core instance (instantiate $m (with \"\" (instance (export \"new\" (func $new))))))",
    ))
    .await
    .to_string();
    assert!(error.contains("handle limit exceeded"), "{error}");
}

#[tokio::test]
async fn handles_of_the_host_are_bounded() {
    let error = refusal(bomb(
        "(import \"wasi:io/poll@0.2.0\" (instance $poll (export \"pollable\" (type (sub resource)))))
         (alias export $poll \"pollable\" (type $pollable))
         (import \"wasi:clocks/monotonic-clock@0.2.0\" (instance $clock
           (alias outer 1 $pollable (type $outer))
           (export \"pollable\" (type $own (eq $outer)))
           (export \"subscribe-duration\" (func (param \"when\" u64) (result (own $own))))))
         (core func $timer (canon lower (func $clock \"subscribe-duration\")))
         (core module $m
           (import \"\" \"timer\" (func $timer (param i64) (result i32)))
           (func $all (loop $again (drop (call $timer (i64.const 1000000000000))) (br $again)))
           (start $all))
         (core instance (instantiate $m (with \"\" (instance (export \"timer\" (func $timer))))))",
    ))
    .await
    .to_string();
    assert!(error.contains("resource table has no free keys"), "{error}");
}

#[tokio::test]
async fn no_more_instances_are_made_than_the_worker_may_have() {
    let cache = tempfile::tempdir().unwrap();
    let engine = Engine::new(EngineOptions { cache: cache.path().join("cache"), compile: Compile::InProcess }).unwrap();
    let component = engine.load(wasm().to_vec()).await.unwrap();
    engine.limit_instances(2);
    let (limits, grants) = (Limits::default(), Grants::none());
    let source = || component.source(identity("test.Source"), &limits, &grants);
    let first = source().await.unwrap();
    let _second = source().await.unwrap();
    let error = source().await.err().expect("there is no room");
    assert!(matches!(error, CallError::Host(HostError::Room(RoomError::Instances { max: 2 }))), "{error}");
    drop(first);
    assert!(source().await.is_ok());
}

/// Returns the number of mappings of this process.
#[cfg(target_os = "linux")]
fn mappings() -> usize {
    fs::read_to_string("/proc/self/maps").unwrap().lines().count()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_instance_maps_no_more_than_it_is_taken_to() {
    const INSTANCES: usize = 200;
    let component = component().await;
    let before = mappings();
    let mut sources = Vec::new();
    for _ in 0..INSTANCES {
        let mut source = component.source(identity("test.Source"), &Limits::default(), &Grants::none()).await.unwrap();
        source.start(&config(&[("do", "nothing")]), std::sync::Arc::new(weir_plugin::NoStoredOffsets)).await.unwrap();
        sources.push(source);
    }
    let each = mappings().saturating_sub(before) / INSTANCES;
    // The number with which `weir.instances.max` is computed.
    assert!(each <= 12, "{each} mappings for each instance");
}

#[tokio::test]
async fn open_files_are_bounded_and_closed_ones_do_not_count() {
    let (_directory, path, grants) = directory().await;
    fs::write(format!("{path}/file"), "content").unwrap();
    let limits = Limits { files_max: 10, ..Limits::default() };
    let answer = run(&format!("open-many {path}/file"), &limits, &grants).await;
    let (first, second) = answer.split_once("; ").unwrap();
    assert!(first.starts_with("10 ") && second.starts_with("10 "), "{answer}");
}

#[tokio::test]
async fn open_sockets_are_bounded_and_closed_ones_do_not_count() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connect: Vec<HostPattern> = vec!["127.0.0.1:*".parse().unwrap()];
    let allowed = Allowed { connect, ..Allowed::default() };
    let grants = allowed.grant(&[Capability::Connect("127.0.0.1".to_owned(), port)]).await.unwrap();
    let limits = Limits { sockets_max: 5, ..Limits::default() };
    let answer = run(&format!("connect-many 127.0.0.1:{port}"), &limits, &grants).await;
    let (first, second) = answer.split_once("; ").unwrap();
    assert!(first.starts_with("5 ") && second.starts_with("5 "), "{answer}");
}

#[tokio::test]
async fn buffers_of_files_count_as_memory() {
    let (_directory, path, grants) = directory().await;
    fs::write(format!("{path}/file"), "content").unwrap();
    // 3 MiB for the instance, some for the guest's own memory, 64 KiB for each stream.
    let limits = Limits { files_max: 1000, memory_max: 8 << 20, ..Limits::default() };
    let many: Vec<String> = (0..200).map(|_| format!("{path}/file")).collect();
    let answer = run(&format!("read-held {}", many.join(" ")), &limits, &grants).await;
    let read: usize = answer.split(' ').next().unwrap().parse().unwrap();
    assert!((10..100).contains(&read), "{answer}");
}

#[tokio::test]
async fn a_pipe_in_a_granted_directory_is_not_opened() {
    let (_directory, path, grants) = directory().await;
    let pipe = format!("{path}/pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    for command in ["read", "write"] {
        // The call has a deadline of a minute. A thread that waits for the other end would wait for ever.
        let answer = run(&format!("{command} {pipe}"), &Limits::default(), &grants).await;
        assert!(answer.starts_with("error: "), "{command} gave {answer}");
    }
    assert_eq!(run(&format!("list {path}"), &Limits::default(), &grants).await, "pipe");
    assert_eq!(run(&format!("remove {pipe}"), &Limits::default(), &grants).await, "removed");
}

#[tokio::test]
async fn files_are_written_and_read_as_they_are_without_limits() {
    let (_directory, path, grants) = directory().await;
    let limits = Limits { files_max: 2, ..Limits::default() };
    assert_eq!(run(&format!("rounds {path}/file"), &limits, &grants).await, "done");
}
