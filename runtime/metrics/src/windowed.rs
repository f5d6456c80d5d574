//! Averages and maxima over about the last minute, by the rules of Kafka's `SampledStat`: a ring of samples. Each sample collects the
//! values of `metrics.sample.window.ms`, and counts until no value was added to it for `metrics.num.samples` such windows.
//!
//! Recording and reading use one lock. It is taken once for each batch and each scrape, for some ten nanoseconds, and never held while
//! waiting.

use std::time::Duration;

use parking_lot::Mutex;

use super::clock;

/// Maximum number of samples, whatever `metrics.num.samples` says: they are allocated in advance, for each task.
const MAX_SAMPLES: u32 = 60;

/// How long values count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// `metrics.sample.window.ms`: the time that one sample covers.
    pub window: Duration,
    /// `metrics.num.samples`: how many samples count, at most 60.
    pub samples: u32,
}

impl Default for Sampling {
    /// Returns Kafka Connect's defaults.
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

/// One sample of the ring. The other fields are meaningless while `count` is 0.
#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    /// The number of values in it.
    count: u64,
    /// When its first value was added, in milliseconds of [`clock::now`].
    began: u64,
    /// When its last value was added.
    last: u64,
    sum: f64,
    max: f64,
}

/// Values over a sliding window.
#[derive(Debug)]
pub struct Windowed {
    sampling: Sampling,
    ring: Mutex<Ring>,
}

#[derive(Debug)]
struct Ring {
    /// Index of the sample that values are added to.
    current: usize,
    /// As in Kafka, one more than the samples that count, because the newest is not full yet.
    samples: Box<[Sample]>,
}

/// The summary of the samples that count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The number of values.
    pub count: u64,
    /// The sum of the values.
    pub sum: f64,
    /// The largest value; NaN if there are no values, as in Kafka.
    pub max: f64,
}

impl Summary {
    /// Returns the mean; NaN if there are no values, as in Kafka.
    pub fn average(self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.sum / self.count as f64 }
    }
}

impl Windowed {
    /// Creates a window without values.
    pub fn new(sampling: Sampling) -> Self {
        let samples = (0..=sampling.kept()).map(|_| Sample::default()).collect();
        Self { sampling, ring: Mutex::new(Ring { current: 0, samples }) }
    }

    /// Adds a value.
    pub fn record(&self, value: f64) {
        self.record_at(clock::now(), value);
    }

    /// Adds a duration, in milliseconds.
    pub fn record_time(&self, time: Duration) {
        self.record(time.as_secs_f64() * 1000.0);
    }

    /// Returns the summary of the values that count now.
    pub fn summary(&self) -> Summary {
        self.summary_at(clock::now())
    }

    /// Returns the share of ones of values that are 0 or 1; NaN if there are no values. Kafka has 0 then, which looks as if everything had
    /// failed.
    pub fn share_of_ones(&self) -> f64 {
        self.summary().average()
    }

    /// Returns the share of zeros of values that are 0 or 1; 0 if there are no values, as in Kafka.
    pub fn share_of_zeros(&self) -> f64 {
        let summary = self.summary();
        if summary.count == 0 { 0.0 } else { 1.0 - summary.average() }
    }

    fn record_at(&self, now: u64, value: f64) {
        let mut ring = self.ring.lock();
        let Ring { current, samples } = &mut *ring;
        let newest = samples[*current];
        if newest.count > 0 && now.saturating_sub(newest.began) >= self.sampling.window_ms() {
            *current = (*current + 1) % samples.len();
            samples[*current].count = 0;
        }
        let sample = &mut samples[*current];
        *sample = match sample.count {
            0 => Sample { count: 1, began: now, last: now, sum: value, max: value },
            count => Sample {
                count: count + 1,
                began: sample.began,
                last: now,
                sum: sample.sum + value,
                max: sample.max.max(value),
            },
        };
    }

    fn summary_at(&self, now: u64) -> Summary {
        let age = self.sampling.window_ms().saturating_mul(self.sampling.kept().into());
        let mut summary = Summary { count: 0, sum: 0.0, max: f64::NAN };
        for sample in &self.ring.lock().samples {
            if sample.count > 0 && now.saturating_sub(sample.last) < age {
                summary.count += sample.count;
                summary.sum += sample.sum;
                // `f64::max` of a number and NaN is the number.
                summary.max = summary.max.max(sample.max);
            }
        }
        summary
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
    fn a_sample_counts_until_no_value_was_added_for_all_windows() {
        let values = windowed(1000, 2);
        values.record_at(0, 9.0);
        values.record_at(900, 1.0);
        values.record_at(1000, 2.0);
        assert_eq!(values.summary_at(2899).max, 9.0, "1,999 ms after its last value");
        assert_eq!(values.summary_at(2900).max, 2.0);
        assert_eq!(values.summary_at(3000).count, 0);
        // A sample that no longer counts is reused for new values.
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
    fn an_empty_window_and_an_unlimited_number_of_samples_are_bounded() {
        let values = windowed(0, u32::MAX);
        assert_eq!(values.ring.lock().samples.len(), 61);
        values.record_at(1, 1.0);
        values.record_at(1, 2.0);
        assert_eq!(values.summary_at(1).count, 0, "no value is younger than an empty window");
    }
}
