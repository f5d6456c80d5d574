//! Tests each transform through the SDK's chain: a record, settings and the result.

mod cast;
mod flatten;
mod headers;
mod hoist_field;
mod insert_field;
mod keys;
mod mask_field;
mod predicates;
mod replace_field;
mod routing;
mod timestamps;

use weir_sdk::Transform;
use weir_sdk::schema::Schema;
use weir_sdk::transform::testing::{Input, Output, Step, run};

const NOTHING: [(&str, &str); 0] = [];

/// Applies a transform to a record.
fn one<T: Transform>(config: &[(&str, &str)], record: Input) -> Output {
    let step = Step::of::<T>("t", config.iter().copied());
    run(&[step], &[record]).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the value of the only record that remains.
fn value<T: Transform>(config: &[(&str, &str)], record: Input) -> Option<String> {
    let output = one::<T>(config, record);
    assert_eq!(output.failures, []);
    output.records[0].value.clone()
}

/// Returns the error of the only record, which fails.
fn failure<T: Transform>(config: &[(&str, &str)], record: Input) -> String {
    let output = one::<T>(config, record);
    assert_eq!(output.records, []);
    output.failures[0].message.clone()
}

/// Returns the error of an invalid configuration.
fn refusal<T: Transform>(config: &[(&str, &str)]) -> String {
    run(&[Step::of::<T>("t", config.iter().copied())], &[]).unwrap_err()
}

fn order() -> Schema {
    Schema::structure("org.example.Order")
        .field("id", Schema::int64())
        .field("note", Schema::string().optional())
        .version(3)
        .doc("An order.")
        .parameter("p", "q")
        .optional()
        .default_json("{\"id\":1,\"note\":null}")
        .build()
}
