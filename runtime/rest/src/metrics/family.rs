//! A family of samples: its name, what it means, and how its values come out of what is looked at. Tables of these are all that there is
//! to know about `GET /metrics`: the answer and `docs/metrics.md` are both written from them.

use super::text::{Kind, Labels, Text, Value};

/// One family, of things of type `T`.
pub(super) struct Family<T: ?Sized> {
    /// Its name.
    pub(super) name: &'static str,
    /// Its type.
    pub(super) kind: Kind,
    /// What it means, with its unit. One sentence or two.
    pub(super) help: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "for docs/metrics.md, which a test writes"))]
    /// The attributes of Kafka Connect's MBeans that it tells, as `group/attribute`; empty = Weir's own.
    pub(super) attributes: &'static [&'static str],
    /// Writes the samples of one thing.
    pub(super) write: fn(&T, &mut Samples<'_>),
}

/// Where a family writes the samples of one thing.
pub(super) struct Samples<'a> {
    text: &'a mut Text,
    name: &'static str,
    labels: &'a Labels,
    /// What to write before the first sample.
    head: &'a mut Option<(Kind, &'static str)>,
}

impl Samples<'_> {
    /// The only sample of the thing.
    pub(super) fn one(&mut self, value: impl Into<Value>) {
        self.with(&[], value);
    }

    /// One of several, told apart by these labels.
    pub(super) fn with(&mut self, more: &[(&str, &str)], value: impl Into<Value>) {
        if let Some((kind, help)) = self.head.take() {
            self.text.family(self.name, kind, help);
        }
        self.text.sample(self.name, self.labels, more, value.into());
    }
}

/// Writes families of these things, each thing with the labels that it has in all of them. A family without samples is left out.
pub(super) fn write<'a, T: ?Sized + 'a>(
    text: &mut Text,
    families: &[Family<T>],
    things: impl Iterator<Item = (&'a Labels, &'a T)> + Clone,
) {
    for family in families {
        let mut head = Some((family.kind, family.help));
        for (labels, thing) in things.clone() {
            (family.write)(thing, &mut Samples { text, name: family.name, labels, head: &mut head });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_begun_once_and_only_for_samples() {
        let families: [Family<u64>; 2] = [
            Family { name: "a", kind: Kind::Gauge, help: "A.", attributes: &[], write: |n, samples| samples.one(*n) },
            Family { name: "b", kind: Kind::Gauge, help: "B.", attributes: &[], write: |_, _| {} },
        ];
        let (mut text, labels) = (Text::default(), Labels::none().with("x", "y"));
        write(&mut text, &families, [1, 2].iter().map(|thing| (&labels, thing)));
        assert_eq!(text.finish(), "# HELP a A.\n# TYPE a gauge\na{x=\"y\"} 1\na{x=\"y\"} 2\n");
    }
}
