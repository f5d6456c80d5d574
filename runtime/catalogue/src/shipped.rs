//! Finds the components that ship with Weir, and writes the hint for operators who use one without having configured the directory.

use std::path::{Path, PathBuf};

use super::files::files_on_path;

/// The name of the directory next to the program.
const DIRECTORY: &str = "plugins";

/// Returns the directory with the components that ship with Weir: `plugins` next to the program, if it exists.
pub fn directory() -> Option<PathBuf> {
    next_to(&std::env::current_exe().ok()?)
}

fn next_to(program: &Path) -> Option<PathBuf> {
    Some(program.parent()?.join(DIRECTORY)).filter(|directory| directory.is_dir())
}

/// Returns what to do if the class of a connector is not found; empty if there is nothing to suggest. `none` says that there is no
/// connector at all, and `path` is `plugin.path`.
pub fn hint(path: &[PathBuf], none: bool) -> String {
    hint_of(path, directory().as_deref(), none)
}

fn hint_of(path: &[PathBuf], shipped: Option<&Path>, none: bool) -> String {
    let is_named = |directory: &Path| {
        let real = directory.canonicalize().ok();
        path.iter().any(|named| named == directory || real.is_some() && named.canonicalize().ok() == real)
    };
    let with = |directory: &Path| {
        let entries = path.iter().map(|path| path.display().to_string()).chain([directory.display().to_string()]);
        format!("plugin.path={}", entries.collect::<Vec<_>>().join(","))
    };
    match (shipped, path) {
        (Some(shipped), _) if !is_named(shipped) => format!(
            ". The components that ship with Weir are not among these: write the line {} in the worker's file",
            with(shipped)
        ),
        _ if !none => String::new(),
        (_, []) => ". plugin.path is not set, and there is no directory 'plugins' next to the program: write the line \
                    plugin.path=DIRECTORY in the worker's file, with the absolute path of a directory that holds components (*.wasm), or \
                    upload one with POST /plugins"
            .to_owned(),
        (_, path) => {
            let files: usize = path.iter().map(|path| files_on_path(path).len()).sum();
            let names = path.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
            match files {
                0 => format!(". There is no component (*.wasm) in {names} (plugin.path)"),
                _ => format!(". No component in {names} (plugin.path) has a connector; GET /plugins says why"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_is_next_to_the_program() {
        let root = tempfile::tempdir().expect("a directory");
        assert_eq!(next_to(&root.path().join("weir")), None);
        std::fs::create_dir(root.path().join("plugins")).expect("made");
        assert_eq!(next_to(&root.path().join("weir")), Some(root.path().join("plugins")));
    }

    #[test]
    fn the_hint_has_the_line_to_write() {
        let root = tempfile::tempdir().expect("a directory");
        let shipped = root.path().join("plugins");
        std::fs::create_dir(&shipped).expect("made");
        let unset = hint_of(&[], Some(&shipped), true);
        assert!(unset.contains(&format!("the line plugin.path={} in", shipped.display())), "{unset}");
        let other = hint_of(&["/o".into()], Some(&shipped), false);
        assert!(other.contains(&format!("the line plugin.path=/o,{} in", shipped.display())), "{other}");
        assert_eq!(hint_of(&[shipped.join("../plugins")], Some(&shipped), false), "");
        assert!(hint_of(std::slice::from_ref(&shipped), Some(&shipped), true).contains("no component (*.wasm) in"));
        std::fs::write(shipped.join("a.wasm"), "").expect("written");
        assert!(hint_of(std::slice::from_ref(&shipped), None, true).contains("GET /plugins says why"));
        assert!(hint_of(&[], None, true).contains("plugin.path is not set"));
        assert_eq!(hint_of(&[], None, false), "");
    }
}
