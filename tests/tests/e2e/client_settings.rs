//! The settings of Kafka's Java clients, with which a table of the server is compared, are still those of the jars.

use anyhow::{Result, ensure};
use weir_tests::{jars, paths};

#[test]
fn the_list_of_the_java_clients_settings_is_the_one_of_the_jars() -> Result<()> {
    let oracle = paths::root().join("tests/oracle");
    let dir = tempfile::tempdir()?;
    let output = jars::java(dir.path(), "off")?.arg(oracle.join("java/ClientKeys.java")).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (printed, list) = (String::from_utf8_lossy(&output.stdout), oracle.join("cases/client-keys.tsv"));
    let is_same = printed == std::fs::read_to_string(&list)?;
    ensure!(is_same, "{} is out of date; run `cargo xtask record client-keys`", list.display());
    Ok(())
}
