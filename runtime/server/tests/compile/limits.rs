//! The engine with children of the `weir` command, under small limits.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use weir_plugin::{Compile, CompileChild, CompileLimits, Engine, EngineOptions, LoadError};

use super::bombs;

/// What a child needs to start and to compile small components, in tests and with debug code.
const MEMORY: u64 = 192 << 20;

fn limits() -> CompileLimits {
    CompileLimits {
        memory_max: MEMORY,
        cpu_max: Duration::from_secs(600),
        timeout: Duration::from_secs(300),
        ..CompileLimits::default()
    }
}

/// An engine, and the directory of its cache.
struct Fixture {
    engine: Engine,
    _folder: tempfile::TempDir,
}

impl Fixture {
    fn new(limits: CompileLimits) -> Self {
        Self::with(env!("CARGO_BIN_EXE_weir"), &[weir_catalogue::COMPILE_COMMAND], limits)
    }

    fn with(program: &str, arguments: &[&str], limits: CompileLimits) -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let arguments = arguments.iter().map(|argument| (*argument).into()).collect();
        let compile = Compile::Child(CompileChild { program: program.into(), arguments, limits });
        let engine = Engine::new(EngineOptions { cache: folder.path().join("cache"), compile }).expect("an engine");
        Self { engine, _folder: folder }
    }

    async fn refused(&self, wasm: Vec<u8>) -> LoadError {
        self.engine.load(wasm).await.expect_err("a refusal")
    }
}

/// The most memory that this process ever had, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}

#[tokio::test]
async fn compile_bombs_are_refused_with_the_limit_of_memory_and_cost_the_worker_nothing() {
    let fixture = Fixture::new(limits());
    let before = peak();
    for bomb in [bombs::branches(100_000, 1000), bombs::loops(49_000, 2000)] {
        let error = fixture.refused(bombs::plugin(&[bomb])).await;
        assert_eq!(error.code(), "compile_memory", "{error}");
        for part in [MEMORY.to_string().as_str(), "weir.plugin.compile.memory.max"] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
    // What other tests of this process take is in it, too.
    let grown = peak() - before;
    assert!(grown < 100 << 20, "the process grew by {grown} bytes");
}

#[tokio::test]
async fn a_bomb_is_refused_with_the_limit_of_time_that_it_reaches_first() {
    let plenty = CompileLimits { memory_max: 4 << 30, ..limits() };
    let bomb = || bombs::plugin(&[bombs::branches(40_000, 1000)]);
    let error = Fixture::new(CompileLimits { cpu_max: Duration::from_secs(1), ..plenty }).refused(bomb()).await;
    assert_eq!(error.code(), "compile_cpu", "{error}");
    assert!(error.to_string().contains("1000 ms of processor time"), "{error}");
    let error = Fixture::new(CompileLimits { timeout: Duration::from_millis(400), ..plenty }).refused(bomb()).await;
    assert_eq!(error.code(), "compile_timeout", "{error}");
    assert!(error.to_string().contains("longer than 400 ms"), "{error}");
    assert!(error.to_string().contains("weir.plugin.compile.timeout.ms"), "{error}");
}

#[tokio::test]
async fn what_is_within_the_limits_is_compiled_and_loaded() {
    let fixture = Fixture::new(limits());
    // Its machine code is looked at; that it lacks the functions shows only then.
    let error = fixture.refused(bombs::plugin(&[bombs::large(100)])).await;
    assert_eq!(error.code(), "contract_types", "{error}");
    let stats = fixture.engine.stats();
    assert_eq!(stats.compiled(), 1);
}

#[tokio::test]
async fn an_invalid_component_is_refused_in_the_compilers_words() {
    let fixture = Fixture::new(limits());
    let mut wasm = bombs::plugin(&[bombs::large(100)]);
    // In the middle of the function's code.
    let at = wasm.len() / 2;
    wasm[at] = 0xff;
    let error = fixture.refused(wasm).await;
    assert_eq!(error.code(), "not_compilable", "{error}");
    assert!(error.to_string().contains("0x"), "{error}");
}

#[tokio::test]
async fn a_large_component_for_something_else_is_refused_before_anything_is_compiled() {
    // Nothing can be compiled here, so that it would show.
    let fixture = Fixture::with("/no/such/program", &[], limits());
    let large = bombs::foreign(&[bombs::large(700_000), bombs::large(700_000)]);
    assert!(large.len() > 12_000_000);
    let error = fixture.refused(large).await;
    assert_eq!(error.code(), "foreign_component", "{error}");
    let error = fixture.refused(bombs::plugin(&[bombs::large(1)])).await;
    assert_eq!(error.code(), "compile_process", "{error}");
}

#[tokio::test]
async fn a_compiler_that_crashes_is_reported() {
    let script = "cat > /dev/null & echo 'thread panicked' >&2; exit 7";
    let fixture = Fixture::with("/bin/sh", &["-c", script], limits());
    let error = fixture.refused(bombs::plugin(&[])).await;
    assert_eq!(error.code(), "compile_crashed", "{error}");
    assert!(error.to_string().contains("exit status: 7: thread panicked"), "{error}");
}

#[tokio::test]
async fn a_child_inherits_no_environment() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("seen");
    let script = format!("cat /proc/$$/environ > {}", file.display());
    let fixture = Fixture::with("/bin/sh", &["-c", &script], limits());
    fixture.refused(bombs::plugin(&[])).await;
    let seen = fs::read_to_string(file).expect("written");
    assert!(std::env::var_os("PATH").is_some() && !seen.contains("PATH="), "{seen}");
}

/// Processes that run this program.
fn running(program: &Path) -> usize {
    let runs = |folder: &Path| {
        let line = fs::read(folder.join("cmdline")).unwrap_or_default();
        line.starts_with(program.as_os_str().as_encoded_bytes())
    };
    fs::read_dir("/proc").expect("processes").flatten().filter(|entry| runs(&entry.path())).count()
}

async fn until_running(program: &Path, count: usize) {
    for _ in 0..600 {
        if running(program) == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} children after 30 s instead of {count}", running(program));
}

/// An engine that compiles for as long as it takes, and the name that its children have.
fn patient(folder: &Path, parallel: usize, queue_max: usize) -> (Fixture, PathBuf) {
    let program = folder.join("weir");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_weir"), &program).expect("a link");
    let queue_timeout = Duration::from_secs(300);
    let limits = CompileLimits { memory_max: 1 << 30, parallel, queue_max, queue_timeout, ..limits() };
    let fixture = Fixture::with(program.to_str().expect("text"), &[weir_catalogue::COMPILE_COMMAND], limits);
    (fixture, program)
}

/// Takes long enough for anything that a test does meanwhile.
fn endless(number: usize) -> Vec<u8> {
    bombs::slow(number)
}

#[tokio::test]
async fn a_load_that_nobody_waits_for_any_more_ends_its_child() {
    let folder = tempfile::tempdir().expect("a directory");
    let (fixture, program) = patient(folder.path(), 1, 1);
    let engine = fixture.engine.clone();
    let load = tokio::spawn(async move { engine.load(endless(1)).await });
    until_running(&program, 1).await;
    load.abort();
    until_running(&program, 0).await;
    // And its turn is over.
    let error = fixture.refused(bombs::plugin(&[])).await;
    assert_eq!(error.code(), "contract_types", "{error}");
}

#[tokio::test]
async fn a_stop_ends_what_is_compiled_and_what_waits() {
    let folder = tempfile::tempdir().expect("a directory");
    let (fixture, program) = patient(folder.path(), 1, 1);
    let load = |number| {
        let engine = fixture.engine.clone();
        tokio::spawn(async move { engine.load(endless(number)).await })
    };
    let first = load(1);
    until_running(&program, 1).await;
    let second = load(2);
    tokio::task::yield_now().await;
    fixture.engine.stop();
    for stopped in [first, second] {
        let error = stopped.await.expect("no panic").expect_err("a refusal");
        assert_eq!(error.code(), "stopping", "{error}");
    }
    until_running(&program, 0).await;
    assert_eq!(fixture.refused(endless(3)).await.code(), "stopping");
}

#[tokio::test]
async fn so_many_compile_so_many_wait_and_the_next_is_refused() {
    let folder = tempfile::tempdir().expect("a directory");
    let (fixture, program) = patient(folder.path(), 1, 1);
    let load = |wasm: Vec<u8>| {
        let engine = fixture.engine.clone();
        tokio::spawn(async move { engine.load(wasm).await })
    };
    let first = load(endless(1));
    until_running(&program, 1).await;
    // Waits for the first, which holds the same.
    let same = load(endless(1));
    tokio::task::yield_now().await;
    let small = bombs::plugin(&[]);
    for wasm in [endless(1), small.clone()] {
        let error = fixture.refused(wasm).await;
        assert_eq!(error.code(), "compile_busy", "{error}");
        assert!(error.to_string().contains("(1, weir.plugin.compile.queue.max)"), "{error}");
    }
    assert!(!same.is_finished());
    assert_eq!(running(&program), 1);
    // A place that is given up is free, and so is the compiler.
    same.abort();
    assert!(same.await.is_err_and(|error| error.is_cancelled()));
    let waiting = load(small);
    tokio::task::yield_now().await;
    first.abort();
    let error = waiting.await.expect("no panic").expect_err("a refusal");
    assert_eq!(error.code(), "contract_types", "{error}");
}

#[tokio::test]
async fn an_upload_that_has_waited_long_enough_is_refused_and_gives_its_place_up() {
    let folder = tempfile::tempdir().expect("a directory");
    let program = folder.path().join("weir");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_weir"), &program).expect("a link");
    let queue_timeout = Duration::from_millis(300);
    let limits = CompileLimits { memory_max: 1 << 30, parallel: 1, queue_max: 1, queue_timeout, ..limits() };
    let fixture = Fixture::with(program.to_str().expect("text"), &[weir_catalogue::COMPILE_COMMAND], limits);
    let engine = fixture.engine.clone();
    let first = tokio::spawn(async move { engine.load(endless(1)).await });
    until_running(&program, 1).await;
    // One that waits for its turn, and one that waits for the same component; each has the place of the one before.
    for wasm in [bombs::plugin(&[]), endless(1)] {
        let error = fixture.refused(wasm).await;
        assert_eq!(error.code(), "compile_busy", "{error}");
        assert!(error.to_string().contains("300 ms (weir.plugin.compile.queue.timeout.ms)"), "{error}");
    }
    first.abort();
    until_running(&program, 0).await;
}
