//! Which components are loaded, and what is in them. Filled at start from `plugin.path` and the store, changed by uploads and
//! deletions; whoever holds a plugin keeps it, whatever happens here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use tracing::{info, warn};
use weir_plugin::{Component, ComponentId, Engine, EngineStats, Limits, LoadError, PluginInfo};

use super::built_in;
use super::incoming::{Incoming, Uploads};
use super::lookup::Catalogue;
use super::store::{self, Store};
use crate::config::WorkerConfig;

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

/// All plugins of this worker. Cheap to clone.
#[derive(Clone)]
pub struct Plugins(Arc<Shared>);

struct Shared {
    engine: Engine,
    /// The worker's, which also hold for a component that says what is in it.
    limits: Limits,
    /// Whether an upload may take the place of what is on `plugin.path`.
    overriding: bool,
    store: Store,
    uploads: Uploads,
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
        Self::load(worker, engine, Store::read_only(&worker.plugin_store)?).await
    }

    async fn load(worker: &WorkerConfig, engine: Engine, store: Store) -> Result<Self, OpenError> {
        let plugins = Self(Arc::new(Shared {
            engine,
            limits: worker.limits,
            overriding: worker.plugin_upload_override,
            store,
            uploads: Uploads::new(worker.plugin_store.clone(), worker.plugin_uploads_max),
            components: RwLock::default(),
            changing: tokio::sync::Mutex::new(()),
        }));
        for folder in &worker.plugin_path {
            for file in files_on_path(folder) {
                let bytes = tokio::fs::read(&file).await;
                plugins.load_file(&file, bytes, false).await;
            }
        }
        let store = &plugins.0.store;
        for name in store.files()? {
            let bytes = store.read(&name).await;
            plugins.load_file(&store.path_of(&name), bytes, true).await;
        }
        Ok(plugins)
    }

    async fn load_file(&self, file: &Path, bytes: std::io::Result<Vec<u8>>, uploaded: bool) {
        let bytes = match bytes {
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
        if uploaded && let Some((class, _)) = self.shadowed(&component) {
            warn!(
                file = %file.display(),
                class,
                "an uploaded plugin has a class that is on plugin.path or built in, which is used instead; delete the upload, or set \
                 weir.plugin.upload.override=true"
            );
        }
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

    /// All plugins that can be used: of what was uploaded, those whose class is nowhere else.
    fn all(&self) -> Vec<Plugin> {
        let components = self.0.components.read();
        let installed = installed(&components);
        let mut plugins = Vec::new();
        for stored in components.iter() {
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
    fn shadowed(&self, component: &Component) -> Option<(String, Option<PathBuf>)> {
        let components = self.0.components.read();
        let is_there = components.iter().any(|stored| stored.component.id() == component.id() && stored.path.is_some());
        let installed = if self.0.overriding || is_there { HashMap::new() } else { installed(&components) };
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
        self.0.components.read().clone()
    }

    /// The component of this id.
    pub fn component(&self, id: &str) -> Option<Stored> {
        self.0.components.read().iter().find(|stored| stored.component.id().to_string() == id).cloned()
    }

    /// Begins an upload; `None` if there are as many as there may be at once.
    ///
    /// # Errors
    ///
    /// The store cannot be written to.
    pub async fn begin_upload(&self) -> Result<Option<Incoming>, UploadError> {
        Ok(self.0.uploads.begin().await?)
    }

    /// Takes an uploaded component. When this returns it is on disk for good and connectors can use it.
    pub async fn upload(&self, mut upload: Incoming) -> Result<Uploaded, UploadError> {
        let bytes = upload.read().await?;
        let component = self.0.engine.load_within(bytes.clone(), &self.0.limits).await?;
        if let Some((class, path)) = self.shadowed(&component) {
            return Err(UploadError::Shadows { class, path });
        }
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

/// The components of one entry of `plugin.path`: `*.wasm` in the folder and in the folders directly below, or the entry itself.
pub(crate) fn files_on_path(folder: &Path) -> Vec<PathBuf> {
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
