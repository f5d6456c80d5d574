//! A run of a target without libFuzzer.
//!
//! It takes a fixed number of inputs, the same in each run. With `WEIR_FUZZ_SECONDS` it takes others for that long, and prints the seed
//! that it began with; `WEIR_FUZZ_SEED` begins with that seed again.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::mutate::{Random, mutate};

/// How long a run lasts, and the random numbers that it uses.
#[derive(Debug)]
pub struct Run {
    end: Option<Instant>,
    /// The random numbers.
    pub random: Random,
}

impl Run {
    /// Begins a run with what the environment says.
    ///
    /// # Panics
    /// If a variable is not a number.
    pub fn from_environment() -> Self {
        let number =
            |name: &str, text: &str| text.parse().unwrap_or_else(|_| panic!("{name}: {text:?} is not a valid number"));
        let variable = |name: &str| std::env::var(name).ok().map(|text| -> u64 { number(name, &text) });
        let seconds = variable("WEIR_FUZZ_SECONDS");
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs());
        let seed = variable("WEIR_FUZZ_SEED").unwrap_or(if seconds.is_some() { clock } else { 1 });
        if seconds.is_some() {
            println!("WEIR_FUZZ_SEED={seed}");
        }
        let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        Self { end, random: Random::new(seed) }
    }

    /// Whether to take another input after `taken` of them, where a run without a time takes `most`.
    pub fn continues(&self, taken: usize, most: usize) -> bool {
        self.end.map_or(taken < most, |end| Instant::now() < end)
    }

    /// Gives each seed to a target, and then mutated seeds.
    ///
    /// # Panics
    /// If the target does, having printed the input.
    pub fn inputs(mut self, seeds: &[Vec<u8>], most: usize, target: impl Fn(&[u8])) {
        let give = |input: &[u8]| {
            catch_unwind(AssertUnwindSafe(|| target(input))).unwrap_or_else(|panic| {
                println!("the input: {}", input.escape_ascii());
                resume_unwind(panic)
            });
        };
        seeds.iter().for_each(|seed| give(seed));
        let mut taken = 0;
        while self.continues(taken, most) {
            let mut input = seeds[self.random.below(seeds.len())].clone();
            mutate(&mut input, &mut self.random);
            give(&input);
            taken += 1;
        }
        println!("{taken} inputs");
    }
}
