//! The engine: its settings, its clock, and loading.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use wasmtime::component::Linker;

use crate::cache::{Cache, CacheError};
use crate::component::{Component, ComponentId, Instances};
use crate::cost::Cost;
use crate::describe;
use crate::grants::Grants;
use crate::instance::call;
use crate::interfaces;
use crate::limits::Limits;
use crate::load_error::LoadError;
use crate::log::Guest;
use crate::room::Room;
use crate::stats::EngineStats;
use crate::store::{self, StoreState};
use crate::v0_1::Exports;

/// Time between two looks at the guests that are computing.
const TICK: Duration = Duration::from_millis(10);
/// Stack of a guest.
const WASM_STACK: usize = 1 << 20;
/// Stack that host functions have on top of the guest's.
const HOST_STACK: usize = 1 << 20;

/// How an engine is to be set up.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Folder for compiled components. Made if it is not there; must not be writable by others, because its content is run.
    pub cache: PathBuf,
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The folder for compiled components cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// This machine cannot run WebAssembly.
    #[error("the WebAssembly engine does not start on this machine: {0}")]
    Engine(String),
    /// No thread for the clock.
    #[error("cannot start a thread; raise the limit of processes of the worker's user")]
    Thread(#[source] std::io::Error),
}

/// Compiles and holds components. One for a whole worker; clones are the same engine. A thread that ticks belongs to it and ends
/// when the engine, all components and all instances are gone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    wasmtime: wasmtime::Engine,
    linker: Linker<StoreState>,
    cache: Cache,
    /// Loaded components, and those that are being loaded: whoever asks second waits for the first.
    loaded: Mutex<HashMap<ComponentId, Arc<Slot>>>,
    room: Arc<Room>,
    stats: Arc<EngineStats>,
}

type Slot = tokio::sync::Mutex<Weak<Component>>;

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("cache", &self.0.cache).finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts an engine.
    ///
    /// # Errors
    ///
    /// The cache's folder cannot be used, or the machine cannot run WebAssembly.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        Self::with_cache(|wasmtime| Cache::open(options.cache, wasmtime))
    }

    /// Starts an engine that takes what its cache holds, and compiles what it does not hold without keeping it.
    ///
    /// # Errors
    ///
    /// The cache's folder is there and cannot be used, or the machine cannot run WebAssembly.
    pub fn read_only(options: EngineOptions) -> Result<Self, EngineError> {
        Self::with_cache(|wasmtime| Cache::read_only(options.cache, wasmtime))
    }

    fn with_cache(open: impl FnOnce(&wasmtime::Engine) -> Result<Cache, CacheError>) -> Result<Self, EngineError> {
        let engine = |error: wasmtime::Error| EngineError::Engine(format!("{error:#}"));
        let wasmtime = wasmtime::Engine::new(&config()).map_err(engine)?;
        let linker = store::linker(&wasmtime).map_err(engine)?;
        let cache = open(&wasmtime)?;
        tick(&wasmtime).map_err(EngineError::Thread)?;
        let room = Arc::new(Room::of_this_machine());
        Ok(Self(Arc::new(Inner { wasmtime, linker, cache, loaded: Mutex::default(), room, stats: Arc::default() })))
    }

    /// Loads a component: from memory if it is loaded, from the disk if it was compiled before, otherwise by compiling it, which
    /// takes seconds and several cores, off the threads that run tasks.
    ///
    /// # Errors
    ///
    /// It is no plugin for this worker; the text says what to do.
    pub async fn load(&self, wasm: Vec<u8>) -> Result<Arc<Component>, LoadError> {
        self.load_within(wasm, &Limits::default()).await
    }

    /// As [`Engine::load`], with other limits for the instance that describes the component.
    ///
    /// # Errors
    ///
    /// As for [`Engine::load`].
    pub async fn load_within(&self, wasm: Vec<u8>, limits: &Limits) -> Result<Arc<Component>, LoadError> {
        let id = ComponentId::of(&wasm);
        let slot = Arc::clone(self.0.loaded.lock().entry(id.clone()).or_default());
        let mut slot = slot.lock().await;
        if let Some(component) = slot.upgrade() {
            return Ok(component);
        }
        let loaded = self.load_new(id.clone(), wasm, limits).await;
        match &loaded {
            Ok(component) => *slot = Arc::downgrade(component),
            // What was refused is not to be remembered: anybody may upload any number of such files.
            Err(_) => drop(self.0.loaded.lock().remove(&id)),
        }
        loaded
    }

    async fn load_new(&self, id: ComponentId, wasm: Vec<u8>, limits: &Limits) -> Result<Arc<Component>, LoadError> {
        let inner = Arc::clone(&self.0);
        let compile = move || {
            let compiled = inner.compile(id, &wasm)?;
            let cost = Cost::of(&wasm).map_err(|error| LoadError::Compile { reason: error.to_string() })?;
            Ok::<_, LoadError>((compiled, cost))
        };
        let compiled = tokio::task::spawn_blocking(compile).await;
        let (compiled, cost) = compiled.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        self.describe(compiled, cost, limits).await.map(Arc::new)
    }

    /// Sets how many instances of plugins there may be at once (`weir.instances.max`). By default as many as the kernel has room for.
    pub fn limit_instances(&self, max: usize) {
        self.0.room.limit_instances(max);
    }

    /// What was compiled, and what all instances have done.
    pub fn stats(&self) -> &Arc<EngineStats> {
        &self.0.stats
    }

    /// Removes the compiled form of a component from the disk. To be called when a plugin is deleted.
    pub async fn forget(&self, id: &ComponentId) {
        self.0.loaded.lock().remove(id);
        let (inner, id) = (Arc::clone(&self.0), id.clone());
        // Only a panic in the worker itself can make this fail, and then there is nothing to forget any more.
        let _ = tokio::task::spawn_blocking(move || inner.cache.remove(&id)).await;
    }

    async fn describe(&self, compiled: Compiled, cost: Cost, limits: &Limits) -> Result<Component, LoadError> {
        let types = |error: wasmtime::Error| LoadError::Types { reason: format!("{error:#}") };
        let Compiled { id, component, imports } = compiled;
        let pre = self.0.linker.instantiate_pre(&component).map_err(types)?;
        let exports = Exports::find(&pre).map_err(types)?;
        let instances = Instances { pre, cost, room: Arc::clone(&self.0.room), stats: Arc::clone(&self.0.stats) };
        let (mut sandbox, instance) = instances.make(Guest::default(), limits, &Grants::none()).await?;
        exports.check_types(&mut sandbox.store, &instance).map_err(types)?;
        let guest = exports.plugin(&mut sandbox.store, &instance).map_err(types)?;
        let plugins = call!(sandbox, "plugin.describe", |store| guest.describe(store))?;
        describe::check(&plugins, &exports).map_err(|reason| LoadError::Description { reason })?;
        Ok(Component::new(id, plugins, imports, instances, exports))
    }
}

/// A component that has been compiled and looked at from outside.
struct Compiled {
    id: ComponentId,
    component: wasmtime::component::Component,
    imports: Vec<String>,
}

impl Inner {
    fn compile(&self, id: ComponentId, wasm: &[u8]) -> Result<Compiled, LoadError> {
        if let Some(component) = self.cache.load(&self.wasmtime, &id) {
            self.stats.cache_hit();
            let imports = interfaces::check(&component)?;
            return Ok(Compiled { id, component, imports });
        }
        interfaces::check_form(wasm)?;
        let began = Instant::now();
        let component = wasmtime::component::Component::from_binary(&self.wasmtime, wasm)
            .map_err(|error| LoadError::Compile { reason: format!("{error:#}") })?;
        self.stats.compile(began.elapsed());
        let imports = interfaces::check(&component)?;
        self.cache.store(&component, &id);
        Ok(Compiled { id, component, imports })
    }
}

fn config() -> wasmtime::Config {
    let mut config = wasmtime::Config::new();
    config
        .wasm_component_model(true)
        // No export of the contract is async, and the tables for it cost half a microsecond a call.
        .concurrency_support(false)
        .wasm_simd(true)
        .wasm_relaxed_simd(false)
        .epoch_interruption(true)
        .consume_fuel(false)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(WASM_STACK + HOST_STACK)
        .wasm_backtrace_details(wasmtime::WasmBacktraceDetails::Disable)
        .cranelift_opt_level(wasmtime::OptLevel::Speed);
    config
}

/// Moves the engine's clock on until nobody holds the engine any more.
fn tick(engine: &wasmtime::Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    let ticker = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new().name("weir-tick".to_owned()).spawn(ticker).map(drop)
}
