//! `docs/benchmarks.md`.

use std::fmt::Write as _;

use super::{Done, Line, Report};
use crate::number;

const INTRODUCTION: &str = "\
# Benchmarks

Weir and Kafka Connect do the same work, one after the other, in one run against one Apache Kafka: Weir as released, with its
sandbox and its default limits, Kafka Connect with the JVM options of its own scripts. `cargo xtask bench` runs it all and writes
this page and [benchmarks.json](benchmarks.json), which has every figure of every round. `cargo xtask bench --quick` takes a tenth of
the records and one round, `cargo xtask bench --only NAME` one scenario; they leave this page as it is and write to `target/bench`.
How fast single steps are is in [performance.md](performance.md).

";

const READING: &str = "\
## How to read it

- CPU is that of the worker process alone, all threads, user and system (`utime + stime` of `/proc/PID/stat`), from before the first
  connector is created over REST until the work is done and the process is quiet again, 2 s later at most. Time ends when the work
  is done. A MB has 1,000,000 bytes.
- *Weir* is the first run of a fresh process. *Connect warm* is the second run in one JVM, *Connect cold* the first in a fresh one.
  Weir's first run is compared with Kafka Connect's warm one; where there is no second run, with its first. *Weir again* is Weir's
  second run and is not compared with anything.
- Of several rounds the best run counts: the one with the lowest CPU, or, where CPU is not what is measured, the lowest time. All
  figures of a scenario are of that run.
- The ratio is Weir's figure divided by that of the system in the goal.
- Where a goal is not reached, [performance.md](performance.md) has the profile that says why, and what can be reached.

";

const CAVEATS: &str = "\
## What to bear in mind

- Everything runs on one machine: the broker takes CPU from the worker that it serves, so records/s would be higher with a broker
  elsewhere. CPU of the worker depends little on it.
- One broker, one copy of each topic, no TLS, no compression.
- Peak memory of a JVM is mostly what its options let it have, not what it needs.
- CPU time is counted in steps of 10 ms.
";

const COLUMNS: usize = 10;

const HEAD: [&str; COLUMNS] =
    ["Scenario", "Figure", "Goal", "Weir", "Connect warm", "Connect cold", "kcat", "Weir again", "Ratio", "Reached"];

/// The whole page.
pub(super) fn document(report: &Report) -> String {
    let mut text = String::from(INTRODUCTION);
    text.push_str(&machine(report));
    text.push_str("## Figures\n\n");
    text.push_str(&marked_down(&table(&report.scenarios)));
    text.push('\n');
    text.push_str(READING);
    text.push_str("## Settings\n\n");
    for setting in &report.settings {
        let _ = writeln!(text, "- {setting}");
    }
    text.push_str("\n## Scenarios\n\n");
    for scenario in &report.scenarios {
        let _ = writeln!(text, "### {}\n\n{}\n", scenario.name, scenario.what);
        for setting in &scenario.settings {
            let _ = writeln!(text, "- {setting}");
        }
        if !scenario.settings.is_empty() {
            text.push('\n');
        }
        if let Some(error) = &scenario.error {
            let _ = writeln!(text, "**Failed:**\n\n```text\n{error}\n```\n");
        }
    }
    text.push_str(CAVEATS);
    text
}

fn machine(report: &Report) -> String {
    let machine = &report.machine;
    let rounds = if report.rounds == 1 { "1 round".into() } else { format!("{} rounds", report.rounds) };
    let quick = if report.quick { ", with a tenth of the records" } else { "" };
    format!(
        "## Machine\n\n| | |\n| --- | --- |\n| CPU | {}, {} cores |\n| Memory | {} MB |\n| Kernel | {} |\n| Java | {} |\n\
         | Kafka and Kafka Connect | {} |\n| kcat | {} |\n| Weir | {} |\n| Taken | {} UTC, {rounds}{quick}; load before: {} |\n\n",
        machine.cpu,
        machine.cores,
        number::count(machine.memory_mb),
        machine.kernel,
        machine.java,
        machine.kafka,
        machine.kcat,
        machine.commit,
        machine.date,
        machine.load_before,
    )
}

/// The rows of the table, the head first.
pub(super) fn table(scenarios: &[Done]) -> Vec<[String; COLUMNS]> {
    let mut rows = vec![std::array::from_fn(|column| HEAD[column].to_owned())];
    for scenario in scenarios {
        rows.extend(scenario.lines.iter().map(|line| cells(scenario.name, line)));
        if scenario.error.is_some() {
            let mut row: [String; COLUMNS] = Default::default();
            row[0] = scenario.name.into();
            row[1] = "failed, see below".into();
            row[COLUMNS - 1] = "failed".into();
            rows.push(row);
        }
    }
    rows
}

fn cells(scenario: &str, line: &Line) -> [String; COLUMNS] {
    let figure = |value: Option<f64>| value.map(number::figure).unwrap_or_default();
    let name = if line.case.is_empty() { scenario.to_owned() } else { format!("{scenario}: {}", line.case) };
    let reached = match (&line.goal, line.reached) {
        (None, _) => "",
        (Some(_), Some(true)) => "yes",
        (Some(_), Some(false)) => "NO",
        (Some(_), None) => "not known",
    };
    [
        name,
        line.figure.title().into(),
        line.goal.clone().unwrap_or_default(),
        figure(line.weir),
        figure(line.connect_warm),
        figure(line.connect_cold),
        figure(line.kcat),
        figure(line.weir_again),
        figure(line.ratio),
        reached.into(),
    ]
}

fn marked_down(rows: &[[String; COLUMNS]]) -> String {
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let _ = writeln!(text, "| {} |", row.join(" | "));
        if number == 0 {
            // Text to the left, figures to the right.
            let rule: Vec<&str> =
                (0..COLUMNS).map(|column| if (3..COLUMNS - 1).contains(&column) { "---:" } else { "---" }).collect();
            let _ = writeln!(text, "| {} |", rule.join(" | "));
        }
    }
    text
}

/// The same for a terminal.
pub(super) fn aligned(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(column, (cell, width))| match column {
                0..3 => format!("{cell:width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Figure;
    use crate::machine::Machine;

    fn line(goal: Option<&str>, reached: Option<bool>) -> Line {
        Line {
            case: "",
            figure: Figure::CpuSeconds,
            goal: goal.map(Into::into),
            weir: Some(1.5),
            weir_again: None,
            connect_warm: Some(9.0),
            connect_cold: Some(14.25),
            kcat: None,
            ratio: Some(1.0 / 6.0),
            reached,
        }
    }

    fn done(lines: Vec<Line>, error: Option<String>) -> Done {
        let (name, what) = ("source", "Rows go.");
        Done { name, what, settings: vec!["Key: `a=b`.".into()], seconds: 1.0, lines, samples: Vec::new(), error }
    }

    fn report(scenarios: Vec<Done>) -> Report {
        let machine = Machine::look("kcat 1");
        Report { machine, quick: false, rounds: 3, settings: vec!["All alike.".into()], scenarios }
    }

    #[test]
    fn a_row_has_its_figures_and_says_whether_the_goal_is_reached() {
        let lines = vec![line(Some("at most 1/5 of Kafka Connect"), Some(true)), line(None, None)];
        let text = document(&report(vec![done(lines, None)]));
        assert!(
            text.contains(
                "| source | CPU, s | at most 1/5 of Kafka Connect | 1.50 | 9.00 | 14.2 |  |  | 0.167 | yes |\n\
             | source | CPU, s |  | 1.50 | 9.00 | 14.2 |  |  | 0.167 |  |\n"
            ),
            "{text}"
        );
        assert!(text.contains("| --- | --- | --- | ---: |"));
        assert!(text.contains("### source\n\nRows go.\n\n- Key: `a=b`.\n"));
    }

    #[test]
    fn a_goal_that_is_missed_and_a_scenario_that_failed_are_seen() {
        let failed = done(vec![line(Some("at most 1"), Some(false))], Some("it broke".into()));
        let text = document(&report(vec![failed]));
        assert!(text.contains("| NO |"));
        assert!(text.contains("| source | failed, see below |"));
        assert!(text.contains("**Failed:**\n\n```text\nit broke\n```"));
    }

    #[test]
    fn the_table_for_a_terminal_has_straight_columns() {
        let text = aligned(&table(&[done(vec![line(Some("at most 1"), None), line(None, None)], None)]));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        let end = |line: &str, what: &str| line.find(what).unwrap() + what.len();
        assert_eq!(end(lines[1], "9.00"), end(lines[0], "Connect warm"));
        assert_eq!(end(lines[1], "9.00"), end(lines[2], "9.00"));
        assert!(lines[1].ends_with("not known"));
    }
}
