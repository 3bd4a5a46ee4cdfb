//! What answers hang on because nobody knows it for certain, and what they are with other choices.
//!
//! Every answer lists the assumptions that it used. With `--assume all` each is tried with its other choices, one
//! assumption at a time and the rest as before: so many more answers at most as there are other choices in all.
//! An answer that differs with one of them is [`Verdict::Unknown`].

use crate::verdict::Verdict;
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::assumption::{Assumption, AssumptionSet, Choices};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// An assumption that an answer used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HangsOn {
    /// Its name.
    pub name: &'static str,
    /// What is assumed.
    pub value: &'static str,
    /// What hangs on it.
    pub effect: &'static str,
    /// Where the uncertainty is described.
    pub source: &'static str,
    /// What the answer is with each other choice, where that was tried.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub otherwise: BTreeMap<&'static str, Verdict>,
}

impl HangsOn {
    /// Those in `assumed`, with what is chosen.
    #[must_use]
    pub fn listed(assumed: AssumptionSet, choices: Choices) -> Vec<Self> {
        assumed.iter().map(|assumption| Self::of(assumption, choices)).collect()
    }

    fn of(assumption: Assumption, choices: Choices) -> Self {
        Self {
            name: assumption.name(),
            value: choices.name_of(assumption),
            effect: assumption.effect(),
            source: assumption.source(),
            otherwise: BTreeMap::new(),
        }
    }
}

/// All that several answers hang on.
pub(crate) fn together<'h>(all: impl IntoIterator<Item = &'h HangsOn>) -> AssumptionSet {
    all.into_iter().filter_map(|it| Assumption::named(it.name)).fold(AssumptionSet::default(), AssumptionSet::with)
}

/// Answers with another choice.
#[derive(Clone, Debug)]
pub struct Alternative<T> {
    /// Of this assumption.
    pub assumption: Assumption,
    /// What else is assumed.
    pub value: &'static str,
    /// The answers.
    pub answers: T,
}

/// What `answers` gives with each other choice of each assumption in `assumed`.
///
/// # Errors
/// The first error of `answers`.
pub fn alternatives<T, E>(
    assumed: AssumptionSet,
    choices: Choices,
    mut answers: impl FnMut(Choices) -> Result<T, E>,
) -> Result<Vec<Alternative<T>>, E> {
    let mut tried = Vec::new();
    for assumption in assumed.iter() {
        for other in choices.alternatives(assumption) {
            tried.push(Alternative { assumption, value: other.name_of(assumption), answers: answers(other)? });
        }
    }
    Ok(tried)
}

/// Notes what one of the answers is with other choices, where it hangs on them or differs; `verdict` gives it. It
/// becomes unknown where it differs, by its verdict or as `differs` says.
pub fn settle<T>(
    (verdict, hangs_on): (&mut Verdict, &mut Vec<HangsOn>),
    choices: Choices,
    tried: &[Alternative<T>],
    other: impl Fn(&T) -> (Verdict, bool),
) {
    let usual = *verdict;
    for Alternative { assumption, value, answers } in tried {
        let (found, differs) = other(answers);
        let differs = differs || found != usual;
        let place = hangs_on.iter().position(|it| it.name == assumption.name());
        let place = place.or_else(|| {
            // What it hangs on indirectly, by what else happened in the run.
            differs.then(|| hangs_on.push(HangsOn::of(*assumption, choices))).map(|()| hangs_on.len() - 1)
        });
        if let Some(place) = place {
            hangs_on[place].otherwise.insert(value, found);
        }
        if differs {
            *verdict = Verdict::Unknown;
        }
    }
}

/// What an answer hangs on, for people. `whose` names the answer where there are several.
// A String takes everything that is written to it.
pub(crate) fn text(out: &mut String, whose: Option<&str>, all: &[HangsOn]) {
    if all.is_empty() {
        return;
    }
    let title = "angs on what nobody knows for certain";
    let _ = match whose {
        Some(name) => writeln!(out, "\n  {name} h{title}"),
        None => writeln!(out, "\nH{title}"),
    };
    for it in all {
        let _ = writeln!(out, "  {} = {} ({}): {}", it.name, it.value, it.source, it.effect);
        for (value, verdict) in &it.otherwise {
            let _ = writeln!(out, "      with {value}: {verdict:?}");
        }
    }
}
