//! Reads configuration files: the worker's (Java properties) and the connectors' (a JSON map, a body of `POST /connectors`,
//! or Java properties, tried in this order as Kafka Connect does).

use std::path::{Path, PathBuf};

use java_properties::{PropertiesError, PropertiesIter};

use weir_api::json::{self, CreateConnectorFile, StringMap};
use weir_plugin::ConfigMap;

/// Why a file cannot be read as a configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {}; check the path and its permissions", path.display())]
    Read {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a valid Java properties file.
    #[error("{} is not a Java properties file (nor JSON)", path.display())]
    Syntax {
        /// The path of the file.
        path: PathBuf,
        /// The syntax error.
        #[source]
        source: PropertiesError,
    },
    /// A connector file that begins like JSON but is not valid JSON.
    #[error("{} begins like JSON but is not valid JSON: {problem}. Correct it, or write the file as Java properties", path.display())]
    Json {
        /// The path of the file.
        path: PathBuf,
        /// The syntax error and its position.
        problem: String,
    },
    /// A connector file with a null value.
    #[error("Null value can not be supplied as the configuration value, at '{}'", path.display())]
    Null {
        /// The path of the file.
        path: PathBuf,
    },
    /// A connector file without a name.
    #[error("Connector configuration at '{}' is missing the mandatory 'name' configuration", path.display())]
    NoName {
        /// The path of the file.
        path: PathBuf,
    },
    /// A connector file with two different names.
    #[error("Connector name configuration in 'config' doesn't match the one specified in 'name' at '{}'", path.display())]
    TwoNames {
        /// The path of the file.
        path: PathBuf,
    },
}

/// The content of a connector file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorFile {
    /// The connector's name.
    pub name: String,
    /// The connector's configuration, including `name`.
    pub config: ConfigMap,
    /// `initial_state` of a file with a body of `POST /connectors`, as written.
    pub initial_state: Option<String>,
}

/// Reads a Java properties file in its order. If a key occurs twice, its last value is used.
pub fn properties(path: &Path) -> Result<ConfigMap, Error> {
    parse_properties(path, &read(path)?)
}

/// Reads a connector file of any of the three formats.
pub fn connector(path: &Path) -> Result<ConnectorFile, Error> {
    let bytes = read(path)?;
    if let Ok(Some(config)) = json::read::<StringMap>(&bytes) {
        return named(path, not_null(path, config)?);
    }
    if let Ok(Some(CreateConnectorFile { name: Some(name), config: Some(config), initial_state })) = json::read(&bytes)
    {
        let mut config = not_null(path, config)?;
        if config.entry("name".to_owned()).or_insert_with(|| name.clone()) != &name {
            return Err(Error::TwoNames { path: path.to_owned() });
        }
        return Ok(ConnectorFile { name, config, initial_state });
    }
    // Kafka Connect would read it as properties and report that the name is missing.
    if bytes.trim_ascii_start().starts_with(b"{")
        && let Err(error) = serde_json::from_slice::<serde_json::Value>(&bytes)
    {
        return Err(Error::Json { path: path.to_owned(), problem: error.to_string() });
    }
    named(path, parse_properties(path, &bytes)?)
}

fn not_null(path: &Path, config: StringMap) -> Result<ConfigMap, Error> {
    match json::without_nulls(config) {
        (config, 0) => Ok(config),
        _ => Err(Error::Null { path: path.to_owned() }),
    }
}

fn named(path: &Path, config: ConfigMap) -> Result<ConnectorFile, Error> {
    match config.get("name") {
        Some(name) => Ok(ConnectorFile { name: name.clone(), config, initial_state: None }),
        None => Err(Error::NoName { path: path.to_owned() }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

fn parse_properties(path: &Path, bytes: &[u8]) -> Result<ConfigMap, Error> {
    // Java reads these files as ISO-8859-1, which garbles a file written in UTF-8. Text that is valid UTF-8 is almost never in
    // another encoding, so UTF-8 is tried first.
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    parse(&text).map_err(|source| Error::Syntax { path: path.to_owned(), source })
}

/// Parses the text of a Java properties file in its order. If a key occurs twice, its last value is used.
pub(super) fn parse(text: &str) -> Result<ConfigMap, PropertiesError> {
    let mut config = ConfigMap::new();
    PropertiesIter::new_with_encoding(text.as_bytes(), encoding_rs::UTF_8).read_into(|key, value| {
        config.insert(key, value);
    })?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("temporary file");
        std::fs::write(file.path(), content).expect("written");
        file
    }

    fn map(entries: &[(&str, &str)]) -> ConfigMap {
        entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn properties_follow_javas_rules() {
        let file = file(b"# comment\n! comment\na=1\nb : two words \nc\\:d e\\\n   f\nempty=\nu=\\u00e9\na=2\n");
        let config = properties(file.path()).expect("parsed");
        assert_eq!(config, map(&[("a", "2"), ("b", "two words "), ("c:d", "ef"), ("empty", ""), ("u", "é")]));
    }

    #[test]
    fn utf_8_and_latin_1_are_both_read() {
        assert_eq!(properties(file("k=é".as_bytes()).path()).expect("parsed")["k"], "é");
        assert_eq!(properties(file(b"k=\xe9").path()).expect("parsed")["k"], "é");
    }

    #[test]
    fn connector_files_come_in_three_formats() {
        let want = map(&[("name", "a"), ("tasks.max", "2"), ("x", "true")]);
        let json = file(br#"{"name":"a","tasks.max":2,"x":true}"#);
        assert_eq!(connector(json.path()).expect("parsed").config, want);
        let post = file(br#"{"name":"a","config":{"tasks.max":"2","x":"true"},"initial_state":"PAUSED","other":[1]}"#);
        let post = connector(post.path()).expect("parsed");
        assert_eq!((post.name.as_str(), post.initial_state.as_deref()), ("a", Some("PAUSED")));
        assert_eq!(post.config.len(), 3);
        let properties = file(b"name=a\ntasks.max=2\nx=true\n");
        assert_eq!(connector(properties.path()).expect("parsed").config, want);
    }

    #[test]
    fn a_connector_file_must_name_its_connector_once() {
        let error = connector(file(b"topic=t\n").path()).expect_err("refused").to_string();
        assert!(error.ends_with("is missing the mandatory 'name' configuration"), "{error}");
        let error = connector(file(br#"{"topic":"t"}"#).path()).expect_err("refused").to_string();
        assert!(error.ends_with("is missing the mandatory 'name' configuration"), "{error}");
        let comma =
            connector(file(b"{\n  \"name\": \"a\",\n  \"topic\": \"t\",\n}").path()).expect_err("refused").to_string();
        assert!(comma.contains("is not valid JSON: trailing comma at line 4 column 1"), "{comma}");
        let two = file(br#"{"name":"a","config":{"name":"b"}}"#);
        let error = connector(two.path()).expect_err("refused").to_string();
        assert!(error.starts_with("Connector name configuration in 'config' doesn't match"), "{error}");
    }
}
