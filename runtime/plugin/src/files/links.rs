//! Absolute links inside of a granted directory. The system refuses to follow them from a directory, wherever they lead; so the path is
//! written anew, link by link, with what such a link says below the directory in its place, and opened in the same way as any other.
//!
//! This decides nothing about what may be opened: whatever path comes out is followed from the directory and not out of it. A link
//! that is changed meanwhile leads somewhere else below the directory, or nowhere.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Component, Path, PathBuf};

use cap_primitives::fs::read_link_contents;

/// Most links on the way of a path, as in Linux.
const MAX_LINKS: usize = 40;
/// Longest path, as in Linux. Each part of it is looked at.
const MAX_PATH: usize = 4096;

/// The path without absolute links, where there is one on its way and all lead below the directory, which has these absolute `names`.
/// `follow`: whether a link at the end counts.
pub(super) fn rewrite(dir: &File, names: &[PathBuf], path: &Path, follow: bool) -> Option<PathBuf> {
    let (mut done, mut rest) = (PathBuf::new(), VecDeque::new());
    let (mut links, mut absolute) = (0, false);
    if names.is_empty() || path.as_os_str().len() > MAX_PATH {
        return None;
    }
    put_before(&mut rest, path)?;
    while let Some(name) = rest.pop_front() {
        let next = done.join(&name);
        let link = (follow || !rest.is_empty()).then(|| read_link_contents(dir, &next).ok()).flatten();
        // Neither a link nor, perhaps, anything else: whoever opens it finds out.
        let Some(target) = link else {
            done = next;
            continue;
        };
        links += 1;
        if links > MAX_LINKS {
            return None;
        }
        if target.is_absolute() {
            let below = names.iter().find_map(|name| target.strip_prefix(name).ok())?;
            (done, absolute) = (PathBuf::new(), true);
            put_before(&mut rest, below)?;
        } else {
            put_before(&mut rest, &target)?;
        }
    }
    if done.as_os_str().is_empty() {
        done.push(".");
    }
    absolute.then_some(done)
}

/// Puts the parts of a relative path in front of what is left.
fn put_before(rest: &mut VecDeque<OsString>, path: &Path) -> Option<()> {
    for part in path.components().rev() {
        match part {
            Component::Normal(name) => rest.push_front(name.to_owned()),
            Component::ParentDir => rest.push_front("..".into()),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir => return None,
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn absolute_links_below_the_directory_become_relative_and_all_others_are_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let granted = root.path().canonicalize().unwrap().join("granted");
        fs::create_dir_all(granted.join("day/1")).unwrap();
        fs::write(granted.join("day/1/file"), "").unwrap();
        let link =
            |target: &str, name: &str| symlink(target.replace('^', granted.to_str().unwrap()), granted.join(name));
        for (target, name) in [
            ("^/day/1", "today"),
            ("^/today/file", "current"),
            ("today/file", "relative"),
            ("day", "plain"),
            ("^", "self"),
            ("^/../granted/day", "up"),
            ("^-beside/file", "beside"),
            ("/etc/passwd", "outside"),
            ("^/round", "round"),
        ] {
            link(target, name).unwrap();
        }
        symlink("/alias/day", granted.join("alias")).unwrap();
        let dir = File::open(&granted).unwrap();
        let names = [granted.clone(), "/alias".into()];
        let rewritten = |path: &str| rewrite(&dir, &names, Path::new(path), true);
        for (path, expected) in [
            ("today/file", "day/1/file"),
            ("current", "day/1/file"),
            ("relative", "day/1/file"),
            ("plain/1/../../today", "day/1"),
            ("self/current", "day/1/file"),
            ("self", "."),
            ("today/none", "day/1/none"),
            ("alias/1/file", "day/1/file"),
            // Which cannot be opened: it leads out and in again.
            ("up", "../granted/day"),
        ] {
            assert_eq!(rewritten(path), Some(expected.into()), "{path}");
        }
        for path in ["plain/1/file", "none", "", "beside", "outside", "round", "/day", "day/1/file"] {
            assert_eq!(rewritten(path), None, "{path}");
        }
        let unfollowed = |path: &str| rewrite(&dir, &names, Path::new(path), false);
        assert_eq!(unfollowed("current"), None);
        assert_eq!(unfollowed("today/file"), Some("day/1/file".into()));
    }
}
