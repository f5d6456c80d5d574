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

/// Time between two looks at the guests that are computing.
const TICK: Duration = Duration::from_millis(10);

/// How an engine is to be set up.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Folder for compiled components. Made if it is not there; must not be writable by others, because its content is run.
    pub cache: PathBuf,
    /// Where components are compiled that the cache does not hold.
    pub compile: Compile,
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
    compiler: Compiler,
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
        Self::with_cache(options.compile, |wasmtime| Cache::open(options.cache, wasmtime))
    }

    /// Starts an engine that takes what its cache holds, and compiles what it does not hold without keeping it.
    ///
    /// # Errors
    ///
    /// The cache's folder is there and cannot be used, or the machine cannot run WebAssembly.
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

    /// Loads a component: from memory if it is loaded, from the disk if it was compiled before, otherwise by compiling it, which
    /// takes seconds and several cores.
    ///
    /// # Errors
    ///
    /// It is no plugin for this worker; the text says what to do.
    pub async fn load(&self, wasm: impl Into<Bytes>) -> Result<Arc<Component>, LoadError> {
        self.load_within(wasm, &Limits::default()).await
    }

    /// As [`Engine::load`], with other limits for the instance that describes the component. If the future is dropped, compiling ends.
    ///
    /// # Errors
    ///
    /// As for [`Engine::load`]; and [`CompileError::Busy`](crate::CompileError::Busy) or
    /// [`CompileError::Waited`](crate::CompileError::Waited) if too many others are to be compiled.
    pub async fn load_within(&self, wasm: impl Into<Bytes>, limits: &Limits) -> Result<Arc<Component>, LoadError> {
        self.load_in_turn(wasm.into(), limits, self.0.compiler.queued()).await
    }

    /// As [`Engine::load_within`], for a component that the worker has already: it waits for as long as others are being compiled.
    ///
    /// # Errors
    ///
    /// As for [`Engine::load`].
    pub async fn load_stored(&self, wasm: impl Into<Bytes>, limits: &Limits) -> Result<Arc<Component>, LoadError> {
        self.load_in_turn(wasm.into(), limits, Turn::Patient).await
    }

    /// The component, if it is loaded, or compiled and described on the disk: nothing is compiled, and no code of the guest's runs.
    ///
    /// # Errors
    ///
    /// It is no plugin for this worker; the text says what to do.
    pub async fn load_ready(&self, wasm: impl Into<Bytes>) -> Result<Option<Arc<Component>>, LoadError> {
        let wasm = wasm.into();
        let id = ComponentId::of(&wasm);
        let entry = Entry::of(&self.0.loaded, &id);
        // Who holds it is compiling or asking.
        let Ok(mut slot) = entry.slot().try_lock_owned() else { return Ok(None) };
        if let Some(component) = slot.upgrade() {
            return Ok(Some(component));
        }
        let Kept { names: Checked { imports, track }, component, plugins } = self.kept(&id, wasm.clone()).await?;
        let (Some(component), Some(plugins)) = (component, plugins) else { return Ok(None) };
        let linked = self.link(&component, track, wasm).await?;
        // The rules may have been others when it was kept.
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

    /// What the disk holds of a component, whose imports and exports have the right names.
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
        // Nothing in it has a key that is no text or a number that is none, so that this cannot fail.
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

    /// Ends what is being loaded, and lets nothing more be loaded. To be called when the worker stops.
    pub fn stop(&self) {
        self.0.compiler.stop();
    }

    /// Sets how many instances of plugins there may be at once (`weir.instances.max`). By default as many as the kernel has room for.
    pub fn limit_instances(&self, max: usize) {
        self.0.room.limit_instances(max);
    }

    /// What was compiled, and what all instances have done.
    pub fn stats(&self) -> &Arc<EngineStats> {
        &self.0.stats
    }

    /// Returns freed memory to the system, which takes milliseconds. To be called after large components were loaded, refused or deleted.
    pub async fn trim_memory(&self) {
        heap::trim().await;
    }

    /// Removes the compiled form of a component from the disk. To be called when a plugin is deleted.
    pub async fn forget(&self, id: &ComponentId) {
        self.0.loaded.lock().remove(id);
        let (inner, id) = (Arc::clone(&self.0), id.clone());
        // Only a panic in the worker itself can make this fail, and then there is nothing to forget any more.
        let _ = tokio::task::spawn_blocking(move || inner.cache.remove(&id)).await;
    }

    /// Links a component, whose bytes these are: they are valid, because it is compiled.
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

    /// What the component says that it contains, in an instance of its own.
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

/// What the disk holds of a component.
struct Kept {
    names: Checked,
    component: Option<wasmtime::component::Component>,
    /// What it said about itself, not checked.
    plugins: Option<Vec<PluginInfo>>,
}

/// A component whose imports have the host's functions.
struct Linked {
    instances: Instances,
    exports: Exports,
}

/// The place of a component among those that are loaded. One that is still empty when the last of those who hold it is dropped is given
/// up: what was refused is not remembered, because a client may upload any number of such files.
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

/// Compiles in this process, whichever it is: a child process of the worker.
pub(crate) fn precompile(wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
    wasmtime::Engine::new(&config())?.precompile_component(wasm)
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
