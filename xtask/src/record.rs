//! `cargo xtask record`: runs Kafka Connect's and Java's own classes on test cases, and records the results that Weir's are compared
//! with. `tests/oracle/README.md` lists the recorders.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use clap::ValueEnum;
use clap::builder::PossibleValue;
use weir_test_support::jars::Jars;

use crate::workspace::Workspace;
use crate::{process, toolchain};

/// Tells the test that records transforms which Java to run. Known to `connectors/transforms/tests/kafka_connect/record.rs`.
const JAVA_VARIABLE: &str = "WEIR_RECORD_JAVA";
/// Tells it where the classes are.
const CLASS_PATH_VARIABLE: &str = "WEIR_RECORD_CLASS_PATH";

/// The oldest Java that Kafka's classes run on. The programs are compiled for it, whichever Java runs them.
const KAFKA_JAVA: u32 = 17;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to record; everything if no name is given.
    names: Vec<&'static Recorder>,
    /// The version of Kafka whose classes run the cases.
    #[arg(long, default_value = "4.3.1", value_name = "VERSION")]
    kafka: String,
    /// A `java` program to use. Repeat the option if the recorders need different versions: each uses the first that fits.
    #[arg(long = "java", default_value = "java", value_name = "PROGRAM")]
    javas: Vec<PathBuf>,
}

/// A program in `tests/oracle/java`.
#[derive(Debug)]
struct Recorder {
    name: &'static str,
    class: &'static str,
    /// Versions of Java that give the recorded results: some results of Java itself differ from version to version.
    oldest_java: u32,
    newest_java: u32,
    how: How,
    /// Where the results are.
    output: &'static str,
}

#[derive(Debug)]
enum How {
    /// What the program prints is the result.
    Prints { input: Option<&'static str>, arguments: &'static [&'static str] },
    /// A test of the workspace creates the cases, runs the program, and compares the results with Weir's.
    Test { target: &'static str, name: &'static str },
}

static RECORDERS: [Recorder; 6] = [
    Recorder {
        name: "client-keys",
        class: "ClientKeys",
        oldest_java: KAFKA_JAVA,
        newest_java: u32::MAX,
        how: How::Prints { input: None, arguments: &[] },
        output: "tests/oracle/cases/client-keys.tsv",
    },
    Recorder {
        name: "converters",
        class: "Converters",
        oldest_java: KAFKA_JAVA,
        // Java 19 writes floating-point numbers with fewer digits.
        newest_java: 18,
        how: How::Prints { input: Some("tests/oracle/cases/converters.jsonl"), arguments: &[] },
        output: "tests/oracle/cases/converters.jsonl",
    },
    Recorder {
        name: "internal-topics",
        class: "InternalTopics",
        oldest_java: KAFKA_JAVA,
        newest_java: u32::MAX,
        how: How::Prints { input: Some("tests/oracle/cases/internal-topics.jsonl"), arguments: &[] },
        output: "tests/oracle/cases/internal-topics.jsonl",
    },
    Recorder {
        name: "regex",
        class: "Regex",
        // Its characters are those of Unicode 16.
        oldest_java: 24,
        newest_java: u32::MAX,
        // The seed, and how many expressions are generated.
        how: How::Prints { input: Some("tests/oracle/cases/regex-expressions.txt"), arguments: &["11", "4000"] },
        output: "tests/oracle/cases/regex.jsonl",
    },
    Recorder {
        name: "transforms",
        class: "Transforms",
        oldest_java: KAFKA_JAVA,
        // As for converters.
        newest_java: 18,
        how: How::Test { target: "kafka_connect", name: "record::record" },
        output: "tests/oracle/cases/transforms",
    },
    Recorder {
        name: "validation",
        class: "Definitions",
        oldest_java: KAFKA_JAVA,
        newest_java: u32::MAX,
        how: How::Prints { input: None, arguments: &[] },
        output: "runtime/config/src/recorded/definitions.json",
    },
];

impl ValueEnum for &'static Recorder {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: [&Recorder; RECORDERS.len()] =
            [&RECORDERS[0], &RECORDERS[1], &RECORDERS[2], &RECORDERS[3], &RECORDERS[4], &RECORDERS[5]];
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name))
    }
}

/// A `java` program and its version.
struct Java {
    program: PathBuf,
    version: u32,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    let all = <&Recorder>::value_variants();
    let recorders = if args.names.is_empty() { all } else { &args.names };
    let javas = args
        .javas
        .iter()
        .map(|program| {
            let version = toolchain::version_of_java(program)
                .with_context(|| format!("`{}` is not a Java that runs", program.display()))?;
            Ok(Java { program: program.clone(), version })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    // Before anything is written.
    let recorders: Vec<(&Recorder, &Java)> =
        recorders.iter().map(|recorder| Ok((*recorder, recorder.java(&javas)?))).collect::<anyhow::Result<_>>()?;
    let Some((_, java)) = recorders.first() else { return Ok(()) };
    eprintln!("The first time, Maven downloads Kafka (55 MB).");
    // The tests use the same directory.
    let libs = Jars::new(&workspace.target, workspace.root.join("tests/kafka/pom.xml"), &args.kafka).libs()?;
    let class_path = compile(&workspace, &java.program, &libs)?;
    for (recorder, java) in &recorders {
        recorder.run(&workspace, &java.program, &class_path).with_context(|| format!("recording {}", recorder.name))?;
    }
    let outputs: Vec<&str> = recorders.iter().map(|(recorder, _)| recorder.output).collect();
    eprintln!("Recorded. `git diff {}` shows what changed.", outputs.join(" "));
    Ok(())
}

impl Recorder {
    /// Returns the first Java that gives the results to record.
    fn java<'a>(&self, javas: &'a [Java]) -> anyhow::Result<&'a Java> {
        let fits = |java: &&Java| (self.oldest_java..=self.newest_java).contains(&java.version);
        javas.iter().find(fits).with_context(|| {
            let newest = match self.newest_java {
                u32::MAX => "or newer".to_owned(),
                newest => format!("to {newest}"),
            };
            let versions: Vec<String> = javas.iter().map(|java| java.version.to_string()).collect();
            format!(
                "`{}` must be recorded with Java {} {newest}, not {}\nnext: name such a Java with --java, or select the recorders to run",
                self.name,
                self.oldest_java,
                versions.join(" or ")
            )
        })
    }

    fn run(&self, workspace: &Workspace, java: &Path, class_path: &str) -> anyhow::Result<()> {
        match self.how {
            How::Prints { input, arguments } => {
                let mut command = Command::new(java);
                // With a stack that is large enough for all cases: when a smaller one overflows is different in each run.
                command.current_dir(&workspace.root).args(["-Xss4m", "-cp", class_path, self.class]).args(arguments);
                command.stdin(match input {
                    Some(path) => File::open(workspace.root.join(path)).context(path)?.into(),
                    None => Stdio::null(),
                });
                process::announce(&command);
                let output = command.stderr(Stdio::inherit()).output()?;
                if !output.status.success() {
                    bail!("{} failed ({})", self.class, output.status);
                }
                fs::write(workspace.root.join(self.output), output.stdout).context(self.output)
            }
            How::Test { target, name } => {
                let mut cargo = workspace.cargo();
                // The whole workspace, so that it uses the same features as the tests and compiles nothing again.
                cargo.args(["test", "--workspace", "--test", target, "--", "--ignored", "--exact", name]);
                // The test does not run in the root.
                let java = if java.components().count() > 1 { java.canonicalize()? } else { java.to_owned() };
                process::run(cargo.env(JAVA_VARIABLE, java).env(CLASS_PATH_VARIABLE, class_path))
            }
        }
    }
}

/// Compiles the programs with the compiler next to this Java, and returns the class path to run them with.
fn compile(workspace: &Workspace, java: &Path, libs: &Path) -> anyhow::Result<String> {
    let classes = workspace.target.join("oracle");
    let libs = format!("{}/*", libs.display());
    let mut sources: Vec<PathBuf> = fs::read_dir(workspace.root.join("tests/oracle/java"))
        .context("tests/oracle/java")?
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<_>>()?;
    sources.sort();
    let mut javac = Command::new(java.with_file_name("javac"));
    // Java names variables in some messages, if it knows their names.
    javac.args(["-g", "-encoding", "UTF-8", "--release", &KAFKA_JAVA.to_string(), "-cp", &libs, "-d"]);
    process::run(javac.arg(&classes).args(sources)).context("next: install a JDK, not only a Java runtime")?;
    Ok(format!("{}:{libs}", classes.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::root;

    #[test]
    fn every_java_program_has_a_recorder_and_every_recorder_a_line_in_the_readme() {
        let oracle = root().join("tests/oracle");
        let mut programs = Vec::new();
        for entry in fs::read_dir(oracle.join("java")).unwrap() {
            let path = entry.unwrap().path();
            if fs::read_to_string(&path).unwrap().contains("public static void main") {
                programs.push(path.file_stem().unwrap().to_string_lossy().into_owned());
            }
        }
        programs.sort_unstable();
        let mut classes: Vec<_> = RECORDERS.iter().map(|recorder| recorder.class.to_owned()).collect();
        classes.sort_unstable();
        assert_eq!(programs, classes);
        let readme = fs::read_to_string(oracle.join("README.md")).unwrap();
        for recorder in &RECORDERS {
            assert!(root().join(recorder.output).exists(), "{}", recorder.output);
            let line = readme.lines().find(|line| line.starts_with(&format!("| `{}` |", recorder.name)));
            let line = line.unwrap_or_else(|| panic!("no line of {}", recorder.name));
            for part in [recorder.output, recorder.class, &recorder.oldest_java.to_string()] {
                assert!(line.contains(part), "{}: {part}", recorder.name);
            }
        }
    }

    #[test]
    fn a_recorder_uses_the_first_java_that_fits_and_says_what_it_needs() {
        let java = |version| Java { program: format!("java{version}").into(), version };
        let regex = RECORDERS.iter().find(|recorder| recorder.name == "regex").unwrap();
        let transforms = RECORDERS.iter().find(|recorder| recorder.name == "transforms").unwrap();
        let javas = [java(17), java(25), java(26)];
        assert_eq!(regex.java(&javas).ok().map(|java| java.version), Some(25));
        assert_eq!(transforms.java(&javas).ok().map(|java| java.version), Some(17));
        let error = transforms.java(&javas[1..]).err().unwrap().to_string();
        assert!(error.starts_with("`transforms` must be recorded with Java 17 to 18, not 25 or 26\n"), "{error}");
    }
}
