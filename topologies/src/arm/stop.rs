//! Why an evaluation ended early.

use crate::diagnostic::Diagnostic;

/// Why an expression has no value.
#[derive(Debug)]
pub(super) enum Stop {
    /// The reason is among the diagnostics already.
    Reported,
    /// The reason; whoever knows the place adds it.
    Wrong(Box<Diagnostic>),
}

pub(super) type Answer<T> = Result<T, Stop>;

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Wrong(Box::new(diagnostic))
    }
}

/// An argument that the function cannot take: the error nearly every function has.
pub(super) fn wrong(message: impl Into<String>) -> Stop {
    Diagnostic::error("arm.bad-argument", message).into()
}
