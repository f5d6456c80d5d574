//! Applies the rules to a value. The changes are computed once for all maps, and for all structs of a schema.
//!
//! If few fields are removed or renamed, the text of the value is edited in place. If few remain, these are copied.

use weir_sdk::RecordError;
use weir_sdk::schema::{Schema, SchemaRef};
use weir_sdk::value::{FieldName, StructBuilder, Value};

use super::rules::Rules;
use super::{collide, unfit};
use crate::object_writer::ObjectWriter;
use crate::require;

/// The change of a map, which may have any fields.
#[derive(Debug)]
pub(super) enum MapEdit {
    InPlace {
        removed: Vec<FieldName>,
        /// The old name, the new name, and whether a field that already has the new name would remain.
        renamed: Vec<(FieldName, FieldName, bool)>,
    },
    Pick(Vec<(FieldName, FieldName)>),
    /// Two fields may get the same name, so each field is processed.
    Each,
}

impl MapEdit {
    pub(super) fn new(rules: &Rules) -> MapEdit {
        let renames: Vec<&(String, String)> = rules.renames.iter().filter(|(from, _)| rules.keeps(from)).collect();
        let targets = |name: &String| renames.iter().filter(|(_, to)| to == name).count();
        if renames.iter().any(|(from, to)| targets(to) > 1 || targets(from) > 0) {
            return MapEdit::Each;
        }
        if rules.include.is_empty() {
            let renamed = |(from, to): &(String, String)| (FieldName::new(from), FieldName::new(to), rules.keeps(to));
            return MapEdit::InPlace {
                removed: rules.exclude.iter().map(FieldName::new).collect(),
                renamed: renames.into_iter().map(renamed).collect(),
            };
        }
        if renames.iter().any(|(_, to)| rules.keeps(to)) {
            return MapEdit::Each;
        }
        let kept = rules.include.iter().filter(|name| rules.keeps(name));
        MapEdit::Pick(kept.map(|name| (FieldName::new(name), FieldName::new(rules.renamed(name)))).collect())
    }

    /// Changes a value that is a map.
    pub(super) fn apply(&self, rules: &Rules, value: &mut Value<'_>, buffer: &mut Vec<u8>) -> Result<(), RecordError> {
        match self {
            MapEdit::InPlace { removed, renamed } => {
                let mut collides = |(from, to, stays): &(FieldName, FieldName, bool)| {
                    *stays && value.get(to).is_some() && value.get(from).is_some()
                };
                if renamed.iter().any(&mut collides) {
                    return collide::rewrite(rules, value, buffer);
                }
                for name in removed {
                    value.remove(name)?;
                }
                for (from, to, _) in renamed {
                    value.rename(from, to)?;
                }
                Ok(())
            }
            MapEdit::Pick(fields) => {
                let mut object = ObjectWriter::new(buffer);
                for (from, to) in fields {
                    if let Some(json) = value.get(from) {
                        object.member(to, json.raw());
                    }
                }
                object.finish(value, None)
            }
            MapEdit::Each => collide::rewrite(rules, value, buffer),
        }
    }
}

/// The change of the structs of one schema.
#[derive(Debug)]
pub(super) struct StructEdit {
    schema: Schema,
    /// Fields that must not be null in the new struct, although null stands for their default in the input, with the error message.
    required: Vec<(String, String)>,
    how: How,
}

#[derive(Debug)]
enum How {
    InPlace { removed: Vec<FieldName>, renamed: Vec<(FieldName, FieldName)> },
    Pick(Vec<Picked>),
}

/// A field of the new struct.
#[derive(Debug)]
struct Picked {
    name: FieldName,
    source: FieldName,
    /// The error message if the value of the source cannot be read.
    unknown: Option<String>,
    /// The error message if values of the source's schema are not valid for the field.
    unfit: Option<String>,
    /// The error message for null, or `None` if the field may be null.
    required: Option<String>,
}

impl StructEdit {
    /// An error applies to all records with the schema.
    pub(super) fn new(rules: &Rules, schema: &Schema, replace_null: bool) -> Result<StructEdit, RecordError> {
        let kept: Vec<(&str, SchemaRef<'_>)> = schema.fields().filter(|(name, _)| rules.keeps(name)).collect();
        let mut builder = StructBuilder::basics_of(schema.root());
        for (name, field) in &kept {
            builder.field(rules.renamed(name), *field).map_err(RecordError::new)?;
        }
        let removed: Vec<&str> = schema.fields().map(|(name, _)| name).filter(|name| !rules.keeps(name)).collect();
        let is_renamed = |name: &str| rules.renamed(name) != name;
        // Editing in place requires that each field keeps its own value, and that no field gets the name that another field still has.
        let in_place = kept.iter().all(|(name, _)| {
            let to = rules.renamed(name);
            rules.source(to) == *name && (to == *name || kept.iter().all(|(other, _)| *other != to))
        });
        let required = |(name, field): &(&str, SchemaRef<'_>)| {
            let checked = !replace_null && !field.is_optional() && field.node().default.is_some();
            checked.then(|| ((*name).into(), require::null_message(rules.renamed(name), *field)))
        };
        let (required, how) = if in_place && removed.len() <= kept.len() {
            let renamed = kept.iter().filter(|(name, _)| is_renamed(name));
            let how = How::InPlace {
                removed: removed.into_iter().map(FieldName::new).collect(),
                renamed: renamed
                    .map(|(name, _)| (FieldName::new(*name), FieldName::new(rules.renamed(name))))
                    .collect(),
            };
            (kept.iter().filter_map(required).collect(), how)
        } else {
            (Vec::new(), How::Pick(kept.iter().map(|(name, field)| Picked::new(rules, schema, name, *field)).collect()))
        };
        Ok(StructEdit { schema: builder.build(), required, how })
    }

    /// Changes a value that is a struct of the schema.
    pub(super) fn apply(&self, value: &mut Value<'_>, buffer: &mut Vec<u8>) -> Result<(), RecordError> {
        for (name, message) in &self.required {
            if value.get(name).is_none_or(|json| json.is_null()) {
                return Err(RecordError::new(message));
            }
        }
        match &self.how {
            How::InPlace { removed, renamed } => {
                for name in removed {
                    value.remove(name)?;
                }
                for (from, to) in renamed {
                    value.rename(from, to)?;
                }
                value.set_schema(Some(self.schema.clone()));
                Ok(())
            }
            How::Pick(fields) => {
                let mut object = ObjectWriter::new(buffer);
                for field in fields {
                    field.write(value, &mut object)?;
                }
                object.finish(value, Some(self.schema.clone()))
            }
        }
    }
}

impl Picked {
    fn new(rules: &Rules, schema: &Schema, name: &str, field: SchemaRef<'_>) -> Picked {
        let to = rules.renamed(name);
        let source = rules.source(to);
        let source_schema = schema.field(source);
        Picked {
            name: FieldName::new(to),
            source: FieldName::new(source),
            unknown: source_schema.is_none().then(|| format!("{source} is not a valid field name")),
            unfit: source_schema.and_then(|found| unfit::why(to, field, source, found)),
            required: (!field.is_optional()).then(|| require::null_message(to, field)),
        }
    }

    fn write(&self, value: &mut Value<'_>, object: &mut ObjectWriter<'_>) -> Result<(), RecordError> {
        let given = value.get(&self.source).filter(|json| !json.is_null());
        let failure = match given {
            _ if self.unknown.is_some() => &self.unknown,
            Some(_) => &self.unfit,
            None => &self.required,
        };
        match failure {
            Some(message) => return Err(RecordError::new(message)),
            None => object.member(&self.name, given.map_or(b"null", |json| json.raw())),
        }
        Ok(())
    }
}
