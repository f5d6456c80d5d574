//! Has Kafka Connect's classes run the cases. Run by `cargo xtask record`, which says where their jars are.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use crate::case::{Case, Recording};
use crate::replay;

/// Why numbers of values without a schema look different.
const DIGITS: &str = "numbers without a schema keep their original digits: a value that does not change is not parsed \
                      and written back";

/// Why floating point numbers look different.
const FLOATS: &str = "Java 17 writes some floating point numbers with more digits than it takes to read them back; Weir writes as few as \
                      Java does from version 19 on";

/// The folder with the jars of Kafka Connect. Known to `cargo xtask record`.
const LIBS_VARIABLE: &str = "WEIR_RECORD_LIBS";

#[test]
#[ignore = "writes the recordings anew; run by `cargo xtask record`"]
fn record() {
    let libs = std::env::var(LIBS_VARIABLE).expect("run by `cargo xtask record`");
    let mut unexplained = Vec::new();
    for recording in Recording::all() {
        let asked: String = recording.cases().iter().map(|case| case.line() + "\n").collect();
        let known: Vec<Case> = match recording.path().exists() {
            true => recording.lines().iter().map(|line| Case::read(line)).collect(),
            false => Vec::new(),
        };
        let mut lines = String::new();
        for line in run(&libs, asked).lines() {
            let mut case = Case::read(line);
            let outcome = replay::outcome(&case);
            if !replay::same(case.outcome(), &outcome) {
                let mut by_hand = known.iter().filter(|_| recording.is_by_hand());
                let before = by_hand.find(|known| known.asked() == case.asked()).and_then(Case::why);
                let digits = replay::same_but_for_digits(case.outcome(), &outcome).then_some(DIGITS);
                let floats = replay::same_as_floats(case.outcome(), &outcome).then_some(FLOATS);
                match before.or(digits).or(floats).or((recording.why)(&case)) {
                    Some(why) => case.set_weir(outcome, why),
                    None => unexplained.push(format!("{}\n  found {outcome}", case.line())),
                }
            }
            lines += &(case.line() + "\n");
        }
        std::fs::write(recording.path(), lines).expect("a file that can be written");
    }
    // They are written all the same: the test shows them until they are the same or have a reason.
    assert!(unexplained.is_empty(), "{} differ without a reason:\n{}", unexplained.len(), unexplained.join("\n"));
}

/// The cases with what came of them.
fn run(libs: &str, asked: String) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/record/Record.java");
    let mut java = Command::new("java")
        .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", &format!("{libs}/*")])
        .arg(source)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`java` of version 17 or newer");
    let mut stdin = java.stdin.take().expect("a pipe");
    let writer = thread::spawn(move || stdin.write_all(asked.as_bytes()));
    let mut recorded = String::new();
    java.stdout.take().expect("a pipe").read_to_string(&mut recorded).expect("UTF-8");
    writer.join().expect("no panic").expect("java reads all cases");
    assert!(java.wait().expect("an end").success(), "java failed, see above");
    recorded
}
