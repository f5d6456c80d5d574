//! The settings of wasmtime, with their reasons. Those that are wasmtime's defaults, and that Weir depends on, are set as well, so that a
//! new release of wasmtime does not change them.
//!
//! The compiled components in the cache are for exactly these settings: with others they are compiled again.

use std::num::NonZeroUsize;

use wasmtime::{Config, InstanceAllocationStrategy, OptLevel, WasmBacktraceDetails};

/// Stack of a guest. Deep recursion in a guest is usually an error, and a trap says so; the stack counts as part of what an instance costs
/// (`cost.rs`).
const WASM_STACK: usize = 1 << 20;
/// Stack that host functions have in addition. They run on the same fiber, and an overflow there would end the worker instead of the guest.
const HOST_STACK: usize = 1 << 20;

/// Address space of a linear memory: all that a 32-bit address can name.
const MEMORY_RESERVATION: u64 = 4 << 30;
/// Address space before and after it that nothing is mapped to.
const MEMORY_GUARD: u64 = 32 << 20;

/// Most frames of a trace.
const BACKTRACE_FRAMES: NonZeroUsize = NonZeroUsize::new(20).unwrap();

/// The settings of the engine, which are also those of the process that compiles.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // Plugins pass arrays of numbers and text, which their compilers vectorise. Every processor that wasmtime supports can do this.
        .wasm_simd(true)
        // Its results differ from processor to processor, and a record must not depend on the machine that its task runs on.
        .wasm_relaxed_simd(false)
        // Pointers in the component model have 32 bits, so no batch could be in such a memory; and each access to it would need a check.
        .wasm_memory64(false)
        // No function of the contract is async in the sense of the component model, and the tables for that cost half a microsecond a call.
        // Calls are asynchronous for the host nevertheless: guests run on fibers.
        .concurrency_support(false)
        // Stops guests that compute for too long. The deadline is a time, and a check of the epoch is one comparison with a counter that a
        // thread increments; fuel counts instructions, which costs more and says nothing about time.
        .epoch_interruption(true)
        .consume_fuel(false)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(WASM_STACK + HOST_STACK)
        // An instance is created when a task starts, and lives as long as the task: what a pool would save is microseconds an hour. A pool
        // needs the number of instances and the size of their memories in advance, for all plugins alike, and reserves all of it.
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        // With 4 GiB of address space for each memory, every 32-bit address is in it or in the guard after it, so that compiled code does
        // not check addresses, and a memory that grows does not move. Address space is not memory: a page takes memory when it is first
        // used. 1,000 tasks with one memory each reserve 4 TiB of the 128 TiB that a process has, so that a limit of address space
        // (`ulimit -v`) must not be set for a worker. What limits the number of instances is the number of mappings (`room.rs`).
        .memory_reservation(MEMORY_RESERVATION)
        // The guard covers constant offsets that are added to an address. The one before the memory protects against errors of the
        // compiler.
        .memory_guard_size(MEMORY_GUARD)
        .guard_before_linear_memory(true)
        // An access to a guard, and a division by zero, raise a signal that wasmtime turns into a trap.
        .signals_based_traps(true)
        // Instances of a component share the pages of its data that they do not change, and begin without copying them.
        .memory_init_cow(true)
        // A trace has the names of functions. Files and lines would need the debug information, which a guest controls, to be parsed in
        // the worker. The default depends on the worker's environment.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .wasm_backtrace_max_frames(Some(BACKTRACE_FRAMES))
        // A component is compiled once and runs for weeks.
        .cranelift_opt_level(OptLevel::Speed);
    config
}

#[cfg(test)]
mod tests {
    use wasmtime::{Engine, Instance, Module, Store};

    use super::*;

    fn compile(wat: &str) -> wasmtime::Result<Module> {
        Module::new(&Engine::new(&config()).unwrap(), wat::parse_str(wat).unwrap())
    }

    #[test]
    fn guests_have_no_more_features_than_the_contract_needs() {
        assert!(compile("(module (memory 1) (func (result v128) (v128.const i64x2 1 2)))").is_ok());
        for (feature, wat) in [
            ("64-bit memories", "(module (memory i64 1))"),
            (
                "relaxed SIMD",
                "(module (func (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))",
            ),
            ("threads", "(module (memory 1 1 shared))"),
            ("garbage collection", "(module (type (struct (field i32))))"),
            ("exceptions", "(module (tag))"),
        ] {
            assert!(compile(wat).is_err(), "{feature}");
        }
    }

    /// The address space is what makes code without checks of addresses safe.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_memory_has_the_address_space_of_all_32_bit_addresses_and_guards_around_it() {
        let module = compile("(module (memory (export \"memory\") 1))").unwrap();
        let mut store = Store::new(module.engine(), ());
        store.set_epoch_deadline(1);
        let instance = Instance::new_async(&mut store, &module, &[]).await.unwrap();
        let begin = instance.get_memory(&mut store, "memory").unwrap().data_ptr(&store) as u64;
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut areas = maps.lines().map(|line| {
            let (from, to) = line.split_whitespace().next().unwrap().split_once('-').unwrap();
            (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap())
        });
        let (from, to) = (begin - MEMORY_GUARD, begin + MEMORY_RESERVATION + MEMORY_GUARD);
        // The areas are sorted. Each that begins where the one before it ends continues what is reserved.
        let mut reserved_to = from;
        for (begin, end) in areas.by_ref() {
            if begin <= reserved_to {
                reserved_to = reserved_to.max(end);
            }
        }
        assert!(reserved_to >= to, "{} bytes are not reserved", to - reserved_to);
    }
}
