//! A machine on which a page is followed: a directory that stands for its root, with a copy of the repository's `docs`, and programs
//! that stand for those of the system that a test cannot have. `systemctl` runs what the unit file says, as the test's own user.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use weir_tests::rest::Rest;
use weir_tests::{jars, paths};

use super::console;

/// Where pages put and look for files. Each is below the machine's root.
const DIRECTORIES: [&str; 6] = ["/etc/", "/opt/", "/srv/", "/usr/lib/sysusers.d/", "/var/", "/run/weir"];

/// Kafka's scripts that pages use, and the classes that they run.
const SCRIPTS: [(&str, &str); 3] = [
    ("kafka-console-consumer.sh", "org.apache.kafka.tools.consumer.ConsoleConsumer"),
    ("kafka-consumer-groups.sh", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"),
    ("kafka-topics.sh", "org.apache.kafka.tools.TopicCommand"),
];

const SYSTEMCTL: &str = include_str!("systemctl.sh");

/// Dropping it ends what its services run.
pub(super) struct Machine {
    dir: TempDir,
    root: PathBuf,
    /// What stands in pages and files, and what takes its place.
    words: BTreeMap<String, String>,
    port: u16,
}

impl Machine {
    /// Nothing is installed on it.
    pub(super) fn new(bootstrap: &str) -> Result<Machine> {
        let dir = TempDir::with_prefix("weir-page-").context("a directory for the machine")?;
        let root = dir.path().canonicalize()?;
        let port = paths::free_port()?;
        let mut words = BTreeMap::new();
        words.insert("127.0.0.1:8083".to_owned(), format!("127.0.0.1:{port}"));
        words.insert("kafka:9092".to_owned(), bootstrap.to_owned());
        for directory in DIRECTORIES {
            words.insert(directory.to_owned(), format!("{}{directory}", root.display()));
            fs::create_dir_all(root.join(&directory[1..]))?;
        }
        for directory in
            ["etc/systemd/system", "var/lib", "var/cache", "var/backups", "run", "shims", "repository/target/dist"]
        {
            fs::create_dir_all(root.join(directory))?;
        }
        let dist = root.join("repository/target/dist");
        symlink(paths::weir()?, dist.join("weir"))?;
        symlink(paths::plugins(), dist.join("plugins"))?;
        let machine = Machine { dir, root, words, port };
        machine.write_shims()?;
        Ok(machine)
    }

    /// Has this text take the place of that one, in pages and in files of the repository.
    pub(super) fn replace(mut self, from: &str, to: &str) -> Machine {
        self.words.insert(from.to_owned(), to.to_owned());
        self
    }

    /// A client of the worker.
    pub(super) fn rest(&self) -> Rest {
        Rest::new(self.port)
    }

    /// Where a path of the page is.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Runs all commands of a page of `docs`. An error if one fails, or does not print what the page says.
    pub(super) fn follow(&self, page: &str) -> Result<()> {
        let text = fs::read_to_string(paths::root().join("docs").join(page)).with_context(|| page.to_owned())?;
        self.follow_text(page, &text)
    }

    /// As [`Machine::follow`], with a part of the page; lines are counted from its beginning.
    pub(super) fn follow_text(&self, page: &str, text: &str) -> Result<()> {
        self.copy_documents()?;
        let commands = console::commands(&self.translate(text));
        ensure!(!commands.is_empty(), "docs/{page} has no commands");
        for console::Command { line, text, output } in commands {
            let printed = self.run(&text).with_context(|| format!("docs/{page}:{line}: {text}"))?;
            if let Some(missing) = console::missing(&output, &printed) {
                bail!("docs/{page}:{line}: {text}\nis to print {missing:?} and prints:\n{printed}");
            }
        }
        Ok(())
    }

    /// Runs a command in the repository, and gives what it printed.
    pub(super) fn run(&self, command: &str) -> Result<String> {
        let search = std::env::var("PATH").unwrap_or_default();
        // No command of a page takes longer, and none may hold up the tests for ever.
        let output = Command::new("timeout")
            .args(["180", "sh", "-c", &format!("exec 2>&1\n{command}")])
            .current_dir(self.root.join("repository"))
            .env("PATH", format!("{}:{search}", self.root.join("shims").display()))
            .output()
            .context("running a shell")?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success(), "{}:\n{printed}", output.status);
        Ok(printed)
    }

    /// What all services wrote.
    pub(super) fn log(&self) -> String {
        let entries = fs::read_dir(self.root.join("run")).into_iter().flatten().flatten();
        let logs = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "log"));
        logs.filter_map(|path| fs::read_to_string(path).ok()).collect()
    }

    /// Puts the machine's paths and addresses into a text. Of words that begin at the same place the longest counts.
    fn translate(&self, text: &str) -> String {
        let (mut translated, mut rest) = (String::with_capacity(text.len()), text);
        let next = |rest: &str| {
            let found = self.words.iter().filter_map(|(from, to)| Some((rest.find(from)?, Reverse(from.len()), to)));
            found.min()
        };
        while let Some((at, Reverse(length), to)) = next(rest) {
            translated.push_str(&rest[..at]);
            translated.push_str(to);
            rest = &rest[at + length..];
        }
        translated + rest
    }

    /// The files of `docs` that pages copy, with the machine's paths and addresses.
    fn copy_documents(&self) -> Result<()> {
        for directory in ["docs/packaging", "docs/operations"] {
            let copy = self.root.join("repository").join(directory);
            fs::create_dir_all(&copy)?;
            for entry in fs::read_dir(paths::root().join(directory))? {
                let entry = entry?;
                fs::write(copy.join(entry.file_name()), self.translate(&fs::read_to_string(entry.path())?))?;
            }
        }
        Ok(())
    }

    fn write_shims(&self) -> Result<()> {
        let root = self.root.display();
        let mut shims = vec![
            ("systemctl", SYSTEMCTL.replace("ROOT", &root.to_string())),
            ("systemd-sysusers", "#!/bin/sh\n".to_owned()),
            ("journalctl", format!("#!/bin/sh\ncat '{root}'/run/*.log\n")),
            // The worker's user and its group are those of the test.
            ("runuser", "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\"\n".to_owned()),
            ("chown", "#!/bin/sh\n".to_owned()),
        ];
        for (script, class) in SCRIPTS {
            let java = jars::java(&self.root, "error")?;
            let words = std::iter::once(java.get_program()).chain(java.get_args());
            let words: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
            shims.push((script, format!("#!/bin/sh\nexec {} {class} \"$@\"\n", words.join(" "))));
        }
        for (name, text) in shims {
            let path = self.root.join("shims").join(name);
            fs::write(&path, text)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    }

    fn processes(&self) -> impl Iterator<Item = String> {
        let entries = fs::read_dir(self.root.join("run")).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "pid"));
        files.filter_map(|file| Some(fs::read_to_string(file).ok()?.trim().to_owned()))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for id in self.processes() {
            // One that has ended already is what is wanted.
            let _ = Command::new("kill").args(["-KILL", &id]).status();
        }
        // Shown by the test runner when the test fails, and only then.
        println!("--- what the services of {} wrote ---\n{}", self.dir.path().display(), self.log());
    }
}

/// Whether a file is there and is not empty.
pub(super) fn is_filled(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.len() > 0)
}
