//! `cargo xtask languages`: builds the example plugins in other languages than Rust, with the commands of their READMEs.
//!
//! Everything is downloaded and built below `target/languages`, which contains copies of `sdk/wit` and of the examples. So the examples use
//! nothing of this repository except the contract, like every author's code. The components go to `target/dist/languages`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::process;
use crate::workspace::Workspace;

mod tools;

/// Tools that are built with Cargo, as `cargo install` and the READMEs name them.
const WIT_BINDGEN: &str = "wit-bindgen-cli@0.63.0";
const WASM_TOOLS: &str = "wasm-tools@1.262.0";

/// The components of each example.
const COMPONENTS: [&str; 2] = ["uppercase.wasm", "log-sink.wasm"];

/// Environment variables that contain paths.
type Variables = Vec<(&'static str, PathBuf)>;

/// The example of a language: a directory of `sdk/examples`.
struct Language {
    name: &'static str,
    /// Returns what is missing on this machine, and how to install it.
    missing: fn() -> Option<String>,
    /// Gets what the README requires and a package manager of the language does not bring, and returns variables for the build.
    prepare: fn(&Path) -> anyhow::Result<Variables>,
}

const LANGUAGES: [Language; 4] = [
    Language { name: "javascript", missing: tools::missing_node, prepare: |_| Ok(Vec::new()) },
    Language { name: "python", missing: tools::missing_python, prepare: |_| Ok(Vec::new()) },
    Language { name: "c", missing: tools::missing_clang, prepare: tools::for_c },
    Language { name: "go", missing: tools::missing_go, prepare: tools::for_go },
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Builds only this one: `javascript`, `python`, `c` or `go`.
    language: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let skipped = build(&Workspace::load()?, args.language.as_deref())?;
    for line in &skipped {
        eprintln!("{line}");
    }
    match &args.language {
        Some(name) if !skipped.is_empty() => bail!("{name} was not built"),
        _ => Ok(()),
    }
}

/// Returns the names of the end-to-end tests that use the components.
pub(crate) fn tests() -> impl Iterator<Item = String> {
    LANGUAGES.iter().map(|language| format!("languages::plugins_in_{}_transform_and_receive_records", language.name))
}

/// Builds the examples whose tools this machine has, and returns a line for each of the others.
pub(crate) fn build(workspace: &Workspace, only: Option<&str>) -> anyhow::Result<Vec<String>> {
    let is_chosen = |language: &&Language| only.is_none_or(|name| name == language.name);
    let chosen: Vec<_> = LANGUAGES.iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        bail!("there is no example for {}; the directories of sdk/examples have these names", only.unwrap_or_default());
    }
    let base = workspace.target.join("languages");
    let is_other_wit = copy(&workspace.root.join("sdk/wit"), &base.join("wit"))?;
    let (mut skipped, mut failed) = (Vec::new(), Vec::new());
    for language in chosen {
        let results = workspace.dist().join("languages").join(language.name);
        if let Some(missing) = (language.missing)() {
            // Those of an earlier build would be tested without being what the sources say.
            remove(&results)?;
            skipped.push(format!("SKIPPED: plugins in {} are not built and not tested: {missing}", language.name));
            continue;
        }
        // An example that does not build says nothing against the others.
        if let Err(error) = example(workspace, language, &base, &results, is_other_wit) {
            remove(&results)?;
            eprintln!("{}: {error:#}", language.name);
            failed.push(language.name);
        }
    }
    if !failed.is_empty() {
        bail!("the plugins in {} could not be built, see above", failed.join(", "));
    }
    Ok(skipped)
}

/// Builds one example, unless it is unchanged since it was built.
fn example(
    workspace: &Workspace,
    language: &Language,
    base: &Path,
    results: &Path,
    is_other_wit: bool,
) -> anyhow::Result<()> {
    let directory = base.join("examples").join(language.name);
    let is_other = copy(&workspace.root.join("sdk/examples").join(language.name), &directory)?;
    if !is_other && !is_other_wit && COMPONENTS.iter().all(|name| results.join(name).is_file()) {
        return Ok(());
    }
    remove(results)?;
    let variables = (language.prepare)(base)?;
    let readme = fs::read_to_string(directory.join("README.md")).context("cannot read its README.md")?;
    let mut shell = Command::new("sh");
    shell.current_dir(&directory).args(["-euxc", commands(&readme)?]).envs(variables);
    shell.env("PATH", tools::path(base)?);
    process::run(&mut shell)?;
    fs::create_dir_all(results).with_context(|| format!("cannot create {}", results.display()))?;
    for name in COMPONENTS {
        let (built, result) = (directory.join("build").join(name), results.join(name));
        fs::copy(&built, &result)
            .with_context(|| format!("cannot copy {} to {}", built.display(), result.display()))?;
        println!("{} ({} KiB)", result.display(), fs::metadata(&result)?.len().div_ceil(1024));
    }
    Ok(())
}

/// Returns the commands of the first `sh` block.
fn commands(readme: &str) -> anyhow::Result<&str> {
    let block = readme.split_once("```sh\n").and_then(|(_, rest)| rest.split_once("```"));
    Ok(block.context("its README.md has no block with commands (```sh)")?.0)
}

/// Copies a directory and what is below it. Returns whether a file of the copy was another one before. What else is in the copy stays: the
/// packages that were downloaded into it.
fn copy(from: &Path, to: &Path) -> anyhow::Result<bool> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    let mut is_other = false;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let from = entry?.path();
        let to = to.join(from.file_name().unwrap_or_default());
        if from.is_dir() {
            is_other |= copy(&from, &to)?;
            continue;
        }
        let content = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        if fs::read(&to).is_ok_and(|old| old == content) {
            continue;
        }
        is_other = true;
        // With its permissions.
        fs::copy(&from, &to).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(is_other)
}

fn remove(directory: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_example_is_built_and_says_with_which_commands_and_versions() {
        let directory = crate::workspace::root().join("sdk/examples");
        let mut found: Vec<_> = fs::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().unwrap().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        found.sort();
        let mut names = LANGUAGES.map(|language| language.name);
        names.sort_unstable();
        assert_eq!(found, names);
        for name in names {
            let readme = fs::read_to_string(directory.join(name).join("README.md")).unwrap();
            assert!(commands(&readme).unwrap().contains("./build.sh"), "{name}");
        }
        for name in ["c", "go"] {
            let readme = fs::read_to_string(directory.join(name).join("README.md")).unwrap();
            assert!(readme.contains(WIT_BINDGEN) && readme.contains(WASM_TOOLS), "{name}");
        }
        assert!(fs::read_to_string(directory.join("go/README.md")).unwrap().contains(tools::ADAPTER));
    }

    #[test]
    fn a_copy_is_another_one_until_it_is_equal() {
        let base = std::env::temp_dir().join(format!("weir-xtask-copy-{}", std::process::id()));
        let (from, to) = (base.join("from"), base.join("to"));
        fs::create_dir_all(from.join("deep")).unwrap();
        fs::write(from.join("deep/a"), "one").unwrap();
        assert!(copy(&from, &to).unwrap());
        assert!(!copy(&from, &to).unwrap());
        fs::write(to.join("downloaded"), "stays").unwrap();
        fs::write(from.join("deep/a"), "two").unwrap();
        assert!(copy(&from, &to).unwrap());
        assert_eq!(fs::read_to_string(to.join("deep/a")).unwrap(), "two");
        assert!(to.join("downloaded").is_file());
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn the_commands_of_a_readme_are_those_of_its_first_block() {
        let readme = "# Title\n\n```sh\nnpm install\n./build.sh\n```\n\n```sh\nrm -r build\n```\n";
        assert_eq!(commands(readme).unwrap(), "npm install\n./build.sh\n");
        assert!(commands("# Title\n").is_err());
    }
}
