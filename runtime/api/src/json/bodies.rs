//! The bodies that requests have, each read as Jackson reads it into Kafka Connect's class of the same name.

use serde_json::Value;

use super::bind::{Field, Record};
use super::error::Error;
use super::tokens::{Reader, Token};
use super::{Body, StringMap};
use crate::TargetState;

impl Body for StringMap {
    const BOUND: &'static str = "java.util.Map";

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        reader.map("java.lang.String", Reader::string)
    }
}

const CREATE: &str = "org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest";

const CREATE_FIELDS: &[Field] = &[
    Field { name: "name", collection: false },
    Field { name: "config", collection: true },
    Field { name: "initial_state", collection: false },
];

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
    const BOUND: &'static str = CREATE;

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        let mut request = Self::default();
        let known = Some("3 known properties: \"config\", \"name\", \"initial_state\"");
        let there = reader.record(&Record { class: CREATE, fields: CREATE_FIELDS, known }, |field, reader| {
            match field {
                0 => request.name = reader.string()?,
                1 => request.config = StringMap::read(reader)?,
                _ => request.initial_state = initial_state(reader)?,
            }
            Ok(())
        })?;
        Ok(there.then_some(request))
    }
}

/// The same in a file on the command line: properties that it does not have are passed over, and the state is left as written.
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
    const BOUND: &'static str = CREATE;

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        let mut file = Self::default();
        let there = reader.record(&Record { class: CREATE, fields: CREATE_FIELDS, known: None }, |field, reader| {
            match field {
                0 => file.name = reader.string()?,
                1 => file.config = StringMap::read(reader)?,
                _ => file.initial_state = reader.string()?,
            }
            Ok(())
        })?;
        Ok(there.then_some(file))
    }
}

fn initial_state(reader: &mut Reader<'_>) -> Result<Option<TargetState>, Error> {
    const CLASS: &str = "org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest$InitialState";
    const CREATOR: &str =
        "org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest$InitialState#forValue(java.lang.String)";
    if let Some(Token::StartArray | Token::StartObject) = reader.current {
        return Err(reader.no_enum(CLASS, CREATOR));
    }
    let Some(text) = reader.string()? else { return Ok(None) };
    let text = text.to_uppercase();
    match target_state(&text) {
        Some(state) => Ok(Some(state)),
        None => Err(reader.no_constant(CLASS, &text)),
    }
}

/// `initial_state`, in any case.
pub fn target_state(text: &str) -> Option<TargetState> {
    match text.to_uppercase().as_str() {
        "RUNNING" => Some(TargetState::Started),
        "PAUSED" => Some(TargetState::Paused),
        "STOPPED" => Some(TargetState::Stopped),
        _ => None,
    }
}

/// One partition and its offset, as a request gives them. Null and missing are the same.
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
    const BOUND: &'static str = "org.apache.kafka.connect.runtime.rest.entities.ConnectorOffsets";

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        const RECORD: Record = Record {
            class: ConnectorOffsets::BOUND,
            fields: &[Field { name: "offsets", collection: true }],
            known: Some("one known property: \"offsets\""),
        };
        let mut offsets = Self::default();
        let there = reader.record(&RECORD, |_, reader| {
            offsets.offsets = reader.list(ConnectorOffset::CLASS, ConnectorOffset::read)?;
            Ok(())
        })?;
        Ok(there.then_some(offsets))
    }
}

impl ConnectorOffset {
    const CLASS: &str = "org.apache.kafka.connect.runtime.rest.entities.ConnectorOffset";

    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        const RECORD: Record = Record {
            class: ConnectorOffset::CLASS,
            fields: &[Field { name: "partition", collection: true }, Field { name: "offset", collection: true }],
            known: Some("2 known properties: \"partition\", \"offset\""),
        };
        let mut offset = Self::default();
        let there = reader.record(&RECORD, |field, reader| {
            let map = reader.map("java.lang.Object", Reader::any)?.map(|map| map.into_iter().collect());
            match field {
                0 => offset.partition = map,
                _ => offset.offset = map,
            }
            Ok(())
        })?;
        Ok(there.then_some(offset))
    }
}
