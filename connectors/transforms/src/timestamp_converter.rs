//! Converts timestamps between text, Unix time and Kafka Connect's Date, Time and Timestamp.

mod convert;
mod plan;

use std::marker::PhantomData;

use weir_java::date_format::DateFormat;
use weir_sdk::schema::Schema;
use weir_sdk::transform::{Columns, Outcome, Record};
use weir_sdk::value::{FieldName, Json, Value};
use weir_sdk::{Config, ConfigError, RecordError, Transform};

use crate::by_schema::BySchema;
use crate::defaults::Defaults;
use crate::require;
use crate::side::Side;
use convert::{Conversion, Kind, Precision, Target};
use plan::{OfStruct, target_schema};

const PURPOSE: &str = "converting timestamp formats";

/// The keys of [`TimestampConverter`].
#[derive(Config, Debug)]
pub struct TimestampConverterConfig {
    /// The field containing the timestamp, or empty if the entire value is a timestamp
    #[config(default = "", importance = high)]
    field: String,
    /// The desired timestamp representation: string, unix, Date, Time, or Timestamp
    #[config(name = "target.type", importance = high, one_of("string", "unix", "Date", "Time", "Timestamp"))]
    target: String,
    /// A SimpleDateFormat-compatible format for the timestamp. Used to generate the output when type=string or used to parse
    /// the input if the input is a string.
    #[config(default = "", importance = medium)]
    format: String,
    /// The desired Unix precision for the timestamp: seconds, milliseconds, microseconds, or nanoseconds. Used to generate the
    /// output when type=unix or used to parse the input if the input is a Long.Note: This SMT will cause precision loss during
    /// conversions from, and to, values with sub-millisecond components.
    #[config(
        name = "unix.precision",
        default = "milliseconds",
        importance = low,
        one_of("nanoseconds", "microseconds", "milliseconds", "seconds")
    )]
    precision: String,
    /// Whether to replace fields that have a default value and that are null to the default value. When set to true, the
    /// default value is used, otherwise null is used.
    #[config(name = "replace.null.with.default", default = true, importance = medium)]
    replace_null_with_default: bool,
}

/// `org.apache.kafka.connect.transforms.TimestampConverter$Key` and `$Value`
#[derive(Debug)]
pub struct TimestampConverter<S> {
    /// The field, or `None` for the whole value.
    field: Option<FieldName>,
    conversion: Conversion,
    replace_null_with_default: bool,
    wholes: BySchema<(Schema, Kind)>,
    structs: BySchema<OfStruct>,
    defaults: Defaults,
    /// A buffer for texts, which is used again for the next record.
    text: String,
    side: PhantomData<S>,
}

impl<S: Side> Transform for TimestampConverter<S> {
    const CLASS: &'static str = if S::IS_KEY {
        "org.apache.kafka.connect.transforms.TimestampConverter$Key"
    } else {
        "org.apache.kafka.connect.transforms.TimestampConverter$Value"
    };
    const VERSION: &'static str = crate::VERSION;
    type Config = TimestampConverterConfig;

    fn new(config: TimestampConverterConfig) -> Result<TimestampConverter<S>, ConfigError> {
        let refused = |message: String| ConfigError { key: "format".into(), message };
        let target = Target::of(&config.target);
        if target == Target::String && config.format.is_empty() {
            let message = "TimestampConverter requires format option to be specified when using string timestamps";
            return Err(refused(message.into()));
        }
        let format = Some(&config.format).filter(|format| !format.is_empty()).map(|format| {
            DateFormat::new(format).map_err(|why| {
                // Kafka Connect builds the message like this, with the cause in the place of the value.
                let what = "TimestampConverter requires a SimpleDateFormat-compatible pattern for string timestamps";
                refused(format!(
                    "Invalid value java.lang.IllegalArgumentException: {why} for configuration {what}: {format}"
                ))
            })
        });
        Ok(TimestampConverter {
            field: Some(config.field).filter(|field| !field.is_empty()).map(FieldName::new),
            conversion: Conversion { target, precision: Precision::of(&config.precision), format: format.transpose()? },
            replace_null_with_default: config.replace_null_with_default,
            wholes: BySchema::default(),
            structs: BySchema::default(),
            defaults: Defaults::default(),
            text: String::new(),
            side: PhantomData,
        })
    }

    fn columns(&self) -> Columns {
        S::COLUMNS
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        let value = S::of(record);
        match (value.schema().is_some(), self.field.is_some()) {
            (false, false) => self.convert_plain(value)?,
            (false, true) => self.convert_in_map(value)?,
            (true, false) => self.convert_whole(value)?,
            (true, true) => self.convert_in_struct(value)?,
        }
        Ok(Outcome::Keep)
    }
}

impl<S> TimestampConverter<S> {
    /// Converts a whole value without a schema.
    fn convert_plain(&mut self, value: &mut Value<'_>) -> Result<(), RecordError> {
        if value.is_null() {
            return Ok(());
        }
        let millis = match value.as_text() {
            Some(text) => self.conversion.parse(text)?,
            None => {
                let class = value.class();
                let json = value.as_json().ok_or_else(|| convert::unknown_class(class))?;
                self.conversion.millis(Kind::of_json(json)?, json)?
            }
        };
        self.set_whole(value, millis, None)
    }

    fn convert_in_map(&mut self, value: &mut Value<'_>) -> Result<(), RecordError> {
        if value.is_null() {
            return Ok(());
        }
        require::map(value, PURPOSE)?;
        let Some(field) = &self.field else { return Ok(()) };
        match given(value.get(field)) {
            None => value.set_raw(field, b"null")?,
            Some(json) => {
                let millis = self.conversion.millis(Kind::of_json(json)?, json)?;
                set_field(&self.conversion, &mut self.text, value, field, millis, false)?;
            }
        }
        Ok(())
    }

    /// Converts a whole value with a schema.
    fn convert_whole(&mut self, value: &mut Value<'_>) -> Result<(), RecordError> {
        let Some(schema) = value.schema().cloned() else { return Ok(()) };
        let target = self.conversion.target;
        let make = || {
            Ok::<_, RecordError>((target_schema(target, schema.root().is_optional()), Kind::of_schema(schema.root())?))
        };
        let (made, kind) = self.wholes.get_or_make(&schema, make)?;
        let (made, kind) = (made.clone(), *kind);
        if value.is_null() {
            value.set_null(Some(made));
            return Ok(());
        }
        let millis = match value.as_text() {
            Some(text) => self.conversion.parse(text)?,
            None => match value.as_json() {
                Some(json) => self.conversion.millis(kind, json)?,
                None => return Err(convert::unknown_class(value.class())),
            },
        };
        self.set_whole(value, millis, Some(made))
    }

    fn convert_in_struct(&mut self, value: &mut Value<'_>) -> Result<(), RecordError> {
        if !value.is_null() {
            require::structure(value, PURPOSE)?;
        }
        let (Some(schema), Some(field)) = (value.schema().cloned(), &self.field) else { return Ok(()) };
        let (conversion, replace_null) = (&self.conversion, self.replace_null_with_default);
        let plan = self.structs.get_or_make(&schema, || OfStruct::new(&schema, field, conversion, replace_null))?;
        if !value.is_null() {
            if replace_null {
                self.defaults.fill(value, &schema)?;
            }
            plan.convert(value, field, conversion, &mut self.text)?;
        }
        value.set_schema(Some(plan.schema.clone()));
        Ok(())
    }

    fn set_whole(&mut self, value: &mut Value<'_>, millis: i64, schema: Option<Schema>) -> Result<(), RecordError> {
        self.text.clear();
        let typed = schema.is_some();
        match self.conversion.number(millis, typed)? {
            Some(number) => value.set_json(&number.to_string(), schema),
            None => {
                self.conversion.format(millis, &mut self.text);
                value.set_text(&self.text, schema);
            }
        }
        Ok(())
    }
}

/// Sets a field to the converted timestamp.
fn set_field(
    conversion: &Conversion,
    buffer: &mut String,
    value: &mut Value<'_>,
    field: &FieldName,
    millis: i64,
    typed: bool,
) -> Result<(), RecordError> {
    match conversion.number(millis, typed)? {
        Some(number) => value.set_i64(field, number)?,
        None => {
            buffer.clear();
            conversion.format(millis, buffer);
            value.set_str(field, buffer)?;
        }
    }
    Ok(())
}

/// The JSON value null, or a missing member.
fn given<'a>(json: Option<Json<'a>>) -> Option<Json<'a>> {
    json.filter(|json| !json.is_null())
}
