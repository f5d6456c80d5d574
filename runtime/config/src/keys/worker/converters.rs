//! Worker keys: the default converters.

use super::super::key::{Fallback, Section, Usage};
use super::super::types::Type;
use super::define::key;

use Fallback::{Null, Required, Value};
use Type::{Class, String};
use Usage::{Ignored, Used};

const NO_VERSIONS: Usage = Ignored("Weir's converters are built in and have only one version");

pub(super) const SECTION: Section = Section {
    title: "Converters",
    intro: "A converter's own settings have its key as a prefix: `value.converter.schemas.enable=false`. If a connector sets a \
            converter itself, the worker's settings for that converter do not apply.",
    keys: &[
        key("key.converter", Class, Required, Used, "Converter for record keys: full class name or simple name."),
        key("value.converter", Class, Required, Used, "Converter for record values."),
        key(
            "header.converter",
            Class,
            Value("org.apache.kafka.connect.storage.SimpleHeaderConverter"),
            Used,
            "Converter for header values.",
        ),
        key("key.converter.plugin.version", String, Null, NO_VERSIONS, "Version of the converter to use."),
        key("value.converter.plugin.version", String, Null, NO_VERSIONS, "Version of the converter to use."),
        key("header.converter.plugin.version", String, Null, NO_VERSIONS, "Version of the converter to use."),
    ],
};
