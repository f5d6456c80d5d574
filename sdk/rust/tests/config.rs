//! A derived configuration: every attribute reaches the definition, and every type is read.

use std::str::FromStr;
use std::time::Duration;

use weir_sdk::config::{Config, ConfigKey, ConfigMap, ConfigType, Importance, Password, Validator, Width};

#[derive(Debug, PartialEq)]
enum Mode {
    Fast,
    Safe,
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Mode, String> {
        match text {
            "fast" => Ok(Mode::Fast),
            "safe" => Ok(Mode::Safe),
            _ => Err(format!("no mode {text}")),
        }
    }
}

#[derive(Config)]
struct Connection {
    /// Where the other side is.
    #[config(name = "connection.host", default = "localhost")]
    host: String,
}

#[derive(Config)]
struct Everything {
    /// The first line
    /// and the second.
    ///
    /// A paragraph.
    #[config(importance = high, validator = non_empty, group = "Main", order = 1, width = long, display_name = "The text")]
    text: String,
    /// Optional.
    optional_text: Option<String>,
    /// A switch.
    #[config(default = false, importance = low, dependents("list", "mode"))]
    switch: bool,
    /// Short.
    #[config(default = -1, range(-1..10))]
    small: i16,
    /// Int.
    #[config(default = 7, range(..=9))]
    int: i32,
    /// Unsigned.
    #[config(default = 5)]
    unsigned: u32,
    /// Double.
    #[config(default = 0.5, range(-0.5..))]
    double: f64,
    /// Time.
    #[config(name = "time.ms", default = 1500)]
    time: Duration,
    /// List.
    #[config(default = "a, b", validator = non_empty_list_without_duplicates, recommended("a", "c"))]
    list: Vec<String>,
    /// Password.
    #[config(internal)]
    secret: Option<Password>,
    /// Mode.
    #[config(one_of("fast", "safe"), default = "safe")]
    mode: Mode,
    /// Optional mode.
    #[config(name = "mode.b", one_of("fast", "safe"))]
    mode_b: Option<Mode>,
    /// Class.
    #[config(kind = class, default = "org.example.A")]
    class: String,
    #[config(flatten)]
    connection: Connection,
}

fn key(name: &str) -> ConfigKey {
    Everything::keys().into_iter().find(|key| key.name == name).unwrap_or_else(|| panic!("there is no key {name}"))
}

fn parse(entries: &[(&str, &str)]) -> Result<Everything, String> {
    let entries: ConfigMap = entries.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Everything::parse(&entries).map_err(|error| error.message)
}

#[test]
fn attributes_reach_the_definition() {
    let text = key("text");
    assert_eq!(text.doc, "The first line and the second.\n\nA paragraph.");
    assert_eq!((text.importance, text.width, text.order), (Importance::High, Some(Width::Long), Some(1)));
    assert_eq!((text.group.as_deref(), text.display_name.as_deref()), (Some("Main"), Some("The text")));
    assert!(text.required && !text.internal && text.default.is_none());
    assert_eq!(text.validators, [Validator::NonEmptyString]);

    let optional = key("optional.text");
    assert!(!optional.required && optional.default.is_none());
    assert_eq!((optional.display_name.as_deref(), optional.order, optional.width), (None, None, None));
    assert_eq!(key("switch").dependents, ["list", "mode"]);
    assert_eq!(key("small").validators, [Validator::Range(Some(-1), Some(9))]);
    assert_eq!(key("int").validators, [Validator::Range(None, Some(9))]);
    assert_eq!(key("unsigned").validators, [Validator::Range(Some(0), Some(u32::MAX.into()))]);
    assert_eq!(key("double").validators, [Validator::DoubleRange(Some(-0.5), None)]);
    assert_eq!(key("list").recommended_values, ["a", "c"]);
    assert!(key("secret").internal);
    assert_eq!(key("mode").validators, [Validator::OneOf(vec!["fast".into(), "safe".into()])]);
    assert!(!key("mode.b").required);
    assert_eq!(key("connection.host").default.as_deref(), Some("localhost"));

    let kinds: Vec<ConfigType> = Everything::keys().iter().map(|key| key.kind).collect();
    use ConfigType::*;
    assert_eq!(
        kinds,
        [String, String, Boolean, Short, Int, Long, Double, Long, List, Password, String, String, Class, String]
    );
}

#[test]
fn defaults_are_what_the_definition_says() {
    let config = parse(&[("text", " x ")]).unwrap();
    assert_eq!((config.text.as_str(), config.optional_text), ("x", None));
    assert_eq!((config.switch, config.small, config.int, config.unsigned), (false, -1, 7, 5));
    assert_eq!((config.double, config.time), (0.5, Duration::from_millis(1500)));
    assert_eq!(config.list, ["a", "b"]);
    assert_eq!((config.secret, config.mode, config.mode_b), (None, Mode::Safe, None));
    assert_eq!((config.class.as_str(), config.connection.host.as_str()), ("org.example.A", "localhost"));
}

#[test]
fn given_values_win() {
    let config = parse(&[
        ("text", "x"),
        ("optional.text", "y"),
        ("switch", "true"),
        ("time.ms", "2"),
        ("mode", "fast"),
        ("mode.b", "safe"),
        ("secret", "hush"),
        ("connection.host", "db"),
        ("not.in.the.definition", "z"),
    ])
    .unwrap();
    assert_eq!((config.optional_text.as_deref(), config.switch), (Some("y"), true));
    assert_eq!((config.mode, config.mode_b, config.time), (Mode::Fast, Some(Mode::Safe), Duration::from_millis(2)));
    assert_eq!(config.secret.map(|secret| secret.value().to_string()).as_deref(), Some("hush"));
    assert_eq!(config.connection.host, "db");
}

#[test]
fn what_does_not_fit_is_refused_with_kafkas_messages() {
    for (entries, message) in [
        (vec![], "Missing required configuration \"text\" which has no default value."),
        (vec![("text", " ")], "Invalid value  for configuration text: String must be non-empty"),
        (vec![("text", "x"), ("int", "z")], "Invalid value z for configuration int: Not a number of type INT"),
        (vec![("text", "x"), ("int", "10")], "Invalid value 10 for configuration int: Value must be no more than 9"),
        (
            vec![("text", "x"), ("switch", "on")],
            "Invalid value on for configuration switch: Expected value to be either true or false",
        ),
        (vec![("text", "x"), ("mode", "odd")], "Invalid value odd for configuration mode: no mode odd"),
    ] {
        assert_eq!(parse(&entries).err().as_deref(), Some(message));
    }
}
