//! The history with simulated times, and the supervisor with simulated parts.

use parking_lot::Mutex;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn history(max_attempts: u32) -> RestartHistory {
    let policy = RestartPolicy { max_attempts, delay: SECOND, delay_max: 8 * SECOND, reset_after: 100 * SECOND };
    RestartHistory::new("c", policy, Arc::default())
}

fn generation(number: u64, began: Instant) -> Generation {
    Generation { number, began }
}

fn failed(part: Part, generation: Generation) -> Observation {
    Observation { part, generation, health: Health::Failed }
}

const TASK: Part = Part::Task(0);

#[test]
fn a_part_that_always_fails_is_restarted_a_limited_number_of_times_with_growing_delays() {
    let mut history = history(4);
    let mut now = Instant::now();
    let mut delays = Vec::new();
    for number in 0.. {
        let generation = generation(number, now);
        assert_eq!(history.due(now, &[Observation { part: TASK, generation, health: Health::Well }]), (vec![], None));
        let (ready, wake) = history.due(now, &[failed(TASK, generation)]);
        assert_eq!(ready, []);
        let Some(wake) = wake else { break };
        assert!(history.note(TASK, now).expect("planned").contains(&format!("attempt {} of 4", number + 1)));
        delays.push(wake - now);
        now = wake;
        assert_eq!(history.due(now, &[failed(TASK, generation)]).0, [(TASK, generation)]);
        history.restarted(TASK, self::generation(number + 1, now));
    }
    assert_eq!(delays.len(), 4);
    for (delay, full) in delays.iter().zip([SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND]) {
        assert!(*delay <= full && *delay > full.mul_f64(0.79), "{delays:?}");
    }
    assert!(history.note(TASK, now).expect("given up").contains("gave up after 4 attempts"));
    assert_eq!(
        history.due(now + 1000 * SECOND, &[failed(TASK, generation(4, now))]),
        (vec![], None),
        "given up for good"
    );
    assert_eq!(history.given_up.get(), 1, "counted once");
}

#[test]
fn a_long_run_and_a_manual_restart_reset_the_attempts() {
    let now = Instant::now();
    let attempt = |history: &RestartHistory| history.note(TASK, now).expect("planned");
    let mut history = history(2);
    for number in 0..2 {
        history.due(now, &[failed(TASK, generation(number, now))]);
        history.restarted(TASK, generation(number + 1, now));
    }
    // Two attempts are used. This generation ran for long, so the next attempt is the first again.
    history.due(now + 100 * SECOND, &[failed(TASK, generation(2, now))]);
    assert!(attempt(&history).contains("attempt 1 of 2"), "{}", attempt(&history));
    history.restarted(TASK, generation(3, now));
    history.due(now, &[failed(TASK, generation(3, now))]);
    assert!(attempt(&history).contains("attempt 2 of 2"));
    // The operator restarts it before the automatic restart is due: a generation that is new to the history.
    let (ready, wake) = history.due(now + SECOND, &[failed(TASK, generation(9, now))]);
    assert!(ready.is_empty() && wake.is_some());
    assert!(attempt(&history).contains("attempt 1 of 2"));
}

#[test]
fn missing_parts_are_forgotten_and_permanent_failures_are_not_restarted() {
    let now = Instant::now();
    let mut history = history(3);
    let other = Part::Task(1);
    let (_, wake) = history.due(now, &[failed(TASK, generation(0, now)), failed(Part::Connector, generation(1, now))]);
    assert!(wake.is_some());
    let (ready, _) =
        history.due(now + SECOND, &[failed(TASK, generation(0, now)), failed(Part::Connector, generation(1, now))]);
    assert_eq!(ready.iter().map(|(part, _)| *part).collect::<Vec<_>>(), [Part::Connector, TASK]);
    // Paused or stopped: no parts are passed, and none is due any more.
    assert_eq!(history.due(now + SECOND, &[]), (vec![], None));
    assert_eq!(history.note(TASK, now), None);
    let permanent = Observation { part: other, generation: generation(2, now), health: Health::Permanent };
    assert_eq!(history.due(now, &[permanent]), (vec![], None));
    assert!(history.note(other, now).expect("a note").contains("the configuration must be changed"));
}

#[test]
fn a_restart_that_fails_before_a_new_generation_counts_too() {
    let now = Instant::now();
    let mut history = history(1);
    let same = generation(0, now);
    history.due(now, &[failed(TASK, same)]);
    history.restarted(TASK, same);
    assert_eq!(history.due(now + SECOND, &[failed(TASK, same)]), (vec![], None));
    assert!(history.note(TASK, now).expect("given up").contains("gave up"));
}

#[test]
fn restarts_that_fail_for_long_do_not_count_as_a_part_that_was_well() {
    let begin = Instant::now();
    let mut history = history(3);
    let same = generation(0, begin);
    for number in 1..=3 {
        // The first failure is immediate; after that, each restart takes longer than the time after which attempts are reset.
        history.due(begin + (number - 1) * 200 * SECOND, &[failed(TASK, same)]);
        let note = history.note(TASK, begin).expect("planned");
        assert!(note.contains(&format!("attempt {number} of 3")), "{note}");
        history.restarted(TASK, same);
    }
    assert_eq!(history.due(begin + 600 * SECOND, &[failed(TASK, same)]), (vec![], None));
    assert_eq!(history.given_up.get(), 1);
}

#[test]
fn without_automatic_restarts_there_is_no_note() {
    let now = Instant::now();
    let mut history = history(0);
    assert!(!history.is_enabled());
    assert_eq!(history.due(now, &[failed(TASK, generation(0, now))]), (vec![], None));
    assert_eq!(history.note(TASK, now), None);
}

/// One task that fails a given number of times.
struct Fake {
    history: Mutex<RestartHistory>,
    state: Mutex<(Generation, u32)>,
    failed: Arc<Notify>,
    done: Notify,
}

impl Restartable for Fake {
    fn due(&self, now: Instant) -> (Vec<(Part, Generation)>, Option<Instant>) {
        let (generation, failures) = *self.state.lock();
        let health = if failures > 0 { Health::Failed } else { Health::Well };
        let found = self.history.lock().due(now, &[Observation { part: TASK, generation, health }]);
        if found.1.is_none() {
            self.done.notify_one();
        }
        found
    }

    async fn restart(self: Arc<Self>, part: Part, generation: Generation) {
        let mut state = self.state.lock();
        assert_eq!((part, generation), (TASK, state.0));
        *state = (Generation::begin(), state.1 - 1);
        self.history.lock().restarted(part, state.0);
        self.failed.notify_one();
    }
}

#[tokio::test]
async fn the_supervisor_restarts_until_it_works_or_the_count_is_used_up_and_ends_with_the_connector() {
    let policy = RestartPolicy {
        max_attempts: 3,
        delay: Duration::from_millis(1),
        delay_max: Duration::from_millis(1),
        reset_after: 100 * SECOND,
    };
    for (failures, left) in [(2, 0), (5, 2)] {
        let failed = Arc::new(Notify::new());
        let fake = Arc::new(Fake {
            history: Mutex::new(RestartHistory::new("c", policy, Arc::default())),
            state: Mutex::new((Generation::begin(), failures)),
            failed: Arc::clone(&failed),
            done: Notify::new(),
        });
        let running = tokio::spawn(supervise(Arc::downgrade(&fake), Arc::clone(&failed)));
        fake.done.notified().await;
        assert_eq!(fake.state.lock().1, left, "{failures} failures");
        drop(fake);
        failed.notify_one();
        running.await.expect("it ended");
    }
}
