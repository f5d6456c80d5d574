//! Copies or moves fields of the key or the value into headers.

use std::marker::PhantomData;

use weir_sdk::record::Data;
use weir_sdk::schema::{Schema, SchemaRef};
use weir_sdk::transform::{Columns, Header, Outcome, Record};
use weir_sdk::value::{FieldError, FieldName, Json, StructBuilder, Value};
use weir_sdk::{Config, ConfigError, RecordError, Transform};

use crate::by_schema::BySchema;
use crate::defaults::Defaults;
use crate::require;
use crate::side::Side;

/// The keys of [`HeaderFrom`].
#[derive(Config, Debug)]
pub struct HeaderFromConfig {
    /// Field names in the record whose values are to be copied or moved to headers.
    #[config(importance = high, validator = non_empty_list)]
    fields: Vec<String>,
    /// Header names, in the same order as the field names listed in the fields configuration property.
    #[config(importance = high, validator = non_empty_list)]
    headers: Vec<String>,
    /// Either <code>move</code> if the fields are to be moved to the headers (removed from the key/value), or
    /// <code>copy</code> if the fields are to be copied to the headers (retained in the key/value).
    #[config(importance = high, one_of("move", "copy"))]
    operation: String,
    /// Whether to replace fields that have a default value and that are null to the default value. When set to true, the
    /// default value is used, otherwise null is used.
    #[config(name = "replace.null.with.default", default = true, importance = medium)]
    replace_null_with_default: bool,
}

/// `org.apache.kafka.connect.transforms.HeaderFrom$Key` and `$Value`
#[derive(Debug)]
pub struct HeaderFrom<S> {
    /// A field and the header to which it is copied or moved.
    pairs: Vec<(FieldName, String)>,
    moves: bool,
    replace_null_with_default: bool,
    structs: BySchema<OfStruct>,
    defaults: Defaults,
    side: PhantomData<S>,
}

/// The change of the structs of one schema.
#[derive(Debug)]
struct OfStruct {
    /// The schema and the default of each pair's field.
    fields: Vec<(Schema, Option<String>)>,
    /// The schema without the moved fields.
    rest: Option<Schema>,
    /// Remaining fields that are required and may be missing.
    required: Vec<(FieldName, String)>,
}

impl<S: Side> Transform for HeaderFrom<S> {
    const CLASS: &'static str = if S::IS_KEY {
        "org.apache.kafka.connect.transforms.HeaderFrom$Key"
    } else {
        "org.apache.kafka.connect.transforms.HeaderFrom$Value"
    };
    const VERSION: &'static str = crate::VERSION;
    type Config = HeaderFromConfig;

    fn new(config: HeaderFromConfig) -> Result<HeaderFrom<S>, ConfigError> {
        if config.fields.len() != config.headers.len() {
            let message = "'fields' config must have the same number of elements as 'headers' config.".into();
            return Err(ConfigError { key: "fields".into(), message });
        }
        Ok(HeaderFrom {
            pairs: config.fields.into_iter().map(FieldName::new).zip(config.headers).collect(),
            moves: config.operation == "move",
            replace_null_with_default: config.replace_null_with_default,
            structs: BySchema::default(),
            defaults: Defaults::default(),
            side: PhantomData,
        })
    }

    fn columns(&self) -> Columns {
        S::COLUMNS | Columns::HEADERS
    }

    fn apply(&mut self, record: &mut Record<'_>) -> Result<Outcome, RecordError> {
        let value = S::of(record);
        let headers = match value.schema().cloned() {
            None => self.of_map(value)?,
            Some(schema) => self.of_struct(value, &schema)?,
        };
        headers.into_iter().for_each(|header| record.headers().push(header));
        Ok(Outcome::Keep)
    }
}

impl<S> HeaderFrom<S> {
    fn purpose(&self) -> &'static str {
        if self.moves { "header move" } else { "header copy" }
    }

    fn of_map(&self, value: &mut Value<'_>) -> Result<Vec<Header<'static>>, RecordError> {
        require::map(value, self.purpose())?;
        let headers = self.pairs.iter().map(|(field, name)| header(name, value.get(field), None)).collect();
        if self.moves {
            for (field, _) in &self.pairs {
                value.remove(field)?;
            }
        }
        headers
    }

    fn of_struct(&mut self, value: &mut Value<'_>, schema: &Schema) -> Result<Vec<Header<'static>>, RecordError> {
        require::structure(value, self.purpose())?;
        let (pairs, moves, replace_null) = (&self.pairs, self.moves, self.replace_null_with_default);
        let plan = self.structs.get_or_make(schema, || OfStruct::new(schema, pairs, moves, replace_null))?;
        if moves && replace_null {
            self.defaults.fill(value, schema)?;
        }
        for (name, message) in &plan.required {
            if value.get(name).is_none_or(|json| json.is_null()) {
                return Err(RecordError::new(message));
            }
        }
        let headers = pairs.iter().zip(&plan.fields).map(|((field, name), (schema, default))| {
            let given = value.get(field).filter(|json| !json.is_null());
            header(name, given.or_else(|| default.as_deref().map(Json::new)), Some(schema))
        });
        let headers = headers.collect::<Result<_, _>>()?;
        if let Some(rest) = &plan.rest {
            for (field, _) in pairs {
                value.remove(field)?;
            }
            value.set_schema(Some(rest.clone()));
        }
        Ok(headers)
    }
}

impl OfStruct {
    fn new(
        schema: &Schema,
        pairs: &[(FieldName, String)],
        moves: bool,
        replace_null: bool,
    ) -> Result<OfStruct, RecordError> {
        let stays = |name: &str| !pairs.iter().any(|(field, _)| field.text() == name);
        let field = |(name, _): &(FieldName, String)| {
            let name = name.text();
            let field = schema.field(name).ok_or_else(|| {
                RecordError::new(format_args!(
                    "The struct has no field \"{name}\" to make a header of; correct `fields`"
                ))
            })?;
            Ok((field.to_schema(), field.node().default.clone().filter(|_| replace_null)))
        };
        let unchecked = |(name, field): (&str, SchemaRef<'_>)| {
            let checked = !replace_null && stays(name) && !field.is_optional() && field.node().default.is_some();
            checked.then(|| (FieldName::new(name), require::null_message(name, field)))
        };
        Ok(OfStruct {
            fields: pairs.iter().map(field).collect::<Result<_, RecordError>>()?,
            rest: moves.then(|| rest(schema, stays)).transpose().map_err(RecordError::new)?,
            required: if moves { schema.fields().filter_map(unchecked).collect() } else { Vec::new() },
        })
    }
}

fn rest(schema: &Schema, stays: impl Fn(&str) -> bool) -> Result<Schema, FieldError> {
    let mut builder = StructBuilder::basics_of(schema.root());
    for (name, field) in schema.fields().filter(|(name, _)| stays(name)) {
        builder.field(name, field)?;
    }
    Ok(builder.build())
}

fn header(name: &str, json: Option<Json<'_>>, schema: Option<&Schema>) -> Result<Header<'static>, RecordError> {
    let value = match json.filter(|json| !json.is_null()) {
        None => Data::Null,
        Some(json) => Data::Json(std::str::from_utf8(json.raw()).map_err(RecordError::new)?),
    };
    Ok(Header::new(name, value, schema.cloned()))
}
