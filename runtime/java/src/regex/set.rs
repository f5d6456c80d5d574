//! Sets of characters.

/// The last code point.
const LAST: u32 = 0x10_FFFF;

/// Code points as ranges, from first to last, sorted and not adjacent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CharSet(Vec<(u32, u32)>);

impl CharSet {
    pub(super) fn new(ranges: impl IntoIterator<Item = (u32, u32)>) -> CharSet {
        let mut ranges: Vec<_> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut apart: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match apart.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => apart.push((first, last)),
            }
        }
        CharSet(apart)
    }

    pub(super) fn of(members: &str) -> CharSet {
        CharSet::new(members.chars().map(|member| (member.into(), member.into())))
    }

    pub(super) fn range(first: char, last: char) -> CharSet {
        CharSet(vec![(first.into(), last.into())])
    }

    pub(super) fn contains(&self, member: char) -> bool {
        let member = u32::from(member);
        let count = self.0.partition_point(|&(first, _)| first <= member);
        count > 0 && member <= self.0[count - 1].1
    }

    /// Returns the union of sets.
    pub(super) fn all(sets: &[CharSet]) -> CharSet {
        CharSet::new(sets.iter().flat_map(|set| &set.0).copied())
    }

    pub(super) fn union(&self, other: &CharSet) -> CharSet {
        CharSet::new(self.0.iter().chain(&other.0).copied())
    }

    pub(super) fn negated(&self) -> CharSet {
        let mut between = Vec::with_capacity(self.0.len() + 1);
        let mut next = 0;
        for &(first, last) in &self.0 {
            if first > next {
                between.push((next, first - 1));
            }
            next = last + 1;
        }
        if next <= LAST {
            between.push((next, LAST));
        }
        CharSet(between)
    }

    pub(super) fn intersection(&self, other: &CharSet) -> CharSet {
        self.negated().union(&other.negated()).negated()
    }

    /// Returns the set with both cases of each ASCII letter that it contains in one case, as `(?i)` does in Java.
    pub(super) fn with_both_cases(&self) -> CharSet {
        let other_case = |letter: char| {
            if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
        };
        let letters = ('a'..='z').chain('A'..='Z').filter(|&letter| self.contains(letter)).map(other_case);
        self.union(&CharSet::new(letters.map(|letter| (letter.into(), letter.into()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_joined_and_negated_and_intersected() {
        let letters = CharSet::new([('m'.into(), 'z'.into()), ('a'.into(), 'l'.into())]);
        assert_eq!(letters, CharSet::range('a', 'z'));
        assert!(letters.contains('a') && letters.contains('z') && !letters.contains('A') && !letters.contains('{'));
        assert_eq!(letters.negated().negated(), letters);
        assert_eq!(letters.intersection(&CharSet::of("a-")), CharSet::of("a"));
        assert_eq!(CharSet::default().negated(), CharSet::range('\0', char::MAX));
        assert_eq!(CharSet::of("aé").with_both_cases(), CharSet::of("Aaé"));
    }
}
