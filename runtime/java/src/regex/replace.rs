//! Evaluates replacements.

use super::run::Span;

/// Appends a replacement with its groups filled in (`Matcher.appendReplacement`). The messages are Java's.
pub(super) fn append(
    out: &mut String,
    replacement: &str,
    names: &[(String, usize)],
    text: &[char],
    groups: &[Span],
) -> Result<(), String> {
    let mut rest = replacement.chars().peekable();
    while let Some(next) = rest.next() {
        let group = match next {
            '\\' => {
                out.push(rest.next().ok_or("character to be escaped is missing")?);
                continue;
            }
            '$' => match rest.next().ok_or("Illegal group reference: group index is missing")? {
                '{' => {
                    let mut name = String::new();
                    while let Some(letter) = rest.next_if(char::is_ascii_alphanumeric) {
                        name.push(letter);
                    }
                    if name.is_empty() {
                        return Err("named capturing group has 0 length name".into());
                    }
                    if rest.next() != Some('}') {
                        return Err("named capturing group is missing trailing '}'".into());
                    }
                    if name.starts_with(|letter: char| letter.is_ascii_digit()) {
                        return Err(format!("capturing group name {{{name}}} starts with digit character"));
                    }
                    let group = names.iter().find(|(there, _)| *there == name);
                    group.ok_or_else(|| format!("No group with name {{{name}}}"))?.1
                }
                digit => {
                    let mut group = digit.to_digit(10).ok_or("Illegal group reference")? as usize;
                    if group >= groups.len() {
                        return Err(format!("No group {group}"));
                    }
                    // Further digits belong to the number as long as there is such a group.
                    while let Some(digit) = rest.peek().and_then(|digit| digit.to_digit(10))
                        && group * 10 + (digit as usize) < groups.len()
                    {
                        group = group * 10 + digit as usize;
                        rest.next();
                    }
                    group
                }
            },
            other => {
                out.push(other);
                continue;
            }
        };
        // A group that exists but did not take part in the match is replaced with nothing.
        if let Some((begin, end)) = groups[group] {
            out.extend(&text[begin..end]);
        }
    }
    Ok(())
}
