//! Which folders may be opened: both sides are taken for what they really are (symbolic links and `..` resolved) and compared
//! component by component.

use std::path::{Path, PathBuf};

use super::{ALLOW_READ, ALLOW_WRITE, GrantError};

/// A folder that a guest may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder {
    /// The name under which the guest sees it: the one it asked for.
    pub(crate) name: String,
    /// Where it is: canonical, so that a symbolic link swapped later at the place of the name leads nowhere new.
    pub(crate) path: PathBuf,
    /// Whether files may be created, changed and removed.
    pub(crate) write: bool,
}

/// Grants these folders, each with whether it is to be written. A folder asked for twice is granted once, to the wider purpose.
pub(super) fn grant(
    read: &[PathBuf],
    write: &[PathBuf],
    needed: Vec<(String, bool)>,
) -> Result<Vec<Folder>, GrantError> {
    let mut folders: Vec<Folder> = Vec::new();
    for (name, writes) in needed {
        let (key, allowed) = if writes { (ALLOW_WRITE, write) } else { (ALLOW_READ, read) };
        let path = resolve(key, &name, allowed)?;
        match folders.iter_mut().find(|folder| folder.name == name) {
            Some(folder) => folder.write |= writes,
            None => folders.push(Folder { name, path, write: writes }),
        }
    }
    Ok(folders)
}

fn resolve(key: &'static str, asked: &str, allowed: &[PathBuf]) -> Result<PathBuf, GrantError> {
    let refused =
        |resolved: String| GrantError::Folder { key, asked: asked.to_owned(), resolved, allowed: list(allowed) };
    let unusable = |reason: String| GrantError::Unusable { key, asked: asked.to_owned(), reason };

    // What is not allowed by its name alone is refused before the disk is asked, so that a refusal tells a plugin nothing
    // about which files exist.
    if allowed.is_empty() {
        return Err(refused(String::new()));
    }
    if asked.is_empty() {
        return Err(unusable("its name is empty".to_owned()));
    }
    let prefixes: Vec<PathBuf> = allowed.iter().filter_map(|prefix| prefix.canonicalize().ok()).collect();
    let path = match Path::new(asked).canonicalize() {
        Ok(path) => path,
        Err(error) => {
            let lexical = std::path::absolute(asked).unwrap_or_else(|_| asked.into());
            let inside =
                !has_parent(&lexical) && allowed.iter().chain(&prefixes).any(|prefix| lexical.starts_with(prefix));
            return Err(if inside { unusable(error.to_string()) } else { refused(String::new()) });
        }
    };
    if !prefixes.iter().any(|prefix| path.starts_with(prefix)) {
        let resolved = if path == Path::new(asked) { String::new() } else { format!(" (that is {})", path.display()) };
        return Err(refused(resolved));
    }
    if !path.is_dir() {
        return Err(unusable("it is not a folder".to_owned()));
    }
    Ok(path)
}

fn has_parent(path: &Path) -> bool {
    path.components().any(|component| matches!(component, std::path::Component::ParentDir))
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

    fn read(allowed: &[PathBuf], asked: &Path) -> Result<PathBuf, GrantError> {
        grant(allowed, &[], vec![(asked.to_str().expect("a test path").to_owned(), false)])
            .map(|folders| folders[0].path.clone())
    }

    #[test]
    fn a_folder_inside_the_prefix_and_the_prefix_itself_are_granted() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("in/ner");
        fs::create_dir_all(&inner).unwrap();
        let allowed = [root.path().to_owned()];
        assert_eq!(read(&allowed, &inner).unwrap(), inner.canonicalize().unwrap());
        assert_eq!(read(&allowed, root.path()).unwrap(), root.path().canonicalize().unwrap());
    }

    #[test]
    fn a_sibling_whose_name_begins_alike_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("data")).unwrap();
        fs::create_dir(root.path().join("data-secret")).unwrap();
        let error = read(&[root.path().join("data")], &root.path().join("data-secret")).unwrap_err();
        assert!(matches!(error, GrantError::Folder { key: ALLOW_READ, .. }), "{error}");
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
    fn a_file_and_a_missing_folder_are_told_apart_from_a_refusal() {
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
        assert!(matches!(error, GrantError::Folder { .. }), "{error}");
    }

    #[test]
    fn reading_and_writing_have_keys_of_their_own() {
        let root = tempfile::tempdir().unwrap();
        let name = root.path().to_str().unwrap().to_owned();
        let allowed = [root.path().to_owned()];
        let error = grant(&allowed, &[], vec![(name.clone(), true)]).unwrap_err();
        assert!(matches!(error, GrantError::Folder { key: ALLOW_WRITE, .. }), "{error}");
        let error = grant(&[], &allowed, vec![(name.clone(), false)]).unwrap_err();
        assert!(matches!(error, GrantError::Folder { key: ALLOW_READ, .. }), "{error}");
        let both = grant(&allowed, &allowed, vec![(name.clone(), false), (name, true)]).unwrap();
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
}
