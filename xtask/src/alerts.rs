//! Checks docs/operations/alerts.yml and docs/grafana-weir.json: every metric and label that an expression names is in docs/metrics.md,
//! every alert has an entry in the runbook, and every query of the dashboard uses its variables.
//!
//! If `promtool` is installed, it also checks the rules and runs them on tests/cases/alerts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::Value;

const RULES: &str = "docs/operations/alerts.yml";
const RUNBOOK: &str = "docs/operations/alerts.md";
const DASHBOARD: &str = "docs/grafana-weir.json";

/// Begins every metric of a worker.
const PREFIXES: [&str; 3] = ["kafka_connect_", "weir_", "process_"];
/// Labels that Prometheus adds to every series, and that docs/metrics.md shows how to set.
const LABELS_OF_PROMETHEUS: [&str; 3] = ["job", "instance", "cluster"];

#[derive(Debug, Default, PartialEq, Eq)]
struct Alert {
    name: String,
    expr: String,
    runbook: String,
}

/// A metric in an expression, and its matchers as they stand there.
#[derive(Debug, PartialEq, Eq)]
struct Selector {
    metric: String,
    matchers: String,
}

#[test]
fn every_alert_has_an_entry_in_the_runbook_and_names_what_there_is() {
    let (alerts, metrics) = (alerts(&read(RULES)), documented(&read("docs/metrics.md")));
    assert!(alerts.len() > 10, "only {} alerts were found", alerts.len());
    let page = read(RUNBOOK);
    let entries: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(entries, alerts.iter().map(|alert| alert.name.as_str()).collect::<Vec<_>>(), "{RUNBOOK}, in this order");
    for Alert { name, expr, runbook } in &alerts {
        assert_eq!(*runbook, format!("{RUNBOOK}#{}", name.to_lowercase()));
        let wrong = wrong(expr, &metrics);
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
    }
}

#[test]
fn every_query_of_the_dashboard_names_what_there_is_and_heeds_its_variables() {
    let (dashboard, metrics): (Value, _) =
        (serde_json::from_str(&read(DASHBOARD)).unwrap(), documented(&read("docs/metrics.md")));
    let variables: Vec<_> = dashboard["templating"]["list"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(variables, ["datasource", "cluster", "instance", "connector"]);
    let panels = dashboard["panels"].as_array().unwrap();
    let queries: Vec<_> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
        .map(|target| target["expr"].as_str().unwrap())
        .collect();
    assert!(queries.len() > 40, "only {} queries were found", queries.len());
    for query in queries {
        let wrong = wrong(query, &metrics);
        assert!(wrong.is_empty(), "{query}: {wrong:?}");
        for Selector { metric, matchers } in selectors(query) {
            assert!(
                matchers.contains(r#"cluster=~"$cluster""#) && matchers.contains(r#"instance=~"$instance""#),
                "{metric} of {query}"
            );
        }
    }
}

#[test]
fn promtool_accepts_the_rules_where_it_is_installed() {
    for arguments in [["check", "rules", RULES], ["test", "rules", "tests/cases/alerts/alerts.test.yml"]] {
        match Command::new("promtool").args(arguments).current_dir(crate::workspace::root()).output() {
            Ok(output) => assert!(output.status.success(), "{arguments:?}: {output:?}"),
            Err(error) => eprintln!("not checked by promtool: {error}"),
        }
    }
}

#[test]
fn every_alert_is_tested_for_what_it_fires_on() {
    let tests = read("tests/cases/alerts/alerts.test.yml");
    for Alert { name, .. } in alerts(&read(RULES)) {
        assert!(tests.contains(&format!("alertname: {name}\n")), "{name} is in no test");
    }
}

#[test]
fn what_is_wrong_with_an_expression_is_found() {
    let page = "## A task\n\nLabels `connector` and `task`.\n\n| Prometheus | x |\n| `a` | `weir_a` | gauge | By kind: |\n\n\
                ## Others\n\n| `weir_b` | gauge | B. |\n";
    let metrics = documented(page);
    for good in [
        r#"sum by (task, kind) (rate(weir_a{connector=~"$connector",kind!="x"}[5m])) > 0"#,
        "weir_a and on (instance, job) weir_b",
        r#"up{job="weir"} == 0"#,
    ] {
        assert_eq!(wrong(good, &metrics), Vec::<String>::new(), "{good}");
    }
    for (bad, what) in [
        ("weir_c > 0", "weir_c is not documented"),
        (r#"weir_b{task="0"}"#, "weir_b has no label task"),
        ("sum by (other) (weir_a)", "no metric has the label other"),
    ] {
        assert_eq!(wrong(bad, &metrics), [what], "{bad}");
    }
}

#[test]
fn alerts_are_read_with_expressions_of_several_lines() {
    let text = "groups:\n  - name: g\n    rules:\n      - alert: A\n        # Why.\n        expr: |\n          x > 0\n          and y\n        \
                for: 1m\n        annotations:\n          runbook_url: p#a\n\n      - alert: B\n        expr: z == 1\n        annotations:\n          \
                runbook_url: p#b\n";
    let alert =
        |name: &str, expr: &str, runbook: &str| Alert { name: name.into(), expr: expr.into(), runbook: runbook.into() };
    assert_eq!(alerts(text), [alert("A", "x > 0 and y", "p#a"), alert("B", "z == 1", "p#b")]);
}

fn read(path: &str) -> String {
    fs::read_to_string(crate::workspace::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The alerts of a file of rules that has one key a line, and blocks that begin with `|`.
fn alerts(text: &str) -> Vec<Alert> {
    let (mut alerts, mut block) = (Vec::<Alert>::new(), None);
    for line in text.lines() {
        let (content, indent) = (line.trim(), line.len() - line.trim_start().len());
        if let Some(begun) = block
            && indent > begun
            && let Some(alert) = alerts.last_mut()
        {
            let space = if alert.expr.is_empty() { "" } else { " " };
            alert.expr.push_str(&format!("{space}{content}"));
            continue;
        }
        block = None;
        if let Some(name) = content.strip_prefix("- alert: ") {
            alerts.push(Alert { name: name.to_owned(), ..Alert::default() });
        } else if let Some(alert) = alerts.last_mut() {
            if content == "expr: |" {
                block = Some(indent);
            } else if let Some(expr) = content.strip_prefix("expr: ") {
                expr.clone_into(&mut alert.expr);
            } else if let Some(page) = content.strip_prefix("runbook_url: ") {
                page.clone_into(&mut alert.runbook);
            }
        }
    }
    alerts
}

/// Each metric of docs/metrics.md, and the words that may be labels of it: those of its line and of the text above its table.
fn documented(page: &str) -> BTreeMap<String, BTreeSet<String>> {
    let (mut metrics, mut common) = (BTreeMap::new(), BTreeSet::new());
    for line in page.lines() {
        if line.starts_with("## ") {
            common.clear();
        } else if line.starts_with('|') {
            let Some(name) = words(line).find(|word| is_ours(word)) else { continue };
            metrics.insert(name.to_owned(), common.iter().cloned().chain(words(line).map(str::to_owned)).collect());
        } else {
            common.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    metrics
}

/// What an expression names that is not there.
fn wrong(expr: &str, metrics: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for Selector { metric, matchers } in selectors(expr) {
        match metrics.get(&metric) {
            None => wrong.push(format!("{metric} is not documented")),
            Some(known) => wrong.extend(
                labels(&matchers)
                    .filter(|label| !is_label(label, known))
                    .map(|label| format!("{metric} has no label {label}")),
            ),
        }
    }
    let known: BTreeSet<String> =
        selectors(expr).iter().filter_map(|selector| metrics.get(&selector.metric)).flatten().cloned().collect();
    for keyword in ["by (", "without (", "on (", "ignoring ("] {
        for list in expr.split(keyword).skip(1).filter_map(|rest| rest.split_once(')')) {
            let unknown = list.0.split(',').map(str::trim).filter(|label| !is_label(label, &known));
            wrong.extend(unknown.map(|label| format!("no metric has the label {label}")));
        }
    }
    wrong
}

fn is_label(label: &str, known: &BTreeSet<String>) -> bool {
    LABELS_OF_PROMETHEUS.contains(&label) || known.contains(label)
}

/// The metrics of a worker in an expression.
fn selectors(expr: &str) -> Vec<Selector> {
    let (mut selectors, mut rest) = (Vec::new(), expr);
    while let Some(start) = rest.find(is_of_word) {
        let end = rest[start..].find(|letter| !is_of_word(letter)).map_or(rest.len(), |length| start + length);
        let word = &rest[start..end];
        rest = &rest[end..];
        if is_ours(word) {
            let matchers =
                rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(inside, _)| inside);
            selectors.push(Selector { metric: word.to_owned(), matchers: matchers.to_owned() });
        }
    }
    selectors
}

/// The labels of matchers such as `connector=~"a,b",status!="failed"`.
fn labels(matchers: &str) -> impl Iterator<Item = &str> {
    let outside_of_quotes = matchers.split('"').step_by(2);
    outside_of_quotes.map(|part| part.trim_matches([',', ' ', '=', '!', '~'])).filter(|label| !label.is_empty())
}

fn is_ours(word: &str) -> bool {
    PREFIXES.iter().any(|prefix| word.starts_with(prefix))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter| !is_of_word(letter)).filter(|word| !word.is_empty())
}

fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}
