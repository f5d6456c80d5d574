//! Workers as members of one group: who leads, who lives, and for how long a member may consider itself alive.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use weir_kafka::Properties;
use weir_kafka::connection::Connections;
use weir_kafka::worker_group::{Event, Options, WorkerGroup};
use weir_tests::{kafka, topics};

/// The shortest session that brokers accept by default.
const SESSION: Duration = Duration::from_secs(6);
const WITHIN: Duration = Duration::from_secs(30);
/// Set in a process that is a member; see [`member`].
const MEMBER: &str = "WEIR_TEST_MEMBER";

fn options(bootstrap: &str, group: &str, topic: &str, url: &str) -> Options {
    let session = SESSION.as_millis().to_string();
    let properties = [
        ("bootstrap.servers", bootstrap),
        ("group.id", group),
        ("client.id", url),
        ("session.timeout.ms", &session),
        ("heartbeat.interval.ms", "1000"),
    ];
    let properties = Properties::from(properties.map(|(key, value)| (key.to_owned(), value.to_owned())));
    Options { properties, topic: topic.to_owned() }
}

/// Prints the events of a member as lines of JSON, each with the members of the group if they have changed. Not a test: other tests start
/// it in a process of its own, which they stop and kill.
#[test]
#[ignore = "a process of the other tests"]
fn member() -> Result<()> {
    let Ok(arguments) = std::env::var(MEMBER) else { return Ok(()) };
    let arguments: Vec<String> = serde_json::from_str(&arguments)?;
    let [bootstrap, group, topic, url] = arguments.as_slice() else { bail!("four arguments") };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut member = WorkerGroup::join(options(bootstrap, group, topic, url), &Connections::default())?;
        let mut id = String::new();
        let mut proof = tokio::time::interval(Duration::from_secs(1));
        loop {
            let event = tokio::select! {
                event = member.event() => Some(event),
                _ = proof.tick() => None,
            };
            let line = match event {
                None => {
                    let since = Instant::now();
                    match member.prove(&id).await {
                        Ok(()) => json!({"event": "proven", "id": id, "age": since.elapsed().as_secs_f64()}),
                        Err(_) => continue,
                    }
                }
                Some(Event::Joined(membership)) => {
                    let members = member.members().await.map_err(|error| error.to_string());
                    let urls = members
                        .map(|found| found.members.into_iter().map(|member| member.client_id).collect::<Vec<_>>());
                    id.clone_from(&membership.member_id);
                    json!({"event": "joined", "id": id, "leads": membership.leads, "members": urls.ok()})
                }
                Some(Event::Deposed) => json!({"event": "deposed"}),
                Some(Event::Lost) => json!({"event": "lost"}),
                Some(Event::Failed(failure)) => json!({"event": "failed", "reason": failure.to_string()}),
            };
            // The harness of the tests prints to the same output.
            println!("\n{line}");
        }
    })
}

struct Member {
    process: Child,
    lines: Receiver<Value>,
}

impl Member {
    fn start(group: &str, topic: &str, url: &str) -> Result<Self> {
        let arguments = serde_json::to_string(&[kafka::bootstrap()?, group, topic, url])?;
        let mut process = Command::new(std::env::current_exe()?)
            .args(["worker_group::member", "--exact", "--ignored", "--nocapture"])
            .env(MEMBER, arguments)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("the output of the member")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Ok(event) = serde_json::from_str(&line)
                    && sender.send(event).is_err()
                {
                    return;
                }
            }
        });
        Ok(Self { process, lines })
    }

    /// Waits for an event.
    fn wait(&self, what: &str, mut is_it: impl FnMut(&Value) -> bool) -> Result<Value> {
        let deadline = Instant::now() + WITHIN;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(event) if is_it(&event) => return Ok(event),
                Ok(event) => seen.push(event),
                Err(error) => bail!("{what}: {error}; seen: {seen:?}"),
            }
        }
    }

    fn wait_members(&self, urls: &[&str]) -> Result<Value> {
        let mut urls: Vec<&str> = urls.to_vec();
        urls.sort_unstable();
        self.wait(&format!("members {urls:?}"), |event| {
            let mut found: Vec<&str> =
                event["members"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            found.sort_unstable();
            event["event"] == "joined" && found == urls
        })
    }

    fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("kill").args(["-s", name, &self.process.id().to_string()]).status()?;
        ensure!(status.success(), "kill -s {name}: {status}");
        Ok(())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is(kind: &'static str) -> impl FnMut(&Value) -> bool {
    move |event| event["event"] == kind
}

#[test]
fn one_worker_leads_and_all_learn_who_joins_and_who_dies() -> Result<()> {
    let (group, topic) = (topics::unique("workers"), topics::unique("workers-configs"));
    topics::create(kafka::bootstrap()?, &topic, 1)?;
    let first = Member::start(&group, &topic, "http://a:1")?;
    let joined = first.wait_members(&["http://a:1"])?;
    ensure!(joined["leads"] == true, "{joined}");
    let second = Member::start(&group, &topic, "http://b:2")?;
    ensure!(second.wait_members(&["http://a:1", "http://b:2"])?["leads"] == false);
    ensure!(first.wait_members(&["http://a:1", "http://b:2"])?["leads"] == true);
    let third = Member::start(&group, &topic, "http://c:3")?;
    for member in [&first, &second, &third] {
        member.wait_members(&["http://a:1", "http://b:2", "http://c:3"])?;
    }
    // A worker that does not lead dies, then the leader does.
    drop(third);
    second.wait_members(&["http://a:1", "http://b:2"])?;
    drop(first);
    second.wait("the second leads", |event| event["event"] == "joined" && event["leads"] == true)?;
    Ok(())
}

/// Whether it leads or not, and so has a partition or none.
fn stopped_worker(leads: bool) -> Result<()> {
    let name = if leads { "stopped-leader" } else { "stopped-worker" };
    let (group, topic) = (topics::unique(name), topics::unique(&format!("{name}-configs")));
    topics::create(kafka::bootstrap()?, &topic, 1)?;
    let other = Member::start(&group, &topic, "http://other:1")?;
    other.wait_members(&["http://other:1"])?;
    let member = Member::start(&group, &topic, "http://member:2")?;
    let id = member.wait_members(&["http://other:1", "http://member:2"])?["id"].clone();
    other.wait_members(&["http://other:1", "http://member:2"])?;
    let (stopped, stays, id) = if leads {
        let proven = other.wait("a proof", is("proven"))?;
        (&other, &member, proven["id"].clone())
    } else {
        (&member, &other, id)
    };
    let proven = stopped.wait("a proof", is("proven"))?;
    ensure!(proven["id"] == id && proven["age"].as_f64().is_some_and(|age| age < SESSION.as_secs_f64()), "{proven}");
    stopped.signal("STOP")?;
    let alone =
        stays.wait("the other is alone", |event| event["members"].as_array().is_some_and(|found| found.len() == 1))?;
    ensure!(alone["members"][0] != json!(if leads { "http://other:1" } else { "http://member:2" }), "{alone}");
    // Proofs of before the stop, which were not read yet.
    while stopped.lines.try_recv().is_ok() {}
    stopped.signal("CONT")?;
    let lost = stopped.wait("it learns that its session has ended", |event| {
        // A proof that was requested before the stop is as old as the stop was long: the session that it proves has ended already.
        event["event"] == "lost"
            || event["event"] == "proven" && event["age"].as_f64().is_some_and(|age| age < SESSION.as_secs_f64())
    })?;
    ensure!(lost["event"] == "lost", "a proof of an ended session: {lost}");
    let again = stopped.wait("it joins again", is("joined"))?;
    ensure!(again["id"] != id, "as the same member: {again}");
    stopped.wait("it proves its new session", |event| event["event"] == "proven" && event["id"] == again["id"])?;
    Ok(())
}

#[test]
fn a_worker_that_was_stopped_for_longer_than_its_session_learns_it() -> Result<()> {
    stopped_worker(false)
}

#[test]
fn a_leader_that_was_stopped_for_longer_than_its_session_learns_it() -> Result<()> {
    stopped_worker(true)
}
