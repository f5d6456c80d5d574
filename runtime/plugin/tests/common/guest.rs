//! Builds the guest once for a run, loads it once, and makes the usual things short. Shared by the tests and the bench.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, OnceLock};

use tokio::sync::OnceCell;
use weir_plugin::{Compile, Component, Engine, EngineOptions, Identity, PluginConfig};

/// The bytes of the guest.
pub(crate) fn wasm() -> &'static [u8] {
    static WASM: OnceLock<Vec<u8>> = OnceLock::new();
    WASM.get_or_init(|| {
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").to_owned();
        let status = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--package",
                "weir-plugin-guest",
                "--target",
                "wasm32-wasip2",
                "--profile",
                "plugin",
            ])
            .arg("--target-dir")
            .arg(&target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .expect("cargo can be run");
        assert!(status.success(), "the guest does not build");
        let path = target.join("wasm32-wasip2/plugin/weir_plugin_guest.wasm");
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    })
}

/// An engine for all tests, with a cache that lives as long as the target folder.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("weir-plugin-cache");
        Engine::new(EngineOptions { cache, compile: Compile::InProcess }).expect("an engine")
    })
}

/// The guest, loaded.
pub(crate) async fn component() -> &'static Arc<Component> {
    static COMPONENT: OnceCell<Arc<Component>> = OnceCell::const_new();
    COMPONENT
        .get_or_init(|| async {
            engine().load(wasm().to_vec()).await.unwrap_or_else(|error| panic!("the guest does not load: {error}"))
        })
        .await
}

/// Task 3 of connector `c`.
pub(crate) fn identity(class: &str) -> Identity {
    Identity { connector: "c".to_owned(), task: Some(3), class: class.to_owned() }
}

/// A configuration of these entries.
pub(crate) fn config(entries: &[(&str, &str)]) -> PluginConfig {
    let mut config = PluginConfig::default();
    for (key, value) in entries {
        config.push((*key).to_owned(), (*value).to_owned(), false);
    }
    config
}
