//! Which components are loaded, and what is in them. Filled at start from `plugin.path` and the store, changed by uploads and
//! deletions; whoever holds a plugin keeps it, whatever happens here.
//!
//! A start loads what is compiled and described already. The rest is loaded in the background (`loading.rs`), because compiling takes
//! time and a guest that is asked what it contains may take all the time of a call.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::info;
use weir_plugin::{Component, ComponentId, Engine, EngineStats, Limits, LoadError, PluginInfo};

use super::built_in;
use super::incoming::{Incoming, Uploads};
use super::loading;
use super::lookup::Catalogue;
use super::shipped;
use super::store::{self, Store};

/// One plugin and the component it lives in.
#[derive(Clone)]
pub struct Plugin {
    component: Arc<Component>,
    /// Where it stands in the component's list.
    index: usize,
    /// See [`Plugin::is_installed`].
    installed: bool,
}

impl Plugin {
    /// The component.
    pub fn component(&self) -> &Arc<Component> {
        &self.component
    }

    /// What the component says about it.
    pub fn info(&self) -> &PluginInfo {
        &self.component.plugins()[self.index]
    }

    /// Whether it counts as the operator's: it is on `plugin.path`, or uploads may take the place of what is there.
    pub(super) fn is_installed(&self) -> bool {
        self.installed
    }
}

/// One loaded component.
#[derive(Clone)]
pub struct Stored {
    /// The component.
    pub component: Arc<Component>,
    /// True = it is in the store of uploads.
    pub uploaded: bool,
    /// The file of `plugin.path` that holds it.
    pub path: Option<PathBuf>,
    /// Which of equal versions comes first: the files that were there at start, as they were found, then uploads.
    pub(super) order: usize,
}

/// A file whose component is not there (yet).
#[derive(Debug, Clone)]
pub struct Unloaded {
    /// What it is called: the id of its content, in the store the id that its name says. `None` for any other file that cannot be read.
    pub name: Option<String>,
    /// The id of its content, if that could be a component of this name.
    pub(super) content: Option<ComponentId>,
    /// True = it is in the store of uploads.
    pub uploaded: bool,
    /// The file.
    pub path: PathBuf,
    /// Why it cannot be used. `None` while it is being loaded.
    pub error: Option<String>,
}

/// An upload that can be used, and is not kept yet.
pub struct LoadedUpload {
    component: Arc<Component>,
    wasm: Bytes,
    /// Its place among the uploads.
    _upload: Incoming,
}

/// What an upload did.
pub struct Uploaded {
    /// The component.
    pub component: Arc<Component>,
    /// False = it was there before.
    pub created: bool,
}

/// The registry cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store's folder.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// An upload that was not taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It has a class that is installed or built in.
    #[error("The component has the class {class}, which is {}", place(.path.as_deref()))]
    Shadows {
        /// The class.
        class: String,
        /// The file of `plugin.path` that has it. `None` if it is built in.
        path: Option<PathBuf>,
    },
    /// The bytes are no component that Weir can run. The text says what to do.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] store::Error),
}

fn place(path: Option<&Path>) -> String {
    match path {
        None => "built in; name it otherwise".to_owned(),
        Some(path) => format!(
            "on plugin.path, in {}; put the component there instead, or set weir.plugin.upload.override=true",
            path.display()
        ),
    }
}

/// A deletion that did not happen.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// No component of this id.
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

/// Where plugins are, and what may be done with them.
#[derive(Debug, Clone)]
pub struct Options {
    /// Directories with the operator's components: `plugin.path`.
    pub path: Vec<PathBuf>,
    /// The directory of uploaded components: `weir.plugin.store`.
    pub store: PathBuf,
    /// Most uploads at the same time: `weir.plugin.uploads.max`.
    pub uploads_max: usize,
    /// Whether an upload may take the place of an installed class: `weir.plugin.upload.override`.
    pub upload_override: bool,
    /// Limits of the sandbox that a component describes itself in.
    pub limits: Limits,
}

/// All plugins of this worker. Cheap to clone.
#[derive(Clone)]
pub struct Plugins(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) engine: Engine,
    /// The worker's, which also hold for a component that says what is in it.
    pub(super) limits: Limits,
    /// Whether an upload may take the place of what is on `plugin.path`.
    overriding: bool,
    pub(super) store: Store,
    uploads: Uploads,
    pub(super) known: RwLock<Known>,
    /// Held by whoever adds or removes.
    pub(super) changing: tokio::sync::Mutex<()>,
    /// Files that are still being loaded.
    pub(super) loading: watch::Sender<usize>,
    pub(super) stop: CancellationToken,
}

/// What there is, in the order in which it came.
#[derive(Default)]
pub(super) struct Known {
    pub(super) components: Vec<Stored>,
    pub(super) unloaded: Vec<Unloaded>,
}

impl Plugins {
    /// Loads what is in `plugin.path` and in the store, as far as it is compiled and described already, and begins to load the rest.
    /// A file that cannot be used is logged and listed with its error.
    ///
    /// # Errors
    ///
    /// The store's folder cannot be used.
    pub async fn open(options: &Options, engine: Engine) -> Result<Self, OpenError> {
        Self::load(options, engine, Store::open(&options.store)?).await
    }

    /// As [`Plugins::open`], without making the store's folder or tidying it up. For looking at what there is: nothing is to be
    /// uploaded here or deleted.
    ///
    /// # Errors
    ///
    /// The store's folder is there and cannot be read.
    pub async fn read_only(options: &Options, engine: Engine) -> Result<Self, OpenError> {
        Self::load(options, engine, Store::read_only(&options.store)?).await
    }

    async fn load(options: &Options, engine: Engine, store: Store) -> Result<Self, OpenError> {
        let files = loading::files(&options.path, &store)?;
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

    /// Waits until all that was found at start is loaded or has failed. Before that nobody can tell which version of a class is the latest.
    pub async fn loaded(&self) {
        // The sender is in `self`.
        let _ = self.0.loading.subscribe().wait_for(|left| *left == 0).await;
    }

    /// Ends whatever is being compiled or loaded. To be called when the worker stops.
    pub fn stop(&self) {
        self.0.stop.cancel();
        self.0.engine.stop();
    }

    /// Adds a component, or notes where else one that is known was found. True = it is new.
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
            // What the store held under this name has just been replaced.
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

    /// All plugins that can be used: of what was uploaded, those whose class is nowhere else.
    fn all(&self) -> Vec<Plugin> {
        let known = self.0.known.read();
        let installed = installed(&known.components);
        let mut plugins = Vec::new();
        for stored in &known.components {
            let is_installed = self.0.overriding || stored.path.is_some();
            for (index, info) in stored.component.plugins().iter().enumerate() {
                if is_installed || !is_taken(&installed, &info.class) {
                    plugins.push(Plugin { component: Arc::clone(&stored.component), index, installed: is_installed });
                }
            }
        }
        plugins
    }

    /// A class of this component that is built in, or on `plugin.path`, with the file, unless uploads may take its place there.
    pub(super) fn shadowed(&self, component: &Component) -> Option<(String, Option<PathBuf>)> {
        let known = self.0.known.read();
        let is_there =
            known.components.iter().any(|stored| stored.component.id() == component.id() && stored.path.is_some());
        let installed = if self.0.overriding || is_there { HashMap::new() } else { installed(&known.components) };
        let class = component.plugins().iter().map(|info| &info.class).find(|class| is_taken(&installed, class))?;
        Some((class.clone(), installed.get(class.as_str()).map(|path| (*path).to_owned())))
    }

    /// What there is now, to be looked up in.
    pub fn catalogue(&self) -> Catalogue {
        Catalogue::new(self.all())
    }

    /// What the engine counts.
    pub fn engine_stats(&self) -> &Arc<EngineStats> {
        self.0.engine.stats()
    }

    /// All components, in the order in which they came.
    pub fn components(&self) -> Vec<Stored> {
        self.0.known.read().components.clone()
    }

    /// The files whose components are not there, in the order in which they were found.
    pub fn unloaded(&self) -> Vec<Unloaded> {
        self.0.known.read().unloaded.clone()
    }

    /// The component of this id.
    pub fn component(&self, id: &str) -> Option<Stored> {
        self.0.known.read().components.iter().find(|stored| stored.component.id().to_string() == id).cloned()
    }

    /// Begins an upload; `None` if there are as many as there may be at once.
    ///
    /// # Errors
    ///
    /// The store cannot be written to.
    pub async fn begin_upload(&self) -> Result<Option<Incoming>, UploadError> {
        Ok(self.0.uploads.begin().await?)
    }

    /// Compiles an upload and asks it what it contains. Nothing is kept of it before [`Plugins::keep`]; if the future is dropped, that ends.
    ///
    /// # Errors
    ///
    /// It is no plugin, has classes that are installed, or cannot be compiled now.
    pub async fn load_upload(&self, mut upload: Incoming) -> Result<LoadedUpload, UploadError> {
        let wasm = Bytes::from(upload.read().await?);
        let component = self.0.engine.load_within(wasm.clone(), &self.0.limits).await?;
        // What is on `plugin.path` shows when all of it is loaded.
        self.loaded().await;
        if let Some((class, path)) = self.shadowed(&component) {
            return Err(UploadError::Shadows { class, path });
        }
        Ok(LoadedUpload { component, wasm, _upload: upload })
    }

    /// Takes an uploaded component. When this returns it is on disk for good and connectors can use it.
    ///
    /// # Errors
    ///
    /// It cannot be stored.
    pub async fn keep(&self, upload: LoadedUpload) -> Result<Uploaded, UploadError> {
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
        Ok(Uploaded { component, created })
    }

    /// Forgets an uploaded component and removes its file, whether it is loaded or not. The caller has made sure that nothing uses it.
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
        }
        info!(id = name, "plugin deleted");
        Ok(())
    }
}

/// The classes on `plugin.path`, each with its file.
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
