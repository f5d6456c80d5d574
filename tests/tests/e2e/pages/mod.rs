//! The pages for operators, followed to the letter: every command of `docs/packaging` and `docs/operations` is run as it stands there,
//! against a real worker and a real Kafka, and what it prints is compared with what the page says.

mod console;
mod machine;

use std::fs;
use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use weir_tests::connect::{Connect, Setup};
use weir_tests::rest::Rest;
use weir_tests::{kafka, lines, paths, topics, wait};

use self::machine::Machine;
use crate::support::{sink, source};

const WITHIN: Duration = Duration::from_secs(90);

/// A machine whose connectors and topics called `orders` are its own, named after the test.
fn machine(test: &str) -> Result<(Machine, String)> {
    let name = topics::unique(&format!("page-{test}"));
    let mut machine = Machine::new(kafka::bootstrap()?)?.replace("orders", &name);
    if test != "upgrade" {
        // Compiling the same components again each time is not what is tested.
        machine = machine
            .replace("/var/cache/weir/compiled", &paths::target().join("weir-tests/cache").display().to_string());
    }
    topics::create(kafka::bootstrap()?, &name, 1)?;
    Ok((machine, name))
}

/// A machine as docs/packaging/README.md leaves it.
fn installed(test: &str) -> Result<(Machine, String)> {
    let (machine, name) = machine(test)?;
    machine.follow("packaging/README.md")?;
    Ok((machine, name))
}

/// The same, with a source and a sink that have done something.
fn at_work(test: &str) -> Result<(Machine, String)> {
    let (machine, name) = installed(test)?;
    let rest = machine.rest();
    let (input, output) = (machine.path("srv/weir/in.txt"), machine.path("srv/weir/out.txt"));
    fs::write(&input, (0..100).map(lines::line).collect::<String>())?;
    rest.create(&name, &source(&input, &name))?;
    rest.create(&format!("{name}-sink"), &sink(&output, &name))?;
    rest.wait_running(&name, 1)?;
    rest.wait_running(&format!("{name}-sink"), 1)?;
    wait::until("the lines to arrive", WITHIN, || match machine::is_filled(&output) {
        true => Ok(()),
        false => Err("the file is empty".to_owned()),
    })?;
    Ok((machine, name))
}

fn offsets(rest: &Rest, name: &str) -> Result<Value> {
    Ok(rest.get(&format!("/connectors/{name}/offsets"))?.expect(200)?.body)
}

/// Stops a connector, which commits what it has, and gives its offsets.
fn settled(rest: &Rest, name: &str) -> Result<Value> {
    rest.put(&format!("/connectors/{name}/stop"), &Value::Null)?.expect(204)?;
    rest.wait_for(name, "STOPPED", 0, WITHIN)?;
    let offsets = offsets(rest, name)?;
    rest.put(&format!("/connectors/{name}/resume"), &Value::Null)?.expect(202)?;
    rest.wait_running(name, 1)?;
    Ok(offsets)
}

#[test]
fn a_worker_is_installed_upgraded_and_rolled_back() -> Result<()> {
    let (machine, name) = at_work("upgrade")?;
    let before = settled(&machine.rest(), &name)?;
    machine.follow("operations/upgrades.md")?;
    ensure!(offsets(&machine.rest(), &name)? == before, "the offsets have changed");

    // What the page says of files that a newer version wrote.
    machine.run("systemctl stop weir")?;
    for file in ["offsets", "connectors"] {
        let path = machine.path("var/lib/weir").join(file);
        let whole = fs::read_to_string(&path)?;
        let newer = whole.replacen("\"version\":1", "\"version\":2", 1);
        ensure!(newer != whole, "the first line of {file} has no version");
        fs::write(&path, &newer)?;
        let worker = machine.path("opt/weir/current/weir");
        let worker =
            format!("{} standalone {}", worker.display(), machine.path("etc/weir/worker.properties").display());
        for command in [worker.clone(), worker.replace("standalone", "standalone --check")] {
            let printed = machine.run(&format!("{command}; test $? = 2"))?;
            ensure!(printed.contains("version 2") && printed.contains(file), "{printed}");
        }
        ensure!(fs::read_to_string(&path)? == newer, "{file} was not left as it is");
        fs::write(&path, whole)?;
    }
    machine.run("systemctl start weir").map(drop)
}

#[test]
fn what_a_worker_keeps_is_backed_up_while_it_runs_and_restored_on_an_empty_machine() -> Result<()> {
    let (machine, name) = at_work("backup")?;
    let rest = machine.rest();
    rest.upload(&fs::read(paths::test_plugin("discard")?)?)?.expect(201)?;
    let class = "org.apache.kafka.connect.tools.MockSinkConnector";
    let uploaded = format!("{name}-uploaded");
    rest.create(&uploaded, &json!({"connector.class": class, "topics": name}))?;
    rest.wait_running(&uploaded, 1)?;
    let before = settled(&rest, &name)?;

    let page = fs::read_to_string(paths::root().join("docs/operations/backups.md"))?;
    let (_, restore) = page.split_once("## Restore").context("the page has a part about restoring")?;
    machine.follow_text("operations/backups.md", page.trim_end_matches(restore))?;
    machine.run("systemctl stop weir")?;
    for directory in ["var/lib/weir", "var/cache/weir"].map(|directory| machine.path(directory)) {
        fs::remove_dir_all(&directory)?;
        fs::create_dir(&directory)?;
    }
    machine.follow_text("operations/backups.md", restore)?;
    ensure!(offsets(&rest, &name)? == before, "the offsets are not those of before");
    rest.wait_running(&uploaded, 1)
}

#[test]
fn what_a_worker_uses_is_read_where_the_page_says() -> Result<()> {
    at_work("capacity")?.0.follow("operations/capacity.md")
}

#[test]
fn a_worker_does_on_signals_what_the_page_says() -> Result<()> {
    let (machine, name) = at_work("signals")?;
    machine.follow("operations/signals.md")?;
    for signal in ["KILL", "INT"] {
        machine
            .run(&format!("kill -{signal} $(systemctl show --property=MainPID --value weir); systemctl wait weir"))?;
        machine.run("systemctl start weir")?;
        wait::until("the worker to be healthy", WITHIN, || match machine.rest().get("/health") {
            Ok(answer) if answer.status == 200 => Ok(()),
            other => Err(format!("{other:?}")),
        })?;
        machine.rest().wait_running(&name, 1)?;
    }
    ensure!(machine.log().contains("stopping signal=\"SIGINT\""), "it did not stop in order");
    Ok(())
}

#[test]
fn each_entry_of_the_runbook_can_be_followed() -> Result<()> {
    at_work("runbook")?.0.follow("operations/alerts.md")
}

#[test]
fn a_tenant_has_a_worker_of_its_own() -> Result<()> {
    let (machine, _) = installed("tenant")?;
    let other = format!("127.0.0.1:{}", paths::free_port()?);
    machine.replace("127.0.0.1:8084", &other).follow("operations/tenants.md")
}

#[test]
fn connectors_move_from_a_kafka_connect_cluster_and_back() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let (machine, name) = installed("moved")?;
    let rest = machine.rest();
    let (input, output) = (machine.path("srv/weir").join(format!("{name}.txt")), machine.path("srv/weir/out.txt"));
    let sink_name = format!("{name}-sink");
    fs::write(&input, (0..1000).map(lines::line).collect::<String>())?;

    let offset_topic = topics::unique("connect-offsets");
    let mut cluster = Connect::launch(bootstrap, &Setup::default().cluster(&offset_topic))?;
    cluster.wait_healthy()?;
    let other = cluster.rest();
    other.create(&name, &source(&input, &name))?;
    let first = machine.path("srv/weir/first.txt");
    other.create(&sink_name, &sink(&first, &name))?;
    let group = format!("connect-{sink_name}");
    wait::until("Kafka Connect to have done all", WITHIN, || match topics::committed(bootstrap, &group, &name) {
        Ok(1000) => Ok(()),
        other => Err(format!("{other:?}")),
    })?;

    let machine = machine
        .replace("connect:8083", &format!("127.0.0.1:{}", other.port()))
        .replace("connect-offsets", &offset_topic);
    let page = fs::read_to_string(paths::root().join("docs/operations/from-kafka-connect.md"))?;
    let (there, back) = page.split_once("## And back").context("the page has a part about the way back")?;
    machine.follow_text("operations/from-kafka-connect.md", there)?;
    other.put(&format!("/connectors/{sink_name}/stop"), &Value::Null)?.expect(204)?;
    other.wait_for(&sink_name, "STOPPED", 0, WITHIN)?;
    rest.create(&sink_name, &sink(&output, &name))?;

    // Both go on where the others were.
    let more: String = (1000..1010).map(lines::line).collect();
    let mut file = fs::OpenOptions::new().append(true).open(&input)?;
    file.write_all(more.as_bytes())?;
    wait::until("ten more lines, and no others", WITHIN, || match fs::read_to_string(&output) {
        Ok(text) if text == more => Ok(()),
        other => Err(format!("{other:?}")),
    })?;
    ensure!(topics::count(bootstrap, &name)? == 1010, "lines were sent twice");
    machine.follow_text("operations/from-kafka-connect.md", back)?;
    ensure!(offsets(other, &name)? == offsets(&rest, &name)?, "the offsets differ");
    other.wait_running(&name, 1)
}
