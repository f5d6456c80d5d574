//! What this instance does, and in which hook. The first call with a configuration sets it.

use std::cell::RefCell;

/// The part of the configuration that is used here.
#[derive(Debug, Clone, Default)]
struct Plan {
    entries: Vec<(String, String)>,
    /// Number of calls of the hook that still behave.
    patience: u32,
    /// How many calls misbehave after that; `None` if all do.
    times: Option<u32>,
    /// How many calls have misbehaved.
    done: usize,
}

thread_local! {
    static PLAN: RefCell<Plan> = RefCell::default();
}

/// Replaces the plan with the one in a configuration.
pub fn set(entries: Vec<(String, String)>) {
    let number = |name: &str| entries.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse().ok());
    let (patience, times) = (number("after").unwrap_or(0), number("times"));
    PLAN.set(Plan { entries, patience, times, done: 0 });
}

/// Returns the value of a key, or an empty string if the key is missing.
pub fn value(key: &str) -> String {
    PLAN.with_borrow(|plan| {
        let found = plan.entries.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    })
}

/// Whether the file exists that ends the misbehaviour. A file outlives this instance; nothing else that a guest can access does.
fn is_over() -> bool {
    let until = value("until");
    !until.is_empty() && std::fs::metadata(until).is_ok()
}

/// Returns what to do now in this hook, or `None` to behave. `does` may name several deeds, separated by commas: each is done once, and
/// the last one in all further calls.
pub fn deed(hook: &str) -> Option<String> {
    if value("hook") != hook || is_over() {
        return None;
    }
    let done = PLAN.with_borrow_mut(|plan| {
        if plan.patience > 0 {
            plan.patience -= 1;
            return None;
        }
        if let Some(times) = &mut plan.times {
            *times = times.checked_sub(1)?;
        }
        plan.done += 1;
        Some(plan.done - 1)
    })?;
    let deeds = value("does");
    deeds.split(',').nth(done).or(deeds.split(',').next_back()).map(str::to_owned)
}
