//! The path of a field: its name, or with `field.syntax.version` V2 the names of the structs or maps around it, too.

use weir_sdk::ConfigError;
use weir_sdk::value::FieldName;

/// The names on the path of a field. There is at least one.
#[derive(Debug)]
pub(crate) struct FieldPath {
    text: String,
    before: Vec<FieldName>,
    last: FieldName,
}

impl FieldPath {
    /// Parses the value of `key`.
    pub(crate) fn new(key: &str, text: String, syntax_version: &str) -> Result<FieldPath, ConfigError> {
        let steps = if syntax_version.eq_ignore_ascii_case("V2") {
            steps(&text).map_err(|message| ConfigError { key: String::new(), message })?
        } else {
            vec![text.clone()]
        };
        let mut before: Vec<FieldName> = steps.into_iter().map(FieldName::new).collect();
        match before.pop() {
            Some(last) => Ok(FieldPath { text, before, last }),
            None => Err(ConfigError::new(key, &text, "A field path must be non-empty")),
        }
    }

    /// Returns the path as it is configured.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the names of the structs or maps around the field, from the outside.
    pub(crate) fn before(&self) -> &[FieldName] {
        &self.before
    }

    /// Returns the name of the field itself.
    pub(crate) fn last(&self) -> &FieldName {
        &self.last
    }
}

/// Splits a path as Kafka Connect's `SingleFieldPath.buildFieldPathV2` does: steps are separated by dots. A step that begins with a
/// backtick ends at the first backtick before a dot or the end, unless a backslash precedes it.
fn steps(path: &str) -> Result<Vec<String>, String> {
    let bytes = path.as_bytes();
    let mut steps = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'`' {
            let (step, end) = quoted(path, at).ok_or_else(|| {
                let position = path[..at].encode_utf16().count();
                format!(
                    "Incomplete backtick pair in path: [{path}], consider adding a backslash before backtick at position \
                     {position} to escape it"
                )
            })?;
            steps.push(step);
            at = end + 2;
        } else {
            let end = path[at..].find('.').map_or(bytes.len(), |dot| at + dot);
            steps.push(path[at..end].into());
            at = end + 1;
        }
    }
    if path.ends_with('.') {
        steps.push(String::new());
    }
    Ok(steps)
}

/// Returns the step whose opening backtick is at `open`, and the position of the closing one.
fn quoted(path: &str, open: usize) -> Option<(String, usize)> {
    let bytes = path.as_bytes();
    let (mut step, mut start) = (String::new(), open + 1);
    let mut at = start;
    loop {
        at += path[at..].find('`')?;
        let (escaped, next) = (bytes[at - 1] == b'\\', bytes.get(at + 1));
        match next {
            None if escaped => return None,
            Some(byte) if *byte != b'.' => {}
            Some(_) if escaped => {
                step.push_str(&path[start..at - 1]);
                step.push('`');
                start = at + 1;
            }
            None | Some(_) => {
                step.push_str(&path[start..at]);
                return Some((step, at));
            }
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_hold_dots_together() {
        for (path, expected) in [
            ("a", &["a"][..]),
            ("a.b", &["a", "b"]),
            (".a..", &["", "a", "", ""]),
            ("`a.b`.c", &["a.b", "c"]),
            ("a.`b.c`", &["a", "b.c"]),
            ("a.`b.c`.", &["a", "b.c", ""]),
            ("``", &[""]),
            ("a`b.c`", &["a`b", "c`"]),
            ("`a`b`", &["a`b"]),
            (r"`a\`.b`.c", &["a`.b", "c"]),
            (r"`a\`b`", &[r"a\`b"]),
        ] {
            assert_eq!(steps(path).unwrap(), expected, "{path}");
        }
        for path in ["`", "`a", "a.`b", r"`a\`", r"`a\`.b"] {
            assert!(steps(path).unwrap_err().starts_with("Incomplete backtick pair in path: ["), "{path}");
        }
        assert!(steps("😀.`").unwrap_err().contains("at position 3 "));
        assert_eq!(steps("").unwrap(), [""; 0]);
    }
}
