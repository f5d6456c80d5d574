//! Flattens maps, each on its own.

use std::borrow::Cow;
use std::collections::HashMap;

use weir_java::hash_map as java_map;
use weir_sdk::RecordError;
use weir_sdk::value::{Json, JsonKind, Name};

use super::check_size;

/// Flattens maps. Its memory is used again for the next record.
#[derive(Debug)]
pub(super) struct Maps {
    delimiter: String,
    /// The names on the current path, with delimiters.
    path: String,
    /// The hashes of new names and of the names of maps, to find duplicates at little cost.
    names: Vec<u64>,
}

impl Maps {
    pub(super) fn new(delimiter: &str) -> Maps {
        Maps { delimiter: delimiter.into(), path: String::new(), names: Vec::new() }
    }

    /// Writes a map. Returns false if it contains no maps, so that it does not change.
    pub(super) fn write(&mut self, json: Json<'_>, out: &mut Vec<u8>) -> Result<bool, RecordError> {
        if !json.members().any(|(_, member)| member.kind() == JsonKind::Object) {
            return Ok(false);
        }
        self.path.clear();
        self.names.clear();
        out.clear();
        out.push(b'{');
        self.walk(json, out)?;
        self.names.sort_unstable();
        if self.names.windows(2).any(|pair| pair[0] == pair[1]) {
            self.write_ordered(json, out)?;
        }
        out.push(b'}');
        Ok(true)
    }

    fn walk(&mut self, json: Json<'_>, out: &mut Vec<u8>) -> Result<(), RecordError> {
        let end = self.path.len();
        for (name, member) in json.members() {
            self.enter(&name);
            self.names.push(hash(&self.path));
            if member.kind() == JsonKind::Object {
                self.walk(member, out)?;
            } else {
                push_member(&self.path, member.raw(), out)?;
            }
            self.path.truncate(end);
        }
        Ok(())
    }

    /// Continues with a member of the map at the current path.
    fn enter(&mut self, name: &str) {
        // Like Kafka Connect, adds no delimiter after an empty name at the beginning.
        if !self.path.is_empty() {
            self.path.push_str(&self.delimiter);
        }
        self.path.push_str(name);
    }

    /// If several members get the same name, keeps the one that Kafka Connect processes last.
    fn write_ordered(&mut self, json: Json<'_>, out: &mut Vec<u8>) -> Result<(), RecordError> {
        let mut members = Vec::new();
        self.path.clear();
        self.collect(json, &mut members);
        out.truncate(1);
        let last: HashMap<&str, usize> = members.iter().zip(0..).map(|((name, _), at)| (name.as_str(), at)).collect();
        for ((name, json), at) in members.iter().zip(0..) {
            if last[name.as_str()] == at {
                push_member(name, json, out)?;
            }
        }
        Ok(())
    }

    fn collect<'a>(&mut self, json: Json<'a>, members: &mut Vec<(String, &'a [u8])>) {
        let mut own: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
        let mut places: HashMap<Cow<'a, str>, usize> = HashMap::new();
        for (name, member) in json.members() {
            match places.get(&name) {
                Some(place) => own[*place].1 = member,
                None => {
                    places.insert(name.clone(), own.len());
                    own.push((name, member));
                }
            }
        }
        let end = self.path.len();
        for place in java_map::order(own.iter().map(|(name, _)| name.as_ref())) {
            let (name, member) = &own[place];
            self.enter(name);
            if member.kind() == JsonKind::Object {
                self.collect(*member, members);
            } else {
                members.push((self.path.clone(), member.raw()));
            }
            self.path.truncate(end);
        }
    }
}

fn push_member(name: &str, json: &[u8], out: &mut Vec<u8>) -> Result<(), RecordError> {
    if out.len() > 1 {
        out.push(b',');
    }
    name.push_json(out);
    out.push(b':');
    out.extend_from_slice(json);
    check_size(out)
}

/// FNV-1a.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
