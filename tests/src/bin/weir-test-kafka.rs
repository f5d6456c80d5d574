//! Runs one Kafka node for as long as its standard input stays open, and prints the node's address as its first line.
//!
//! `cargo xtask test` starts it once for a whole run and hands the address on as `WEIR_TEST_KAFKA`; a test that is run by hand
//! starts it for itself. However the parent ends, its end of the pipe is closed, and the node goes with it.

use std::io::{Read, Write};

use weir_tests::kafka::Kafka;

fn main() -> anyhow::Result<()> {
    let mut kafka = Kafka::start()?;
    // Whoever reads the address does not read on.
    kafka.quiet();
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", kafka.bootstrap())?;
    stdout.flush()?;
    let mut stdin = std::io::stdin();
    let mut buffer = [0; 64];
    while stdin.read(&mut buffer)? > 0 {}
    Ok(())
}
