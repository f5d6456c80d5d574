//! What this instance is to do, and where. Set by the first call that brings a configuration.

use std::cell::RefCell;

use crate::bindings::weir::connect::data::ConfigEntry;

/// The configuration that matters here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    entries: Vec<(String, String)>,
    /// Calls of the hook that still go well.
    patience: u32,
    /// How often it still misbehaves after that; none = for ever.
    times: Option<u32>,
    /// How often it did.
    done: usize,
}

thread_local! {
    static PLAN: RefCell<Plan> = RefCell::default();
}

/// Takes a configuration over.
pub(crate) fn set(config: &[ConfigEntry]) {
    let entries: Vec<_> = config.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect();
    let number = |name: &str| entries.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse().ok());
    let (patience, times) = (number("after").unwrap_or(0), number("times"));
    PLAN.set(Plan { entries, patience, times, done: 0 });
}

/// The value of a key, empty when it is not given.
pub(crate) fn value(key: &str) -> String {
    PLAN.with_borrow(|plan| {
        let found = plan.entries.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    })
}

/// The file is there that ends it. It outlives this instance, as nothing else does that a guest knows.
fn is_over() -> bool {
    let until = value("until");
    !until.is_empty() && std::fs::metadata(until).is_ok()
}

/// What to do now in this hook; none = behave. `does` may name several deeds with commas between: one after the other, the last
/// again and again.
pub(crate) fn deed(hook: &str) -> Option<String> {
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
