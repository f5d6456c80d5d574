//! The tools that a machine must have, and how to install them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::process;

/// Ensures that the standard library of a WebAssembly target is installed; installs it with rustup if it is missing.
pub(crate) fn ensure_target(target: &str) -> anyhow::Result<()> {
    if has_target(target)? {
        return Ok(());
    }
    eprintln!("The Rust target {target} is missing; adding it with rustup.");
    if let Err(error) = process::run(Command::new("rustup").args(["target", "add", target])) {
        bail!(
            "the Rust target {target} is missing and could not be added: {error:#}\n\
             next: with rustup (https://rustup.rs) and a network, run `rustup target add {target}` in this directory; \
             with a mirror set RUSTUP_DIST_SERVER first; with a Rust from your system's packages, install its \
             package for this target (Debian: libstd-rust-dev-wasm32)"
        );
    }
    if !has_target(target)? {
        bail!(
            "rustup added {target}, but not to the toolchain that builds this project\n\
             next: check with `rustup show` that the toolchain of rust-toolchain.toml is active in this directory \
             (RUSTUP_TOOLCHAIN overrides it)"
        );
    }
    Ok(())
}

/// Looks into the toolchain itself, so that it also works without rustup.
fn has_target(target: &str) -> anyhow::Result<bool> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))
        .context("`rustc --print sysroot` failed\nnext: install Rust with rustup, https://rustup.rs")?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib").join(target).join("lib").is_dir())
}

/// The oldest Java that Kafka 4 runs on.
const JAVA: u32 = 17;

/// Checks everything that `cargo xtask test` needs except Rust. The error lists all that is missing.
pub(crate) fn require_for_tests() -> anyhow::Result<()> {
    refuse([java(), maven(), make(), perl(), cargo_tool("fmt", "rustfmt"), cargo_tool("clippy", "clippy")])
}

/// Checks what building Weir needs, which does not include Java.
pub(crate) fn require_for_builds() -> anyhow::Result<()> {
    refuse([make(), perl()])
}

/// Returns an error with all that is missing.
fn refuse(missing: impl IntoIterator<Item = Option<String>>) -> anyhow::Result<()> {
    let missing: Vec<String> = missing.into_iter().flatten().map(|line| format!("- {line}")).collect();
    if !missing.is_empty() {
        bail!("programs that the tests need are missing:\n{}", missing.join("\n"));
    }
    Ok(())
}

fn java() -> Option<String> {
    let advice = "Debian and Ubuntu: `apt install openjdk-17-jre-headless`; macOS: `brew install openjdk@17`; \
                  others: https://adoptium.net";
    match process::output(Command::new("java").arg("-version")) {
        None => Some(format!("java {JAVA} or newer, to run Apache Kafka. {advice}")),
        Some(text) => match java_version(&text) {
            Some(version) if version >= JAVA => None,
            Some(version) => {
                Some(format!("java {JAVA} or newer, to run Apache Kafka; `java` is version {version}. {advice}"))
            }
            None => Some(format!(
                "java {JAVA} or newer, to run Apache Kafka; `java -version` does not print its version. {advice}"
            )),
        },
    }
}

/// Returns the version of this Java, if it runs.
pub(crate) fn version_of_java(program: &Path) -> Option<u32> {
    java_version(&process::output(Command::new(program).arg("-version"))?)
}

/// Returns the first number of the version in `openjdk version "17.0.15" 2025-04-15`; 8 for the old form `1.8.0_392`.
fn java_version(text: &str) -> Option<u32> {
    let version = text.split('"').nth(1)?;
    let mut numbers = version.split(|sign: char| !sign.is_ascii_digit());
    match numbers.next()?.parse().ok()? {
        1 => numbers.next()?.parse().ok(),
        first => Some(first),
    }
}

fn maven() -> Option<String> {
    process::output(Command::new("mvn").arg("--version")).is_none().then(|| {
        "mvn (Maven), to download Apache Kafka. Debian and Ubuntu: `apt install maven`; macOS: `brew install maven`; \
         others: https://maven.apache.org"
            .to_owned()
    })
}

fn make() -> Option<String> {
    process::output(Command::new("make").arg("--version")).is_none().then(|| {
        "make, to build librdkafka and OpenSSL. Debian and Ubuntu: `apt install build-essential`; macOS: `xcode-select --install`".to_owned()
    })
}

fn perl() -> Option<String> {
    process::output(Command::new("perl").arg("-v"))
        .is_none()
        .then(|| "perl, to build OpenSSL. Debian and Ubuntu: `apt install perl`; Fedora: `dnf install perl`".to_owned())
}

fn cargo_tool(command: &str, component: &str) -> Option<String> {
    let there = || process::output(Command::new("cargo").args([command, "--version"])).is_some();
    if !there() {
        // The toolchain file names it, but rustup does not install it if RUSTUP_AUTO_INSTALL is 0.
        let _ = process::run(Command::new("rustup").args(["component", "add", component]));
    }
    (!there()).then(|| format!("{component}. With rustup: `rustup component add {component}`"))
}

#[cfg(test)]
mod tests {
    use super::java_version;

    #[test]
    fn java_versions_of_old_and_new_form_are_read() {
        assert_eq!(java_version("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime"), Some(17));
        assert_eq!(java_version("openjdk version \"25\" 2025-09-16"), Some(25));
        assert_eq!(java_version("java version \"1.8.0_392\""), Some(8));
        assert_eq!(java_version("openjdk version \"24-ea\" 2025"), Some(24));
        assert_eq!(java_version("no java here"), None);
    }
}
