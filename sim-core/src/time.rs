//! Simulated time: whole nanoseconds since the start of the run.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// An instant, or a length of time, in nanoseconds. 2^64 ns are 584 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub u64);

impl Nanos {
    /// The start of a run.
    pub const ZERO: Self = Self(0);
    /// A time that no event reaches.
    pub const NEVER: Self = Self(u64::MAX);

    /// Whole microseconds.
    #[must_use]
    pub const fn micros(us: u64) -> Self {
        Self(us.saturating_mul(1_000))
    }

    /// Whole milliseconds.
    #[must_use]
    pub const fn millis(ms: u64) -> Self {
        Self(ms.saturating_mul(1_000_000))
    }

    /// Whole seconds.
    #[must_use]
    pub const fn secs(s: u64) -> Self {
        Self(s.saturating_mul(1_000_000_000))
    }

    /// The next instant that can be told from it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The time since `earlier`; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl Add for Nanos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Nanos {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.since(other)
    }
}

/// The largest unit that leaves a readable figure: `250 ns`, `83.2 us`, `1.450 ms`, `12.3 s`, `4m05s`.
impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ns = self.0;
        match ns {
            u64::MAX => f.pad("never"),
            0..1_000 => f.pad(&format!("{ns} ns")),
            1_000..1_000_000 => f.pad(&format!("{:.1} us", ns as f64 / 1e3)),
            1_000_000..1_000_000_000 => f.pad(&format!("{:.3} ms", ns as f64 / 1e6)),
            1_000_000_000..60_000_000_000 => f.pad(&format!("{:.1} s", ns as f64 / 1e9)),
            _ => {
                let s = ns / 1_000_000_000;
                f.pad(&format!("{}m{:02}s", s / 60, s % 60))
            }
        }
    }
}
