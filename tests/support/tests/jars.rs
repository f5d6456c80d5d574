//! Downloads of the jars of Kafka, with a program in the place of Maven.
//!
//! `cargo xtask demo` builds this test, because its crate depends on no other (`xtask/src/build.rs`).

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use weir_test_support::jars::Jars;

/// A program cannot be run while another thread starts one, because that inherits the file in which the program is being written.
static ONE_TEST: Mutex<()> = Mutex::new(());

/// A directory that is removed at the end.
struct Directory(PathBuf, #[expect(dead_code, reason = "held for its drop")] MutexGuard<'static, ()>);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-jars-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path, ONE_TEST.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The jars, with a program in the place of Maven.
    fn jars(&self, script: &str) -> Jars {
        let maven = self.0.join("mvn");
        fs::write(&maven, format!("#!/bin/sh\necho x >>{}/calls\n{script}\n", self.0.display())).unwrap();
        fs::set_permissions(&maven, fs::Permissions::from_mode(0o755)).unwrap();
        Jars::new(&self.0, self.0.join("pom.xml"), "9.9.9").with_maven(maven)
    }

    fn calls(&self) -> usize {
        fs::read_to_string(self.0.join("calls")).unwrap_or_default().lines().count()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn those_who_ask_at_the_same_time_download_once() {
    let directory = Directory::new("once");
    let jars = directory.jars("for last; do :; done; sleep 0.2; mkdir -p \"${last#-DoutputDirectory=}\"");
    std::thread::scope(|scope| {
        let askers: Vec<_> = (0..4).map(|_| scope.spawn(|| jars.libs())).collect();
        for asker in askers {
            assert!(asker.join().unwrap().unwrap().is_dir());
        }
    });
    assert_eq!(directory.calls(), 1);
    jars.libs().unwrap();
    assert_eq!(directory.calls(), 1, "it is there");
}

#[test]
fn a_failed_download_says_what_maven_said_and_is_tried_again() {
    let directory = Directory::new("failed");
    let jars = directory.jars("echo no network; exit 3");
    let error = jars.libs().unwrap_err().to_string();
    assert!(error.contains("could not download Kafka 9.9.9") && error.contains("no network"), "{error}");
    assert!(jars.another("connect-x").is_err());
    assert_eq!(directory.calls(), 2);
    let missing = jars.with_maven(directory.0.join("none"));
    let error = missing.libs().unwrap_err().to_string();
    assert!(error.contains("apt-get install maven"), "{error}");
}
