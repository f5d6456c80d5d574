//! Worker keys: automatic restarts.

use super::super::check::Check;
use super::super::key::{Fallback, Section, Usage};
use super::super::types::Type;
use super::define::{AT_LEAST_0, key};
use crate::restart_policy::MOST_ATTEMPTS;

use Fallback::Value;
use Type::{Int, Long};
use Usage::Used;

pub(super) const SECTION: Section = Section {
    title: "Restarts",
    intro: "Off by default, as in Kafka Connect: a failed connector or task stays FAILED until it is restarted. A connector may \
            override each of these keys, but its delay cannot be shorter than the worker's. See [operations.md](operations.md).",
    keys: &[
        key(
            "weir.restart.max.attempts",
            Int,
            Value("0"),
            Used,
            "Maximum number of consecutive automatic restarts of a failed task or connector; 0 disables automatic restarts.",
        )
        .checked(&[Check::Range(Some(0), Some(MOST_ATTEMPTS))]),
        key(
            "weir.restart.delay.ms",
            Long,
            Value("5000"),
            Used,
            "Delay before the first restart, in milliseconds. It doubles with each further restart.",
        )
        .checked(&[Check::Range(Some(100), None)]),
        key(
            "weir.restart.delay.max.ms",
            Long,
            Value("300000"),
            Used,
            "Maximum delay before a restart, in milliseconds; never less than the first delay.",
        )
        .checked(AT_LEAST_0),
        key(
            "weir.restart.reset.after.ms",
            Long,
            Value("600000"),
            Used,
            "How long a task or connector must run without failing before its attempt counter is reset, in milliseconds.",
        )
        .checked(AT_LEAST_0),
    ],
};
