//! What is wanted of a figure, and whether it is so.

use crate::number;
use crate::sample::Name;

/// What Weir's figure is held to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    /// No more than this.
    Most(f64),
    /// No more than this part, or this many times, of another system's.
    MostOf(f64, Name),
    /// At least this many times another system's.
    LeastOf(f64, Name),
}

impl Goal {
    /// The system it compares with.
    pub(crate) fn against(self) -> Option<Name> {
        match self {
            Self::Most(_) => None,
            Self::MostOf(_, name) | Self::LeastOf(_, name) => Some(name),
        }
    }

    /// Whether it is reached. None without a figure that it needs: nothing is known then.
    pub(crate) fn reached(self, weir: Option<f64>, other: Option<f64>) -> Option<bool> {
        let weir = weir?;
        match self {
            Self::Most(most) => Some(weir <= most),
            Self::MostOf(times, _) => Some(weir <= times * other?),
            Self::LeastOf(times, _) => Some(weir >= times * other?),
        }
    }
}

impl std::fmt::Display for Goal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Most(most) => write!(f, "at most {}", number::plain(*most)),
            Self::MostOf(times, name) if *times < 1.0 => {
                write!(f, "at most 1/{} of {name}", number::plain(1.0 / times))
            }
            Self::MostOf(times, name) if *times == 1.0 => write!(f, "at most {name}"),
            Self::MostOf(times, name) => write!(f, "at most {} x {name}", number::plain(*times)),
            Self::LeastOf(times, name) => write!(f, "at least {} x {name}", number::plain(*times)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_reached_or_not_or_unknown() {
        let fifth = Goal::MostOf(0.2, Name::KafkaConnect);
        assert_eq!(fifth.reached(Some(1.9), Some(10.0)), Some(true));
        assert_eq!(fifth.reached(Some(2.1), Some(10.0)), Some(false));
        assert_eq!(fifth.reached(Some(2.1), None), None);
        assert_eq!(fifth.reached(None, Some(10.0)), None);
        let double = Goal::LeastOf(2.0, Name::KafkaConnect);
        assert_eq!(double.reached(Some(20.0), Some(10.0)), Some(true));
        assert_eq!(double.reached(Some(19.0), Some(10.0)), Some(false));
        assert_eq!(Goal::Most(100.0).reached(Some(100.0), None), Some(true));
        assert_eq!(Goal::Most(100.0).reached(Some(100.5), Some(1000.0)), Some(false));
    }

    #[test]
    fn goals_are_written_as_one_would_say_them() {
        assert_eq!(Goal::Most(0.5).to_string(), "at most 0.5");
        assert_eq!(Goal::MostOf(1.0 / 3.0, Name::KafkaConnect).to_string(), "at most 1/3 of Kafka Connect");
        assert_eq!(Goal::MostOf(1.5, Name::Kcat).to_string(), "at most 1.5 x kcat");
        assert_eq!(Goal::MostOf(1.0, Name::KafkaConnect).to_string(), "at most Kafka Connect");
        assert_eq!(Goal::LeastOf(3.0, Name::KafkaConnect).to_string(), "at least 3 x Kafka Connect");
    }
}
