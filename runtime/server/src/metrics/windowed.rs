//! Averages and maxima over the last minute or so, by the rules of Kafka's `SampledStat`: a ring of samples, each of which takes
//! what happens within `metrics.sample.window.ms` and counts until nothing was added to it for `metrics.num.samples` such windows.
//!
//! Writers take turns under a lock of their own. Readers take none: they read the samples, and read again if a writer was at work.

use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::time::Duration;

use parking_lot::Mutex;

use super::clock;

/// Most samples that are kept, whatever `metrics.num.samples` says: they are made in advance, for each task.
const MAX_SAMPLES: u32 = 60;
/// How often a reader tries to find no writer at work. A writer needs some ten nanoseconds.
const READS: u32 = 100;

/// How long what happened counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// `metrics.sample.window.ms`: the time that one sample covers.
    pub window: Duration,
    /// `metrics.num.samples`: how many of them count. More than 60 are as good as 60.
    pub samples: u32,
}

impl Default for Sampling {
    /// Kafka Connect's.
    fn default() -> Self {
        Self { window: Duration::from_secs(30), samples: 2 }
    }
}

impl Sampling {
    fn window_ms(self) -> u64 {
        u64::try_from(self.window.as_millis()).unwrap_or(u64::MAX)
    }

    fn kept(self) -> u32 {
        self.samples.clamp(1, MAX_SAMPLES)
    }
}

/// One of the ring. The last three are meaningless while `count` is 0.
#[derive(Debug, Default)]
struct Sample {
    /// Events in it.
    count: AtomicU64,
    /// When it was begun, in milliseconds of [`clock::now`].
    began: AtomicU64,
    /// When something was added last.
    last: AtomicU64,
    /// Bits of an `f64`.
    sum: AtomicU64,
    /// Bits of an `f64`.
    max: AtomicU64,
}

/// Values over a sliding window.
#[derive(Debug)]
pub struct Windowed {
    sampling: Sampling,
    /// Index of the sample that values go to. Held by whoever writes.
    current: Mutex<usize>,
    /// Odd while a writer is at work, another one after it.
    version: AtomicU64,
    /// As in Kafka one more than what counts, because the newest is not full yet.
    samples: Box<[Sample]>,
}

/// What the samples that count say together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Events.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The largest; without events NaN, as in Kafka.
    pub max: f64,
}

impl Summary {
    /// The mean; without events NaN, as in Kafka.
    pub fn average(self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.sum / self.count as f64 }
    }
}

impl Windowed {
    /// Without values.
    pub fn new(sampling: Sampling) -> Self {
        let samples = (0..=sampling.kept()).map(|_| Sample::default()).collect();
        Self { sampling, current: Mutex::new(0), version: AtomicU64::new(0), samples }
    }

    /// Something happened now.
    pub fn record(&self, value: f64) {
        self.record_at(clock::now(), value);
    }

    /// Something took so long, in milliseconds.
    pub fn record_time(&self, time: Duration) {
        self.record(time.as_secs_f64() * 1000.0);
    }

    /// What counts now.
    pub fn summary(&self) -> Summary {
        self.summary_at(clock::now())
    }

    /// Of values that are 1 or 0 the share of ones; without values NaN. Kafka has 0 then, which looks as if everything had failed.
    pub fn share_of_ones(&self) -> f64 {
        self.summary().average()
    }

    /// Of values that are 1 or 0 the share of zeros; without values 0, as in Kafka.
    pub fn share_of_zeros(&self) -> f64 {
        let summary = self.summary();
        if summary.count == 0 { 0.0 } else { 1.0 - summary.average() }
    }

    fn record_at(&self, now: u64, value: f64) {
        let mut current = self.current.lock();
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        let mut sample = &self.samples[*current];
        let complete = now.saturating_sub(sample.began.load(Ordering::Relaxed)) >= self.sampling.window_ms();
        if complete && sample.count.load(Ordering::Relaxed) > 0 {
            *current = (*current + 1) % self.samples.len();
            sample = &self.samples[*current];
            sample.count.store(0, Ordering::Relaxed);
        }
        let count = sample.count.load(Ordering::Relaxed);
        let (sum, max) = match count {
            0 => {
                sample.began.store(now, Ordering::Relaxed);
                (value, value)
            }
            _ => (sample.sum() + value, sample.max().max(value)),
        };
        sample.sum.store(sum.to_bits(), Ordering::Relaxed);
        sample.max.store(max.to_bits(), Ordering::Relaxed);
        sample.last.store(now, Ordering::Relaxed);
        // The last, so that a reader who does not wait is off by this value and no more.
        sample.count.store(count + 1, Ordering::Relaxed);
        self.version.store(version.wrapping_add(2), Ordering::Release);
    }

    fn summary_at(&self, now: u64) -> Summary {
        let mut summary = self.read(now);
        for _ in 0..READS {
            let before = self.version.load(Ordering::Acquire);
            summary = self.read(now);
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == before {
                break;
            }
            // A writer that lost its processor half-way is not waited for: the figures are then off by the value it adds.
            std::hint::spin_loop();
        }
        summary
    }

    fn read(&self, now: u64) -> Summary {
        let age = self.sampling.window_ms().saturating_mul(self.sampling.kept().into());
        let mut summary = Summary { count: 0, sum: 0.0, max: f64::NAN };
        for sample in &self.samples {
            let (count, last) = (sample.count.load(Ordering::Relaxed), sample.last.load(Ordering::Relaxed));
            if count > 0 && now.saturating_sub(last) < age {
                summary.count += count;
                summary.sum += sample.sum();
                // Of a number and NaN the number is the larger one.
                summary.max = summary.max.max(sample.max());
            }
        }
        summary
    }
}

impl Sample {
    fn sum(&self) -> f64 {
        f64::from_bits(self.sum.load(Ordering::Relaxed))
    }

    fn max(&self) -> f64 {
        f64::from_bits(self.max.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windowed(window: u64, samples: u32) -> Windowed {
        Windowed::new(Sampling { window: Duration::from_millis(window), samples })
    }

    #[test]
    fn without_values_there_is_neither_average_nor_maximum() {
        let summary = windowed(1000, 2).summary_at(5);
        assert_eq!(summary.count, 0);
        assert!(summary.average().is_nan() && summary.max.is_nan());
    }

    #[test]
    fn values_of_all_samples_count_together() {
        let values = windowed(1000, 2);
        for (at, value) in [(0, 4.0), (999, 1.0), (1000, 7.0), (2500, -2.0)] {
            values.record_at(at, value);
        }
        let summary = values.summary_at(2600);
        assert_eq!((summary.count, summary.sum, summary.max, summary.average()), (4, 10.0, 7.0, 2.5));
    }

    #[test]
    fn a_sample_counts_until_it_was_left_alone_for_all_windows() {
        let values = windowed(1000, 2);
        values.record_at(0, 9.0);
        values.record_at(900, 1.0);
        values.record_at(1000, 2.0);
        assert_eq!(values.summary_at(2899).max, 9.0, "1,999 ms after its last value");
        assert_eq!(values.summary_at(2900).max, 2.0);
        assert_eq!(values.summary_at(3000).count, 0);
        // Time that passes without values leaves room for new ones.
        values.record_at(10_000, 3.0);
        assert_eq!(values.summary_at(10_000), Summary { count: 1, sum: 3.0, max: 3.0 });
    }

    #[test]
    fn the_ring_forgets_the_oldest_first() {
        let values = windowed(10, 3);
        for at in 0..100 {
            values.record_at(at * 10, at as f64);
        }
        // 99, 98 and 97 are younger than 30 ms.
        assert_eq!(values.summary_at(990), Summary { count: 3, sum: 294.0, max: 99.0 });
    }

    #[test]
    fn a_window_of_no_time_and_samples_without_end_are_bounded() {
        let values = windowed(0, u32::MAX);
        assert_eq!(values.samples.len(), 61);
        values.record_at(1, 1.0);
        values.record_at(1, 2.0);
        assert_eq!(values.summary_at(1).count, 0, "nothing is younger than no time");
    }

    #[test]
    fn a_reader_is_never_off_by_more_than_the_value_that_is_being_added() {
        let values = std::sync::Arc::new(windowed(1, 4));
        let writer = std::thread::spawn({
            let values = std::sync::Arc::clone(&values);
            move || (0..200_000_u64).for_each(|at| values.record_at(at / 100, 2.0))
        });
        while !writer.is_finished() {
            let summary = values.summary_at(0);
            let off = summary.sum - summary.count as f64 * 2.0;
            assert!(off == 0.0 || off == 2.0, "{summary:?}");
        }
        writer.join().expect("the writer");
    }
}
