//! Runs Kafka Connect's classes on the cases. `cargo xtask record transforms` runs it and says where the classes are.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use crate::case::{Case, Recording};
use crate::replay;

/// Why numbers of values without a schema differ.
const DIGITS: &str = "numbers without a schema keep their original digits: a value that does not change is not parsed \
                      and written back";

/// Why floating-point numbers differ.
const FLOATS: &str = "Java 17 writes some floating point numbers with more digits than it takes to read them back; Weir writes as few as \
                      Java does from version 19 on";

/// The `java` program to run. Set by `cargo xtask record`.
const JAVA_VARIABLE: &str = "WEIR_RECORD_JAVA";
/// The class path of Kafka Connect and of `tests/oracle/java/Transforms.java`. Set by `cargo xtask record`.
const CLASS_PATH_VARIABLE: &str = "WEIR_RECORD_CLASS_PATH";

#[test]
#[ignore = "overwrites the recordings; run by `cargo xtask record`"]
fn record() {
    let variable = |name| std::env::var(name).expect("run by `cargo xtask record`");
    let (java, class_path) = (variable(JAVA_VARIABLE), variable(CLASS_PATH_VARIABLE));
    let mut unexplained = Vec::new();
    for recording in Recording::all() {
        let asked: String = recording.cases().iter().map(|case| case.line() + "\n").collect();
        let known: Vec<Case> = match recording.path().exists() {
            true => recording.lines().iter().map(|line| Case::read(line)).collect(),
            false => Vec::new(),
        };
        let mut lines = String::new();
        for line in run(&java, &class_path, asked).lines() {
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
    // The results are written nevertheless: the other test fails until they are equal or have a reason.
    assert!(unexplained.is_empty(), "{} differ without a reason:\n{}", unexplained.len(), unexplained.join("\n"));
}

/// Returns the cases with their results.
fn run(java: &str, class_path: &str, asked: String) -> String {
    let mut java = Command::new(java)
        .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", class_path, "Transforms"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the Java that `cargo xtask record` has checked");
    let mut stdin = java.stdin.take().expect("a pipe");
    let writer = thread::spawn(move || stdin.write_all(asked.as_bytes()));
    let mut recorded = String::new();
    java.stdout.take().expect("a pipe").read_to_string(&mut recorded).expect("UTF-8");
    writer.join().expect("no panic").expect("java reads all cases");
    assert!(java.wait().expect("an end").success(), "java failed, see above");
    recorded
}
