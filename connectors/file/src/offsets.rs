//! The source's partition `{"filename":F}` and offset `{"position":N}`, and the checks of offsets that an operator sets.

use serde_json::{Map, Value};
use weir_sdk::Error;
use weir_sdk::source::{Offset, SourceOffset};

use crate::path::FILE;

/// The key of the source partition, with the value of `file`.
pub(crate) const FILENAME: &str = "filename";

/// The key of the source offset: the number of bytes up to the end of the line.
pub(crate) const POSITION: &str = "position";

/// Returns the position from which to read. If no offset with a position is stored, this is the beginning of the file.
pub(crate) fn position(stored: Option<&Offset>) -> Result<u64, Error> {
    match stored.and_then(|offset| offset.get(POSITION)) {
        None | Some(Value::Null) => Ok(0),
        Some(value) => value.as_u64().ok_or_else(|| {
            Error::fatal(format_args!(
                "the '{POSITION}' of the stored offset, {value}, is not a number of bytes; correct it, or create the connector with another name"
            ))
        }),
    }
}

/// Checks offsets as Kafka Connect does, in the same order. An operator may delete any offset, also those that this source never stored.
pub(crate) fn check_change(file: Option<&str>, offsets: &[SourceOffset]) -> Result<bool, Error> {
    if file.is_none_or(str::is_empty) {
        return Err(Error::fatal(format_args!(
            "Offsets cannot be modified if the '{FILE}' configuration is unspecified. This is because stdin is used for \
             input and offsets are not tracked."
        )));
    }
    for SourceOffset { partition, offset } in offsets {
        let Some(offset) = offset else { continue };
        let offset = object(offset, "Offset")?;
        let Some(position) = offset.get(POSITION) else {
            return Err(Error::fatal(format_args!(
                "Offset objects should either be null or contain the key '{POSITION}'"
            )));
        };
        let Some(position) = whole_number(position) else {
            return Err(Error::fatal(format_args!(
                "The value for the '{POSITION}' key in the offset is expected to be a Long value"
            )));
        };
        if position < 0 {
            return Err(Error::fatal(format_args!(
                "The value for the '{POSITION}' key in the offset should be a non-negative value"
            )));
        }
        if partition == "null" {
            return Err(Error::fatal("Partition objects cannot be null"));
        }
        if !object(partition, "Partition")?.contains_key(FILENAME) {
            return Err(Error::fatal(format_args!("Partition objects should contain the key '{FILENAME}'")));
        }
    }
    Ok(true)
}

fn object(json: &str, what: &str) -> Result<Map<String, Value>, Error> {
    serde_json::from_str(json)
        .map_err(|error| Error::fatal(format_args!("{what} {json} is not a JSON object: {error}")))
}

/// Returns a number that Java would read as a long: 10, not 10.0 or "10".
fn whole_number(value: &Value) -> Option<i64> {
    value.as_i64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(partition: &str, offset: Option<&str>) -> Result<bool, Error> {
        let change = SourceOffset { partition: partition.to_owned(), offset: offset.map(str::to_owned) };
        check_change(Some("/data/in.txt"), &[change])
    }

    #[test]
    fn a_position_in_a_file_may_be_set_and_anything_may_be_forgotten() {
        assert_eq!(change(r#"{"filename":"/data/in.txt"}"#, Some(r#"{"position":30}"#)), Ok(true));
        assert_eq!(change(r#"{"other":1}"#, None), Ok(true));
    }

    #[test]
    fn what_is_no_place_in_a_file_is_refused() {
        for (partition, offset, part) in [
            (r#"{"filename":"f"}"#, r#"{"other":1}"#, "contain the key 'position'"),
            (r#"{"filename":"f"}"#, r#"{"position":"1"}"#, "expected to be a Long"),
            (r#"{"filename":"f"}"#, r#"{"position":1.5}"#, "expected to be a Long"),
            (r#"{"filename":"f"}"#, r#"{"position":-1}"#, "non-negative"),
            ("null", r#"{"position":1}"#, "cannot be null"),
            (r#"{"file":"f"}"#, r#"{"position":1}"#, "contain the key 'filename'"),
        ] {
            let error = change(partition, Some(offset)).unwrap_err().to_string();
            assert!(error.contains(part), "{partition} {offset}: {error}");
        }
    }

    #[test]
    fn without_a_file_there_are_no_offsets_to_change() {
        let error = check_change(None, &[]).unwrap_err();
        assert!(error.to_string().contains("'file' configuration is unspecified"), "{error}");
    }

    #[test]
    fn a_stored_position_is_a_whole_number() {
        let parse = |json| position(Offset::parse(json).as_ref());
        assert_eq!(parse(r#"{"position":7}"#), Ok(7));
        assert_eq!(parse("{}"), Ok(0));
        assert_eq!(position(None), Ok(0));
        assert!(parse(r#"{"position":"7"}"#).unwrap_err().to_string().contains("with another name"));
    }
}
