//! The scripts in `tests/cases/rest`: files of requests in the form that editors' HTTP clients have.
//!
//! `###` begins a request, the rest of that line is its name. Lines with `#` before the request are for the test: `# wait NAME STATE TASKS`
//! waits until the connector and so many tasks are in that state, `# until PATH TEXT` until what is at the path has the text in it,
//! `# admin` sends the request to the admin listener. Then the first line, headers, an empty line, the body. A body has the type
//! `application/json` unless it is given; `Content-Type: none` sends none, and so does `Host: none`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use weir_tests::http::Request;

/// Something that has to have come about before a request is sent.
#[derive(Debug, Clone)]
pub(super) enum Wait {
    /// The connector and so many tasks are in this state.
    State { connector: String, state: String, tasks: usize },
    /// What is at the path has the text in it.
    Text { path: String, text: String },
}

/// One request of a script.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// `file: name`, of which there is one only.
    pub(super) name: String,
    /// What to wait for before.
    pub(super) waits: Vec<Wait>,
    /// Whether it goes to the admin listener.
    pub(super) admin: bool,
    method: String,
    path: String,
    headers: Vec<String>,
    body: String,
}

impl Step {
    /// The request for one worker.
    pub(super) fn request(&self, side: &str, data: &str) -> Result<Request> {
        let fill = |text: &str| bytes(&text.replace("{{side}}", side).replace("{{data}}", data));
        let typed = self.headers.iter().any(|line| line.to_ascii_lowercase().starts_with("content-type:"));
        let mut headers: Vec<Vec<u8>> = Vec::new();
        for line in self.headers.iter().filter(|line| *line != "Content-Type: none") {
            headers.push(fill(line)?);
        }
        if !typed && !self.body.is_empty() {
            headers.push(b"Content-Type: application/json".to_vec());
        }
        Ok(Request { method: self.method.clone(), path: fill(&self.path)?, headers, body: fill(&self.body)? })
    }
}

/// All scripts of a directory, by name.
pub(super) fn scripts(folder: &str) -> Result<Vec<Step>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/rest").join(folder);
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "http") {
            files.push(path);
        }
    }
    files.sort();
    let mut steps = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        steps.extend(parse(&name, &text).with_context(|| file.display().to_string())?);
    }
    Ok(steps)
}

fn parse(file: &str, text: &str) -> Result<Vec<Step>> {
    let (mut steps, mut names) = (Vec::new(), BTreeSet::new());
    for part in format!("\n{text}").split("\n###").skip(1) {
        let mut lines = part.split('\n');
        let title = lines.next().unwrap_or_default().trim();
        let (mut waits, mut admin, mut first) = (Vec::new(), false, None);
        for line in lines.by_ref() {
            match line.strip_prefix('#').map(|directive| directive.split_whitespace().collect::<Vec<_>>()) {
                Some(words) => match words.as_slice() {
                    ["wait", connector, state, tasks] => waits.push(Wait::State {
                        connector: (*connector).into(),
                        state: (*state).into(),
                        tasks: tasks.parse()?,
                    }),
                    ["until", path, text] => {
                        waits.push(Wait::Text { path: (*path).into(), text: (*text).into() });
                    }
                    ["admin"] => admin = true,
                    _ => bail!("no directive: {line}"),
                },
                None if line.trim().is_empty() => {}
                None => {
                    first = Some(line);
                    break;
                }
            }
        }
        let first = first.with_context(|| format!("no request under {title:?}"))?;
        let (method, path) = first.split_once(' ').with_context(|| format!("no request: {first}"))?;
        let headers: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).map(str::to_owned).collect();
        let body = lines.collect::<Vec<_>>().join("\n").trim_end_matches('\n').to_owned();
        let short: String = body.replace('\n', " ").chars().take(70).collect();
        let name = match title {
            "" => format!("{file}: {first} {short}").trim().to_owned(),
            title => format!("{file}: {title}"),
        };
        // The same request again is another one: something happened between them.
        let name = (1..).map(|count| if count == 1 { name.clone() } else { format!("{name} ({count})") });
        let name = name.into_iter().find(|name| !names.contains(name)).context("a name")?;
        names.insert(name.clone());
        steps.push(Step { name, waits, admin, method: method.into(), path: path.into(), headers, body });
    }
    ensure!(!steps.is_empty(), "no requests");
    Ok(steps)
}

/// The bytes that a text of a script stands for.
fn bytes(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (inner, after) = match after.split_once("}}") {
            Some((inner, after)) if inner.starts_with("repeat ") || inner.starts_with('x') => (inner, after),
            // Braces of JSON.
            _ => {
                bytes.extend_from_slice(before.as_bytes());
                bytes.push(b'{');
                rest = &rest[before.len() + 1..];
                continue;
            }
        };
        bytes.extend_from_slice(before.as_bytes());
        match inner.strip_prefix("repeat ").and_then(|inner| inner.split_once(' ')) {
            Some((text, count)) => bytes.extend_from_slice(text.repeat(count.parse()?).as_bytes()),
            None => {
                let digits = &inner[1..];
                for at in (0..digits.len()).step_by(2) {
                    let pair = digits.get(at..at + 2).with_context(|| format!("hex {digits}"))?;
                    bytes.push(u8::from_str_radix(pair, 16).with_context(|| format!("hex {digits}"))?);
                }
            }
        }
        rest = after;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}
