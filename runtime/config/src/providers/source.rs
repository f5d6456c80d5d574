//! A provider and the source of its values, with the behaviour and the messages of Kafka's class of that name.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Component, Path};
use std::time::Duration;

use tracing::warn;

use super::allowed_paths::{AllowedPaths, CheckedPath};
use super::environment::Environment;
use super::error::Error;
use super::read;
use crate::properties;

/// A provider of the worker.
pub(super) struct Provider {
    pub(super) source: Source,
    /// How long a value is valid before it is looked up again (`weir.ttl.ms`); `None` for an unlimited time.
    pub(super) ttl: Option<Duration>,
}

/// The source of a provider's values.
pub(super) enum Source {
    /// `FileConfigProvider`: the path is a properties file.
    File(AllowedPaths),
    /// `DirectoryConfigProvider`: the path is a directory, and a key is the name of one of its files.
    Directory(AllowedPaths),
    /// `EnvVarConfigProvider`: there is no path.
    Environment(Environment),
}

/// The values of the keys that exist.
pub(super) type Values = HashMap<String, String>;

impl Provider {
    /// Looks keys up. Reads files, so it must not be called on a thread of the async runtime.
    pub(super) fn get(&self, path: &str, keys: &BTreeSet<&str>) -> Result<Values, Error> {
        match &self.source {
            Source::File(allowed) if !path.is_empty() => file(allowed, path, keys),
            Source::Directory(allowed) if !path.is_empty() => directory(allowed, path, keys),
            Source::File(_) | Source::Directory(_) => Ok(Values::new()),
            Source::Environment(_) if !path.is_empty() => Err(Error::PathOfEnvironment { path: path.to_owned() }),
            Source::Environment(environment) => {
                let found = |key: &&str| Some(((*key).to_owned(), environment.get(key)?.clone()));
                Ok(keys.iter().filter_map(found).collect())
            }
        }
    }
}

fn file(allowed: &AllowedPaths, path: &str, keys: &BTreeSet<&str>) -> Result<Values, Error> {
    let failed = |cause: String| {
        warn!(path, cause, "config provider cannot read a properties file");
        Error::File { path: path.to_owned() }
    };
    let text = match allowed.check(path).map_err(|error| failed(error.to_string()))? {
        CheckedPath::Refused => return Ok(refused(path)),
        CheckedPath::Allowed(place) => read::text(&place).map_err(|error| failed(error.to_string()))?,
    };
    // The syntax error is not logged: it could contain a part of a value.
    let mut all = properties::parse(&text).map_err(|_| failed("not a valid Java properties file".to_owned()))?;
    Ok(keys.iter().filter_map(|key| Some(((*key).to_owned(), all.swap_remove(*key)?))).collect())
}

fn directory(allowed: &AllowedPaths, path: &str, keys: &BTreeSet<&str>) -> Result<Values, Error> {
    let directory = match allowed.check(path) {
        Ok(CheckedPath::Refused) => return Ok(refused(path)),
        Ok(CheckedPath::Allowed(directory)) if directory.is_dir() => directory,
        Ok(CheckedPath::Allowed(_)) | Err(_) => {
            warn!(path, "path of a config provider reference is not a directory");
            return Ok(Values::new());
        }
    };
    let mut values = Values::new();
    for key in keys.iter().filter(|key| is_file_name(key)) {
        let file = directory.join(key);
        let text = match allowed.check(&file.display().to_string()) {
            Ok(CheckedPath::Allowed(place)) if place.is_file() => read::text(&place),
            Ok(CheckedPath::Allowed(_)) => continue,
            Ok(CheckedPath::Refused) => {
                refused(&file.display().to_string());
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => Err(error),
        };
        let text = text.map_err(|error| {
            warn!(file = %file.display(), %error, "config provider cannot read a file");
            Error::Directory { path: file.clone(), key: (*key).to_owned() }
        })?;
        values.insert((*key).to_owned(), text);
    }
    Ok(values)
}

/// Kafka does not report this to the user either, who therefore cannot find out which files exist.
fn refused(path: &str) -> Values {
    warn!(path, "path of a config provider reference is not in allowed.paths");
    Values::new()
}

/// Whether the key is the name of an entry of a directory.
fn is_file_name(key: &str) -> bool {
    let mut components = Path::new(key).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(name)), None) if name == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(provider: &Provider, path: &str, keys: &[&str]) -> Result<Vec<(String, String)>, String> {
        let values = provider.get(path, &keys.iter().copied().collect()).map_err(|error| error.to_string())?;
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort();
        Ok(values)
    }

    fn one(key: &str, value: &str) -> Result<Vec<(String, String)>, String> {
        Ok(vec![(key.to_owned(), value.to_owned())])
    }

    fn provider(source: Source) -> Provider {
        Provider { source, ttl: None }
    }

    #[test]
    fn a_file_is_read_as_properties() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("s.properties");
        std::fs::write(&path, "user = me\npass\\:word: two words \\\n  and more\n").expect("written");
        let path = path.display().to_string();
        let file = provider(Source::File(AllowedPaths::default()));
        assert_eq!(get(&file, &path, &["user", "none"]), one("user", "me"));
        assert_eq!(get(&file, &path, &["pass:word"]), one("pass:word", "two words and more"));
        assert_eq!(get(&file, "", &["user"]), Ok(vec![]));
        let missing = format!("{path}.none");
        assert_eq!(get(&file, &missing, &["user"]), Err(format!("Could not read properties from file {missing}")));
        let elsewhere = directory.path().join("allowed");
        std::fs::create_dir(&elsewhere).expect("made");
        let allowed = AllowedPaths::parse(Some(&elsewhere.display().to_string())).expect("taken");
        assert_eq!(get(&provider(Source::File(allowed)), &path, &["user"]), Ok(vec![]), "as if it had no keys");
    }

    #[test]
    fn a_directory_has_a_value_in_each_file() {
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().display().to_string();
        std::fs::write(root.path().join("token"), "abc\n").expect("written");
        std::fs::create_dir(root.path().join("sub")).expect("made");
        std::fs::write(root.path().join("sub/token"), "deep").expect("written");
        let directory = provider(Source::Directory(AllowedPaths::default()));
        assert_eq!(get(&directory, &path, &["token", "none", "sub"]), one("token", "abc\n"));
        for key in ["sub/token", "../token", "./token", "token/", "..", "", "/etc/passwd"] {
            assert_eq!(get(&directory, &path, &[key]), Ok(vec![]), "{key}");
        }
        assert_eq!(get(&directory, &format!("{path}/none"), &["token"]), Ok(vec![]));
        std::fs::write(root.path().join("binary"), b"\xff").expect("written");
        let error = get(&directory, &path, &["binary"]).expect_err("not text");
        assert_eq!(error, format!("Could not read file {path}/binary for property binary"));
    }

    #[test]
    fn a_link_in_a_directory_leads_nowhere_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let inside = directory.path().join("in");
        std::fs::create_dir(&inside).expect("made");
        std::fs::write(directory.path().join("secret"), "s").expect("written");
        std::os::unix::fs::symlink("../secret", inside.join("link")).expect("linked");
        let inside = inside.display().to_string();
        let directory = provider(Source::Directory(AllowedPaths::parse(Some(&inside)).expect("taken")));
        assert_eq!(get(&directory, &inside, &["link"]), Ok(vec![]));
    }

    #[test]
    fn the_environment_has_no_path() {
        let variables = [("A".to_owned(), "1".to_owned())];
        let environment = provider(Source::Environment(Environment::new(None, variables).expect("in order")));
        assert_eq!(get(&environment, "", &["A", "B"]), one("A", "1"));
        let text = "Path is not supported for EnvVarConfigProvider, invalid value 'p'";
        assert_eq!(get(&environment, "p", &["A"]), Err(text.to_owned()));
    }
}
