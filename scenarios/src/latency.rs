//! Latencies from many attempts.

use schemars::JsonSchema;
use serde::Serialize;
use sim_core::time::Nanos;

/// Below so many samples no 99th percentile is given.
const ENOUGH_FOR_P99: usize = 100;

/// What attempts measured, in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stats {
    /// How many samples.
    pub n: usize,
    /// Shortest.
    pub min: u64,
    /// Mean, rounded down.
    pub mean: u64,
    /// Half are not above.
    pub p50: u64,
    /// Nine in ten are not above.
    pub p90: u64,
    /// 99 in a hundred are not above; only from 100 samples on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<u64>,
    /// Longest.
    pub max: u64,
}

impl Stats {
    /// The statistics of samples; `None` without any.
    #[must_use]
    pub fn of(samples: &[Nanos]) -> Option<Self> {
        let mut sorted: Vec<u64> = samples.iter().map(|sample| sample.0).collect();
        sorted.sort_unstable();
        let n = sorted.len();
        // Nearest rank: the smallest sample that so many per cent are not above.
        let rank = |percent: usize| sorted[(n * percent).div_ceil(100).max(1) - 1];
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let sum: u128 = sorted.iter().map(|sample| u128::from(*sample)).sum();
        Some(Self {
            n,
            min,
            mean: (sum / n as u128) as u64,
            p50: rank(50),
            p90: rank(90),
            p99: (n >= ENOUGH_FOR_P99).then(|| rank(99)),
            max,
        })
    }
}

/// The three latencies of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Latency {
    /// From the first SYN until the connection is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<Stats>,
    /// Until the first byte of the other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte: Option<Stats>,
    /// Until the whole exchange is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<Stats>,
    /// Attempts that were made.
    pub attempts: usize,
    /// Attempts that failed.
    pub failed: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_by_nearest_rank() {
        // Catches: ranks off by one, a p99 of a handful of samples, interpolation.
        let samples: Vec<Nanos> = (1..=200).rev().map(Nanos).collect();
        let stats = Stats::of(&samples).unwrap();
        assert_eq!((stats.min, stats.p50, stats.p90, stats.p99, stats.max), (1, 100, 180, Some(198), 200));
        let few = Stats::of(&samples[..99]).unwrap();
        assert_eq!((few.n, few.p99), (99, None));
        assert_eq!(Stats::of(&[Nanos(7)]).unwrap().p90, 7);
        assert_eq!(Stats::of(&[]), None);
    }
}
