//! The directories that may be opened. A directory is opened first. Then the directories that contain it are determined, and compared with
//! the allowed ones and with those of the worker. The plugin gets the open directory, whatever happens to the path later.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasmtime_wasi::FsPerms;
use wasmtime_wasi::filesystem::{Dir, OpenMode};

use super::guarded::Place;
use super::opened::{Opened, without_links};
use super::{ALLOW_READ, ALLOW_WRITE, Allowed, GrantError, Guarded, MAX_DIRECTORIES, Overlap};
use crate::descriptors::Shared;

/// A directory that a guest may use.
#[derive(Clone)]
pub(crate) struct Directory {
    /// The name under which the guest sees it, which is the one it requested.
    pub(crate) name: String,
    /// Its paths when it was granted, with and without links. An absolute link to a place in it begins with one of them.
    pub(crate) paths: Arc<[PathBuf]>,
    /// The directory, as wasmtime passes it to instances. It is open as long as the grant exists.
    pub(crate) dir: Dir,
    /// Its slot in the descriptors of all plugins.
    _place: Arc<Shared>,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").field("name", &self.name).field("perms", &self.dir.perms).finish_non_exhaustive()
    }
}

impl From<Granted> for Directory {
    fn from(granted: Granted) -> Self {
        let (perms, mode) = match granted.write {
            true => (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE),
            false => (FsPerms::ReadOnly, OpenMode::READ),
        };
        let paths = [PathBuf::from(&granted.name), granted.opened.path().to_owned()];
        let paths = paths.into_iter().filter(|path| path.is_absolute()).collect();
        // Used only by `files.rs`, on threads that may wait.
        let dir = Dir::new(granted.opened.into_dir(), perms, mode, true);
        Self { name: granted.name, paths, dir, _place: Arc::new(granted.place) }
    }
}

/// A directory that was opened and checked.
#[derive(Debug)]
pub(super) struct Granted {
    name: String,
    opened: Opened,
    place: Shared,
    /// Whether files may be created, changed and removed.
    write: bool,
}

/// Grants these directories, each with whether it may be written. If a name is requested twice, it is granted once, for writing if one
/// request is, provided that it is the same directory both times.
pub(super) fn grant(allowed: &Allowed, needed: Vec<(String, bool)>) -> Result<Vec<Granted>, GrantError> {
    let mut directories: Vec<Granted> = Vec::new();
    for (name, writes) in needed {
        let (key, prefixes) = if writes { (ALLOW_WRITE, &allowed.write) } else { (ALLOW_READ, &allowed.read) };
        let opened = open(key, &name, prefixes, &allowed.guarded)?;
        let place = Shared::take().map_err(|reason| GrantError::Full { key, asked: name.clone(), reason })?;
        merge(&mut directories, Granted { name, opened, place, write: writes })?;
    }
    Ok(directories)
}

fn merge(directories: &mut Vec<Granted>, new: Granted) -> Result<(), GrantError> {
    let full = directories.len() == MAX_DIRECTORIES;
    match directories.iter_mut().find(|directory| directory.name == new.name) {
        Some(directory) if directory.opened.identity() == new.opened.identity() => directory.write |= new.write,
        Some(_) => return Err(GrantError::Changed { asked: new.name }),
        None if full => return Err(GrantError::TooMany),
        None => directories.push(new),
    }
    Ok(())
}

fn open(key: &'static str, asked: &str, allowed: &[PathBuf], guarded: &[Guarded]) -> Result<Opened, GrantError> {
    let refused = |resolved: String| {
        let advice = advice(key, asked, allowed, guarded);
        GrantError::Directory { key, asked: asked.to_owned(), resolved, allowed: list(allowed), advice }
    };
    let unusable = |reason: String| GrantError::Unusable { key, asked: asked.to_owned(), reason };

    if allowed.is_empty() {
        return Err(refused(String::new()));
    }
    if asked.is_empty() {
        return Err(unusable("its name is empty".to_owned()));
    }
    let opened = match Opened::open(Path::new(asked)) {
        Ok(opened) => opened,
        Err(error) => {
            // A directory that is not allowed is rejected as if it existed, so that the error does not reveal which files exist.
            let inside = Place::find(Path::new(asked))
                .is_ok_and(|place| allowed.iter().any(|prefix| place.resolved().starts_with(prefix)));
            return Err(if inside { unusable(error.to_string()) } else { refused(String::new()) });
        }
    };
    if !allowed.iter().filter_map(|prefix| without_links(prefix)).any(|prefix| opened.is_in(prefix)) {
        let path = opened.path();
        let resolved = if path == Path::new(asked) { String::new() } else { format!(" (that is {})", path.display()) };
        return Err(refused(resolved));
    }
    is_not_the_workers(key, asked, guarded, |place| place.overlap(&opened))?;
    Ok(opened)
}

/// Resolves what the operator allows, once: later changes of links, which plugins may make, have no effect. A directory that overlaps with
/// something of the worker is rejected.
pub(super) fn settle(key: &'static str, allowed: &mut [PathBuf], guarded: &[Guarded]) -> Result<(), GrantError> {
    for path in allowed {
        let asked = path.display().to_string();
        let unusable =
            |error: std::io::Error| GrantError::Unusable { key, asked: asked.clone(), reason: error.to_string() };
        let place = Place::find(path).map_err(unusable)?;
        // A directory that does not exist yet is compared by its future path, and checked again when a plugin requests it.
        let opened = Opened::open(path).ok();
        is_not_the_workers(key, &asked, guarded, |guarded| match &opened {
            Some(opened) => guarded.overlap(opened),
            None => guarded.overlap_by_path(place.resolved()),
        })?;
        *path = place.resolved().to_owned();
    }
    Ok(())
}

fn is_not_the_workers(
    key: &'static str,
    asked: &str,
    guarded: &[Guarded],
    overlap: impl Fn(&Place) -> Option<super::Overlap>,
) -> Result<(), GrantError> {
    for guarded in guarded.iter().chain([&Guarded::proc()]) {
        let place = Place::find(&guarded.path).map_err(|error| GrantError::Unusable {
            key,
            asked: asked.to_owned(),
            reason: format!("{} cannot be compared with it: {error}", guarded.path.display()),
        })?;
        if let Some(overlap) = overlap(&place) {
            let (what, path) = (guarded.what.clone(), guarded.path.clone());
            return Err(GrantError::Guarded { key, asked: asked.to_owned(), overlap, what, path });
        }
    }
    Ok(())
}

/// Returns what to add to the configuration to allow this directory, in a form that the worker accepts, whether or not it exists.
fn advice(key: &str, asked: &str, allowed: &[PathBuf], guarded: &[Guarded]) -> String {
    let Ok(wanted) = std::path::absolute(asked) else { return format!("Set {key} in the worker's file") };
    let line = |wanted: &Path| {
        let entries = allowed.iter().map(PathBuf::as_path).chain([wanted]).map(|path| path.display().to_string());
        format!("{key}={}", entries.collect::<Vec<_>>().join(","))
    };
    let overlap = guarded.iter().find_map(|guarded| {
        let place = Place::find(&guarded.path).ok()?;
        Some((guarded, place.overlap_by_path(&wanted)?))
    });
    match overlap {
        None => format!(
            "Write the line {} in the worker's file, or choose a directory inside of what is allowed",
            line(&wanted)
        ),
        Some((guarded, Overlap::Contains)) => {
            let apart = wanted.join("data");
            format!(
                "It cannot be allowed, because it contains {} ({}). Use a directory that is apart from the worker's own files: move the \
                 file to {}, name it there by that path, and write the line {} in the worker's file",
                guarded.path.display(),
                guarded.what,
                apart.display(),
                line(&apart)
            )
        }
        Some((guarded, overlap)) => format!(
            "It cannot be allowed, because it {overlap} {} ({}). Choose a directory that is apart from it, and name that in {key}",
            guarded.path.display(),
            guarded.what
        ),
    }
}

fn list(allowed: &[PathBuf]) -> String {
    if allowed.is_empty() {
        return "nothing".to_owned();
    }
    allowed.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::private::Look;

    fn allowed(read: &[PathBuf], write: &[PathBuf]) -> Allowed {
        Allowed { read: read.to_vec(), write: write.to_vec(), ..Allowed::default() }.settle().expect("no overlap")
    }

    fn read(prefixes: &[PathBuf], asked: &Path) -> Result<PathBuf, GrantError> {
        grant(&allowed(prefixes, &[]), vec![(asked.to_str().expect("a test path").to_owned(), false)])
            .map(|directories| directories[0].opened.path().to_owned())
    }

    #[test]
    fn a_directory_inside_the_prefix_and_the_prefix_itself_are_granted() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("in/ner");
        fs::create_dir_all(&inner).unwrap();
        let allowed = [root.path().to_owned()];
        assert_eq!(read(&allowed, &inner).unwrap(), inner.canonicalize().unwrap());
        assert_eq!(read(&allowed, root.path()).unwrap(), root.path().canonicalize().unwrap());
    }

    #[test]
    fn a_refusal_has_the_line_to_write_and_the_line_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for name in ["data", "other", "etc"] {
            fs::create_dir(path(name)).unwrap();
        }
        let here = std::env::current_dir().unwrap();
        let text = read(&[], Path::new(".")).unwrap_err().to_string();
        assert!(text.contains("it allows nothing. "), "{text}");
        assert!(text.contains(&format!("Write the line weir.allow.read={} in", here.display())), "{text}");
        let text = read(&[path("data")], &path("other")).unwrap_err().to_string();
        let line = format!("the line weir.allow.read={},{} in", path("data").display(), path("other").display());
        assert!(text.contains(&line), "{text}");
        read(&[path("data"), path("other")], &path("other")).unwrap();
        // A form that the worker would reject is not suggested.
        let guarded = Guarded { what: "the worker's configuration".to_owned(), path: path("etc/worker.properties") };
        let bounds = Allowed { guarded: vec![guarded], ..Allowed::default() };
        let asked = |name: &str| vec![(path(name).display().to_string(), false)];
        let text = grant(&bounds, asked("etc")).unwrap_err().to_string();
        assert!(text.contains("It cannot be allowed, because it contains"), "{text}");
        assert!(
            text.ends_with(&format!("the line weir.allow.read={} in the worker's file", path("etc/data").display()))
        );
        fs::create_dir(path("etc/data")).unwrap();
        let bounds = Allowed { read: vec![path("etc/data")], ..bounds };
        grant(&bounds.settle().unwrap(), asked("etc/data")).unwrap();
    }

    #[test]
    fn a_sibling_whose_name_begins_alike_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("data")).unwrap();
        fs::create_dir(root.path().join("data-secret")).unwrap();
        let error = read(&[root.path().join("data")], &root.path().join("data-secret")).unwrap_err();
        assert!(matches!(error, GrantError::Directory { key: ALLOW_READ, .. }), "{error}");
    }

    #[test]
    fn dots_do_not_lead_out_of_the_prefix() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("data/a")).unwrap();
        fs::create_dir(root.path().join("other")).unwrap();
        let allowed = [root.path().join("data")];
        assert!(read(&allowed, &root.path().join("data/a/../../other")).is_err());
        assert!(read(&allowed, &root.path().join("data/a/..")).is_ok());
    }

    #[test]
    fn a_link_inside_the_prefix_that_leads_out_is_refused_and_one_that_leads_in_is_granted() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("data/real")).unwrap();
        fs::create_dir(root.path().join("other")).unwrap();
        symlink(root.path().join("other"), root.path().join("data/out")).unwrap();
        symlink(root.path().join("data/real"), root.path().join("in")).unwrap();
        let allowed = [root.path().join("data")];
        let error = read(&allowed, &root.path().join("data/out")).unwrap_err().to_string();
        assert!(error.contains("other"), "the text says where the link leads: {error}");
        let granted = read(&allowed, &root.path().join("in")).unwrap();
        assert_eq!(granted, root.path().join("data/real").canonicalize().unwrap());
    }

    #[test]
    fn a_prefix_that_is_a_link_stands_for_where_it_leads() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("real")).unwrap();
        symlink(root.path().join("real"), root.path().join("link")).unwrap();
        assert!(read(&[root.path().join("link")], &root.path().join("real")).is_ok());
    }

    #[test]
    fn a_file_and_a_missing_directory_are_told_apart_from_a_refusal() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        let allowed = [root.path().to_owned()];
        for name in ["file", "missing"] {
            let error = read(&allowed, &root.path().join(name)).unwrap_err();
            assert!(matches!(error, GrantError::Unusable { .. }), "{error}");
        }
    }

    #[test]
    fn what_exists_outside_is_not_told() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("data")).unwrap();
        let error = read(&[root.path().join("data")], &root.path().join("missing")).unwrap_err();
        assert!(matches!(error, GrantError::Directory { .. }), "{error}");
    }

    #[test]
    fn reading_and_writing_have_keys_of_their_own() {
        let root = tempfile::tempdir().unwrap();
        let name = root.path().to_str().unwrap().to_owned();
        let prefix = [root.path().to_owned()];
        let error = grant(&allowed(&prefix, &[]), vec![(name.clone(), true)]).unwrap_err();
        assert!(matches!(error, GrantError::Directory { key: ALLOW_WRITE, .. }), "{error}");
        let error = grant(&allowed(&[], &prefix), vec![(name.clone(), false)]).unwrap_err();
        assert!(matches!(error, GrantError::Directory { key: ALLOW_READ, .. }), "{error}");
        let both = grant(&allowed(&prefix, &prefix), vec![(name.clone(), false), (name, true)]).unwrap();
        assert_eq!(both.len(), 1);
        assert!(both[0].write);
    }

    #[test]
    fn a_refusal_names_key_value_and_bound() {
        let root = tempfile::tempdir().unwrap();
        let text = read(&[root.path().to_owned()], Path::new("/")).unwrap_err().to_string();
        for part in [ALLOW_READ, "\"/\"", root.path().to_str().unwrap()] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let text = read(&[], Path::new("/")).unwrap_err().to_string();
        assert!(text.contains("allows nothing"), "{text}");
    }

    #[test]
    fn a_name_that_leads_elsewhere_the_second_time_is_not_merged() {
        let root = tempfile::tempdir().unwrap();
        for name in ["readable", "writable"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        let name = root.path().join("name");
        let allowed = allowed(&[root.path().join("readable")], &[root.path().join("writable")]);
        symlink(root.path().join("readable"), &name).unwrap();
        let asked = || name.to_str().unwrap().to_owned();
        let mut directories = grant(&allowed, vec![(asked(), false)]).unwrap();
        // The link changes between the two lookups.
        fs::remove_file(&name).unwrap();
        symlink(root.path().join("writable"), &name).unwrap();
        let second = grant(&allowed, vec![(asked(), true)]).unwrap().remove(0);
        let merged = merge(&mut directories, second);
        assert!(matches!(merged, Err(GrantError::Changed { .. })), "{merged:?}");
        assert!(!directories[0].write);
    }

    #[test]
    fn a_guest_that_swaps_a_link_all_the_time_gets_no_read_only_directory_to_write() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for name in ["readable", "writable"] {
            fs::create_dir(path(name)).unwrap();
        }
        let allowed = allowed(&[path("readable"), path("writable")], &[path("writable")]);
        let name = path("name");
        symlink(path("readable"), &name).unwrap();
        let (readable, writable) = (without_links(&path("readable")), without_links(&path("writable")));
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for target in ["readable", "writable"].into_iter().cycle() {
                    if stop.load(std::sync::atomic::Ordering::Relaxed) {
                        break;
                    }
                    symlink(path(target), path("next")).unwrap();
                    fs::rename(path("next"), &name).unwrap();
                }
            });
            for _ in 0..5000 {
                let asked = name.to_str().unwrap().to_owned();
                let Ok(directories) = grant(&allowed, vec![(asked.clone(), false), (asked, true)]) else { continue };
                let write = directories[0].write;
                let directory = Directory::from(directories.into_iter().next().unwrap());
                let really = Look::at(&directory.dir.dir).unwrap().identity;
                assert_eq!(Some(really), if write { writable } else { readable });
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }

    #[test]
    fn what_is_allowed_stays_where_it_was_when_a_link_comes_in_its_way() {
        let root = tempfile::tempdir().unwrap();
        for name in ["data/in", "secret"] {
            fs::create_dir_all(root.path().join(name)).unwrap();
        }
        // A plugin that may write to `data` replaces `data/in`, which others may read, by a link.
        let allowed = allowed(&[root.path().join("data/in")], &[root.path().join("data")]);
        let asked = root.path().join("data/in").to_str().unwrap().to_owned();
        assert!(grant(&allowed, vec![(asked.clone(), false)]).is_ok());
        fs::rename(root.path().join("data/in"), root.path().join("data/moved")).unwrap();
        symlink(root.path().join("secret"), root.path().join("data/in")).unwrap();
        for (asked, write) in [(asked, false), (root.path().join("secret").to_str().unwrap().to_owned(), false)] {
            let error = grant(&allowed, vec![(asked.clone(), write)]).unwrap_err();
            assert!(matches!(error, GrantError::Directory { .. }), "{asked}: {error}");
        }
    }

    #[test]
    fn what_is_the_workers_is_neither_allowed_nor_granted() {
        let root = tempfile::tempdir().unwrap();
        for name in ["worker/store/cache", "data", "worker/data"] {
            fs::create_dir_all(root.path().join(name)).unwrap();
        }
        let path = |name: &str| root.path().join(name);
        let guarded = vec![
            Guarded { what: "weir.plugin.store".into(), path: path("worker/store") },
            Guarded { what: "offset.storage.file.filename".into(), path: path("worker/offsets") },
        ];
        let settle = |name: &str| {
            let allow = || Allowed { guarded: guarded.clone(), ..Allowed::default() };
            Allowed { read: vec![path(name)], ..allow() }.settle()?;
            Allowed { write: vec![path(name)], ..allow() }.settle()
        };
        for wrong in ["", "worker", "worker/store", "worker/store/cache", "worker/store/not-there"] {
            let error = settle(wrong).unwrap_err().to_string();
            assert!(error.contains("weir.allow.read") && error.contains("weir.plugin.store"), "{wrong}: {error}");
        }
        for right in ["data", "worker/data", "worker/not-there"] {
            settle(right).unwrap();
        }
        let error = Allowed { write: vec!["/proc/self".into()], ..Allowed::default() }.settle().unwrap_err();
        assert!(matches!(error, GrantError::Guarded { key: ALLOW_WRITE, .. }), "{error}");
    }

    #[test]
    fn a_link_that_came_later_does_not_lead_to_what_is_the_workers() {
        let root = tempfile::tempdir().unwrap();
        for name in ["data/store", "data/in"] {
            fs::create_dir_all(root.path().join(name)).unwrap();
        }
        let path = |name: &str| root.path().join(name);
        let store = Guarded { what: "weir.plugin.store".into(), path: path("link/store") };
        fs::create_dir(path("elsewhere")).unwrap();
        symlink("elsewhere", path("link")).unwrap();
        let allowed = Allowed { write: vec![path("data")], guarded: vec![store], ..Allowed::default() };
        let allowed = allowed.settle().expect("the store is elsewhere");
        // The operator moves it.
        fs::remove_file(path("link")).unwrap();
        symlink("data", path("link")).unwrap();
        symlink("store", path("data/alias")).unwrap();
        for (asked, expected) in [("data", false), ("data/store", false), ("data/alias", false), ("data/in", true)] {
            let granted = grant(&allowed, vec![(path(asked).to_str().unwrap().to_owned(), true)]);
            assert_eq!(granted.is_ok(), expected, "{asked}: {granted:?}");
            assert!(matches!(granted, Ok(_) | Err(GrantError::Guarded { .. })), "{asked}: {granted:?}");
        }
    }

    #[test]
    fn a_plugin_gets_so_many_directories_and_no_more() {
        let root = tempfile::tempdir().unwrap();
        let allowed = allowed(&[root.path().to_owned()], &[]);
        let names = |count: usize| {
            (0..count)
                .map(|number| {
                    let path = root.path().join(number.to_string());
                    fs::create_dir_all(&path).unwrap();
                    (path.to_str().unwrap().to_owned(), false)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(grant(&allowed, names(MAX_DIRECTORIES)).unwrap().len(), MAX_DIRECTORIES);
        assert_eq!(grant(&allowed, names(MAX_DIRECTORIES + 1)).unwrap_err(), GrantError::TooMany);
    }

    #[test]
    fn granted_directories_count_among_the_descriptors_of_all_plugins() {
        const CHILD: &str = "WEIR_TEST_CHILD";
        if std::env::var_os(CHILD).is_none() {
            // The limit is that of a process, so the test uses a separate process.
            let name = "grants::paths::tests::granted_directories_count_among_the_descriptors_of_all_plugins";
            let child = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", name, "--nocapture"])
                .env(CHILD, "1")
                .output()
                .unwrap();
            assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
            return;
        }
        let limit = rustix::process::Rlimit { current: Some(200), maximum: Some(200) };
        rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
        let root = tempfile::tempdir().unwrap();
        let allowed = allowed(&[root.path().to_owned()], &[]);
        let all = || {
            let names = (0..60).map(|number| root.path().join(number.to_string()));
            let names = names.inspect(|path| fs::create_dir_all(path).unwrap());
            grant(&allowed, names.map(|path| (path.to_str().unwrap().to_owned(), false)).collect())
        };
        let first = all().unwrap();
        let error = all().unwrap_err();
        assert!(matches!(error, GrantError::Full { .. }), "{error}");
        assert!(error.to_string().contains("limit of 100 open files and sockets of all plugins"), "{error}");
        drop(first);
        assert!(all().is_ok());
    }
}
