//! One provider: where it takes values from, with the behaviour and the texts of Kafka's class of that name.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Component, Path};
use std::time::Duration;

use tracing::warn;

use super::Error;
use super::allowed_paths::{AllowedPaths, Place};
use super::environment::Environment;
use super::read;
use crate::properties;

/// A provider of the worker.
pub(super) struct Provider {
    pub(super) source: Source,
    /// How long a value holds before it is looked up again (`weir.ttl.ms`); none = for ever.
    pub(super) ttl: Option<Duration>,
}

/// Where values come from.
pub(super) enum Source {
    /// `FileConfigProvider`: the path is a properties file.
    File(AllowedPaths),
    /// `DirectoryConfigProvider`: the path is a folder, a key one of its files.
    Directory(AllowedPaths),
    /// `EnvVarConfigProvider`: there is no path.
    Environment(Environment),
}

/// The values of some keys; those that are not there are left out.
pub(super) type Values = HashMap<String, String>;

impl Provider {
    /// Looks keys up. Reads files, so not for a thread that runs others' work.
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
        warn!(path, cause, "a config provider cannot read a properties file");
        Error::File { path: path.to_owned() }
    };
    let text = match allowed.place(path).map_err(|error| failed(error.to_string()))? {
        Place::Refused => return Ok(refused(path)),
        Place::Allowed(place) => read::text(&place).map_err(|error| failed(error.to_string()))?,
    };
    // What is wrong with its syntax is not said: the text could be a part of a value.
    let mut all = properties::parse(&text).map_err(|_| failed("it is no Java properties file".to_owned()))?;
    Ok(keys.iter().filter_map(|key| Some(((*key).to_owned(), all.shift_remove(*key)?))).collect())
}

fn directory(allowed: &AllowedPaths, path: &str, keys: &BTreeSet<&str>) -> Result<Values, Error> {
    let folder = match allowed.place(path) {
        Ok(Place::Refused) => return Ok(refused(path)),
        Ok(Place::Allowed(folder)) if folder.is_dir() => folder,
        Ok(Place::Allowed(_)) | Err(_) => {
            warn!(path, "the path of a config provider's reference is not a directory");
            return Ok(Values::new());
        }
    };
    let mut values = Values::new();
    for key in keys.iter().filter(|key| is_file_name(key)) {
        let file = folder.join(key);
        let text = match allowed.place(&file.display().to_string()) {
            Ok(Place::Allowed(place)) if place.is_file() => read::text(&place),
            Ok(Place::Allowed(_)) => continue,
            Ok(Place::Refused) => {
                refused(&file.display().to_string());
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => Err(error),
        };
        let text = text.map_err(|error| {
            warn!(file = %file.display(), %error, "a config provider cannot read a file");
            Error::Directory { path: file.clone(), key: (*key).to_owned() }
        })?;
        values.insert((*key).to_owned(), text);
    }
    Ok(values)
}

/// Kafka does not say so to the user either, who learns nothing of what there is.
fn refused(path: &str) -> Values {
    warn!(path, "a reference names a path that the config provider's allowed.paths do not hold");
    Values::new()
}

/// True = the key names something directly in a folder.
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
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("s.properties");
        std::fs::write(&path, "user = me\npass\\:word: two words \\\n  and more\n").expect("written");
        let path = path.display().to_string();
        let file = provider(Source::File(AllowedPaths::default()));
        assert_eq!(get(&file, &path, &["user", "none"]), one("user", "me"));
        assert_eq!(get(&file, &path, &["pass:word"]), one("pass:word", "two words and more"));
        assert_eq!(get(&file, "", &["user"]), Ok(vec![]));
        let missing = format!("{path}.none");
        assert_eq!(get(&file, &missing, &["user"]), Err(format!("Could not read properties from file {missing}")));
        let elsewhere = folder.path().join("allowed");
        std::fs::create_dir(&elsewhere).expect("made");
        let allowed = AllowedPaths::parse(Some(&elsewhere.display().to_string())).expect("taken");
        assert_eq!(get(&provider(Source::File(allowed)), &path, &["user"]), Ok(vec![]), "as if it had no keys");
    }

    #[test]
    fn a_directory_has_a_value_in_each_file() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().display().to_string();
        std::fs::write(folder.path().join("token"), "abc\n").expect("written");
        std::fs::create_dir(folder.path().join("sub")).expect("made");
        std::fs::write(folder.path().join("sub/token"), "deep").expect("written");
        let directory = provider(Source::Directory(AllowedPaths::default()));
        assert_eq!(get(&directory, &path, &["token", "none", "sub"]), one("token", "abc\n"));
        for key in ["sub/token", "../token", "./token", "token/", "..", "", "/etc/passwd"] {
            assert_eq!(get(&directory, &path, &[key]), Ok(vec![]), "{key}");
        }
        assert_eq!(get(&directory, &format!("{path}/none"), &["token"]), Ok(vec![]));
        std::fs::write(folder.path().join("binary"), b"\xff").expect("written");
        let error = get(&directory, &path, &["binary"]).expect_err("not text");
        assert_eq!(error, format!("Could not read file {path}/binary for property binary"));
    }

    #[test]
    fn a_link_in_a_directory_leads_nowhere_else() {
        let folder = tempfile::tempdir().expect("folder");
        let inside = folder.path().join("in");
        std::fs::create_dir(&inside).expect("made");
        std::fs::write(folder.path().join("secret"), "s").expect("written");
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
