//! Attempts one after the other, as image builders make them: what each client printed, and when the next one begins.

use crate::scenario::Retry;
use sim_core::time::Nanos;

/// Attempts that failed in the same words, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tries {
    /// When the first of them began.
    pub first: Nanos,
    /// When the last of them began.
    pub last: Nanos,
    /// How many they are.
    pub count: u32,
    /// What the client printed.
    pub printed: String,
}

/// Notes an attempt that failed.
pub(super) fn note(tries: &mut Vec<Tries>, began: Nanos, printed: &str) {
    match tries.last_mut().filter(|last| last.printed == printed) {
        Some(last) => (last.last, last.count) = (began, last.count + 1),
        None => tries.push(Tries { first: began, last: began, count: 1, printed: printed.to_owned() }),
    }
}

/// When the attempt begins that comes after the one that began at `began` and has failed `now`; `first` is when the first
/// one began. Nothing when the time is over.
pub(super) fn next(retry: Retry, first: Nanos, began: Nanos, now: Nanos) -> Option<Nanos> {
    let at = Nanos(began.0.saturating_add(retry.every.0.0)).max(now);
    (at.0 <= first.0.saturating_add(retry.lasts.0.0)).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Span;

    /// Catches: attempts that overlap, one that begins after the time is over, one too few; words of two kinds told as one.
    #[test]
    fn attempts_follow_each_other_while_there_is_time() {
        let retry = Retry { every: Span(Nanos::secs(15)), lasts: Span(Nanos::secs(60)) };
        for (began, now, at) in
            [(1, 2, Some(16)), (1, 40, Some(40)), (46, 50, Some(61)), (46, 62, None), (50, 51, None)]
        {
            let found = next(retry, Nanos::secs(1), Nanos::secs(began), Nanos::secs(now));
            assert_eq!(found, at.map(Nanos::secs), "{began} {now}");
        }
        let mut tries = Vec::new();
        for (at, text) in [(1, "a"), (2, "a"), (3, "b"), (4, "a")] {
            note(&mut tries, Nanos::secs(at), text);
        }
        let told: Vec<(u64, u32, &str)> =
            tries.iter().map(|it| (it.last.0 / 1_000_000_000, it.count, it.printed.as_str())).collect();
        assert_eq!(told, [(2, 2, "a"), (3, 1, "b"), (4, 1, "a")]);
    }
}
