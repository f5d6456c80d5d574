//! The counters of the REST server: responses by status, failed logins and failed TLS handshakes.

use super::counter::{Counter, Gauge};

/// The range of HTTP statuses.
const FIRST: u16 = 100;
const COUNT: usize = 500;

/// Statuses that are reported from the start, so that Prometheus sees the first such response as an increase.
const ALWAYS: [u16; 5] = [401, 403, 429, 500, 503];

/// The counters of all listeners together.
#[derive(Debug)]
pub struct RestMetrics {
    answers: Box<[Counter]>,
    /// Requests with credentials that are not valid.
    pub failed_logins: Counter,
    /// Failed TLS handshakes, except those that a client aborted.
    pub failed_handshakes: Counter,
    /// When the certificate of `listeners` expires, in seconds since 1970; 0 if there is no certificate.
    pub certificate: Gauge,
    /// The same for `admin.listeners`.
    pub admin_certificate: Gauge,
}

impl Default for RestMetrics {
    fn default() -> Self {
        Self {
            answers: (0..COUNT).map(|_| Counter::default()).collect(),
            failed_logins: Counter::default(),
            failed_handshakes: Counter::default(),
            certificate: Gauge::default(),
            admin_certificate: Gauge::default(),
        }
    }
}

impl RestMetrics {
    /// Counts a response with this status.
    pub fn answered(&self, status: u16) {
        if let Some(counter) = self.answers.get(usize::from(status.wrapping_sub(FIRST))) {
            counter.increment();
        }
    }

    /// Returns the number of responses for each status that has occurred or is reported from the start.
    pub fn answers(&self) -> impl Iterator<Item = (u16, u64)> {
        let counts = (FIRST..).zip(self.answers.iter()).map(|(status, counter)| (status, counter.get()));
        counts.filter(|(status, count)| *count > 0 || ALWAYS.contains(status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_counted_by_status() {
        let metrics = RestMetrics::default();
        [200, 401, 200, 599, 99, 600, 0, u16::MAX].into_iter().for_each(|status| metrics.answered(status));
        let counts: Vec<_> = metrics.answers().collect();
        assert_eq!(counts, [(200, 2), (401, 1), (403, 0), (429, 0), (500, 0), (503, 0), (599, 1)]);
    }
}
