//! Each transform through the SDK's chain, case by case: what goes in, with which settings, and what comes out.

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

/// One transform on one record.
fn one<T: Transform>(config: &[(&str, &str)], record: Input) -> Output {
    let step = Step::of::<T>("t", config.iter().copied());
    run(&[step], &[record]).unwrap_or_else(|error| panic!("{error}"))
}

/// The value of the only record left.
fn value<T: Transform>(config: &[(&str, &str)], record: Input) -> Option<String> {
    let output = one::<T>(config, record);
    assert_eq!(output.failures, []);
    output.records[0].value.clone()
}

/// What is said of the only record, which fails.
fn failure<T: Transform>(config: &[(&str, &str)], record: Input) -> String {
    let output = one::<T>(config, record);
    assert_eq!(output.records, []);
    output.failures[0].message.clone()
}

/// What is said of a configuration that cannot be used.
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
