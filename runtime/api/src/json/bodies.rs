//! The bodies of requests, each read as Jackson reads it into Kafka Connect's class of the same name.

use serde_json::Value;

use super::error::Error;
use super::reader::{Reader, Record};
use super::{Body, StringMap};
use crate::TargetState;

impl Body for StringMap {
    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        reader.map("java.lang.String", Reader::string)
    }
}

const CREATE: &str = "org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest";

const CREATE_FIELDS: &[&str] = &["name", "config", "initial_state"];

/// The body of `POST /connectors`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateConnectorRequest {
    /// `name`, as it was sent.
    pub name: Option<String>,
    /// `config`.
    pub config: Option<StringMap>,
    /// `initial_state`.
    pub initial_state: Option<TargetState>,
}

impl Body for CreateConnectorRequest {
    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        let mut request = Self::default();
        const RECORD: Record = Record { class: CREATE, fields: CREATE_FIELDS, is_strict: true };
        let is_some = reader.record(&RECORD, |field, reader| {
            match field {
                0 => request.name = reader.string()?,
                1 => request.config = StringMap::read(reader)?,
                _ => request.initial_state = initial_state(reader)?,
            }
            Ok(())
        })?;
        Ok(is_some.then_some(request))
    }
}

/// The same body in a file on the command line: unknown properties are ignored, and the state is not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateConnectorFile {
    /// `name`.
    pub name: Option<String>,
    /// `config`.
    pub config: Option<StringMap>,
    /// `initial_state`.
    pub initial_state: Option<String>,
}

impl Body for CreateConnectorFile {
    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        let mut file = Self::default();
        const RECORD: Record = Record { class: CREATE, fields: CREATE_FIELDS, is_strict: false };
        let is_some = reader.record(&RECORD, |field, reader| {
            match field {
                0 => file.name = reader.string()?,
                1 => file.config = StringMap::read(reader)?,
                _ => file.initial_state = reader.string()?,
            }
            Ok(())
        })?;
        Ok(is_some.then_some(file))
    }
}

fn initial_state(reader: &mut Reader<'_>) -> Result<Option<TargetState>, Error> {
    const CLASS: &str = "org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest$InitialState";
    match reader.peek() {
        Some(b'[') => return Err(reader.error(format!("Input mismatch reading Enum `{CLASS}`"))),
        Some(b'{') => return Err(reader.mismatch(CLASS)),
        _ => {}
    }
    let start = reader.position();
    match reader.string()? {
        None => Ok(None),
        Some(text) => target_state(&text)
            .map(Some)
            .ok_or_else(|| reader.error_at(format!("Cannot construct instance of `{CLASS}`"), start)),
    }
}

/// Reads an `initial_state`, in which case does not matter.
pub fn target_state(text: &str) -> Option<TargetState> {
    match text.to_uppercase().as_str() {
        "RUNNING" => Some(TargetState::Started),
        "PAUSED" => Some(TargetState::Paused),
        "STOPPED" => Some(TargetState::Stopped),
        _ => None,
    }
}

/// One partition and its offset in a request. Null and missing are the same.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConnectorOffset {
    /// `partition`.
    pub partition: Option<serde_json::Map<String, Value>>,
    /// `offset`.
    pub offset: Option<serde_json::Map<String, Value>>,
}

/// The body of `PATCH /connectors/NAME/offsets`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConnectorOffsets {
    /// `offsets`; an item may be null.
    pub offsets: Option<Vec<Option<ConnectorOffset>>>,
}

impl Body for ConnectorOffsets {
    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        const RECORD: Record = Record {
            class: "org.apache.kafka.connect.runtime.rest.entities.ConnectorOffsets",
            fields: &["offsets"],
            is_strict: true,
        };
        let mut offsets = Self::default();
        let is_some = reader.record(&RECORD, |_, reader| {
            offsets.offsets = reader.list(ConnectorOffset::CLASS, ConnectorOffset::read)?;
            Ok(())
        })?;
        Ok(is_some.then_some(offsets))
    }
}

impl ConnectorOffset {
    const CLASS: &str = "org.apache.kafka.connect.runtime.rest.entities.ConnectorOffset";

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        const RECORD: Record =
            Record { class: ConnectorOffset::CLASS, fields: &["partition", "offset"], is_strict: true };
        let mut offset = Self::default();
        let is_some = reader.record(&RECORD, |field, reader| {
            let map = reader.map("java.lang.Object", Reader::any)?.map(|map| map.into_iter().collect());
            match field {
                0 => offset.partition = map,
                _ => offset.offset = map,
            }
            Ok(())
        })?;
        Ok(is_some.then_some(offset))
    }
}
