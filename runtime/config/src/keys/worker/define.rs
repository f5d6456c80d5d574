//! What the tables of worker keys are written with.

use super::super::check::Check;
use super::super::key::{Fallback, Key, Usage};
use super::super::types::Type;
use Usage::Ignored;

pub(super) const fn key(name: &'static str, kind: Type, default: Fallback, usage: Usage, doc: &'static str) -> Key {
    Key { name, kind, default, doc, usage, checks: &[] }
}

impl Key {
    pub(super) const fn checked(mut self, checks: &'static [Check<'static>]) -> Self {
        self.checks = checks;
        self
    }
}

pub(super) const AT_LEAST_0: &[Check<'static>] = &[Check::Range(Some(0), None)];
pub(super) const AT_LEAST_1: &[Check<'static>] = &[Check::Range(Some(1), None)];
/// For times in milliseconds that are added to the clock.
pub(super) const UP_TO_A_DAY_OR_0: &[Check<'static>] = &[Check::Range(Some(0), Some(86_400_000))];
pub(super) const UP_TO_A_DAY: &[Check<'static>] = &[Check::Range(Some(1), Some(86_400_000))];

pub(super) const NO_REPORTERS: Usage =
    Ignored("Weir exposes its metrics at `GET /metrics` and does not run Java classes");
pub(super) const NO_CLUSTER: Usage =
    Ignored("a standalone worker has no cluster; Weir does not support distributed mode yet");
