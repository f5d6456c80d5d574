//! The one place where bytes become code: wasmtime trusts what it deserialises, and nothing but the cache calls this.
#![expect(unsafe_code, reason = "Component::deserialize is unsafe, because its input is machine code")]

use wasmtime::component::Component;

/// Loads compiled code. `bytes` must be what [`Component::serialize`] gave on this machine; see the comment inside.
pub(crate) fn deserialize(engine: &wasmtime::Engine, bytes: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes must come unchanged from `Component::serialize`. `cache.rs`, the only caller, has just compared them with the
    // checksum that it wrote beside them, in a folder that nobody but the worker's user may write (it refuses any other). Whether
    // they fit this engine and machine is checked by wasmtime itself.
    unsafe { Component::deserialize(engine, bytes) }
}
