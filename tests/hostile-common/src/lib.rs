//! What the hostile guests in `tests/plugins/` share: the plan in their configuration, and misbehaviour that needs no WASI.

pub mod deeds;
pub mod plan;
