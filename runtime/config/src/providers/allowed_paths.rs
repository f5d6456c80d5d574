//! `allowed.paths`: which files a provider may read (Kafka's `AllowedPaths`). A reference's path comes over REST, so it is not
//! trusted: it is normalised, and what it really names, symbolic links followed, must be within what is allowed too.

use std::io;
use std::path::{Component, Path, PathBuf};

/// The folders and files that may be read; none = all, as in Kafka.
#[derive(Debug, Clone, Default)]
pub(super) struct AllowedPaths(Option<Vec<PathBuf>>);

/// Where a path leads.
#[derive(Debug)]
pub(super) enum Place {
    /// Here; it is there and may be read.
    Allowed(PathBuf),
    /// To what may not be read.
    Refused,
}

impl AllowedPaths {
    /// Takes the parameter's value.
    ///
    /// # Errors
    ///
    /// A path is not absolute or not there; the text is Kafka's.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, String> {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(Self(None)) };
        let mut allowed = Vec::new();
        for path in text.split(',') {
            let path = normalise(Path::new(path.trim()));
            if !path.is_absolute() {
                return Err(format!("Path {} is not absolute", path.display()));
            }
            if !path.exists() {
                return Err(format!("Path {} does not exist", path.display()));
            }
            allowed.push(path);
        }
        Ok(Self(Some(allowed)))
    }

    /// True = any file of the machine may be read.
    pub(super) fn is_unbounded(&self) -> bool {
        self.0.is_none()
    }

    /// Holds a path against what is allowed, before the file system is asked and after.
    ///
    /// # Errors
    ///
    /// The path is allowed by its name, and cannot be looked at.
    pub(super) fn place(&self, path: &str) -> io::Result<Place> {
        let path = Path::new(path);
        let Some(allowed) = &self.0 else { return Ok(Place::Allowed(path.to_owned())) };
        let path = normalise(path);
        if !allowed.iter().any(|allowed| path.starts_with(allowed)) {
            return Ok(Place::Refused);
        }
        // Kafka stops here, and follows a link to wherever it leads.
        let real = path.canonicalize()?;
        // Looked up each time: a mounted secret changes by exchanging a link.
        let within = |allowed: &PathBuf| allowed.canonicalize().is_ok_and(|allowed| real.starts_with(allowed));
        Ok(if allowed.iter().any(within) { Place::Allowed(real) } else { Place::Refused })
    }
}

/// `java.nio.file.Path.normalize`: `.` and `name/..` go, by the names alone.
fn normalise(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match normal.components().next_back() {
                Some(Component::Normal(_)) => drop(normal.pop()),
                // Above the root is the root.
                Some(Component::RootDir | Component::Prefix(_)) => {}
                Some(Component::ParentDir | Component::CurDir) | None => normal.push(".."),
            },
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => normal.push(component),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_as_java_does() {
        for (path, normal) in
            [("/a/./b/../c", "/a/c"), ("/../a", "/a"), ("a/../../b", "../b"), ("/a//b/", "/a/b"), ("..", "..")]
        {
            assert_eq!(normalise(Path::new(path)), Path::new(normal), "{path}");
        }
    }

    #[test]
    fn what_may_be_read_must_be_absolute_and_there() {
        assert_eq!(AllowedPaths::parse(Some("secrets")).expect_err("refused"), "Path secrets is not absolute");
        assert_eq!(AllowedPaths::parse(Some("/no/such")).expect_err("refused"), "Path /no/such does not exist");
        assert!(AllowedPaths::parse(None).expect("taken").is_unbounded());
        assert!(AllowedPaths::parse(Some(" ")).expect("taken").is_unbounded());
    }

    #[test]
    fn neither_dots_nor_links_lead_out() {
        let folder = tempfile::tempdir().expect("folder");
        let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
        std::fs::create_dir_all(inside.join("..data")).expect("folder");
        std::fs::create_dir_all(&outside).expect("folder");
        std::fs::write(outside.join("secret"), "s").expect("written");
        std::fs::write(inside.join("..data/own"), "s").expect("written");
        std::os::unix::fs::symlink(outside.join("secret"), inside.join("link")).expect("linked");
        // The way in which Kubernetes mounts a secret.
        std::os::unix::fs::symlink("..data/own", inside.join("own")).expect("linked");
        let allowed = AllowedPaths::parse(Some(&inside.display().to_string())).expect("taken");
        let place = |path: PathBuf| allowed.place(&path.display().to_string());
        assert!(matches!(place(inside.join("own")), Ok(Place::Allowed(_))));
        for refused in
            [inside.join("../out/secret"), outside.join("secret"), inside.join("link"), folder.path().join("in2")]
        {
            assert!(matches!(place(refused.clone()), Ok(Place::Refused)), "{}", refused.display());
        }
        assert!(matches!(allowed.place("in/own"), Ok(Place::Refused)));
        assert!(place(inside.join("none")).is_err());
        assert!(place(inside.join("nul\0")).is_err());
    }
}
