//! Tests what `wit/README.md` promises about versions: components of each released version can be linked, a version only adds to the
//! previous one, and each item has the version in which it was added.

use wasmtime::component::{Component, Linker};
use weir_plugin_released::{
    ADDITIONS, Compared, LATER, NO_ADDITIONS, PRESENT, RELEASED, Released, VERSIONS, WITHOUT_SINCE,
};

use super::{Exports, Interface, newest};
use crate::interfaces;
use crate::store;

async fn link(Released { version, wasm }: &Released) {
    let checked = interfaces::check(wasm).unwrap_or_else(|error| panic!("{version}: {error}"));
    let engine = wasmtime::Engine::new(&crate::settings::config()).unwrap();
    let linker = store::linker(&engine).unwrap();
    let component = Component::new(&engine, wasm).unwrap();
    let pre = linker.instantiate_pre(&component).unwrap();
    let exports = Exports::find(checked.track, &pre).unwrap();
    for interface in Interface::ALL {
        assert!(exports.has(*interface), "{version}: {}", interface.name());
    }
    let mut store = store::tests::store(&engine);
    let instance = pre.instantiate_async(&mut store).await.unwrap();
    exports.check_types(&mut store, &instance).unwrap_or_else(|error| panic!("{version}: {error:#}"));
}

#[tokio::test]
async fn a_component_of_each_released_version_links() {
    assert!(RELEASED.iter().any(|released| released.version == "0.2.0"), "{RELEASED:?}");
    for component in RELEASED.iter().chain(PRESENT) {
        link(component).await;
    }
    assert!(PRESENT.iter().all(|present| present.version == newest().to_string()), "{PRESENT:?}");
}

/// The bindings of a later version of the track rely on this: wasmtime finds what an earlier version names, and nothing of another track.
#[test]
fn a_component_links_with_a_later_version_of_its_track() {
    let text = r#"(component
        (import "weir:connect/host@0.2.0" (instance (export "log" (func))))
        (instance $i)
        (export "weir:connect/source@0.2.0" (instance $i)))"#;
    let engine = wasmtime::Engine::new(&crate::settings::config()).unwrap();
    let component = Component::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let links = |version: &str| {
        let mut linker = Linker::<()>::new(&engine);
        let mut host = linker.instance(&format!("weir:connect/host@{version}")).unwrap();
        for function in ["log", "added-later"] {
            host.func_wrap(function, |_, (): ()| Ok(())).unwrap();
        }
        linker.instantiate_pre(&component).is_ok()
    };
    let exports = |version: &str| component.get_export_index(None, format!("weir:connect/source@{version}")).is_some();
    for (version, is_found) in [("0.2.0", true), ("0.2.7", true), ("0.3.0", false), ("1.0.0", false)] {
        assert_eq!((links(version), exports(version)), (is_found, is_found), "{version}");
    }
}

#[test]
fn a_component_of_a_later_version_is_refused_by_both_versions() {
    for Released { version, wasm } in LATER {
        let error = interfaces::check(wasm).unwrap_err().to_string();
        assert!(error.contains(&format!("@{version}")) && error.contains("weir:connect@0.2.0"), "{error}");
    }
}

#[test]
fn each_version_only_adds_to_the_one_before() {
    assert_eq!(VERSIONS.len(), RELEASED.len());
    for Compared { what, fault } in VERSIONS.iter().chain(ADDITIONS) {
        assert!(fault.is_empty(), "{what}: {fault}");
    }
}

#[test]
fn a_change_of_a_type_or_of_an_exported_interface_is_found() {
    for Compared { what, fault } in NO_ADDITIONS {
        assert!(!fault.is_empty(), "{what}");
    }
}

#[test]
fn each_item_says_since_when_it_exists() {
    assert!(WITHOUT_SINCE.is_empty(), "{WITHOUT_SINCE:#?}");
}
