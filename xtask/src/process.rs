//! Runs other programs: prints each command, and names it in errors.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Runs a program to its end with our stdout and stderr, after printing the command.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = announce(command);
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs a program and passes each line of its stdout to a function. Its stderr is shown.
pub(crate) fn run_lines(command: &mut Command, mut each: impl FnMut(&str)) -> anyhow::Result<()> {
    let line = announce(command);
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{line}`"))?;
    if let Some(stdout) = child.stdout.take() {
        for text in BufReader::new(stdout).lines() {
            each(&text.with_context(|| format!("cannot read the output of `{line}`"))?);
        }
    }
    let status = child.wait().with_context(|| format!("cannot wait for `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Returns what a program prints on stdout and stderr, or `None` if it cannot be started or fails. Prints nothing.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    output.status.success().then(|| String::from_utf8_lossy(&text).into_owned())
}

/// Prints the command as you would type it, and returns that line.
pub(crate) fn announce(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(|word| quote(&word.to_string_lossy())).collect::<Vec<_>>().join(" ");
    // The path of the toolchain is long and does not help.
    let line = match line.split_once(' ') {
        Some((program, rest)) => format!("{} {rest}", program.rsplit('/').next().unwrap_or(program)),
        None => line,
    };
    eprintln!("$ {line}");
    line
}

/// Returns the word as a shell needs it.
pub(crate) fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn words_are_quoted_only_where_a_shell_needs_it() {
        assert_eq!(quote("--target=wasm32-wasip2"), "--target=wasm32-wasip2");
        assert_eq!(quote("it's here"), r"'it'\''s here'");
        assert_eq!(quote(""), "''");
    }
}
