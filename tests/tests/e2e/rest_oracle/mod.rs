//! The REST API beside Kafka Connect's: the same requests go to a real standalone worker and to Weir, and everything that a
//! client can see of the answers has to be equal, or be in the list of known differences.

mod answer;
mod differences;
mod script;

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use weir_tests::connect::{Connect, Setup};
use weir_tests::http::Response;
use weir_tests::rest::Rest;
use weir_tests::worker::Worker;
use weir_tests::{kafka, paths, topics, wait};

use self::answer::{Difference, Side};
use self::script::{Step, Wait};

/// The keys of the second pair of workers, `admin.listeners` aside.
const SECOND: [(&str, &str); 3] = [
    ("access.control.allow.origin", "http://good.example,https://.*[.]wild[.]example"),
    ("access.control.allow.methods", "GET,PUT"),
    (
        "response.http.headers.config",
        "add X-A:1, set X-B: two words, \"set X-C: a, b\", add X-B: more, addDate X-Add: 1000, setDate X-Set: -86400000",
    ),
];

/// How long anything that a script waits for may take.
const WAIT: Duration = Duration::from_secs(20);

/// A worker that is asked.
struct Asked<'a> {
    /// The name for `{{side}}`; of the same length on all sides.
    side: String,
    rest: &'a Rest,
    admin: u16,
    /// The directory for `{{data}}`.
    data: &'a str,
}

#[test]
fn clients_see_the_same_of_kafka_connect_and_of_weir() -> Result<()> {
    let bootstrap = kafka::bootstrap()?;
    let (first, second) = (script::scripts("")?, script::scripts("second")?);
    // The names that the requests give the worker: without authentication it answers to no others.
    let named = || Worker::new(bootstrap).map(|worker| worker.set("weir.rest.hosts.allowed", "worker,some.host"));
    let mut weir = named()?;
    let data = weir.data();
    fs::write(data.join("input.txt"), "one\ntwo\n")?;
    let data = data.display().to_string();
    let (their_admin, our_admin) = (paths::free_port()?, paths::free_port()?);

    let mut theirs = Connect::launch(bootstrap, &Setup::default())?;
    let mut setup = Setup::default();
    setup.properties.extend(SECOND.map(|(key, value)| (key.into(), value.into())));
    setup.properties.push(("admin.listeners".into(), format!("http://127.0.0.1:{their_admin}")));
    let mut their_second = Connect::launch(bootstrap, &setup)?;
    let mut our_second = named()?.set("admin.listeners", &format!("http://127.0.0.1:{our_admin}"));
    for (key, value) in SECOND {
        our_second = our_second.set(key, value);
    }
    weir.launch()?;
    our_second.launch()?;
    weir.wait_healthy()?;
    our_second.wait_healthy()?;
    theirs.wait_healthy()?;
    their_second.wait_healthy()?;

    let mut found = Vec::new();
    for (steps, connect, worker, admins) in [
        (&first, &theirs, &weir, (theirs.rest().port(), weir.rest().port())),
        (&second, &their_second, &our_second, (their_admin, our_admin)),
    ] {
        let (their_rest, our_rest) = (connect.rest(), worker.rest());
        let asked = |name: &str| topics::unique(&format!("{name:x<7}"));
        let them = Asked { side: asked("connect"), rest: their_rest, admin: admins.0, data: &data };
        let us = Asked { side: asked("weir"), rest: &our_rest, admin: admins.1, data: &data };
        let (theirs, ours) = thread::scope(|scope| {
            let theirs = scope.spawn(|| ask(&them, steps));
            let ours = ask(&us, steps);
            (theirs.join().map_err(|_| anyhow!("the thread that asks Kafka Connect panicked")), ours)
        });
        found.extend(compare(steps, (&theirs?.context("Kafka Connect")?, &them), (&ours.context("Weir")?, &us)));
    }
    weir.stop()?;
    our_second.stop()?;
    let report = differences::judge(&differences::known()?, &found)?;
    if !report.is_empty() {
        bail!("Weir and Kafka Connect differ in what tests/cases/rest/differences.json does not list:\n{report}");
    }
    Ok(())
}

#[test]
fn compatibility_page_has_the_list_of_differences() -> Result<()> {
    differences::check_page(&differences::known()?, script::scripts("")?.len(), script::scripts("second")?.len())
}

/// Sends all requests, one after the other.
fn ask(worker: &Asked<'_>, steps: &[Step]) -> Result<Vec<Response>> {
    let mut answers = Vec::new();
    for step in steps {
        for wanted in &step.waits {
            come_about(worker, wanted).with_context(|| format!("before {}", step.name))?;
        }
        let port = if step.admin { worker.admin } else { worker.rest.port() };
        let request = step.request(&worker.side, worker.data)?;
        answers.push(request.send(port).with_context(|| step.name.clone())?);
    }
    Ok(answers)
}

fn come_about(worker: &Asked<'_>, wanted: &Wait) -> Result<()> {
    let fill = |text: &str| text.replace("{{side}}", &worker.side);
    match wanted {
        Wait::State { connector, state, tasks } => {
            worker.rest.wait_for(&fill(connector), state, *tasks, WAIT).map(drop)
        }
        Wait::Text { path, text } => wait::until(text, WAIT, || {
            let answer = worker.rest.get(&fill(path)).map_err(|error| format!("{error:#}"))?.body.to_string();
            if answer.contains(&fill(text)) { Ok(()) } else { Err(answer) }
        }),
    }
}

fn compare(
    steps: &[Step],
    theirs: (&[Response], &Asked<'_>),
    ours: (&[Response], &Asked<'_>),
) -> Vec<(String, Difference)> {
    let worker = |asked: &Asked<'_>| format!("127.0.0.1:{}", asked.rest.port());
    let (their_worker, our_worker) = (worker(theirs.1), worker(ours.1));
    let their_side = Side { name: &theirs.1.side, worker: &their_worker };
    let our_side = Side { name: &ours.1.side, worker: &our_worker };
    let answers = steps.iter().zip(theirs.0.iter().zip(ours.0));
    answers
        .flat_map(|(step, (theirs, ours))| {
            let found = answer::compare((theirs, &their_side), (ours, &our_side));
            found.into_iter().map(|difference| (step.name.clone(), difference))
        })
        .collect()
}
