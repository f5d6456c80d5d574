//! The settings of Kafka's Java clients, which a table of the server is held against, are still what the jars say.

use std::path::Path;

use anyhow::{Result, ensure};
use weir_tests::{jars, paths};

#[test]
fn the_list_of_the_java_clients_settings_is_the_one_of_the_jars() -> Result<()> {
    let folder = paths::root().join("tests/kafka");
    let (program, list) = (folder.join("ClientKeys.java"), folder.join("client-keys.tsv"));
    let dir = tempfile::tempdir()?;
    let output = jars::java(dir.path(), "off")?.arg(&program).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (printed, written) = (String::from_utf8_lossy(&output.stdout), std::fs::read_to_string(&list)?);
    let how = how(&program, &list);
    ensure!(printed == written, "{} is not what {} prints; {how}", list.display(), program.display());
    Ok(())
}

fn how(program: &Path, list: &Path) -> String {
    let jars = paths::target().join("kafka").join(jars::VERSION).join("libs");
    format!("write it anew: java -cp '{}/*' {} > {}", jars.display(), program.display(), list.display())
}
