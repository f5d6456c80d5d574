//! Loads the files of `plugin.path` and of the store when the worker starts. Those that are compiled and described are loaded at once, the
//! others in the background: then a slow guest delays only what needs to know all plugins.

use futures_util::stream::{self, StreamExt as _};
use tracing::{info, warn};
use weir_plugin::{ComponentId, LoadError};

use super::files::File;
use super::registry::{Plugins, Stored, Unloaded};

/// Components that are asked at the same time what they contain.
const AT_ONCE: usize = 4;
/// Maximum number of characters of an error that are listed. A guest may have written it.
const ERROR_MAX: usize = 4096;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("cannot read the file: {0}. Check its permissions")]
    Read(#[from] std::io::Error),
    #[error("the content of the file is not what was uploaded. Delete the plugin and upload it again")]
    Mismatch,
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl Plugins {
    /// Loads in order the files that are compiled and described, and begins to load the others.
    pub(super) async fn load_files(&self, files: Vec<File>) {
        let mut left = Vec::new();
        for file in files {
            let (content, ready) = self.load_if_ready(&file).await;
            match ready {
                Ok(Some(component)) => self.take(&file, component),
                Ok(None) => {
                    self.note(&file, content, None);
                    left.push(file);
                }
                Err(error) => self.note(&file, content, Some(&error)),
            }
        }
        if left.is_empty() {
            self.0.engine.trim_memory().await;
            return;
        }
        info!(plugins = left.len(), "loading plugins that are not compiled and described yet");
        self.0.loading.send_replace(left.len());
        let (over, plugins, stop) = (Over(self.clone()), self.clone(), self.0.stop.clone());
        let all = stream::iter(left).for_each_concurrent(AT_ONCE, move |file| {
            let plugins = plugins.clone();
            async move { plugins.load_later(file).await }
        });
        tokio::spawn(async move {
            // Stopping cancels the loads in progress.
            stop.run_until_cancelled(all).await;
            let engine = over.0.0.engine.clone();
            drop(over);
            engine.trim_memory().await;
        });
    }

    /// Loads the component of a file, if it is compiled and described. Runs no code of the guest.
    async fn load_if_ready(&self, file: &File) -> (Option<ComponentId>, Result<Option<Loaded>, Unusable>) {
        let bytes = match self.read(file).await {
            Ok(bytes) => bytes,
            Err(error) => return (None, Err(error.into())),
        };
        let content = ComponentId::of(&bytes);
        if file.stem().is_some_and(|stem| stem != content.as_str()) {
            return (None, Err(Unusable::Mismatch));
        }
        let ready = self.0.engine.load_ready(bytes).await;
        (Some(content), ready.map_err(Unusable::from))
    }

    async fn load_later(&self, file: File) {
        let loaded = self.load_slowly(&file).await;
        let _changing = self.0.changing.lock().await;
        // It may have been deleted meanwhile.
        let is_wanted = self.0.known.read().unloaded.iter().any(|known| known.path == file.path);
        match loaded {
            Ok(component) if is_wanted => self.take(&file, component),
            Ok(component) if self.component(component.id().as_str()).is_none() => {
                self.0.engine.forget(component.id()).await;
            }
            Err(error) if is_wanted => self.note(&file, None, Some(&error)),
            Ok(_) | Err(_) => {}
        }
        self.0.loading.send_modify(|left| *left = left.saturating_sub(1));
    }

    async fn load_slowly(&self, file: &File) -> Result<Loaded, Unusable> {
        let bytes = self.read(file).await?;
        if file.stem().is_some_and(|stem| stem != ComponentId::of(&bytes).as_str()) {
            return Err(Unusable::Mismatch);
        }
        Ok(self.0.engine.load_stored(bytes, &self.0.limits).await?)
    }

    async fn read(&self, file: &File) -> std::io::Result<Vec<u8>> {
        match &file.in_store {
            Some(name) => self.0.store.read(name).await,
            None => tokio::fs::read(&file.path).await,
        }
    }

    fn take(&self, file: &File, component: Loaded) {
        let id = component.id().to_string();
        info!(file = %file.path.display(), id, plugins = component.plugins().len(), "plugin loaded");
        if file.uploaded()
            && let Some((class, _)) = self.shadowed(&component)
        {
            warn!(
                file = %file.path.display(),
                class,
                "an uploaded plugin has a class that is on plugin.path or built in, which is used instead; delete the upload, or set \
                 weir.plugin.upload.override=true"
            );
        }
        let path = (!file.uploaded()).then(|| file.path.clone());
        self.add(Stored { component, uploaded: file.uploaded(), path, order: file.order });
    }

    /// Lists a file without its component; replaces an earlier error.
    fn note(&self, file: &File, content: Option<ComponentId>, error: Option<&Unusable>) {
        if let Some(error) = error {
            warn!(file = %file.path.display(), %error, "cannot use a plugin");
        }
        let error = error.map(|error| error.to_string().chars().take(ERROR_MAX).collect());
        let mut known = self.0.known.write();
        match known.unloaded.iter_mut().find(|known| known.path == file.path) {
            Some(known) => known.error = error,
            None => {
                let name = file.stem().or_else(|| content.as_ref().map(ToString::to_string));
                let (path, uploaded) = (file.path.clone(), file.uploaded());
                known.unloaded.push(Unloaded { name, content, uploaded, path, error });
            }
        }
    }
}

/// Wakes up those who wait for all plugins, however loading ends.
struct Over(Plugins);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.0.loading.send_replace(0);
    }
}

type Loaded = std::sync::Arc<weir_plugin::Component>;
