//! The jars of Apache Kafka and Kafka Connect that the tests run, from `kafka/pom.xml`, and how Java runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::paths;
use weir_test_support::jars::Jars;

/// The version in `kafka/pom.xml`.
pub const VERSION: &str = "4.3.1";

/// The oldest Java that this Kafka runs on.
const OLDEST_JAVA: u32 = 17;

fn jars() -> Jars {
    Jars::new(&paths::target(), Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka/pom.xml"), VERSION)
}

/// Returns the directory with the jars; downloads them if they are missing.
pub fn libs() -> Result<PathBuf> {
    Ok(jars().libs()?)
}

/// Returns an error that says what is missing and how to install it, if this machine cannot run Kafka.
pub fn check_java() -> Result<()> {
    let how = "on Debian: apt-get install openjdk-17-jre-headless";
    let output =
        Command::new("java").arg("-version").output().with_context(|| format!("`java` does not run; {how}"))?;
    // openjdk version "17.0.15" 2025-04-15
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let version = text.split('"').nth(1).and_then(|version| version.split(['.', '-']).next()?.parse::<u32>().ok());
    match version {
        Some(version) if version >= OLDEST_JAVA => Ok(()),
        Some(version) => bail!("Kafka needs Java {OLDEST_JAVA} or newer and `java` is {version}; {how}"),
        None => bail!("`java -version` does not print a version: {text}"),
    }
}

/// Options of a JVM that starts fast and stays small.
pub const SMALL_JVM: [&str; 4] = ["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/// Returns one more jar of this Kafka, without what it depends on; downloads it if it is missing.
pub fn another(artifact: &str) -> Result<PathBuf> {
    Ok(jars().another(artifact)?)
}

/// A `java` command of a small JVM with the jars on its class path and quiet logging to standard output. The caller appends the
/// main class and its arguments.
pub fn java(dir: &Path, level: &str) -> Result<Command> {
    java_with(dir, level, &SMALL_JVM, &[])
}

/// As [`java`], with other options for the JVM and more jars.
pub fn java_with(dir: &Path, level: &str, options: &[&str], more: &[PathBuf]) -> Result<Command> {
    let libs = libs()?;
    let logging = dir.join("log4j2.properties");
    fs::write(&logging, logging_properties(level)).with_context(|| logging.display().to_string())?;
    let mut class_path = format!("{}/*", libs.display());
    for jar in more {
        class_path.push(':');
        class_path.push_str(&jar.display().to_string());
    }
    let mut command = Command::new("java");
    command
        .args(options)
        .arg("-Djava.awt.headless=true")
        .arg(format!("-Dlog4j2.configurationFile={}", logging.display()))
        .arg("-cp")
        .arg(class_path)
        .current_dir(dir);
    Ok(command)
}

fn logging_properties(level: &str) -> String {
    format!(
        "status=error\nappender.out.type=Console\nappender.out.name=out\nappender.out.layout.type=PatternLayout\n\
         appender.out.layout.pattern=%d{{HH:mm:ss.SSS}} %p %c{{1}} %m%n\nrootLogger.level={level}\n\
         rootLogger.appenderRef.out.ref=out\n"
    )
}
