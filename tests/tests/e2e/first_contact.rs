//! The first minutes with Weir: the example files of the repository as they are, and those of Kafka Connect, which know nothing of
//! grants. What a user has to do is said once, in words that can be followed to the letter.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use weir_tests::process::Process;
use weir_tests::rest::Rest;
use weir_tests::{kafka, paths, topics, wait};

/// Long enough for a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(90);

/// Weir as it is installed: the program, and beside it the components that ship with it.
fn installed() -> Result<TempDir> {
    let parent = paths::target().join("weir-tests");
    fs::create_dir_all(&parent)?;
    let dir = TempDir::with_prefix_in("installed-", &parent)?;
    let program = dir.path().join("weir");
    if fs::hard_link(paths::weir()?, &program).is_err() {
        fs::copy(paths::weir()?, &program).context("the program")?;
    }
    fs::create_dir(dir.path().join("plugins"))?;
    for name in ["file", "transforms"] {
        fs::copy(paths::plugin(name)?, dir.path().join(format!("plugins/{name}.wasm")))?;
    }
    Ok(dir)
}

/// A user who sits in one directory and starts workers there.
struct User {
    installed: TempDir,
    home: TempDir,
    port: u16,
}

impl User {
    fn new() -> Result<Self> {
        Ok(Self { installed: installed()?, home: TempDir::with_prefix("weir-first-")?, port: paths::free_port()? })
    }

    fn home(&self) -> Result<PathBuf> {
        Ok(self.home.path().canonicalize()?)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.home.path().join(name);
        fs::create_dir_all(path.parent().context("a directory")?)?;
        fs::write(&path, text).with_context(|| path.display().to_string())
    }

    /// What any test has to add to a file that is meant for a machine of its own: a port, and a cache that is shared.
    fn own(&self) -> String {
        let cache = paths::target().join("weir-tests/cache");
        format!("\nlisteners=http://127.0.0.1:{}\nweir.plugin.cache={}\n", self.port, cache.display())
    }

    fn weir(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.installed.path().join("weir"));
        command.arg("standalone").args(arguments).current_dir(self.home.path()).env_remove("RUST_LOG");
        command
    }

    /// Starts it in vain, and gives the exit code and what was said.
    fn fails(&self, arguments: &[&str]) -> Result<(Option<i32>, String)> {
        let output = self.weir(arguments).output()?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.code(), String::from_utf8_lossy(&said).into_owned()))
    }

    fn runs(&self, arguments: &[&str]) -> Result<Process> {
        let mut process = Process::start("weir", &mut self.weir(arguments), &self.home.path().join("log.txt"))?;
        let rest = Rest::new(self.port);
        wait::until("the worker to be healthy", SOON, || {
            process.check_runs()?;
            match rest.get("/health") {
                Ok(answer) if answer.status == 200 => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })?;
        Ok(process)
    }
}

/// The settings of Kafka's `config/connect-standalone.properties`.
fn kafkas_worker(bootstrap: &str, home: &Path) -> String {
    format!(
        "bootstrap.servers={bootstrap}\n\
         key.converter=org.apache.kafka.connect.json.JsonConverter\n\
         value.converter=org.apache.kafka.connect.json.JsonConverter\n\
         key.converter.schemas.enable=true\nvalue.converter.schemas.enable=true\n\
         offset.storage.file.filename={}/tmp/connect.offsets\noffset.flush.interval.ms=10000\n",
        home.display()
    )
}

/// Those of Kafka's `config/connect-file-source.properties`.
fn kafkas_source(topic: &str) -> String {
    format!("name=local-file-source\nconnector.class=FileStreamSource\ntasks.max=1\nfile=test.txt\ntopic={topic}")
}

fn arrives(bootstrap: &str, topic: &str, process: &mut Process) -> Result<()> {
    wait::until(&format!("the line in {topic}"), SOON, || {
        process.check_runs()?;
        match topics::count(bootstrap, topic) {
            Ok(1) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
}

/// The line that a message asks for.
fn line<'a>(said: &'a str, key: &str) -> Result<&'a str> {
    let begin = format!("the line {key}=");
    let at = said.find(&begin).with_context(|| format!("{begin} is not in {said}"))?;
    said[at + "the line ".len()..].split([' ', '\n']).next().context("a line")
}

#[test]
fn kafka_connects_own_example_files_run_after_the_one_line_that_is_asked_for() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let user = User::new()?;
    let topic = &topics::unique("first-elsewhere");
    topics::create(bootstrap, topic, 1)?;
    // The files lie elsewhere than where the user sits, who has test.txt there.
    let config = TempDir::with_prefix("weir-config-")?;
    fs::create_dir(config.path().join("tmp"))?;
    let worker = config.path().join("connect-standalone.properties");
    let source = config.path().join("connect-file-source.properties");
    let text = kafkas_worker(bootstrap, config.path()) + &user.own();
    fs::write(&worker, &text)?;
    fs::write(&source, kafkas_source(topic))?;
    user.write("test.txt", "foo\n")?;
    let arguments = [worker.display().to_string(), source.display().to_string()];
    let arguments = arguments.each_ref().map(String::as_str);
    let (code, said) = user.fails(&arguments)?;
    let asked = format!("weir.allow.read={}", user.home()?.display());
    ensure!(code == Some(3) && said.contains("\".\"") && line(&said, "weir.allow.read")? == asked, "{code:?}: {said}");
    let (code, checked) = user.fails(&[&["--check"], &arguments[..]].concat())?;
    ensure!(code == Some(3) && line(&checked, "weir.allow.read")? == asked, "{code:?}: {checked}");
    fs::write(&worker, format!("{text}{asked}\n"))?;
    let mut process = user.runs(&arguments)?;
    arrives(bootstrap, topic, &mut process)
}

#[test]
fn where_the_example_files_lie_in_the_way_what_is_asked_for_can_be_done() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let user = User::new()?;
    let topic = &topics::unique("first-beside");
    topics::create(bootstrap, topic, 1)?;
    // As in Kafka's directory: what is to be read is beside the directory of the worker's own file.
    let home = user.home()?;
    let (worker, source) = ("config/connect-standalone.properties", "config/connect-file-source.properties");
    let text = kafkas_worker(bootstrap, &home) + &user.own();
    user.write(worker, &text)?;
    user.write(source, &kafkas_source(topic))?;
    user.write("test.txt", "foo\n")?;
    fs::create_dir(home.join("tmp"))?;
    let (code, said) = user.fails(&[worker, source])?;
    let asked = format!("weir.allow.read={}/data", home.display());
    ensure!(code == Some(3) && line(&said, "weir.allow.read")? == asked, "{code:?}: {said}");
    ensure!(said.contains("cannot be allowed, because it contains"), "{said}");
    ensure!(said.contains(&format!("move the file to {}/data", home.display())), "{said}");
    fs::create_dir(home.join("data"))?;
    fs::rename(home.join("test.txt"), home.join("data/test.txt"))?;
    let moved = format!("file={}/data/test.txt", home.display());
    user.write(source, &kafkas_source(topic).replace("file=test.txt", &moved))?;
    user.write(worker, &format!("{text}{asked}\n"))?;
    let mut process = user.runs(&[worker, source])?;
    arrives(bootstrap, topic, &mut process)
}

#[test]
fn the_examples_run_as_they_are() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let user = User::new()?;
    let topic = &topics::unique("lines");
    topics::create(bootstrap, topic, 1)?;
    let home = user.home()?;
    let examples = paths::root().join("examples");
    // What a machine has one of: the broker's address, the port, the directory, the topic.
    let read = |name: &str| -> Result<String> {
        let text = fs::read_to_string(examples.join(name))?;
        ensure!(!text.contains("/tmp/weir/data/..") && text.contains("weir"), "{name}");
        Ok(text
            .replace("/tmp/weir", &home.join("weir").display().to_string())
            .replace("\"lines\"", &format!("\"{topic}\"")))
    };
    let worker = read("worker.properties")?;
    ensure!(worker.contains("bootstrap.servers=localhost:9092\n"), "{worker}");
    user.write("worker.properties", &(worker.replace("localhost:9092", bootstrap) + &user.own()))?;
    for name in ["file-source.json", "file-sink.json"] {
        user.write(name, &read(name)?)?;
    }
    fs::create_dir_all(home.join("weir/data"))?;
    fs::write(home.join("weir/data/in.txt"), "hello\n")?;
    let mut process = user.runs(&["worker.properties", "file-source.json", "file-sink.json"])?;
    let log = process.output();
    ensure!(!log.contains(" WARN weir::cli"), "a key of the example is warned of: {log}");
    wait::until("the line in out.txt", SOON, || {
        process.check_runs()?;
        match fs::read_to_string(home.join("weir/data/out.txt")) {
            Ok(text) if text == "hello\n" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
}

#[test]
fn a_class_that_is_not_there_is_told_with_the_line_to_write() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let user = User::new()?;
    fs::create_dir(user.home()?.join("tmp"))?;
    fs::create_dir(user.home()?.join("libs"))?;
    let text = kafkas_worker(bootstrap, &user.home()?) + &user.own() + "plugin.path=libs\n";
    user.write("worker.properties", &text)?;
    user.write("source.properties", &kafkas_source("t"))?;
    let (code, said) = user.fails(&["worker.properties", "source.properties"])?;
    let shipped = user.installed.path().canonicalize()?.join("plugins");
    ensure!(code == Some(3), "{code:?}: {said}");
    ensure!(line(&said, "plugin.path")? == format!("plugin.path=libs,{}", shipped.display()), "{said}");
    Ok(())
}
