//! Writes the text of a JSON object to a buffer that is used again for the next record.

use weir_sdk::RecordError;
use weir_sdk::schema::Schema;
use weir_sdk::value::{Name, Value};

/// Writes the text of a JSON object.
#[derive(Debug)]
pub(crate) struct ObjectWriter<'a> {
    text: &'a mut Vec<u8>,
}

impl<'a> ObjectWriter<'a> {
    pub(crate) fn new(text: &'a mut Vec<u8>) -> ObjectWriter<'a> {
        text.clear();
        text.push(b'{');
        ObjectWriter { text }
    }

    pub(crate) fn member<N: Name + ?Sized>(&mut self, name: &N, json: &[u8]) {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
        name.push_json(self.text);
        self.text.push(b':');
        self.text.extend_from_slice(json);
    }

    /// Replaces a value by the object.
    pub(crate) fn finish(self, value: &mut Value<'_>, schema: Option<Schema>) -> Result<(), RecordError> {
        self.text.push(b'}');
        let text = std::str::from_utf8(self.text).map_err(RecordError::new)?;
        value.set_json(text, schema);
        Ok(())
    }
}
