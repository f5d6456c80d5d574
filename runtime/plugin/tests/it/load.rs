//! Tests loading: accepted and rejected files, errors, and the cache of compiled code.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use weir_plugin::{
    Bound, Compile, ComponentId, ConfigKey, ConfigType, Engine, EngineOptions, Importance, Limits, LoadError,
    PluginKind, Validator, Width,
};

use crate::guest::{component, config, engine, wasm};

#[tokio::test]
async fn a_component_says_what_is_in_it() {
    let component = component().await;
    let kinds: Vec<_> = component.plugins().iter().map(|plugin| (plugin.class.as_str(), plugin.kind)).collect();
    let expected = [
        ("test.Source", PluginKind::Source),
        ("test.Sink", PluginKind::Sink),
        ("test.Transform", PluginKind::Transformation),
        ("test.Predicate", PluginKind::Predicate),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(component.id(), &ComponentId::of(wasm()));
    assert_eq!(component.id().as_str().len(), 64);
    assert!(component.imports().contains(&"weir:connect/host@0.2.0".to_owned()), "{:?}", component.imports());
    let plugin = component.plugin("test.Sink").unwrap();
    assert_eq!(plugin.version, "1.2.3");
    let key = ConfigKey {
        name: "do".into(),
        kind: ConfigType::String,
        required: false,
        default: Some("nothing".into()),
        validators: vec![
            Validator::NonEmptyString,
            Validator::Range(Some(Bound::Whole(1)), None),
            Validator::OneOf(vec!["a".into()]),
        ],
        importance: Importance::Medium,
        doc: "what to do".into(),
        group: Some("all".into()),
        order_in_group: 1,
        width: Width::Long,
        display_name: "Do".into(),
        dependents: vec!["other".into()],
        recommended_values: vec!["nothing".into()],
        visible: true,
    };
    assert_eq!(plugin.config, [key]);
    let values = component
        .validate("test.Sink", &config(&[("do", "nothing")]), &Limits::default(), &weir_plugin::Grants::none())
        .await
        .unwrap();
    assert_eq!((values[0].key.as_str(), values[0].visible), ("do", false));
}

#[tokio::test]
async fn a_component_is_loaded_once() {
    let first = component().await;
    let second = engine().load(wasm().to_vec()).await.unwrap();
    assert!(Arc::ptr_eq(first, &second));
}

async fn refused(bytes: impl AsRef<[u8]>) -> LoadError {
    let limits = Limits { call_timeout: Duration::from_millis(300), ..Limits::default() };
    engine().load_within(bytes.as_ref().to_vec(), &limits).await.expect_err("a refusal")
}

async fn refused_wat(text: &str) -> LoadError {
    refused(wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))).await
}

#[tokio::test]
async fn what_is_no_component_is_refused_with_advice() {
    let error = refused("PK\x03\x04 a zip").await;
    assert_eq!(error.code(), "not_wasm");
    let error = refused_wat("(module)").await;
    assert_eq!(error.code(), "core_module");
    assert!(error.to_string().contains("wasm32-wasip2"), "{error}");
    let cut = refused(&wasm()[..wasm().len() / 2]).await;
    assert_eq!(cut.code(), "not_compilable", "{cut}");
}

#[tokio::test]
async fn a_component_for_something_else_is_refused() {
    let error = refused_wat(r#"(component (instance $i) (export "wasi:cli/run@0.2.0" (instance $i)))"#).await;
    assert_eq!(error.code(), "foreign_component");
    assert!(error.to_string().contains("wasi:cli/run@0.2.0"), "{error}");
    assert_eq!(refused_wat("(component)").await.code(), "foreign_component");
    let error = refused_wat(r#"(component (instance $i) (export "weir:connect/source@0.2.0" (instance $i)))"#).await;
    assert_eq!(error.code(), "incomplete");
}

#[tokio::test]
async fn another_version_of_the_contract_is_named_beside_ours() {
    for version in ["0.1.0", "0.2.1", "1.0.0"] {
        let text = format!(r#"(component (instance $i) (export "weir:connect/plugin@{version}" (instance $i)))"#);
        let error = refused_wat(&text).await;
        assert_eq!(error.code(), "contract_version", "{error}");
        for part in [&format!("weir:connect/plugin@{version}"), "weir:connect@0.2.0"] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}

#[tokio::test]
async fn imports_that_nobody_offers_are_named() {
    let error = refused_wat(
        r#"(component
            (import "wasi:http/types@0.2.0" (instance))
            (import "wasi:cli/environment@0.2.0" (instance))
            (import "mine" (func))
            (instance $i) (export "weir:connect/plugin@0.2.0" (instance $i)))"#,
    )
    .await;
    assert_eq!(error.code(), "unknown_imports");
    let text = error.to_string();
    assert!(text.contains("wasi:http/types@0.2.0, mine") && !text.contains("environment"), "{text}");
}

/// A component in JavaScript takes 15 seconds to compile, and imports `wasi:http` unless it was built without it.
#[tokio::test]
async fn imports_are_looked_at_before_anything_is_compiled() {
    // A function without the result of its type, so that it cannot be compiled.
    let with = |import: &str| {
        format!(
            r#"(component {import} (core module (func (result i32)))
                (instance $i) (export "weir:connect/plugin@0.2.0" (instance $i)))"#
        )
    };
    assert_eq!(refused_wat(&with("")).await.code(), "not_compilable");
    let error = refused_wat(&with(r#"(import "wasi:http/types@0.2.10" (instance))"#)).await;
    assert_eq!(error.code(), "unknown_imports", "{error}");
}

/// A plugin interface whose function has the type `() -> ()`, in a component that runs `start` first.
fn plugin_of(start: &str) -> String {
    format!(
        r#"(component
            (core module $m (func (export "f")) (func $start {start}) (start $start))
            (core instance $c (instantiate $m))
            (func $f (canon lift (core func $c "f")))
            (instance $i (export "describe" (func $f)))
            (export "weir:connect/plugin@0.2.0" (instance $i)))"#
    )
}

#[tokio::test]
async fn other_types_under_the_same_names_are_refused() {
    let error = refused_wat(&plugin_of("")).await;
    assert_eq!(error.code(), "contract_types", "{error}");
    let error = refused_wat(r#"(component (instance $i) (export "weir:connect/plugin@0.2.0" (instance $i)))"#).await;
    assert_eq!(error.code(), "contract_types", "{error}");
    assert!(error.to_string().contains("describe"), "{error}");
}

#[tokio::test]
async fn a_component_that_hangs_or_traps_while_it_is_loaded_is_refused() {
    let error = refused_wat(&plugin_of("(loop $l (br $l))")).await;
    assert_eq!(error.code(), "describe_failed");
    assert!(error.to_string().contains("call timeout of 300 ms"), "{error}");
    let error = refused_wat(&plugin_of("unreachable")).await;
    assert_eq!(error.code(), "describe_failed");
    assert!(error.to_string().contains("unreachable"), "{error}");
}

/// Returns the files of a cache, without its key.
fn files(cache: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.file_name().is_some_and(|name| name != "key")).collect()
}

fn only_file(cache: &Path) -> PathBuf {
    let mut files = files(cache);
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[tokio::test]
async fn compiled_code_is_kept_and_a_damaged_file_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("cache");
    let small = wat::parse_str(plugin_of("")).unwrap();
    let load = || async {
        let engine = Engine::new(EngineOptions { cache: cache.clone(), compile: Compile::InProcess }).unwrap();
        // It is rejected, but only after it was compiled and stored.
        assert_eq!(engine.load(small.clone()).await.expect_err("a refusal").code(), "contract_types");
    };
    load().await;
    let file = only_file(&cache);
    let good = fs::read(&file).unwrap();
    let modified = || fs::metadata(&file).unwrap().modified().unwrap();

    let before = modified();
    load().await;
    assert_eq!(modified(), before, "an intact file is used as it is");

    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 0x40;
    for bad in [damaged, good[..good.len() - 7].to_vec(), Vec::new()] {
        fs::write(&file, &bad).unwrap();
        load().await;
        assert_ne!(fs::read(&file).unwrap(), bad, "a damaged file is written anew");
        load().await;
    }
}

#[tokio::test]
async fn a_component_is_ready_when_it_was_compiled_and_described_before() {
    let directory = tempfile::tempdir().unwrap();
    let engine = || {
        let cache = directory.path().join("cache");
        Engine::new(EngineOptions { cache, compile: Compile::InProcess }).unwrap()
    };
    let first = engine();
    assert!(first.load_ready(wasm().to_vec()).await.unwrap().is_none());
    let described = first.load(wasm().to_vec()).await.unwrap();
    let second = engine();
    let ready = second.load_ready(wasm().to_vec()).await.unwrap().expect("it is ready");
    assert_eq!((ready.plugins(), ready.imports()), (described.plugins(), described.imports()));
    assert_eq!((second.stats().instantiated(), second.stats().compiled()), (0, 0));
    assert!(Arc::ptr_eq(&ready, &second.load(wasm().to_vec()).await.unwrap()));
    // A file that cannot be a component is rejected immediately.
    assert_eq!(second.load_ready(b"bad".to_vec()).await.expect_err("a refusal").code(), "not_wasm");
    // Being compiled is not enough, because the component may have been rejected.
    let small = wat::parse_str(plugin_of("")).unwrap();
    assert!(second.load(small.clone()).await.is_err());
    assert!(engine().load_ready(small).await.unwrap().is_none());
}

#[tokio::test]
async fn a_forgotten_component_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let engine =
        Engine::new(EngineOptions { cache: directory.path().join("cache"), compile: Compile::InProcess }).unwrap();
    let small = wat::parse_str(plugin_of("")).unwrap();
    assert!(engine.load(small.clone()).await.is_err());
    engine.forget(&ComponentId::of(&small)).await;
    assert_eq!(files(&directory.path().join("cache")), Vec::<PathBuf>::new());
}
