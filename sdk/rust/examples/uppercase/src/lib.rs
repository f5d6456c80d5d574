//! A transform that upper-cases one field of the value.
//! `cargo test -p uppercase`, then `cargo xtask build --components`: the component is in `target/dist/examples`.

use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::{Config, ConfigError, RecordError, Transform};

/// What a user may set.
#[derive(Config)]
pub struct UppercaseConfig {
    /// The field to upper-case. A record without it stays as it is.
    #[config(importance = high, validator = non_empty)]
    field: String,
}

/// The configured transform.
pub struct Uppercase(UppercaseConfig);

impl Transform for Uppercase {
    const CLASS: &'static str = "org.example.Uppercase";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Config = UppercaseConfig;

    fn new(config: UppercaseConfig) -> Result<Uppercase, ConfigError> {
        Ok(Uppercase(config))
    }

    fn columns(&self) -> Columns {
        Columns::VALUES
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        if let Some(text) = record.value().get(&self.0.field).and_then(|field| field.as_str()) {
            let upper = text.to_uppercase();
            record.value().set_str(&self.0.field, &upper)?;
        }
        Ok(Outcome::Keep)
    }
}

weir_sdk::export!(transforms: [Uppercase]);
