//! The commands of the guest. Each returns a text, unless it never returns.

use std::fs;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::bindings::weir::connect::host::{self, Level};

/// Runs `COMMAND ARGUMENT`.
pub(crate) fn run(command: &str) -> String {
    let (verb, argument) = command.split_once(' ').unwrap_or((command, ""));
    match verb {
        "nothing" | "" => "done".to_owned(),
        "spin" => loop {
            black_box(0);
        },
        "compute" => compute(Duration::from_millis(argument.parse().expect("milliseconds"))),
        "sleep" => {
            std::thread::sleep(Duration::from_secs(3600));
            "slept".to_owned()
        }
        "eat" => eat(),
        "eat-politely" => eat_politely(),
        "panic" => panic!("{argument}"),
        "log-and-trap" => {
            host::log(Level::Error, "guest", argument);
            std::process::abort()
        }
        "exit" => std::process::exit(argument.parse().expect("a status")),
        "recurse" => recurse(0).to_string(),
        "log" => {
            (0..64).for_each(|_| host::log(Level::Info, "guest", &"x".repeat(32 << 10)));
            "logged".to_owned()
        }
        "log-some" => {
            host::log(Level::Info, &"t".repeat(1000), &"ä".repeat(20 << 10));
            "logged".to_owned()
        }
        "log-much" => {
            let line = "x".repeat(16 << 10);
            (0..56).for_each(|_| host::log(Level::Info, "guest", &line));
            "logged".to_owned()
        }
        "say" => "x".repeat(argument.parse().expect("a length")),
        "print-and-trap" => {
            let line = "x".repeat(10_000);
            (0..90).for_each(|_| eprintln!("{line}"));
            std::process::abort()
        }
        "print" => {
            let line = "x".repeat(1000);
            (0..2000).for_each(|_| println!("{line}"));
            "printed".to_owned()
        }
        "metrics" => metrics(),
        "environment" => environment(),
        "read" => shown(fs::read_to_string(argument)),
        "write" => shown(fs::write(argument, "written by the guest").map(|()| "written".to_owned())),
        "remove" => shown(fs::remove_file(argument).map(|()| "removed".to_owned())),
        "list" => shown(list(argument)),
        "open-many" => open_many(argument),
        "connect-many" => connect_many(argument),
        "read-held" => read_held(argument),
        "rounds" => rounds(argument),
        "connect" => shown(connect(argument)),
        "look-up" => shown(look_up(argument)),
        "random" => random(),
        "timers" => timers(argument.parse().expect("a number")),
        other => panic!("the test asks for {other:?}, which the guest does not know"),
    }
}

/// Waits for several timers at the same time, which the standard library does not support.
#[expect(unsafe_code, reason = "an import is foreign code")]
fn timers(count: u32) -> String {
    #[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.2.6")]
    unsafe extern "C" {
        #[link_name = "subscribe-duration"]
        fn subscribe_duration(nanoseconds: u64) -> i32;
    }
    for _ in 0..count {
        // SAFETY: the signature is that of the interface. The result is a handle, which is never closed.
        unsafe { subscribe_duration(3_600_000_000_000) };
    }
    format!("{count} timers")
}

fn shown(result: std::io::Result<String>) -> String {
    result.unwrap_or_else(|error| format!("error: {error}"))
}

fn compute(time: Duration) -> String {
    let end = Instant::now() + time;
    let mut rounds = 0_u64;
    while Instant::now() < end {
        (0..10_000).for_each(|number| {
            black_box(number);
        });
        rounds += 1;
    }
    rounds.to_string()
}

fn eat() -> String {
    let mut eaten = Vec::new();
    loop {
        eaten.push(black_box(vec![1_u8; 1 << 20]));
    }
}

fn eat_politely() -> String {
    let mut eaten: Vec<Vec<u8>> = Vec::with_capacity(10_000);
    loop {
        let mut piece = Vec::new();
        if piece.try_reserve_exact(1 << 20).is_err() {
            return format!("{} MiB", eaten.len());
        }
        piece.resize(1 << 20, 1);
        eaten.push(black_box(piece));
    }
}

fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { recurse(depth + 1) + black_box(frame)[0] }
}

fn metrics() -> String {
    host::counter_add("records", 3);
    host::counter_add("records", 4);
    host::gauge_set("lag", 0.5);
    (0..1000).for_each(|number| host::counter_add(&format!("more_{number}"), 1));
    "measured".to_owned()
}

fn environment() -> String {
    let variables: Vec<_> = std::env::vars().collect();
    let arguments: Vec<_> = std::env::args().collect();
    let mut input = String::new();
    let input = std::io::stdin().read_to_string(&mut input).map(|_| input);
    format!("{variables:?} {arguments:?} {:?}", input.unwrap_or_default())
}

fn list(directory: &str) -> std::io::Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names.join(","))
}

/// Opens a file as often as possible, closes all, and opens it again.
fn open_many(file: &str) -> String {
    let fill = || {
        let mut open = Vec::new();
        loop {
            match fs::File::open(file) {
                Ok(file) => open.push(file),
                Err(error) => return format!("{} {error}", open.len()),
            }
        }
    };
    format!("{}; {}", fill(), fill())
}

/// Connects as often as possible, closes all connections, and connects again.
fn connect_many(address: &str) -> String {
    let fill = || {
        let mut open = Vec::new();
        loop {
            match TcpStream::connect(address) {
                Ok(stream) => open.push(stream),
                Err(error) => return format!("{} {error}", open.len()),
            }
        }
    };
    format!("{}; {}", fill(), fill())
}

/// Reads from each of these files, and keeps them open.
fn read_held(files: &str) -> String {
    let mut held = Vec::new();
    for path in files.split(' ') {
        let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut [0]).map(|()| file));
        match read {
            Ok(file) => held.push(file),
            Err(error) => return format!("{} {error}", held.len()),
        }
    }
    format!("{} all", held.len())
}

/// Writes, appends to, reads and measures a file many times, in pieces smaller and larger than a buffer of the host.
fn rounds(path: &str) -> String {
    let round = |size: usize| -> std::io::Result<()> {
        let piece: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        fs::File::create(path)?.write_all(&piece)?;
        fs::OpenOptions::new().append(true).open(path)?.write_all(&piece)?;
        let mut read = Vec::new();
        fs::File::open(path)?.read_to_end(&mut read)?;
        assert!(read == [&piece[..], &piece[..]].concat(), "the file has another content");
        assert_eq!(fs::metadata(path)?.len(), 2 * size as u64);
        Ok(())
    };
    for size in [0, 1, 4096, 4097, 65_536, 65_537, 300_000] {
        if let Err(error) = round(size) {
            return format!("{size}: {error}");
        }
    }
    for number in 0..400 {
        if let Err(error) = round(number) {
            return format!("round {number}: {error}");
        }
    }
    "done".to_owned()
}

fn connect(address: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"hello")?;
    Ok("connected".to_owned())
}

fn look_up(name: &str) -> std::io::Result<String> {
    let addresses: Vec<_> = (name, 0).to_socket_addrs()?.map(|address| address.ip().to_string()).collect();
    Ok(addresses.join(","))
}

fn random() -> String {
    use std::hash::{BuildHasher, RandomState};
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock");
    format!("{} {}", RandomState::new().hash_one(1), time.as_secs())
}
