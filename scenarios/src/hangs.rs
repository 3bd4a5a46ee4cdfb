//! What answers hang on because nobody knows it for certain, and what they are with other choices.
//!
//! Every answer lists the assumptions that it used. With `--assume all` each is tried with its other choices, one
//! assumption at a time and the rest as before: so many more answers at most as there are other choices in all.
//! An answer that differs with one of them is [`Verdict::Unknown`]. What nearly every answer hangs on
//! ([`Assumption::is_general`]) would drown the others: it is told of the run as a whole, in how many answers fail with it,
//! and leaves the verdicts alone. Asked for by its name, as `--assume NAME`, it counts as the others do.

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

/// What is tried the other way too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// What settles verdicts.
    pub each: AssumptionSet,
    /// What is told of a run as a whole.
    pub whole: AssumptionSet,
}

impl Tried {
    /// Everything that is not settled, but what is general for the run as a whole.
    #[must_use]
    pub fn all() -> Self {
        let general = Assumption::ALL.iter().copied().filter(|it| it.is_general());
        general.fold(Self { each: AssumptionSet::all(), whole: AssumptionSet::default() }, |tried, it| Self {
            each: tried.each.without(it),
            whole: tried.whole.with(it),
        })
    }

    /// With one that is asked for by its name.
    #[must_use]
    pub fn with(self, named: Assumption) -> Self {
        Self { each: self.each.with(named), whole: self.whole.without(named) }
    }

    /// Without one that is settled.
    #[must_use]
    pub fn without(self, settled: Assumption) -> Self {
        Self { each: self.each.without(settled), whole: self.whole.without(settled) }
    }

    /// Everything in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        let each = self.each.union(other.each);
        let whole = self.whole.union(other.whole);
        each.iter().fold(Self { each, whole }, Self::with)
    }

    /// Whether nothing is tried.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.each.is_empty() && self.whole.is_empty()
    }
}

/// What comes of a run as a whole with other choices: how many of its answers, given by `verdicts`, do not connect that did.
pub(crate) fn told<T>(
    usual: &[Verdict],
    tried: &[Alternative<T>],
    verdicts: impl Fn(&T) -> Vec<Verdict>,
) -> Vec<String> {
    let line = |it: &Alternative<T>| {
        let fails = |(other, usual): &(Verdict, &Verdict)| *other > Verdict::Connected && *usual == &Verdict::Connected;
        let failing = verdicts(&it.answers).into_iter().zip(usual).filter(fails).count();
        let of = usual.iter().filter(|verdict| **verdict == Verdict::Connected).count();
        format!("with {}={}: {failing} of {of} that connect would fail", it.assumption, it.value)
    };
    tried.iter().map(line).collect()
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
