//! Verdicts, layer by layer.

use schemars::JsonSchema;
use serde::Serialize;

/// Whether something connects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub enum Verdict {
    /// It was not looked at, and the report says why.
    Skipped,
    /// It does.
    #[default]
    Connected,
    /// Nobody knows: it hangs on an assumption.
    Unknown,
    /// Some attempts fail, or a stated limit is exceeded.
    Degraded,
    /// It does not.
    Disconnected,
}

/// The layers of a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Layers {
    /// Would Azure take it?
    pub deployment: Verdict,
    /// Does the name lead there?
    pub name: Verdict,
    /// Do packets arrive, and their answers?
    pub transport: Verdict,
    /// Does the service do what it is asked?
    pub service: Verdict,
}

impl Layers {
    /// Azure would not take it, so nothing else was tried.
    #[must_use]
    pub const fn undeployed() -> Self {
        let skipped = Verdict::Skipped;
        Self { deployment: Verdict::Disconnected, name: skipped, transport: skipped, service: skipped }
    }

    /// The worst of all layers.
    #[must_use]
    pub fn overall(&self) -> Verdict {
        self.deployment.max(self.name).max(self.transport).max(self.service)
    }
}
