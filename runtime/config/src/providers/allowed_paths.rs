//! `allowed.paths`: which files a provider may read (Kafka's `AllowedPaths`). The path of a reference is not trusted, because it
//! comes from a request: both the normalized path and the file to which it leads through symbolic links must be allowed.

use std::io;
use std::path::{Component, Path, PathBuf};

/// The directories and files that may be read; `None` for all, as in Kafka.
#[derive(Debug, Clone, Default)]
pub(super) struct AllowedPaths(Option<Vec<PathBuf>>);

/// The result of checking a path.
#[derive(Debug)]
pub(super) enum CheckedPath {
    /// The file exists and may be read.
    Allowed(PathBuf),
    /// The file may not be read.
    Refused,
}

impl AllowedPaths {
    /// Parses the value of the parameter.
    ///
    /// # Errors
    ///
    /// A path is not absolute or does not exist. The text is Kafka's.
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

    /// Whether every file may be read.
    pub(super) fn is_unbounded(&self) -> bool {
        self.0.is_none()
    }

    /// Checks a path before and after symbolic links are followed.
    ///
    /// # Errors
    ///
    /// The path is allowed by its name, but the file system reports an error.
    pub(super) fn check(&self, path: &str) -> io::Result<CheckedPath> {
        let path = Path::new(path);
        let Some(allowed) = &self.0 else { return Ok(CheckedPath::Allowed(path.to_owned())) };
        let path = normalise(path);
        if !allowed.iter().any(|allowed| path.starts_with(allowed)) {
            return Ok(CheckedPath::Refused);
        }
        // Kafka does not check where a symbolic link leads.
        let real = path.canonicalize()?;
        // Resolved each time: a mounted secret changes when its link is replaced.
        let within = |allowed: &PathBuf| allowed.canonicalize().is_ok_and(|allowed| real.starts_with(allowed));
        Ok(if allowed.iter().any(within) { CheckedPath::Allowed(real) } else { CheckedPath::Refused })
    }
}

/// `java.nio.file.Path.normalize`: removes `.` and `name/..` without access to the file system.
fn normalise(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match normal.components().next_back() {
                Some(Component::Normal(_)) => drop(normal.pop()),
                // The parent of the root is the root.
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
        let directory = tempfile::tempdir().expect("a directory");
        let (inside, outside) = (directory.path().join("in"), directory.path().join("out"));
        std::fs::create_dir_all(inside.join("..data")).expect("a directory");
        std::fs::create_dir_all(&outside).expect("a directory");
        std::fs::write(outside.join("secret"), "s").expect("written");
        std::fs::write(inside.join("..data/own"), "s").expect("written");
        std::os::unix::fs::symlink(outside.join("secret"), inside.join("link")).expect("linked");
        // Kubernetes mounts secrets like this.
        std::os::unix::fs::symlink("..data/own", inside.join("own")).expect("linked");
        let allowed = AllowedPaths::parse(Some(&inside.display().to_string())).expect("taken");
        let place = |path: PathBuf| allowed.check(&path.display().to_string());
        assert!(matches!(place(inside.join("own")), Ok(CheckedPath::Allowed(_))));
        for refused in
            [inside.join("../out/secret"), outside.join("secret"), inside.join("link"), directory.path().join("in2")]
        {
            assert!(matches!(place(refused.clone()), Ok(CheckedPath::Refused)), "{}", refused.display());
        }
        assert!(matches!(allowed.check("in/own"), Ok(CheckedPath::Refused)));
        assert!(place(inside.join("none")).is_err());
        assert!(place(inside.join("nul\0")).is_err());
    }
}
