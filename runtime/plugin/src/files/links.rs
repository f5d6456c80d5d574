//! Resolves absolute links in a granted directory. The system refuses to follow absolute links from a directory, whatever their target is.
//! So the path is rewritten: a link to a place in the directory is replaced by its relative path, and the new path is opened like any
//! other.
//!
//! This does not determine what may be opened: the new path is resolved in the directory, too. A link that changes in the meantime leads to
//! another place in the directory, or to an error.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Component, Path, PathBuf};

use cap_primitives::fs::read_link_contents;

/// The maximum number of links on a path, as in Linux.
const MAX_LINKS: usize = 40;
/// The maximum length of a path, as in Linux.
const MAX_PATH: usize = 4096;

/// Returns the path without absolute links, if it contains any and all of them lead to places in the directory, which has these absolute
/// `names`. `follow` is true if a link at the end is followed.
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
        // It is not a link, and may not exist, which opening it will show.
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

/// Adds the parts of a relative path before the remaining ones.
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
            // This cannot be opened, because it leads out of the directory and in again.
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
