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

    /// Runs another program instead of `mvn`.
    #[must_use]
    pub fn with_maven(self, program: PathBuf) -> Self {
        Self { maven: program, ..self }
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
