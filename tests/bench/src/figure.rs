//! What can be measured, and the figures of one run.

use std::collections::BTreeMap;

use serde::Serialize;

/// A kind of figure. Its name in JSON says the unit. A MB has 1,000,000 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Figure {
    /// User and system time of the process.
    CpuSeconds,
    /// From the first request, or the start of the program, to the end of the work.
    WallSeconds,
    RowsPerSecond,
    MbPerCpuSecond,
    /// `VmRSS` at the end.
    ResidentMb,
    /// `VmHWM` at the end: the most since the process started.
    PeakMb,
    /// From a line's being written to its being readable at the other end.
    LatencyP50Ms,
    LatencyP99Ms,
    LatencyMaxMs,
    /// From starting the program to its first answer.
    StartMs,
    /// From the upload to RUNNING.
    UploadMs,
    /// From the upload to RUNNING where the compiled code is in the cache.
    UploadCachedMs,
    /// From the first request to the last task's being RUNNING.
    RunningSeconds,
    /// What a task adds to `VmRSS`.
    MbPerTask,
    Threads,
    /// CPU of a process that has nothing to do, in percent of one core.
    IdleCpuPercent,
}

/// The figures of one run.
pub(crate) type Figures = BTreeMap<Figure, f64>;

impl Figure {
    /// What it is called in a table, with the unit.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::CpuSeconds => "CPU, s",
            Self::WallSeconds => "time, s",
            Self::RowsPerSecond => "records/s",
            Self::MbPerCpuSecond => "MB per CPU-s",
            Self::ResidentMb => "memory, MB",
            Self::PeakMb => "peak memory, MB",
            Self::LatencyP50Ms => "latency p50, ms",
            Self::LatencyP99Ms => "latency p99, ms",
            Self::LatencyMaxMs => "latency max, ms",
            Self::StartMs => "first answer, ms",
            Self::UploadMs => "upload to RUNNING, ms",
            Self::UploadCachedMs => "the same, compiled before, ms",
            Self::RunningSeconds => "all RUNNING, s",
            Self::MbPerTask => "memory a task, MB",
            Self::Threads => "threads",
            Self::IdleCpuPercent => "idle CPU, % of a core",
        }
    }
}
