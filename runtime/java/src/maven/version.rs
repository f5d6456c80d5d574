//! The order of versions: Maven's `ComparableVersion`, by which Kafka Connect orders plugins (KIP-891).

use std::cmp::Ordering;

/// The number of characters of a version that are compared. Each `-` nests what follows, so there must be a limit.
const MAX: usize = 256;

/// Kafka Connect's name for the version of a plugin that has none.
const UNDEFINED: &str = "undefined";

/// A version in a form that can be compared. `1.0`, `1` and `1-ga` are equal.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    /// Nested as in Maven, without insignificant items at the end of a list.
    items: Vec<Item>,
}

#[derive(Debug, Clone)]
enum Item {
    /// Digits without leading zeros; empty for zero.
    Number(String),
    /// A qualifier in lower case; synonyms are replaced.
    Text(String),
    /// The items after a hyphen, or after a change between digits and letters.
    List(Vec<Item>),
}

impl Version {
    /// Creates a version from any text. An empty text means `undefined`.
    pub fn new(text: &str) -> Self {
        let text = if text.is_empty() { UNDEFINED } else { text };
        Self::of(text)
    }

    /// A bound of a range, which may be empty.
    pub(super) fn of(text: &str) -> Self {
        Self { text: text.to_owned(), items: parse(text) }
    }

    /// Returns the original text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_lists(&self.items, &other.items)
    }
}

/// Puts items into nested lists. A list contains all items that follow, so it is always the last item of its parent.
struct Lists(Vec<Vec<Item>>);

impl Lists {
    fn add(&mut self, item: Item) {
        match self.0.last_mut() {
            Some(list) => list.push(item),
            None => self.0.push(vec![item]),
        }
    }

    fn nest(&mut self) {
        self.0.push(Vec::new());
    }

    /// Begins a list unless the current one is empty.
    fn nest_if_used(&mut self) {
        if self.0.last().is_some_and(|list| !list.is_empty()) {
            self.nest();
        }
    }

    fn finish(self) -> Vec<Item> {
        let mut inner: Vec<Item> = Vec::new();
        for mut list in self.0.into_iter().rev() {
            while list.last().is_some_and(Item::is_insignificant) {
                list.pop();
            }
            if !inner.is_empty() {
                list.push(Item::List(inner));
            }
            inner = list;
        }
        inner
    }
}

fn parse(text: &str) -> Vec<Item> {
    let text: Vec<char> = text.chars().take(MAX).flat_map(char::to_lowercase).collect();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().iter().collect::<String>();
    let mut lists = Lists(vec![Vec::new()]);
    let (mut start, mut in_number) = (0, false);
    for (at, letter) in text.iter().enumerate() {
        match letter {
            '.' | '-' => {
                lists.add(if at == start {
                    Item::Number(String::new())
                } else {
                    Item::new(&part(start, at), in_number)
                });
                start = at + 1;
                if *letter == '-' {
                    lists.nest();
                }
            }
            '0'..='9' => {
                if !in_number && at > start {
                    lists.nest_if_used();
                    lists.add(Item::before_digit(&part(start, at)));
                    start = at;
                    lists.nest();
                }
                in_number = true;
            }
            _ => {
                if in_number && at > start {
                    lists.add(Item::new(&part(start, at), true));
                    start = at;
                    lists.nest();
                }
                in_number = false;
            }
        }
    }
    if start < text.len() {
        if !in_number {
            lists.nest_if_used();
        }
        lists.add(Item::new(&part(start, text.len()), in_number));
    }
    lists.finish()
}

impl Item {
    fn new(text: &str, is_number: bool) -> Self {
        if is_number {
            return Self::Number(text.trim_start_matches('0').to_owned());
        }
        let main = match text {
            "ga" | "final" | "release" => "",
            "cr" => "rc",
            other => other,
        };
        Self::Text(main.to_owned())
    }

    /// Creates a qualifier that is followed by a digit, which may be abbreviated.
    fn before_digit(text: &str) -> Self {
        match text {
            "a" => Self::Text("alpha".to_owned()),
            "b" => Self::Text("beta".to_owned()),
            "m" => Self::Text("milestone".to_owned()),
            other => Self::new(other, false),
        }
    }

    fn is_insignificant(&self) -> bool {
        match self {
            Self::Number(digits) => digits.is_empty(),
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
        }
    }

    /// Compares the item with the end of the other version.
    fn compare_to_nothing(&self) -> Ordering {
        match self {
            Self::Number(digits) if digits.is_empty() => Ordering::Equal,
            Self::Number(_) => Ordering::Greater,
            Self::Text(text) => rank(text).cmp(&rank("")),
            Self::List(items) => {
                items.iter().map(Self::compare_to_nothing).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            }
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => (a.len(), a).cmp(&(b.len(), b)),
            (Self::Number(_), _) => Ordering::Greater,
            (_, Self::Number(_)) => Ordering::Less,
            (Self::Text(a), Self::Text(b)) => rank(a).cmp(&rank(b)),
            (Self::Text(_), Self::List(_)) => Ordering::Less,
            (Self::List(_), Self::Text(_)) => Ordering::Greater,
            (Self::List(a), Self::List(b)) => compare_lists(a, b),
        }
    }
}

/// Returns the rank of a qualifier. Known qualifiers are in this order, in which the empty one is the release. All others
/// come after them, in alphabetical order.
fn rank(qualifier: &str) -> (usize, &str) {
    const KNOWN: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];
    match KNOWN.iter().position(|known| *known == qualifier) {
        Some(place) => (place, ""),
        None => (KNOWN.len(), qualifier),
    }
}

fn compare_lists(a: &[Item], b: &[Item]) -> Ordering {
    let longest = a.len().max(b.len());
    (0..longest)
        .map(|place| match (a.get(place), b.get(place)) {
            (Some(a), Some(b)) => a.compare(b),
            (Some(a), None) => a.compare_to_nothing(),
            (None, Some(b)) => b.compare_to_nothing().reverse(),
            (None, None) => Ordering::Equal,
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_by_maven() {
        // Each pair was compared with Maven's class.
        let rising = [
            "0.9",
            "1.0-alpha-1",
            "1.0-beta",
            "1.0-m3",
            "1.0-rc1",
            "1.0-SNAPSHOT",
            "1.0",
            "1.0-sp",
            "1.0-foo",
            "1.0-1",
            "1.0.1",
            "1.2",
            "1.10-rc1",
            "1.10",
            "4.3.1",
            "10",
            "2147483648",
            "99999999999999999999",
        ];
        for pair in rising.windows(2) {
            assert!(Version::new(pair[0]) < Version::new(pair[1]), "{pair:?}");
            assert!(Version::new(pair[1]) > Version::new(pair[0]), "{pair:?}");
        }
    }

    #[test]
    fn versions_in_different_notation_may_be_equal() {
        for (a, b) in [
            ("1.0", "1.0.0"),
            ("1", "1-ga"),
            ("1.0", "1.0-final"),
            ("1.a1", "1-alpha-1"),
            ("1.0-CR1", "1.0-rc1"),
            ("1.01", "1.1"),
            ("1x", "1-x"),
            ("1.0.x1", "1-x-1"),
            ("", "undefined"),
        ] {
            assert_eq!(Version::new(a), Version::new(b), "{a} {b}");
        }
    }

    #[test]
    fn a_version_of_any_length_is_compared() {
        let deep = "1-".repeat(1_000_000);
        assert!(Version::new(&deep) > Version::new("1"));
    }
}
