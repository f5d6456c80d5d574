//! The versions that a configuration accepts: an exact version, a Maven range such as `[1.0,2.0)`, or the latest version.

use std::fmt;

use super::version::Version;
use crate::text::trim;

/// Maven's `VersionRange`: one or more intervals. It is displayed as Maven does, for example `[1.0,2.0)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRange(Vec<Interval>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Interval {
    /// `None` if there is no lower bound.
    lower: Option<Version>,
    lower_included: bool,
    /// `None` if there is no upper bound.
    upper: Option<Version>,
    upper_included: bool,
}

/// Text that is not a valid range. The messages are Maven's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeError {
    /// An opening bracket without a closing bracket.
    Unbounded(String),
    /// A single version in round brackets.
    Single(String),
    /// The lower bound is greater than the upper bound.
    Order(String),
    /// An interval begins inside the previous one.
    Overlap(String),
    /// Other text after the intervals.
    Rest(String),
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unbounded(spec) => write!(f, "Unbounded range: {spec}"),
            Self::Single(spec) => write!(f, "Single version must be surrounded by []: {spec}"),
            Self::Order(spec) => write!(f, "Range defies version ordering: {spec}"),
            Self::Overlap(spec) => write!(f, "Ranges overlap: {spec}"),
            Self::Rest(spec) => write!(f, "Only fully-qualified sets allowed in multiple set scenario: {spec}"),
        }
    }
}

impl std::error::Error for RangeError {}

impl VersionRange {
    /// Reads the value of a `plugin.version` key like Kafka Connect's `PluginUtils.connectorVersionRequirement`. A version
    /// without brackets means exactly that version. Returns `None` for the latest version.
    ///
    /// # Errors
    /// Fails if the text is not a valid range.
    pub fn requirement(text: Option<&str>) -> Result<Option<Self>, RangeError> {
        let Some(text) = text.filter(|text| *text != "latest") else { return Ok(None) };
        let text = trim(text);
        match Self::parse(text)? {
            Some(range) => Ok(Some(range)),
            None => Self::parse(&format!("[{text}]")),
        }
    }

    /// Returns `None` for a version without brackets and for an empty text.
    fn parse(spec: &str) -> Result<Option<Self>, RangeError> {
        let mut intervals: Vec<Interval> = Vec::new();
        let mut rest = spec;
        while rest.starts_with(['[', '(']) {
            let end = rest.find([')', ']']).ok_or_else(|| RangeError::Unbounded(spec.to_owned()))?;
            let (interval, after) = rest.split_at(end + 1);
            let interval = Interval::parse(interval)?;
            let before = intervals.last().and_then(|before| before.upper.as_ref());
            if let Some(before) = before
                && interval.lower.as_ref().is_none_or(|lower| lower < before)
            {
                return Err(RangeError::Overlap(spec.to_owned()));
            }
            intervals.push(interval);
            rest = trim(after);
            rest = rest.strip_prefix(',').map_or(rest, trim);
        }
        match (rest.is_empty(), intervals.is_empty()) {
            (false, false) => Err(RangeError::Rest(spec.to_owned())),
            (_, true) => Ok(None),
            (true, false) => Ok(Some(Self(intervals))),
        }
    }

    /// Returns whether the range contains a version.
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
    fn ranges_contain_the_versions_that_mavens_contain() {
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
    fn ranges_are_displayed_as_mavens() {
        for (spec, printed) in
            [("1.0", "[1.0,1.0]"), ("[1,2)", "[1,2)"), ("( , 1.0 ],[1.2,)", "(,1.0],[1.2,)"), ("", "[,]")]
        {
            assert_eq!(range(spec).to_string(), printed);
        }
    }

    #[test]
    fn invalid_ranges_are_refused_with_mavens_messages() {
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
