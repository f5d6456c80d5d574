//! The jars of Apache Kafka and Kafka Connect, which Maven downloads once to `target/kafka/VERSION`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The jars of one version.
#[derive(Debug)]
pub struct Jars {
    version: String,
    directory: PathBuf,
    pom: PathBuf,
    maven: PathBuf,
}

impl Jars {
    /// Names the jars of a version, which are below cargo's target directory. `pom` lists them.
    pub fn new(target: &Path, pom: PathBuf, version: &str) -> Self {
        let directory = target.join("kafka").join(version);
        Self { version: version.to_owned(), directory, pom, maven: "mvn".into() }
    }

    /// Returns the directory with the jars; downloads them if they are missing. Processes that ask at the same time wait for the first.
    ///
    /// # Errors
    ///
    /// Maven is not installed, or cannot download the jars.
    pub fn libs(&self) -> io::Result<PathBuf> {
        let libs = self.directory.join("libs");
        self.once(&libs, || {
            // An interrupted download must not look complete, so the directory gets its name at the end.
            let unfinished = self.directory.join("unfinished");
            let mut maven = Command::new(&self.maven);
            maven.args(["-q", "-B", "-f"]).arg(&self.pom).arg("dependency:copy-dependencies");
            maven.arg(format!("-Dkafka.version={}", self.version));
            self.run(maven.arg(format!("-DoutputDirectory={}", unfinished.display())))?;
            fs::rename(&unfinished, &libs)
        })?;
        Ok(libs)
    }

    /// Returns one more jar of this version, without what it depends on; downloads it if it is missing.
    ///
    /// # Errors
    ///
    /// As for [`Jars::libs`].
    pub fn another(&self, artifact: &str) -> io::Result<PathBuf> {
        let others = self.directory.join("others");
        let jar = others.join(format!("{artifact}-{}.jar", self.version));
        self.once(&jar, || {
            let mut maven = Command::new(&self.maven);
            maven.args(["-q", "-B", "dependency:copy"]);
            maven.arg(format!("-Dartifact=org.apache.kafka:{artifact}:{}", self.version));
            self.run(maven.arg(format!("-DoutputDirectory={}", others.display())))
        })?;
        Ok(jar)
    }

    /// Runs `download` if `path` is missing, in one process at a time.
    fn once(&self, path: &Path, download: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if path.exists() {
            return Ok(());
        }
        let failed =
            |error: io::Error| io::Error::new(error.kind(), format!("cannot make {}: {error}", path.display()));
        fs::create_dir_all(&self.directory).map_err(failed)?;
        let lock = File::create(self.directory.join("lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        if path.exists() { Ok(()) } else { download().map_err(failed) }
    }

    fn run(&self, maven: &mut Command) -> io::Result<()> {
        let output = maven.output().map_err(|error| {
            let text = format!("`mvn` downloads Kafka and does not run: {error}; on Debian: apt-get install maven");
            io::Error::new(error.kind(), text)
        })?;
        if output.status.success() {
            return Ok(());
        }
        let (version, status, text) = (&self.version, output.status, String::from_utf8_lossy(&output.stdout));
        Err(io::Error::other(format!("mvn could not download Kafka {version} from Maven Central ({status}):\n{text}")))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::*;

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
            Jars { maven, ..Jars::new(&self.0, self.0.join("pom.xml"), "9.9.9") }
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
        let missing = Jars { maven: directory.0.join("none"), ..jars };
        let error = missing.libs().unwrap_err().to_string();
        assert!(error.contains("apt-get install maven"), "{error}");
    }
}
