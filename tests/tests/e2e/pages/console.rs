//! The commands of a page: what follows `$ ` in its blocks of ```` ```console ````, and what the page says that they print.

/// One command and the lines that it is to print, among others, in this order. A `...` in a line stands for any text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) output: Vec<String>,
}

/// All commands of a page, in order. A command goes on after a line that ends with a backslash or within quotes.
pub(super) fn commands(page: &str) -> Vec<Command> {
    let (mut commands, mut inside) = (Vec::<Command>::new(), false);
    for (number, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (_, Some(last)) if last.output.is_empty() && is_unfinished(&last.text) => {
                    last.text.push('\n');
                    last.text.push_str(line);
                }
                (Some(text), _) => {
                    commands.push(Command { line: number + 1, text: text.to_owned(), output: Vec::new() });
                }
                (None, Some(last)) => last.output.push(line.trim().to_owned()),
                (None, None) => {}
            }
        }
    }
    commands
}

fn is_unfinished(command: &str) -> bool {
    command.ends_with('\\') || command.matches('\'').count() % 2 == 1
}

/// The first line that a command was to print and did not.
pub(super) fn missing<'a>(expected: &'a [String], printed: &str) -> Option<&'a str> {
    let mut lines = printed.lines().map(str::trim);
    expected.iter().map(String::as_str).find(|expected| !lines.any(|line| is_like(line, expected)))
}

/// Whether a line is this one, where `...` stands for anything.
fn is_like(line: &str, expected: &str) -> bool {
    let parts: Vec<&str> = expected.split("...").collect();
    let [first, middle @ .., last] = parts.as_slice() else { return line == expected };
    let Some(mut left) = line.strip_prefix(first) else { return false };
    for part in middle {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

#[test]
fn commands_are_found_with_what_they_print() {
    let page =
        "```sh\n$ not this\n```\n\n```console\n$ one a \\\n    b\n  out 1\nout 2\n$ two '{\n  \"x\": 1}'\n```\n\nout\n";
    let command = |line, text: &str, output: &[&str]| Command {
        line,
        text: text.to_owned(),
        output: output.iter().map(|&line| line.to_owned()).collect(),
    };
    assert_eq!(
        commands(page),
        [command(6, "one a \\\n    b", &["out 1", "out 2"]), command(10, "two '{\n  \"x\": 1}'", &[])]
    );
}

#[test]
fn what_is_printed_is_compared_line_by_line_with_gaps() {
    let expected = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
    let printed = "a\n b 12 c\nd\n";
    for good in [&["a"][..], &["a", "d"], &["b ... c"], &["...1...c", "..."], &[]] {
        assert_eq!(missing(&expected(good), printed), None, "{good:?}");
    }
    for (bad, first) in [(&["d", "a"][..], "a"), (&["b ... d"], "b ... d"), (&["c"], "c"), (&["...x...c"], "...x...c")]
    {
        assert_eq!(missing(&expected(bad), printed), Some(first), "{bad:?}");
    }
}
