//! Bodies of requests. `rest/fuzz_tests.rs` of the worker sends such bodies to its routes.

use weir_api::json::{ConnectorOffsets, CreateConnectorFile, CreateConnectorRequest, StringMap, read};

/// Reads a body as each of the types that requests contain.
///
/// # Panics
/// If an error says nothing.
pub fn rest(data: &[u8]) {
    let errors = [
        read::<StringMap>(data).err(),
        read::<CreateConnectorRequest>(data).err(),
        read::<CreateConnectorFile>(data).err(),
        read::<ConnectorOffsets>(data).err(),
    ];
    for error in errors.into_iter().flatten() {
        assert!(!error.to_string().is_empty(), "{error:?}");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_body_never_makes_a_panic() {
        let seeds = [
            r#"{"name":"a","config":{"connector.class":"X","tasks.max":1,"n":null,"b":true,"f":1.50e3},"initial_state":"STOPPED"}"#,
            r#"{"connector.class":"X","name":"a","transforms":"t,u","errors.tolerance":"all"}"#,
            r#"{"offsets":[{"partition":{"kafka_topic":"t","kafka_partition":0},"offset":{"kafka_offset":-1}},{"partition":{},"offset":null}]}"#,
            "[1,{\"\\u00e9\":[]}]",
        ];
        let seeds = seeds.map(|seed| seed.as_bytes().to_vec());
        crate::Run::from_environment().inputs(&seeds, 40_000, super::rest);
    }
}
