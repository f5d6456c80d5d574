//! The errors that an author of a plugin sees: each mistake is one error of the compiler, and says what to do.

use super::Outside;

/// A source that compiles. Each case makes one mistake in it.
const CODE: &str = r#"use weir_sdk::source::{Poll, Source, SourceContext};
use weir_sdk::{BatchBuilder, Config, Error};

#[derive(Config)]
pub struct TickConfig {
    /// Topic to write to.
    #[config(importance = high)]
    pub topic: String,
    /// Number of ticks.
    #[config(default = 1)]
    pub ticks: u64,
}

pub struct Tick;

impl Source for Tick {
    const CLASS: &'static str = "org.example.TickSource";
    const VERSION: &'static str = "1.0.0";
    type Config = TickConfig;

    fn start(_: TickConfig, _: &SourceContext) -> Result<Tick, Error> {
        Ok(Tick)
    }

    fn poll(&mut self, _: &mut BatchBuilder) -> Result<Poll, Error> {
        Ok(Poll::Ready)
    }
}

weir_sdk::export!(sources: [Tick]);
"#;

/// What is replaced in the code, by what, and part of the only error.
const MISTAKES: [(&str, &str, &str); 6] = [
    ("ticks: u64", "ticks: std::time::SystemTime", "a configuration key cannot be a `SystemTime`"),
    ("default = 1", "default = \"1\"", "the default of this field must be a whole number"),
    ("default = 1", "flatten", "`u64` is not a configuration"),
    ("importance = high", "importance = hi", "`hi` is not one of: high, medium, low"),
    ("    /// Number of ticks.\n", "", "a configuration key needs a doc comment"),
    ("export!(sources:", "export!(source:", "`source` is not a group of `weir_sdk::export!`"),
];

/// Makes each mistake and reads the output of the compiler.
pub(super) fn check(outside: &Outside) {
    for (from, to, message) in MISTAKES {
        let (before, after) = CODE.split_once(from).unwrap_or_else(|| panic!("the code does not contain {from:?}"));
        let directory = outside.create("tick", &[before, to, after].concat()).unwrap();
        let output = outside.build(&directory).env("CARGO_TERM_COLOR", "never").output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        let is_error = |line: &&str| line.starts_with("error") && !line.contains("could not compile");
        let errors: Vec<&str> = text.lines().filter(is_error).collect();
        assert!(errors.len() == 1 && errors[0].contains(message), "{to:?} is not the one error {message:?}:\n{text}");
    }
}
