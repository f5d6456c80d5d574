//! Which figures are compared, and what follows from them.

use serde::Serialize;

use crate::figure::Figure;
use crate::goal::Goal;
use crate::sample::{Name, Run, Sample, best};
use crate::scenarios::Row;

/// A row of the table, with its figures.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) case: &'static str,
    pub(crate) figure: Figure,
    /// As one would say it.
    pub(crate) goal: Option<String>,
    pub(crate) weir: Option<f64>,
    /// Of a second run in the same process.
    pub(crate) weir_again: Option<f64>,
    pub(crate) connect_warm: Option<f64>,
    pub(crate) connect_cold: Option<f64>,
    pub(crate) kcat: Option<f64>,
    /// Weir's figure divided by that of the system the goal names, of Kafka Connect's where it names none.
    pub(crate) ratio: Option<f64>,
    pub(crate) reached: Option<bool>,
}

/// The rows of a scenario. Weir's first run is compared with Kafka Connect's second, which is the better one for a JVM, and with its
/// first where there is no second.
pub(crate) fn lines(rows: &[Row], best_by: Figure, samples: &[Sample]) -> Vec<Line> {
    rows.iter().map(|row| line(row, best_by, samples)).collect()
}

fn line(row: &Row, best_by: Figure, samples: &[Sample]) -> Line {
    let of = |system, run| best(samples, row.case, system, run, best_by)?.figures.get(&row.figure).copied();
    let weir = of(Name::Weir, Run::First);
    let connect_cold = of(Name::KafkaConnect, Run::First);
    let connect_warm = of(Name::KafkaConnect, Run::Second);
    let kcat = of(Name::Kcat, Run::First);
    let other = match row.goal.and_then(Goal::against) {
        Some(Name::Kcat) => kcat,
        _ => connect_warm.or(connect_cold),
    };
    Line {
        case: row.case,
        figure: row.figure,
        goal: row.goal.map(|goal| goal.to_string()),
        weir,
        weir_again: of(Name::Weir, Run::Second),
        connect_warm,
        connect_cold,
        kcat,
        // There is no factor of zero.
        ratio: weir.zip(other.filter(|other| *other != 0.0)).map(|(weir, other)| weir / other),
        reached: row.goal.and_then(|goal| goal.reached(weir, other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::tests::sample;

    fn row(goal: Goal) -> Row {
        Row { case: "", figure: Figure::CpuSeconds, goal: Some(goal) }
    }

    fn samples() -> Vec<Sample> {
        let cpu = |system, run, seconds| sample(system, 1, run, &[(Figure::CpuSeconds, seconds)]);
        vec![
            cpu(Name::Weir, Run::First, 2.0),
            cpu(Name::Weir, Run::Second, 1.0),
            cpu(Name::KafkaConnect, Run::First, 16.0),
            cpu(Name::KafkaConnect, Run::Second, 8.0),
            cpu(Name::Kcat, Run::First, 1.5),
        ]
    }

    #[test]
    fn the_first_run_of_weir_is_compared_with_the_warm_one_of_kafka_connect() {
        let rows = [row(Goal::MostOf(0.2, Name::KafkaConnect)), row(Goal::MostOf(2.0, Name::Kcat))];
        let lines = lines(&rows, Figure::CpuSeconds, &samples());
        assert_eq!((lines[0].ratio, lines[0].reached), (Some(0.25), Some(false)));
        assert_eq!((lines[0].weir_again, lines[0].connect_cold), (Some(1.0), Some(16.0)));
        assert_eq!((lines[1].ratio, lines[1].reached), (Some(2.0 / 1.5), Some(true)));
    }

    #[test]
    fn without_a_warm_run_the_cold_one_is_taken_and_without_any_nothing_is_said() {
        let mut samples = samples();
        samples.remove(3);
        let goal = row(Goal::MostOf(0.2, Name::KafkaConnect));
        let found = line(&goal, Figure::CpuSeconds, &samples);
        assert_eq!((found.ratio, found.reached), (Some(0.125), Some(true)));
        let found = line(&goal, Figure::CpuSeconds, &samples[..1]);
        assert_eq!((found.ratio, found.reached), (None, None));
    }
}
