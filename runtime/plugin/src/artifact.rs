//! The only place where bytes become code, because wasmtime trusts what it deserialises. Only the cache, and the engine for what it has
//! just compiled, call this.
#![expect(unsafe_code, reason = "Component::deserialize is unsafe, because its input is machine code")]

use wasmtime::component::Component;

/// Loads compiled code. `bytes` must be the result of [`Component::serialize`] on this machine; see the comment inside.
pub(crate) fn deserialize(engine: &wasmtime::Engine, bytes: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes must come unchanged from `Component::serialize`. They do when `engine.rs` calls this, for what its compiler has
    // just given to it. `cache.rs`, the only other caller, has just checked the mark that it
    // made over them when they did: an HMAC with a key that lies in a file which only the worker's user can read, in a directory that no
    // other user can change on any step of its path (`private/private_dir.rs` refuses any other), and which no plugin is ever granted
    // (`grants/guarded.rs`). The mark covers the component's id and the engine's settings, so the code is that of this component. Whether
    // it fits this engine and machine is checked by wasmtime itself.
    unsafe { Component::deserialize(engine, bytes) }
}
