//! The engine: its clock, and loading.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use wasmtime::component::Linker;

use crate::artifact;
use crate::cache::{Cache, CacheError};
use crate::compile::{Compile, Compiler, Turn};
use crate::component::{Component, ComponentId, Instances};
use crate::contract::{Exports, Track, each};
use crate::cost::Cost;
use crate::describe;
use crate::grants::Grants;
use crate::heap;
use crate::info::PluginInfo;
use crate::instance::call;
use crate::interfaces::{self, Checked};
use crate::limits::Limits;
use crate::load_error::LoadError;
use crate::log::Guest;
use crate::room::Room;
use crate::settings::config;
use crate::stats::EngineStats;
use crate::store::{self, StoreState};

/// The time between two checks of guests that are computing.
const TICK: Duration = Duration::from_millis(10);

/// The options of an engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// The directory for compiled components. It is created if it does not exist, and must not be writable by others, because its content
    /// is executed.
    pub cache: PathBuf,
    /// Where components are compiled that the cache does not contain.
    pub compile: Compile,
}

/// Why an engine cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The directory for compiled components cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// This machine cannot run WebAssembly.
    #[error("the WebAssembly engine cannot be started on this machine: {0}")]
    Engine(String),
    /// The thread of the clock cannot be started.
    #[error("cannot start a thread; raise the process limit (ulimit -u) of the worker's user")]
    Thread(#[source] std::io::Error),
}

/// Compiles and holds components. A worker has one; clones are the same engine. Its clock thread ends when the engine, all components and
/// all instances are dropped.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    wasmtime: wasmtime::Engine,
    linker: Linker<StoreState>,
    cache: Cache,
    compiler: Compiler,
    /// Components that are loaded or being loaded. A second request for the same component waits for the first.
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
    /// The directory of the cache cannot be used, or the machine cannot run WebAssembly.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        Self::with_cache(options.compile, |wasmtime| Cache::open(options.cache, wasmtime))
    }

    /// Starts an engine that reads its cache, but does not write compiled components to it.
    ///
    /// # Errors
    ///
    /// The directory of the cache exists and cannot be used, or the machine cannot run WebAssembly.
    pub fn read_only(options: EngineOptions) -> Result<Self, EngineError> {
        Self::with_cache(options.compile, |wasmtime| Cache::read_only(options.cache, wasmtime))
    }

    fn with_cache(
        compile: Compile,
        open: impl FnOnce(&wasmtime::Engine) -> Result<Cache, CacheError>,
    ) -> Result<Self, EngineError> {
        let engine = |error: wasmtime::Error| EngineError::Engine(format!("{error:#}"));
        let wasmtime = wasmtime::Engine::new(&config()).map_err(engine)?;
        let linker = store::linker(&wasmtime).map_err(engine)?;
        let cache = open(&wasmtime)?;
        tick(&wasmtime).map_err(EngineError::Thread)?;
        Ok(Self(Arc::new(Inner {
            wasmtime,
            linker,
            cache,
            compiler: Compiler::new(compile),
            loaded: Mutex::default(),
            room: Arc::new(Room::of_this_machine()),
            stats: Arc::default(),
        })))
    }

    /// Loads a component: from memory if it is loaded, from the disk if it was compiled before. Otherwise it is compiled, which takes
    /// seconds and several cores.
    ///
    /// # Errors
    ///
    /// It is not a plugin for this worker. The text says what to do.
    pub async fn load(&self, wasm: impl Into<Bytes>) -> Result<Arc<Component>, LoadError> {
        self.load_within(wasm, &Limits::default()).await
    }

    /// Like [`Engine::load`], with other limits for the instance that describes the component. Dropping the future ends the compilation.
    ///
    /// # Errors
    ///
    /// See [`Engine::load`]; also [`CompileError::Busy`](crate::CompileError::Busy) or
    /// [`CompileError::Waited`](crate::CompileError::Waited) if too many other components are being compiled.
    pub async fn load_within(&self, wasm: impl Into<Bytes>, limits: &Limits) -> Result<Arc<Component>, LoadError> {
        self.load_in_turn(wasm.into(), limits, self.0.compiler.queued()).await
    }

    /// Like [`Engine::load_within`], for a component that the worker already has. It waits as long as others are being compiled.
    ///
    /// # Errors
    ///
    /// See [`Engine::load`].
    pub async fn load_stored(&self, wasm: impl Into<Bytes>, limits: &Limits) -> Result<Arc<Component>, LoadError> {
        self.load_in_turn(wasm.into(), limits, Turn::Patient).await
    }

    /// Returns the component if it is loaded, or if it is compiled and described on the disk. Nothing is compiled, and no code of the guest
    /// runs.
    ///
    /// # Errors
    ///
    /// It is not a plugin for this worker. The text says what to do.
    pub async fn load_ready(&self, wasm: impl Into<Bytes>) -> Result<Option<Arc<Component>>, LoadError> {
        let wasm = wasm.into();
        let id = ComponentId::of(&wasm);
        let entry = Entry::of(&self.0.loaded, &id);
        // The component is being compiled or described.
        let Ok(mut slot) = entry.slot().try_lock_owned() else { return Ok(None) };
        if let Some(component) = slot.upgrade() {
            return Ok(Some(component));
        }
        let Kept { names: Checked { imports, track }, component, plugins } = self.kept(&id, wasm.clone()).await?;
        let (Some(component), Some(plugins)) = (component, plugins) else { return Ok(None) };
        let linked = self.link(&component, track, wasm).await?;
        // The rules may have changed since it was stored.
        check(&plugins, &linked)?;
        self.0.stats.cache_hit();
        let component = Arc::new(Component::new(id, plugins, imports, linked.instances, linked.exports));
        *slot = Arc::downgrade(&component);
        Ok(Some(component))
    }

    async fn load_in_turn(&self, wasm: Bytes, limits: &Limits, turn: Turn) -> Result<Arc<Component>, LoadError> {
        tokio::select! {
            biased;
            stopped = self.0.compiler.stopped() => Err(stopped.into()),
            loaded = self.load_once(wasm, limits, turn) => loaded,
        }
    }

    async fn load_once(&self, wasm: Bytes, limits: &Limits, turn: Turn) -> Result<Arc<Component>, LoadError> {
        let id = ComponentId::of(&wasm);
        let entry = Entry::of(&self.0.loaded, &id);
        let slot = entry.slot();
        let mut slot = match Arc::clone(&slot).try_lock_owned() {
            Ok(slot) => slot,
            Err(_) => self.0.compiler.wait(turn, slot.lock_owned()).await?,
        };
        if let Some(component) = slot.upgrade() {
            return Ok(component);
        }
        let component = Arc::new(self.load_new(id.clone(), wasm, limits, turn).await?);
        *slot = Arc::downgrade(&component);
        Ok(component)
    }

    async fn load_new(
        &self,
        id: ComponentId,
        wasm: Bytes,
        limits: &Limits,
        turn: Turn,
    ) -> Result<Component, LoadError> {
        let Kept { names: Checked { imports, track }, component, plugins } = self.kept(&id, wasm.clone()).await?;
        let component = match component {
            Some(component) => {
                self.0.stats.cache_hit();
                component
            }
            None => self.compile(&id, &wasm, turn).await?,
        };
        let linked = self.link(&component, track, wasm).await?;
        let (plugins, is_new) = match plugins {
            Some(plugins) => (plugins, false),
            None => (self.ask(&linked, limits).await?, true),
        };
        check(&plugins, &linked)?;
        if is_new {
            self.keep(&id, &plugins).await;
        }
        Ok(Component::new(id, plugins, imports, linked.instances, linked.exports))
    }

    /// Returns what the disk contains of a component, whose imports and exports have valid names.
    async fn kept(&self, id: &ComponentId, wasm: Bytes) -> Result<Kept, LoadError> {
        let (inner, id) = (Arc::clone(&self.0), id.clone());
        blocking(move || {
            let names = interfaces::check(&wasm)?;
            let component = inner.cache.load(&inner.wasmtime, &id);
            let plugins = inner.cache.description(&id).and_then(|text| serde_json::from_slice(&text).ok());
            Ok(Kept { names, component, plugins })
        })
        .await
    }

    async fn keep(&self, id: &ComponentId, plugins: &[PluginInfo]) {
        // It contains only texts as keys and finite numbers, so this cannot fail.
        let Ok(text) = serde_json::to_vec(plugins) else { return };
        let (inner, id) = (Arc::clone(&self.0), id.clone());
        blocking(move || inner.cache.keep_description(&id, &text)).await;
    }

    async fn compile(
        &self,
        id: &ComponentId,
        wasm: &Bytes,
        turn: Turn,
    ) -> Result<wasmtime::component::Component, LoadError> {
        let began = Instant::now();
        let code = self.0.compiler.compile(&self.0.wasmtime, wasm, turn).await?;
        self.0.stats.compile(began.elapsed());
        let (inner, id) = (Arc::clone(&self.0), id.clone());
        blocking(move || {
            let component = artifact::deserialize(&inner.wasmtime, &code)
                .map_err(|error| LoadError::Compile { reason: format!("{error:#}") })?;
            drop(code);
            inner.cache.store(&component, &id);
            Ok(component)
        })
        .await
    }

    /// Cancels all loads, and rejects new ones. Call this when the worker stops.
    pub fn stop(&self) {
        self.0.compiler.stop();
    }

    /// Sets the maximum number of instances (`weir.instances.max`). By default the kernel's limits determine it.
    pub fn limit_instances(&self, max: usize) {
        self.0.room.limit_instances(max);
    }

    /// Returns the counts of compilations and of all instances.
    pub fn stats(&self) -> &Arc<EngineStats> {
        &self.0.stats
    }

    /// Returns freed memory to the system, which takes milliseconds. To be called after large components were loaded, refused or deleted.
    pub async fn trim_memory(&self) {
        heap::trim().await;
    }

    /// Removes the compiled form of a component from the disk. Call this when a plugin is deleted.
    pub async fn forget(&self, id: &ComponentId) {
        self.0.loaded.lock().remove(id);
        let (inner, id) = (Arc::clone(&self.0), id.clone());
        // This can fail only after a panic in the worker itself.
        let _ = tokio::task::spawn_blocking(move || inner.cache.remove(&id)).await;
    }

    /// Links a component. Its bytes are valid, because it is compiled.
    async fn link(
        &self,
        component: &wasmtime::component::Component,
        track: Track,
        wasm: Bytes,
    ) -> Result<Linked, LoadError> {
        let pre = self.0.linker.instantiate_pre(component).map_err(types)?;
        let exports = Exports::find(track, &pre).map_err(types)?;
        let cost = blocking(move || Cost::of(&wasm)).await;
        let cost = cost.map_err(|error| LoadError::Compile { reason: error.to_string() })?;
        let instances = Instances { pre, cost, room: Arc::clone(&self.0.room), stats: Arc::clone(&self.0.stats) };
        Ok(Linked { instances, exports })
    }

    /// Calls `describe` in a separate instance.
    async fn ask(&self, linked: &Linked, limits: &Limits) -> Result<Vec<PluginInfo>, LoadError> {
        let Linked { instances, exports } = linked;
        let (mut sandbox, instance) = instances.make(Guest::default(), limits, &Grants::none()).await?;
        exports.check_types(&mut sandbox.store, &instance).map_err(types)?;
        let guest = exports.plugin(&mut sandbox.store, &instance).map_err(types)?;
        let plugins = call!(sandbox, "plugin.describe", |store| each!(&guest, |guest| guest.describe(store)))?;
        plugins.map_err(|reason| LoadError::Description { reason })
    }
}

fn check(plugins: &[PluginInfo], linked: &Linked) -> Result<(), LoadError> {
    describe::check(plugins, &linked.exports).map_err(|reason| LoadError::Description { reason })
}

fn types(error: wasmtime::Error) -> LoadError {
    LoadError::Types { reason: format!("{error:#}") }
}

/// What the disk contains of a component.
struct Kept {
    names: Checked,
    component: Option<wasmtime::component::Component>,
    /// The unchecked result of `describe`.
    plugins: Option<Vec<PluginInfo>>,
}

/// A component that is linked with the functions of the host.
struct Linked {
    instances: Instances,
    exports: Exports,
}

/// The slot of a component in the table of loaded ones. A slot that is still empty when its last user drops it is removed: rejected files
/// are not remembered, because a client may upload any number of them.
struct Entry<'a> {
    loaded: &'a Mutex<HashMap<ComponentId, Arc<Slot>>>,
    id: ComponentId,
    slot: Option<Arc<Slot>>,
}

impl<'a> Entry<'a> {
    fn of(loaded: &'a Mutex<HashMap<ComponentId, Arc<Slot>>>, id: &ComponentId) -> Self {
        let slot = Arc::clone(loaded.lock().entry(id.clone()).or_default());
        Self { loaded, id: id.clone(), slot: Some(slot) }
    }

    fn slot(&self) -> Arc<Slot> {
        self.slot.clone().unwrap_or_default()
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut loaded = self.loaded.lock();
        self.slot = None;
        let is_unused = |slot: &Arc<Slot>| {
            Arc::strong_count(slot) == 1 && slot.try_lock().is_ok_and(|component| component.strong_count() == 0)
        };
        if loaded.get(&self.id).is_some_and(is_unused) {
            loaded.remove(&self.id);
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// The settings for compiling in any process, which is usually a child process of the worker.
pub(crate) fn precompile(wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
    wasmtime::Engine::new(&config())?.precompile_component(wasm)
}

/// Advances the clock of the engine until the engine is dropped.
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
