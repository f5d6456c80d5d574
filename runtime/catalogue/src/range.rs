//! Which versions a configuration asks for: an exact one, a Maven range such as `[1.0,2.0)`, or the latest.

use std::fmt;

use super::version::Version;
use weir_java::text::trim;

/// Maven's `VersionRange`: one or several intervals. Prints as Maven does, `[1.0,2.0)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRange(Vec<Interval>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Interval {
    /// None = open below.
    lower: Option<Version>,
    lower_included: bool,
    /// None = open above.
    upper: Option<Version>,
    upper_included: bool,
}

/// Text that is no range. The texts are Maven's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// A bracket without its other half.
    #[error("Unbounded range: {0}")]
    Unbounded(String),
    /// One version in round brackets.
    #[error("Single version must be surrounded by []: {0}")]
    Single(String),
    /// The first bound is above the second.
    #[error("Range defies version ordering: {0}")]
    Order(String),
    /// An interval begins within the one before it.
    #[error("Ranges overlap: {0}")]
    Overlap(String),
    /// Something behind the intervals.
    #[error("Only fully-qualified sets allowed in multiple set scenario: {0}")]
    Rest(String),
}

impl VersionRange {
    /// Reads the value of a `plugin.version` key (`PluginUtils.connectorVersionRequirement`). A version without brackets is
    /// that version exactly.
    ///
    /// # Returns
    ///
    /// None = the latest.
    pub fn requirement(text: Option<&str>) -> Result<Option<Self>, RangeError> {
        let Some(text) = text.filter(|text| *text != "latest") else { return Ok(None) };
        let text = trim(text);
        match Self::parse(text)? {
            Some(range) => Ok(Some(range)),
            None => Self::parse(&format!("[{text}]")),
        }
    }

    /// None = a version without brackets, or nothing.
    fn parse(spec: &str) -> Result<Option<Self>, RangeError> {
        let mut intervals: Vec<Interval> = Vec::new();
        let mut rest = spec;
        while rest.starts_with(['[', '(']) {
            let end = rest.find([')', ']']).ok_or_else(|| RangeError::Unbounded(spec.to_owned()))?;
            let (interval, behind) = rest.split_at(end + 1);
            let interval = Interval::parse(interval)?;
            let before = intervals.last().and_then(|before| before.upper.as_ref());
            if let Some(before) = before
                && interval.lower.as_ref().is_none_or(|lower| lower < before)
            {
                return Err(RangeError::Overlap(spec.to_owned()));
            }
            intervals.push(interval);
            rest = trim(behind);
            rest = rest.strip_prefix(',').map_or(rest, trim);
        }
        match (rest.is_empty(), intervals.is_empty()) {
            (false, false) => Err(RangeError::Rest(spec.to_owned())),
            (_, true) => Ok(None),
            (true, false) => Ok(Some(Self(intervals))),
        }
    }

    /// Whether a plugin of this version will do.
    pub fn contains(&self, version: &Version) -> bool {
        self.0.iter().any(|interval| interval.contains(version))
    }
}

impl Interval {
    fn parse(spec: &str) -> Result<Self, RangeError> {
        let (lower_included, upper_included) = (spec.starts_with('['), spec.ends_with(']'));
        let inner = trim(spec.get(1..spec.len().saturating_sub(1)).unwrap_or_default());
        let Some((lower, upper)) = inner.split_once(',') else {
            if !lower_included || !upper_included {
                return Err(RangeError::Single(spec.to_owned()));
            }
            let version = Some(Version::of(inner));
            return Ok(Self { lower: version.clone(), lower_included, upper: version, upper_included });
        };
        let bound = |text: &str| Some(trim(text)).filter(|text| !text.is_empty()).map(Version::of);
        let (lower, upper) = (bound(lower), bound(upper));
        if let (Some(lower), Some(upper)) = (&lower, &upper)
            && (upper < lower || (upper == lower && !(lower_included && upper_included)))
        {
            return Err(RangeError::Order(spec.to_owned()));
        }
        Ok(Self { lower, lower_included, upper, upper_included })
    }

    fn contains(&self, version: &Version) -> bool {
        let above =
            self.lower.as_ref().is_none_or(|lower| lower < version || (self.lower_included && lower == version));
        let below =
            self.upper.as_ref().is_none_or(|upper| upper > version || (self.upper_included && upper == version));
        above && below
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, interval) in self.0.iter().enumerate() {
            let text =
                |bound: &Option<Version>| bound.as_ref().map_or(String::new(), |bound| bound.as_str().to_owned());
            let comma = if place == 0 { "" } else { "," };
            let open = if interval.lower_included { '[' } else { '(' };
            let close = if interval.upper_included { ']' } else { ')' };
            write!(f, "{comma}{open}{},{}{close}", text(&interval.lower), text(&interval.upper))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> VersionRange {
        VersionRange::requirement(Some(text)).expect("a range").expect("not the latest")
    }

    #[test]
    fn ranges_hold_what_maven_says() {
        for (spec, version, holds) in [
            ("1.0", "1.0.0", true),
            ("1.0", "1.1", false),
            (" [1.0,2.0) ", "1.0", true),
            ("[1.0,2.0)", "2.0-rc1", true),
            ("[1.0,2.0)", "2.0", false),
            ("(1.0,2.0]", "1.0", false),
            ("[1.5,)", "99", true),
            ("(,1.0],[1.2,)", "1.1", false),
            ("(,1.0],[1.2,)", "1.2", true),
            ("(,)", "undefined", true),
        ] {
            assert_eq!(range(spec).contains(&Version::new(version)), holds, "{spec} {version}");
        }
        for latest in [None, Some("latest")] {
            assert_eq!(VersionRange::requirement(latest), Ok(None));
        }
    }

    #[test]
    fn ranges_print_as_mavens() {
        for (spec, printed) in
            [("1.0", "[1.0,1.0]"), ("[1,2)", "[1,2)"), ("( , 1.0 ],[1.2,)", "(,1.0],[1.2,)"), ("", "[,]")]
        {
            assert_eq!(range(spec).to_string(), printed);
        }
    }

    #[test]
    fn what_is_no_range_is_told_in_mavens_words() {
        for (spec, message) in [
            ("[1.0", "Unbounded range: [1.0"),
            ("(1.0)", "Single version must be surrounded by []: (1.0)"),
            ("[2.0,1.0]", "Range defies version ordering: [2.0,1.0]"),
            ("[1,2],[1,3]", "Ranges overlap: [1,2],[1,3]"),
            ("[1,2]x", "Only fully-qualified sets allowed in multiple set scenario: [1,2]x"),
        ] {
            assert_eq!(VersionRange::requirement(Some(spec)).expect_err("refused").to_string(), message);
        }
    }
}
