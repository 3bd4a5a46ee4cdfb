//! What is assumed in a run: choices of behaviours, and figures.

use sim_core::assumption::{ChoiceError, Choices};
use std::collections::BTreeMap;
use std::sync::Arc;
use topologies::facts::{Assumptions, assumptions};

/// What is assumed instead of the usual.
#[derive(Clone, Debug, Default)]
pub struct Assumed {
    /// Where nobody knows how Azure behaves.
    pub choices: Choices,
    /// Times and sizes, where some are not the usual ones.
    pub figures: Option<Arc<Assumptions>>,
}

impl Assumed {
    /// Assumes something else.
    ///
    /// # Errors
    /// When nothing is called so, or it cannot have this value; in words.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match self.choices.set(name, value) {
            Err(ChoiceError::Name(_)) => {}
            done => return done.map_err(|error| error.to_string()),
        }
        let mut figures = self.figures.as_deref().unwrap_or_else(|| assumptions()).clone();
        figures.set(name, value).map_err(|error| error.to_string())?;
        self.figures = Some(Arc::new(figures));
        Ok(())
    }

    /// What the map of a scenario says, as far as it can be.
    #[must_use]
    pub fn of(map: &BTreeMap<String, serde_json::Value>) -> Self {
        let mut assumed = Self::default();
        for (name, value) in map {
            // The loader has ruled out for files what cannot be set.
            let _ = assumed.set(name, &plain(value));
        }
        assumed
    }
}

/// A value as one writes it after `NAME=`.
#[must_use]
pub fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
