//! Builds the components of `src/lib.rs`, and compares the versions of the contract.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata, semver_check};
use wit_parser::{ManglingAndAbi, PackageId, Resolve, Stability, TypeOwner, WorldId, WorldItem};

/// A version in development has the number of the last release until it gets its own. For the comparison, it has this one.
const IN_WORK: &str = "0.2.99";
/// Versions that a worker must reject.
const LATER: [&str; 3] = ["0.2.1", "0.3.0", "1.0.0"];
/// Changes of the current version that are not additions: the replaced text, and its replacement.
const NO_ADDITIONS: [(&str, &str, &str); 3] = [
    ("name of an interface", "interface validation {", "interface validations {"),
    ("field of a record", "        idle-ms: u32,", "        idle-ms: u32,\n        more: u32,"),
    (
        "function of an exported interface",
        "    stop: func();",
        "    stop: func();\n    @since(version = 0.2.0)\n    more: func();",
    ),
];
/// Changes that are additions.
const ADDITIONS: [(&str, &str, &str); 2] = [
    (
        "function of an imported interface",
        "    task-generation: func() -> u64;",
        "    task-generation: func() -> u64;\n    @since(version = 0.2.99)\n    more: func();",
    ),
    (
        "exported interface",
        "@since(version = 0.2.0)\ninterface validation {",
        "@since(version = 0.2.99)\ninterface more {\n    @since(version = 0.2.99)\n    more: func();\n}\n\n\
         @since(version = 0.2.0)\ninterface validation {",
    ),
];

fn main() {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../wit");
    println!("cargo::rerun-if-changed={}", wit.display());
    println!("cargo::rerun-if-changed=build.rs");
    let present = Package::read(&wit);
    let released = released(&wit);
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap());
    let mut text = String::new();
    let mut components = |name: &str, doc: &str, packages: &[&Package]| {
        let mut entries = String::new();
        for package in packages {
            let (version, file) = (&package.version, format!("{}-{}.wasm", name.to_lowercase(), package.version));
            fs::write(out.join(&file), package.component()).unwrap();
            writeln!(
                entries,
                "    Released {{ version: {version:?}, wasm: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\")) }},"
            )
            .unwrap();
        }
        writeln!(text, "/// {doc}\npub const {name}: &[Released] = &[\n{entries}];\n").unwrap();
    };
    components("RELEASED", "Of the versions that were released, in order.", &released.iter().collect::<Vec<_>>());
    components("PRESENT", "Of what is in `wit`.", &[&present]);
    let later = LATER.map(|version| present.renamed(version));
    components("LATER", "The same as if it was a later version.", &later.each_ref());

    let mut compared = |name: &str, doc: &str, entries: Vec<(String, String)>| {
        let entries: String = entries
            .iter()
            .map(|(what, fault)| format!("    Compared {{ what: {what:?}, fault: {fault:?} }},\n"))
            .collect();
        writeln!(text, "/// {doc}\npub const {name}: &[Compared] = &[\n{entries}];\n").unwrap();
    };
    let in_work = present.renamed(IN_WORK);
    let versions: Vec<&Package> = released.iter().chain([&in_work]).collect();
    let pairs = versions.windows(2).filter_map(|pair| match pair {
        [before, after] => Some((format!("{} to {}", before.version, after.version), fault(before, after))),
        _ => None,
    });
    compared(
        "VERSIONS",
        "Each released version with the next one, and the last with what is in `wit`.",
        pairs.collect(),
    );
    let changes = |changes: &[(&str, &str, &str)]| -> Vec<(String, String)> {
        let of = |(what, from, to): &(&str, &str, &str)| {
            (format!("another {what}"), fault(&present, &present.changed(from, to).renamed(IN_WORK)))
        };
        changes.iter().map(of).collect()
    };
    compared("ADDITIONS", "The present version with what may be added.", changes(&ADDITIONS));
    compared("NO_ADDITIONS", "The present version with what may not be added.", changes(&NO_ADDITIONS));

    let without: Vec<String> = released.iter().chain([&present]).flat_map(Package::without_since).collect();
    writeln!(text, "/// Items that do not say since when they exist, or exist since a later version.").unwrap();
    writeln!(text, "pub const WITHOUT_SINCE: &[&str] = &{without:?};").unwrap();
    fs::write(out.join("released.rs"), text).unwrap();
}

/// Returns why the second version is not an addition to the first, or an empty text if it is one.
fn fault(before: &Package, after: &Package) -> String {
    let known = before.interfaces();
    if let Some(gone) = known.iter().find(|name| !after.interfaces().contains(name)) {
        return format!("{gone} is missing");
    }
    let mut resolve = Resolve::default();
    let (before, after) = (before.comparable(&known, &mut resolve), after.comparable(&known, &mut resolve));
    semver_check(resolve, before, after).map_or_else(|error| format!("{error:#}"), |()| String::new())
}

/// A version of the contract.
#[derive(Clone)]
struct Package {
    version: String,
    /// All files, without the line with the name of the package.
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

    /// Returns the contract with another version.
    fn renamed(&self, version: &str) -> Self {
        Self { version: version.to_owned(), ..self.clone() }
    }

    /// Returns the contract with a text replaced, which must occur once.
    fn changed(&self, from: &str, to: &str) -> Self {
        assert!(self.text.contains(from), "the contract does not contain {from:?}");
        Self { text: self.text.replacen(from, to, 1), ..self.clone() }
    }

    fn push(&self, resolve: &mut Resolve) -> PackageId {
        let text = format!("package weir:connect@{};\n{}", self.version, self.text);
        resolve
            .push_str(format!("weir-connect-{}.wit", self.version), &text)
            .unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Returns the names of all interfaces.
    fn interfaces(&self) -> Vec<String> {
        let mut resolve = Resolve::default();
        let package = self.push(&mut resolve);
        resolve.packages[package].interfaces.keys().cloned().collect()
    }

    /// Returns a world of this package that imports and exports these interfaces.
    fn world(&self, interfaces: &[String], resolve: &mut Resolve) -> WorldId {
        self.push(resolve);
        let version = &self.version;
        let items: String = interfaces
            .iter()
            .map(|name| match is_offered(name) {
                true => format!("import weir:connect/{name}@{version};\n"),
                false => format!("export weir:connect/{name}@{version};\n"),
            })
            .collect();
        // A package for each version, because versions are compared within a package.
        let package = format!("package weir:connect-{}@{version};\n", version.replace('.', "-"));
        let world = resolve.push_str("everything.wit", &format!("{package} world everything {{ {items} }}"));
        let world = world.unwrap_or_else(|error| panic!("{error:#}"));
        resolve.packages[world].worlds["everything"]
    }

    /// The same, to be compared with that of another version. Both have the interfaces of the earlier one: a component that was built for
    /// it exports no other.
    fn comparable(&self, interfaces: &[String], resolve: &mut Resolve) -> WorldId {
        let world = self.world(interfaces, resolve);
        let package = resolve.worlds[world].package.unwrap();
        resolve.packages[package].name.name = "everything".to_owned();
        world
    }

    fn component(&self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let world = self.world(&self.interfaces(), &mut resolve);
        let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
        ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
    }

    /// Returns the items without the version in which they were added, or with a later version.
    fn without_since(&self) -> Vec<String> {
        let mut resolve = Resolve::default();
        self.push(&mut resolve);
        let version = self.version.parse().unwrap();
        let mut wrong = Vec::new();
        let mut check = |stability: &Stability, what: String| match stability {
            Stability::Stable { since, .. } if *since <= version => {}
            Stability::Unstable { .. } => {}
            Stability::Stable { since, .. } => wrong.push(format!("{what} of {version} is of {since}")),
            Stability::Unknown => wrong.push(format!("{what} of {version}")),
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
        wrong
    }
}

fn is_offered(interface: &str) -> bool {
    matches!(interface, "data" | "host" | "context") || interface.ends_with("-context")
}

/// Returns the released versions, in order.
fn released(wit: &Path) -> Vec<Package> {
    let directories = fs::read_dir(wit.join("released")).unwrap().map(|entry| entry.unwrap().path());
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
