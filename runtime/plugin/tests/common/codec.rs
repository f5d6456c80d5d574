//! Encodes batches as text, with the same code in the test and in the guest: both have types whose fields have the same names. If both
//! sides read the same, a batch was passed without changes.

use super::types::{
    Column, Encoding, Format, HeaderColumns, Records, Schema, SchemaNode, SchemaType, TopicColumn, Values, nodes_of,
    schema_of,
};

/// A value that can be encoded and decoded.
pub(crate) trait Wire: Sized {
    /// Appends the value.
    fn put(&self, out: &mut Vec<u8>);
    /// Decodes a value and removes it from the front. Panics if `put` did not write it.
    fn get(from: &mut &[u8]) -> Self;
}

/// Encodes a value as hexadecimal text.
pub(crate) fn encode(value: &impl Wire) -> String {
    let mut bytes = Vec::new();
    value.put(&mut bytes);
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Decodes a value.
pub(crate) fn decode<T: Wire>(text: &str) -> T {
    let nibble = |digit: u8| (digit as char).to_digit(16).expect("a hexadecimal digit") as u8;
    let bytes: Vec<u8> = text.as_bytes().chunks_exact(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect();
    let mut rest = bytes.as_slice();
    let value = T::get(&mut rest);
    assert!(rest.is_empty(), "{} bytes are left", rest.len());
    value
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl Wire for $type {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn get(from: &mut &[u8]) -> Self {
                let (bytes, rest) = from.split_first_chunk().expect("a number");
                *from = rest;
                Self::from_le_bytes(*bytes)
            }
        }
    )*};
}
number!(u8, u32, i32, i64);

macro_rules! record {
    ($type:ident { $($field:ident),* }) => {
        impl Wire for $type {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
            }

            fn get(from: &mut &[u8]) -> Self {
                Self { $($field: Wire::get(from)),* }
            }
        }
    };
}
record!(Column { lengths, bytes });
record!(Values { lengths, bytes, formats });
record!(TopicColumn { names, name_index });
record!(HeaderColumns { counts, names, values });
record!(Format { encoding, schema });
record!(Records { count, topics, partitions, timestamps, formats, keys, values, headers });
record!(SchemaNode { kind, optional, name, version, doc, parameters, default, children, field_names });

macro_rules! variants {
    ($type:ident { $($variant:ident),* }) => {
        impl Wire for $type {
            fn put(&self, out: &mut Vec<u8>) {
                let all = [$(Self::$variant),*];
                out.push(all.iter().position(|variant| variant == self).expect("a variant") as u8);
            }

            fn get(from: &mut &[u8]) -> Self {
                [$(Self::$variant),*][usize::from(u8::get(from))]
            }
        }
    };
}
variants!(Encoding { Bytes, Utf8, Json });
variants!(SchemaType { Int8, Int16, Int32, Int64, Float32, Float64, Boolean, String, Bytes, Array, Map, Struct });

impl Wire for Schema {
    fn put(&self, out: &mut Vec<u8>) {
        nodes_of(self).to_vec().put(out);
    }

    fn get(from: &mut &[u8]) -> Self {
        schema_of(Wire::get(from))
    }
}

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn get(from: &mut &[u8]) -> Self {
        u8::get(from) == 1
    }
}

impl Wire for String {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_bytes().to_vec().put(out);
    }

    fn get(from: &mut &[u8]) -> Self {
        String::from_utf8(Wire::get(from)).expect("text")
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u32).put(out);
        self.iter().for_each(|item| item.put(out));
    }

    fn get(from: &mut &[u8]) -> Self {
        (0..u32::get(from)).map(|_| T::get(from)).collect()
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        self.iter().for_each(|item| item.put(out));
    }

    fn get(from: &mut &[u8]) -> Self {
        bool::get(from).then(|| T::get(from))
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn get(from: &mut &[u8]) -> Self {
        (A::get(from), B::get(from))
    }
}
