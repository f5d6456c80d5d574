//! What `wit/README.md` promises about versions: components of each released version link, a version only adds to the one before, and
//! each item says since when it exists.

use std::fs;
use std::path::{Path, PathBuf};

use wasmtime::component::Component;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata, semver_check};
use wit_parser::{ManglingAndAbi, PackageId, Resolve, Stability, TypeOwner, WorldId, WorldItem};

use super::{Exports, newest};
use crate::interfaces;
use crate::store;

/// A version of the contract.
struct Package {
    version: String,
    /// All files, without the line that names the package.
    text: String,
}

impl Package {
    fn read(directory: &Path) -> Self {
        let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "wit"));
        files.sort();
        let mut package = Self { version: String::new(), text: String::new() };
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let (first, rest) = text.split_once('\n').unwrap();
            let version = first.strip_prefix("package weir:connect@").and_then(|rest| rest.strip_suffix(';'));
            let version = version.unwrap_or_else(|| panic!("{}: {first}", file.display()));
            assert!(package.version.is_empty() || package.version == version, "{}: {version}", file.display());
            version.clone_into(&mut package.version);
            package.text.push_str(rest);
        }
        package
    }

    /// The same with this version.
    fn renamed(self, version: &str) -> Self {
        Self { version: version.to_owned(), ..self }
    }

    fn push(&self, resolve: &mut Resolve) -> PackageId {
        let text = format!("package weir:connect@{};\n{}", self.version, self.text);
        resolve
            .push_str(format!("weir-connect-{}.wit", self.version), &text)
            .unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// A world of this package that imports and exports all that a component can.
    fn everything(&self, resolve: &mut Resolve) -> WorldId {
        let package = self.push(resolve);
        let version = &self.version;
        let names = resolve.packages[package].interfaces.keys();
        let items: String = names
            .map(|name| match is_offered(name) {
                true => format!("import weir:connect/{name}@{version};\n"),
                false => format!("export weir:connect/{name}@{version};\n"),
            })
            .collect();
        // Of the package's own name, because versions are compared within a package.
        let package = format!("package weir:connect-{}@{version};\n", version.replace('.', "-"));
        let world = resolve.push_str("everything.wit", &format!("{package} world everything {{ {items} }}"));
        let world = world.unwrap_or_else(|error| panic!("{error:#}"));
        resolve.packages[world].worlds["everything"]
    }

    /// The same, to be compared with that of another version.
    fn comparable(&self, resolve: &mut Resolve) -> WorldId {
        let world = self.everything(resolve);
        let package = resolve.worlds[world].package.unwrap();
        resolve.packages[package].name.name = "everything".to_owned();
        world
    }

    fn component(&self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let world = self.everything(&mut resolve);
        let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
        ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
    }
}

fn is_offered(interface: &str) -> bool {
    matches!(interface, "data" | "host" | "context") || interface.ends_with("-context")
}

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")
}

/// The versions that were released, in order.
fn released() -> Vec<Package> {
    let directories = fs::read_dir(wit().join("released")).unwrap().map(|entry| entry.unwrap().path());
    let mut released: Vec<(Vec<u32>, Package)> = directories
        .map(|directory| {
            let package = Package::read(&directory);
            assert_eq!(Some(package.version.as_str()), directory.file_name().and_then(|name| name.to_str()));
            (package.version.split('.').map(|part| part.parse().unwrap()).collect(), package)
        })
        .collect();
    released.sort_by(|(a, _), (b, _)| a.cmp(b));
    released.into_iter().map(|(_, package)| package).collect()
}

async fn link(package: &Package) {
    let wasm = package.component();
    let checked = interfaces::check(&wasm).unwrap_or_else(|error| panic!("{}: {error}", package.version));
    let engine = wasmtime::Engine::new(&crate::engine::config()).unwrap();
    let linker = store::linker(&engine).unwrap();
    let component = Component::new(&engine, &wasm).unwrap();
    let pre = linker.instantiate_pre(&component).unwrap();
    let exports = Exports::find(checked.track, &pre).unwrap();
    for interface in super::Interface::ALL {
        assert!(exports.has(*interface), "{}: {}", package.version, interface.name());
    }
    let mut store = store::tests::store(&engine);
    let instance = pre.instantiate_async(&mut store).await.unwrap();
    exports.check_types(&mut store, &instance).unwrap_or_else(|error| panic!("{}: {error:#}", package.version));
}

#[tokio::test]
async fn a_component_of_each_released_version_links() {
    for package in released() {
        link(&package).await;
    }
    let present = Package::read(&wit());
    assert_eq!(present.version, newest().to_string());
    link(&present).await;
}

#[test]
fn a_component_of_a_later_version_is_refused_by_both_versions() {
    for version in ["0.2.1", "0.3.0", "1.0.0"] {
        let wasm = Package::read(&wit()).renamed(version).component();
        let error = interfaces::check(&wasm).unwrap_err().to_string();
        assert!(error.contains(&format!("@{version}")) && error.contains("weir:connect@0.2.0"), "{error}");
    }
}

#[test]
fn each_version_only_adds_to_the_one_before() {
    // What is in work has the version of the last release until it gets its own.
    let mut versions = released();
    versions.push(Package::read(&wit()).renamed("0.2.99"));
    for pair in versions.windows(2) {
        let [before, after] = pair else { continue };
        let mut resolve = Resolve::default();
        let (old, new) = (before.comparable(&mut resolve), after.comparable(&mut resolve));
        semver_check(resolve, old, new).unwrap_or_else(|error| panic!("after {}: {error:#}", before.version));
    }
}

#[test]
fn a_change_of_a_type_or_of_an_exported_interface_is_found() {
    for (from, to) in [
        ("        idle-ms: u32,", "        idle-ms: u32,\n        @since(version = 0.2.0)\n        more: u32,"),
        ("    stop: func();", "    stop: func();\n    @since(version = 0.2.0)\n    more: func();"),
    ] {
        let mut changed = Package::read(&wit()).renamed("0.2.99");
        assert!(changed.text.contains(from));
        changed.text = changed.text.replacen(from, &to.replace("@since(version = 0.2.0)\n        more", "more"), 1);
        let mut resolve = Resolve::default();
        let (old, new) = (Package::read(&wit()).comparable(&mut resolve), changed.comparable(&mut resolve));
        assert!(semver_check(resolve, old, new).is_err(), "{to}");
    }
}

#[test]
fn each_item_says_since_when_it_exists() {
    for package in released().into_iter().chain([Package::read(&wit())]) {
        let mut resolve = Resolve::default();
        package.push(&mut resolve);
        let version = package.version.parse().unwrap();
        let check = |stability: &Stability, what: String| match stability {
            Stability::Stable { since, .. } => assert!(*since <= version, "{what} is of {since}"),
            Stability::Unstable { .. } => {}
            Stability::Unknown => panic!("{what} of {version} does not say since when it exists"),
        };
        for (_, interface) in resolve.interfaces.iter() {
            let name = interface.name.clone().unwrap_or_default();
            check(&interface.stability, name.clone());
            for function in interface.functions.values() {
                check(&function.stability, format!("{name}.{}", function.name));
            }
        }
        for (_, kind) in resolve.types.iter() {
            if let (Some(name), TypeOwner::Interface(_)) = (&kind.name, kind.owner) {
                check(&kind.stability, name.clone());
            }
        }
        for (_, world) in resolve.worlds.iter() {
            check(&world.stability, world.name.clone());
            for item in world.imports.values().chain(world.exports.values()) {
                if let WorldItem::Interface { stability, .. } = item {
                    check(stability, format!("an item of {}", world.name));
                }
            }
        }
    }
}
