//! Builds and loads the guest once per run, and has short forms of common steps. Shared by the tests and the benchmarks.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, OnceLock};

use tokio::sync::OnceCell;
use weir_plugin::{Compile, Component, Engine, EngineOptions, Identity, PluginConfig};

/// Returns the bytes of the guest.
pub(crate) fn wasm() -> &'static [u8] {
    static WASM: OnceLock<Vec<u8>> = OnceLock::new();
    WASM.get_or_init(|| {
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory").to_owned();
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

/// Returns an engine for all tests, with a cache in the target directory.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("weir-plugin-cache");
        Engine::new(EngineOptions { cache, compile: Compile::InProcess }).expect("an engine")
    })
}

/// Returns the loaded guest.
pub(crate) async fn component() -> &'static Arc<Component> {
    static COMPONENT: OnceCell<Arc<Component>> = OnceCell::const_new();
    COMPONENT
        .get_or_init(|| async {
            engine().load(wasm().to_vec()).await.unwrap_or_else(|error| panic!("the guest does not load: {error}"))
        })
        .await
}

/// Returns task 3 of connector `c`.
pub(crate) fn identity(class: &str) -> Identity {
    Identity { connector: "c".to_owned(), task: Some(3), class: class.to_owned() }
}

/// Returns a configuration with these entries.
pub(crate) fn config(entries: &[(&str, &str)]) -> PluginConfig {
    let mut config = PluginConfig::default();
    for (key, value) in entries {
        config.push((*key).to_owned(), (*value).to_owned(), false);
    }
    config
}
