//! The sections of `CHANGELOG.md`, one for each version, in the form of <https://keepachangelog.com>.

use std::fs;

use anyhow::{Context, bail};

use crate::workspace::Workspace;

/// Returns what `CHANGELOG.md` says of a version, which is the text of its release.
pub(crate) fn notes(workspace: &Workspace, version: &str) -> anyhow::Result<String> {
    let path = workspace.root.join("CHANGELOG.md");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let notes = section(&text, version);
    notes.with_context(|| {
        format!("CHANGELOG.md has no section `## [{version}] - YYYY-MM-DD`\nnext: rename the section `Unreleased` to that, and add a new one")
    })
}

/// Returns the text of a version's section.
fn section(changelog: &str, version: &str) -> Option<String> {
    let sections = changelog.split("\n## ").skip(1);
    let mut sections = sections.map(|section| section.split_once('\n').unwrap_or((section, "")));
    let (_, notes) =
        sections.find(|(title, _)| parse(title).is_ok_and(|(found, date)| found == version && date.is_some()))?;
    Some(format!("{}\n", notes.trim()))
}

/// Reads the title of a section: `[Unreleased]`, or `[0.1.0] - 2026-11-27`.
fn parse(title: &str) -> anyhow::Result<(&str, Option<&str>)> {
    if title == "[Unreleased]" {
        return Ok(("Unreleased", None));
    }
    let parts = title.strip_prefix('[').and_then(|rest| rest.split_once("] - "));
    let (version, date) = parts.with_context(|| format!("{title:?} is not `[VERSION] - YYYY-MM-DD`"))?;
    let form: String = date.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    if form != "0000-00-00" {
        bail!("{date:?} is not a date of the form YYYY-MM-DD");
    }
    Ok((version, Some(date)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The groups that the format allows.
    const GROUPS: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

    #[test]
    fn the_changelog_has_a_section_for_the_version_of_the_workspace_and_the_form_it_claims() {
        let workspace = Workspace::load().unwrap();
        let notes = notes(&workspace, env!("CARGO_PKG_VERSION")).unwrap();
        assert!(notes.starts_with("### "), "{notes}");
        let text = fs::read_to_string(workspace.root.join("CHANGELOG.md")).unwrap();
        let titles: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(titles.first(), Some(&"[Unreleased]"));
        let dates: Vec<_> = titles.iter().skip(1).map(|title| parse(title).unwrap().1.unwrap()).collect();
        assert!(dates.is_sorted_by(|newer, older| newer >= older), "{titles:?}");
        for group in text.lines().filter_map(|line| line.strip_prefix("### ")) {
            assert!(GROUPS.contains(&group), "{group}");
        }
    }

    #[test]
    fn the_section_of_a_version_ends_at_the_next_one() {
        let text = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- c\n\n## [0.2.0] - 2027-01-02\n\n### Fixed\n\n- b\n\n\
                    ## [0.1.0] - 2026-11-27\n\n### Added\n\n- a\n";
        assert_eq!(section(text, "0.2.0").as_deref(), Some("### Fixed\n\n- b\n"));
        assert_eq!(section(text, "0.1.0").as_deref(), Some("### Added\n\n- a\n"));
        assert_eq!(section(text, "0.3.0"), None);
        assert_eq!(section(text, "Unreleased"), None, "it is not the text of a release");
        assert!(parse("[0.1.0]").is_err() && parse("0.1.0 - 2026-11-27").is_err() && parse("[0.1.0] - today").is_err());
    }
}
