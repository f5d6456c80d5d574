//! The loaded components and their plugins. Filled at start from `plugin.path` and the store, changed by uploads and deletions. A
//! [`Plugin`] stays usable after its component was removed here.
//!
//! At start, the components that are compiled and described already are loaded. The others are loaded in the background (`loading.rs`),
//! because compiling takes time, and a guest that is asked what it contains may use the whole time limit of a call.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use weir_plugin::{Component, ComponentId, Engine, EngineStats, Limits, LoadError};

use super::built_in;
use super::files;
use super::incoming::{Incoming, Uploads};
use super::lookup::Catalogue;
use super::plugin::Plugin;
use super::shipped;
use super::store::{self, Store};

/// A component of so many bytes leaves much freed memory behind when it is loaded.
const LARGE: usize = 1 << 20;

/// One loaded component.
#[derive(Clone)]
pub struct Stored {
    /// The component.
    pub component: Arc<Component>,
    /// Whether it is in the store of uploads.
    pub uploaded: bool,
    /// The file of `plugin.path` that contains it.
    pub path: Option<PathBuf>,
    /// Decides which of equal versions comes first: the files found at start, in the order in which they were found, then uploads.
    pub(super) order: usize,
}

/// A file whose component is not loaded, or not yet.
#[derive(Debug, Clone)]
pub struct Unloaded {
    /// Its id: in the store the id in the file's name, elsewhere the id of its content. `None` for a file of `plugin.path` that cannot be
    /// read.
    pub name: Option<String>,
    /// The id of its content. `None` if the file cannot be read or, in the store, if its content is not what its name says.
    pub(super) content: Option<ComponentId>,
    /// Whether it is in the store of uploads.
    pub uploaded: bool,
    /// The file.
    pub path: PathBuf,
    /// Why it cannot be used. `None` while it is being loaded.
    pub error: Option<String>,
}

/// An upload that can be used, and is not stored yet.
pub struct LoadedUpload {
    component: Arc<Component>,
    wasm: Bytes,
    /// Holds the permit of the upload.
    _upload: Incoming,
}

/// The result of an upload.
pub struct Uploaded {
    /// The component.
    pub component: Arc<Component>,
    /// Whether it is new. `false` if it was loaded before.
    pub created: bool,
}

/// Why the registry cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store's directory cannot be used.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Why an upload was rejected.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It contains a class that is installed or built in.
    #[error("The component has the class {class}, which is {}", place(.path.as_deref()))]
    Shadows {
        /// The class.
        class: String,
        /// The file of `plugin.path` that contains it. `None` if it is built in.
        path: Option<PathBuf>,
    },
    /// The bytes are not a component that Weir can run. The text says what to do.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] store::Error),
}

fn place(path: Option<&Path>) -> String {
    match path {
        None => "built in; rename the class".to_owned(),
        Some(path) => format!(
            "on plugin.path, in {}; put the component there instead, or set weir.plugin.upload.override=true",
            path.display()
        ),
    }
}

/// Why a component was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// No component has this id.
    #[error("Plugin {0} not found")]
    NotFound(String),
    /// It is not in the store.
    #[error("Plugin {id} was not uploaded but found at {}, on plugin.path; remove the file there and restart the worker", path.display())]
    OnPath {
        /// Its id.
        id: String,
        /// Its file.
        path: PathBuf,
    },
    /// The file could not be removed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Where plugins are, and how uploads are handled.
#[derive(Debug, Clone)]
pub struct Options {
    /// Directories with the operator's components: `plugin.path`.
    pub path: Vec<PathBuf>,
    /// The directory of uploaded components: `weir.plugin.store`.
    pub store: PathBuf,
    /// Maximum number of uploads at the same time: `weir.plugin.uploads.max`.
    pub uploads_max: usize,
    /// Whether an upload may override an installed class: `weir.plugin.upload.override`.
    pub upload_override: bool,
    /// Limits of the sandbox that a component describes itself in.
    pub limits: Limits,
}

/// All plugins of this worker. Cheap to clone.
#[derive(Clone)]
pub struct Plugins(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) engine: Engine,
    /// The worker's limits, which also apply while a component describes itself.
    pub(super) limits: Limits,
    /// Whether an upload may override a class on `plugin.path`.
    overriding: bool,
    pub(super) store: Store,
    uploads: Uploads,
    pub(super) known: RwLock<Known>,
    /// Held while components are added or removed.
    pub(super) changing: tokio::sync::Mutex<()>,
    /// Files that are still being loaded.
    pub(super) loading: watch::Sender<usize>,
    pub(super) stop: CancellationToken,
}

/// The known components and files.
#[derive(Default)]
pub(super) struct Known {
    pub(super) components: Vec<Stored>,
    pub(super) unloaded: Vec<Unloaded>,
}

impl Plugins {
    /// Loads the components of `plugin.path` and of the store that are compiled and described already, and begins to load the others.
    /// Logs each file that cannot be used, and lists it with its error.
    ///
    /// # Errors
    ///
    /// The store's directory cannot be used.
    pub async fn open(options: &Options, engine: Engine) -> Result<Self, OpenError> {
        Self::load(options, engine, Store::open(&options.store)?).await
    }

    /// Like [`Plugins::open`], but does not create the store's directory or remove unfinished uploads. For reading only: do not upload or
    /// delete anything with the result.
    ///
    /// # Errors
    ///
    /// The store's directory exists and cannot be read.
    pub async fn read_only(options: &Options, engine: Engine) -> Result<Self, OpenError> {
        Self::load(options, engine, Store::read_only(&options.store)?).await
    }

    async fn load(options: &Options, engine: Engine, store: Store) -> Result<Self, OpenError> {
        let files = files::all(&options.path, &store)?;
        if files.is_empty() {
            info!("there are no plugins{}", shipped::hint(&options.path, true));
        }
        let plugins = Self(Arc::new(Shared {
            engine,
            limits: options.limits,
            overriding: options.upload_override,
            store,
            uploads: Uploads::new(options.store.clone(), options.uploads_max),
            known: RwLock::default(),
            changing: tokio::sync::Mutex::new(()),
            loading: watch::Sender::new(0),
            stop: CancellationToken::new(),
        }));
        plugins.load_files(files).await;
        Ok(plugins)
    }

    /// Waits until everything that was found at start is loaded or has failed. Before that, the latest version of a class is not known.
    pub async fn loaded(&self) {
        // The sender is in `self`.
        let _ = self.0.loading.subscribe().wait_for(|left| *left == 0).await;
    }

    /// Cancels compilations and loads in progress. Call this when the worker stops.
    pub fn stop(&self) {
        self.0.stop.cancel();
        self.0.engine.stop();
    }

    /// Adds a component, or adds another location of one that is known. Returns whether it is new.
    pub(super) fn add(&self, mut new: Stored) -> bool {
        let mut known = self.0.known.write();
        let Known { components, unloaded } = &mut *known;
        let id = new.component.id();
        let name = id.to_string();
        unloaded.retain(|file| {
            let is_same = file.content.as_ref() == Some(id);
            if is_same {
                new.uploaded |= file.uploaded;
                new.path = new.path.take().or_else(|| (!file.uploaded).then(|| file.path.clone()));
            }
            // The file with this name in the store has just been replaced.
            !(is_same || new.uploaded && file.uploaded && file.name.as_ref() == Some(&name))
        });
        match components.iter_mut().find(|known| known.component.id() == new.component.id()) {
            Some(known) => {
                known.uploaded |= new.uploaded;
                known.path = known.path.take().or(new.path);
                false
            }
            None => {
                let at = components.partition_point(|known| known.order <= new.order);
                components.insert(at, new);
                true
            }
        }
    }

    /// Returns all plugins that can be used: of the uploaded ones, those whose class is neither on `plugin.path` nor built in.
    fn all(&self) -> Vec<Plugin> {
        let known = self.0.known.read();
        let installed = installed(&known.components);
        let mut plugins = Vec::new();
        for stored in &known.components {
            let is_installed = self.0.overriding || stored.path.is_some();
            let of_component = Plugin::of(&stored.component, is_installed);
            plugins.extend(of_component.filter(|plugin| is_installed || !is_taken(&installed, &plugin.info().class)));
        }
        plugins
    }

    /// Returns a class of this component that is built in, or that is on `plugin.path` and may not be overridden, with the file there.
    pub(super) fn shadowed(&self, component: &Component) -> Option<(String, Option<PathBuf>)> {
        let known = self.0.known.read();
        let is_there =
            known.components.iter().any(|stored| stored.component.id() == component.id() && stored.path.is_some());
        let installed = if self.0.overriding || is_there { HashMap::new() } else { installed(&known.components) };
        let class = component.plugins().iter().map(|info| &info.class).find(|class| is_taken(&installed, class))?;
        Some((class.clone(), installed.get(class.as_str()).map(|path| (*path).to_owned())))
    }

    /// Returns a catalogue of the plugins that can be used now.
    pub fn catalogue(&self) -> Catalogue {
        Catalogue::new(self.all())
    }

    /// Returns the engine's counters.
    pub fn engine_stats(&self) -> &Arc<EngineStats> {
        self.0.engine.stats()
    }

    /// Returns all components, in their order.
    pub fn components(&self) -> Vec<Stored> {
        self.0.known.read().components.clone()
    }

    /// Returns the files whose components are not loaded, in the order in which they were found.
    pub fn unloaded(&self) -> Vec<Unloaded> {
        self.0.known.read().unloaded.clone()
    }

    /// Returns the component with this id.
    pub fn component(&self, id: &str) -> Option<Stored> {
        self.0.known.read().components.iter().find(|stored| stored.component.id().to_string() == id).cloned()
    }

    /// Begins an upload; returns `None` if the maximum number of uploads is reached.
    ///
    /// # Errors
    ///
    /// The store cannot be written to.
    pub async fn begin_upload(&self) -> Result<Option<Incoming>, UploadError> {
        Ok(self.0.uploads.begin().await?)
    }

    /// Compiles an upload and asks it what it contains. Nothing is stored before [`Plugins::keep`]; dropping the future cancels the work.
    ///
    /// # Errors
    ///
    /// It is not a plugin, contains classes that are installed, or cannot be compiled now.
    pub async fn load_upload(&self, upload: Incoming) -> Result<LoadedUpload, UploadError> {
        let bytes = upload.bytes();
        let loaded = self.load_upload_once(upload).await;
        if loaded.is_err() {
            self.trim_memory_after(bytes).await;
        }
        loaded
    }

    async fn load_upload_once(&self, mut upload: Incoming) -> Result<LoadedUpload, UploadError> {
        let wasm = Bytes::from(upload.read().await?);
        let component = self.0.engine.load_within(wasm.clone(), &self.0.limits).await?;
        // Only when everything is loaded is it known which classes are on `plugin.path`.
        self.loaded().await;
        if let Some((class, path)) = self.shadowed(&component) {
            return Err(UploadError::Shadows { class, path });
        }
        Ok(LoadedUpload { component, wasm, _upload: upload })
    }

    /// Stores and adds an uploaded component. When this returns, it is durable on disk and connectors can use it.
    ///
    /// # Errors
    ///
    /// It cannot be stored.
    pub async fn keep(&self, upload: LoadedUpload) -> Result<Uploaded, UploadError> {
        let bytes = upload.wasm.len();
        let kept = self.keep_once(upload).await;
        self.trim_memory_after(bytes).await;
        kept
    }

    /// Returns memory to the system after a component of this many bytes was loaded. It is not worth it after a small one.
    async fn trim_memory_after(&self, bytes: usize) {
        if bytes >= LARGE {
            self.0.engine.trim_memory().await;
        }
    }

    async fn keep_once(&self, upload: LoadedUpload) -> Result<Uploaded, UploadError> {
        let LoadedUpload { component, wasm, _upload } = upload;
        let _changing = self.0.changing.lock().await;
        let id = component.id().to_string();
        if let Some(known) = self.component(&id).filter(|known| known.uploaded) {
            return Ok(Uploaded { component: known.component, created: false });
        }
        self.0.store.put(&id, wasm).await?;
        let created =
            self.add(Stored { component: Arc::clone(&component), uploaded: true, path: None, order: usize::MAX });
        info!(id, plugins = component.plugins().len(), "plugin uploaded");
        self.warn_of_hidden(&component);
        Ok(Uploaded { component, created })
    }

    /// Logs the plugins of an uploaded component that another component has with the same class and version: one of them is never used.
    fn warn_of_hidden(&self, uploaded: &Component) {
        let all = self.all();
        let catalogue = Catalogue::new(all.clone());
        for info in uploaded.plugins() {
            let Some(used) = catalogue.used(info) else { continue };
            let used = used.component().id();
            let same = |plugin: &&Plugin| {
                let other = plugin.info();
                (&other.class, other.kind, &other.version) == (&info.class, info.kind, &info.version)
            };
            for hidden in all.iter().filter(same).map(|plugin| plugin.component().id()).filter(|id| *id != used) {
                let (class, version) = (&info.class, &info.version);
                warn!(class, version, %used, %hidden, "two components have the same class in the same version; one of them is hidden");
            }
        }
    }

    /// Removes an uploaded component and its file, whether it is loaded or not. The caller has made sure that nothing uses it.
    ///
    /// # Errors
    ///
    /// There is no such component, it was not uploaded, or its file cannot be removed.
    pub async fn delete(&self, name: &str) -> Result<(), DeleteError> {
        let _changing = self.0.changing.lock().await;
        let stored = self.component(name);
        let found = |uploaded: bool| {
            let is_this = |file: &&Unloaded| file.uploaded == uploaded && file.name.as_deref() == Some(name);
            self.0.known.read().unloaded.iter().find(is_this).cloned()
        };
        let (in_store, on_path) = (found(true), found(false));
        if !stored.as_ref().is_some_and(|stored| stored.uploaded) && in_store.is_none() {
            let path = stored.and_then(|stored| stored.path).or(on_path.map(|file| file.path));
            let id = name.to_owned();
            return Err(path.map_or(DeleteError::NotFound(id.clone()), |path| DeleteError::OnPath { id, path }));
        }
        self.0.store.remove(name).await?;
        let content = stored.map(|stored| stored.component.id().clone()).or(in_store.and_then(|file| file.content));
        let is_left = {
            let mut known = self.0.known.write();
            known.unloaded.retain(|file| !file.uploaded || file.name.as_deref() != Some(name));
            known.components.retain_mut(|stored| {
                if stored.component.id().as_str() == name {
                    stored.uploaded = false;
                }
                stored.uploaded || stored.path.is_some()
            });
            known.components.iter().any(|stored| Some(stored.component.id()) == content.as_ref())
                || known.unloaded.iter().any(|file| file.content.is_some() && file.content == content)
        };
        if let Some(content) = content.filter(|_| !is_left) {
            self.0.engine.forget(&content).await;
            self.0.engine.trim_memory().await;
        }
        info!(id = name, "plugin deleted");
        Ok(())
    }
}

/// Returns the classes on `plugin.path`, each with its file.
fn installed(components: &[Stored]) -> HashMap<&str, &Path> {
    let mut classes = HashMap::new();
    for stored in components {
        let Some(path) = &stored.path else { continue };
        classes.extend(stored.component.plugins().iter().map(|info| (info.class.as_str(), path.as_path())));
    }
    classes
}

/// Whether a class is on `plugin.path` or built in.
fn is_taken(installed: &HashMap<&str, &Path>, class: &str) -> bool {
    installed.contains_key(class) || built_in::find(class).is_some() || built_in::OTHERS.contains(&class)
}
