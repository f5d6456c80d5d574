//! What was measured, run by run, and which run represents a system.

use serde::Serialize;

use crate::figure::{Figure, Figures};

/// Who did the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Name {
    Weir,
    KafkaConnect,
    Kcat,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Weir => "Weir",
            Self::KafkaConnect => "Kafka Connect",
            Self::Kcat => "kcat",
        })
    }
}

/// Which run of a process it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Run {
    /// In a fresh process; of a JVM, cold.
    First,
    /// The same work once more in the same process; of a JVM, warm.
    Second,
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sample {
    /// Which of a scenario's works; empty where there is one.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) case: &'static str,
    pub(crate) system: Name,
    /// From 1.
    pub(crate) round: u32,
    pub(crate) run: Run,
    pub(crate) figures: Figures,
}

/// The run that represents a system: of all rounds the one with the lowest figure `by`, so that all other figures are of that
/// run too. None when there is no such run, or none that has the figure.
pub(crate) fn best<'a>(samples: &'a [Sample], case: &str, system: Name, run: Run, by: Figure) -> Option<&'a Sample> {
    samples
        .iter()
        .filter(|sample| sample.case == case && sample.system == system && sample.run == run)
        .filter_map(|sample| Some((sample, sample.figures.get(&by)?)))
        .min_by(|(_, left), (_, right)| left.total_cmp(right))
        .map(|(sample, _)| sample)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample(system: Name, round: u32, run: Run, figures: &[(Figure, f64)]) -> Sample {
        Sample { case: "", system, round, run, figures: figures.iter().copied().collect() }
    }

    #[test]
    fn the_run_with_the_lowest_figure_stands_for_the_system_with_all_of_its_figures() {
        let of = |round, run, cpu, rows| {
            sample(Name::Weir, round, run, &[(Figure::CpuSeconds, cpu), (Figure::RowsPerSecond, rows)])
        };
        let samples = [
            of(1, Run::First, 2.0, 9.0),
            of(1, Run::Second, 1.0, 8.0),
            of(2, Run::First, 1.5, 7.0),
            of(3, Run::First, 1.6, 10.0),
            sample(Name::KafkaConnect, 1, Run::First, &[(Figure::CpuSeconds, 0.1)]),
            sample(Name::Weir, 4, Run::First, &[(Figure::WallSeconds, 0.1)]),
        ];
        let found = best(&samples, "", Name::Weir, Run::First, Figure::CpuSeconds).unwrap();
        assert_eq!((found.round, found.figures[&Figure::RowsPerSecond]), (2, 7.0));
        assert!(best(&samples, "", Name::Kcat, Run::First, Figure::CpuSeconds).is_none());
        assert!(best(&samples, "other", Name::Weir, Run::First, Figure::CpuSeconds).is_none());
    }
}
