//! Which components are loaded, and what is in them. Filled at start from `plugin.path` and the store, changed by uploads and
//! deletions; whoever holds a plugin keeps it, whatever happens here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use tracing::{info, warn};
use weir_plugin::{Component, ComponentId, Engine, EngineStats, Limits, LoadError, PluginInfo};

use super::lookup::Catalogue;
use super::store::{self, Store};
use crate::config::WorkerConfig;

/// One plugin and the component it lives in.
#[derive(Clone)]
pub struct Plugin {
    component: Arc<Component>,
    /// Where it stands in the component's list.
    index: usize,
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
    /// The bytes are no component that Weir can run. The text says what to do.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] store::Error),
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

/// All plugins of this worker. Cheap to clone.
#[derive(Clone)]
pub struct Plugins(Arc<Shared>);

struct Shared {
    engine: Engine,
    /// The worker's, which also hold for a component that says what is in it.
    limits: Limits,
    store: Store,
    /// In the order in which they came.
    components: RwLock<Vec<Stored>>,
    /// Held by whoever adds or removes.
    changing: tokio::sync::Mutex<()>,
}

impl Plugins {
    /// Loads what is in `plugin.path` and in the store. A file that cannot be used is logged and left out.
    ///
    /// # Errors
    ///
    /// The store's folder cannot be used.
    pub async fn open(worker: &WorkerConfig, engine: Engine) -> Result<Self, OpenError> {
        Self::load(worker, engine, Store::open(&worker.plugin_store)?).await
    }

    /// As [`Plugins::open`], without making the store's folder or tidying it up. For looking at what there is: nothing is to be
    /// uploaded here or deleted.
    ///
    /// # Errors
    ///
    /// The store's folder is there and cannot be read.
    pub async fn read_only(worker: &WorkerConfig, engine: Engine) -> Result<Self, OpenError> {
        Self::load(worker, engine, Store::read_only(&worker.plugin_store)).await
    }

    async fn load(worker: &WorkerConfig, engine: Engine, store: Store) -> Result<Self, OpenError> {
        let plugins = Self(Arc::new(Shared {
            engine,
            limits: worker.limits,
            store,
            components: RwLock::default(),
            changing: tokio::sync::Mutex::new(()),
        }));
        for folder in &worker.plugin_path {
            for file in files_on_path(folder) {
                plugins.load_file(&file, false).await;
            }
        }
        for file in plugins.0.store.files()? {
            plugins.load_file(&file, true).await;
        }
        Ok(plugins)
    }

    async fn load_file(&self, file: &Path, uploaded: bool) {
        let bytes = match tokio::fs::read(file).await {
            Ok(bytes) => bytes,
            Err(error) => {
                warn!(file = %file.display(), %error, "cannot read a plugin, left out; check its permissions");
                return;
            }
        };
        let component = match self.0.engine.load_within(bytes, &self.0.limits).await {
            Ok(component) => component,
            Err(error) => {
                warn!(file = %file.display(), %error, "cannot use a plugin, left out");
                return;
            }
        };
        let id = component.id().to_string();
        if uploaded && file.file_stem().is_none_or(|stem| stem.to_string_lossy() != id) {
            warn!(
                file = %file.display(),
                id,
                "an uploaded plugin's file does not hold what was uploaded, left out; delete the file and upload the plugin again"
            );
            return;
        }
        info!(file = %file.display(), id, plugins = component.plugins().len(), "plugin loaded");
        let path = (!uploaded).then(|| file.to_owned());
        self.add(Stored { component, uploaded, path });
    }

    /// Adds a component, or notes where else one that is known was found. True = it is new.
    fn add(&self, new: Stored) -> bool {
        let mut components = self.0.components.write();
        match components.iter_mut().find(|known| known.component.id() == new.component.id()) {
            Some(known) => {
                known.uploaded |= new.uploaded;
                known.path = known.path.take().or(new.path);
                false
            }
            None => {
                components.push(new);
                true
            }
        }
    }

    fn all(&self) -> Vec<Plugin> {
        let components = self.0.components.read();
        components
            .iter()
            .flat_map(|stored| {
                (0..stored.component.plugins().len())
                    .map(|index| Plugin { component: Arc::clone(&stored.component), index })
            })
            .collect()
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
        self.0.components.read().clone()
    }

    /// The component of this id.
    pub fn component(&self, id: &str) -> Option<Stored> {
        self.0.components.read().iter().find(|stored| stored.component.id().to_string() == id).cloned()
    }

    /// Takes an uploaded component. When this returns it is on disk for good and connectors can use it.
    pub async fn upload(&self, bytes: Vec<u8>) -> Result<Uploaded, UploadError> {
        let component = self.0.engine.load_within(bytes.clone(), &self.0.limits).await?;
        let _changing = self.0.changing.lock().await;
        let id = component.id().to_string();
        if let Some(known) = self.component(&id).filter(|known| known.uploaded) {
            return Ok(Uploaded { component: known.component, created: false });
        }
        self.0.store.put(&id, bytes).await?;
        let created = self.add(Stored { component: Arc::clone(&component), uploaded: true, path: None });
        info!(id, plugins = component.plugins().len(), "plugin uploaded");
        Ok(Uploaded { component, created })
    }

    /// Forgets an uploaded component and removes its file. The caller has made sure that nothing uses it.
    pub async fn delete(&self, id: &ComponentId) -> Result<(), DeleteError> {
        let _changing = self.0.changing.lock().await;
        let name = id.to_string();
        match self.component(&name) {
            None => return Err(DeleteError::NotFound(name)),
            Some(Stored { uploaded: false, path, .. }) => {
                return Err(DeleteError::OnPath { id: name, path: path.unwrap_or_default() });
            }
            Some(_) => {}
        }
        self.0.store.remove(&name).await?;
        self.0.components.write().retain_mut(|stored| {
            if stored.component.id() == id {
                stored.uploaded = false;
            }
            stored.uploaded || stored.path.is_some()
        });
        if self.component(&name).is_none() {
            self.0.engine.forget(id).await;
        }
        info!(id = name, "plugin deleted");
        Ok(())
    }
}

/// The components of one entry of `plugin.path`: `*.wasm` in the folder and in the folders directly below, or the entry itself.
fn files_on_path(folder: &Path) -> Vec<PathBuf> {
    if folder.is_file() {
        return vec![folder.to_owned()];
    }
    let mut files = match store::wasm_files(folder) {
        Ok(files) => files,
        Err(error) => {
            warn!(folder = %folder.display(), %error, "cannot read a folder of plugin.path, skipped; create it or remove it from plugin.path");
            return Vec::new();
        }
    };
    let mut below: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    below.sort();
    for folder in below {
        match store::wasm_files(&folder) {
            Ok(more) => files.extend(more),
            Err(error) => warn!(folder = %folder.display(), %error, "cannot read a folder below plugin.path, skipped"),
        }
    }
    files
}
