//! A family of samples: its name, its meaning, and how to read its values. The response of `GET /metrics` and `docs/metrics.md` are both
//! written from tables of families.

use super::text::{Kind, Labels, Text, Value};

/// A family whose values come from a `T`.
pub(super) struct Family<T: ?Sized> {
    /// The name of the family.
    pub(super) name: &'static str,
    /// The type of the family.
    pub(super) kind: Kind,
    /// The meaning and the unit, in one or two sentences.
    pub(super) help: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "for docs/metrics.md, which a test writes"))]
    /// The attributes of Kafka Connect's MBeans that it corresponds to, as `group/attribute`; empty if it is Weir's own.
    pub(super) attributes: &'static [&'static str],
    /// Writes the samples of one `T`.
    pub(super) write: fn(&T, &mut Samples<'_>),
}

/// Writes the samples of one `T` to the response.
pub(super) struct Samples<'a> {
    text: &'a mut Text,
    name: &'static str,
    labels: &'a Labels,
    /// The type and help of the family, until the first sample has been written.
    head: &'a mut Option<(Kind, &'static str)>,
}

impl Samples<'_> {
    /// Writes the only sample of a `T`.
    pub(super) fn one(&mut self, value: impl Into<Value>) {
        self.with(&[], value);
    }

    /// Writes one of several samples, which differ in these labels.
    pub(super) fn with(&mut self, more: &[(&str, &str)], value: impl Into<Value>) {
        if let Some((kind, help)) = self.head.take() {
            self.text.family(self.name, kind, help);
        }
        self.text.sample(self.name, self.labels, more, value.into());
    }
}

/// Writes families for several `T`, each with the labels that all its samples have. A family without samples is left out.
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
