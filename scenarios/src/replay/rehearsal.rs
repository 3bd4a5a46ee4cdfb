//! Many attempts at connections, in a copy of the network as it is at that instant, so that measuring does not disturb
//! what is measured.

use super::Options;
use super::trial::Trial;
use crate::latency::{Latency, Stats};
use rand::RngExt;
use rand_pcg::Pcg64;
use sim_core::engine::{Engine, Event, Observer};
use sim_core::id::HostId;
use sim_core::time::Nanos;
use sim_core::topology::Topology;
use std::collections::BTreeMap;

/// Machines that have to start their services anew in the copy are up by then.
const WARM_UP: Nanos = Nanos::secs(600);
/// Attempts start within so long for each: they hardly meet.
const SPACING: Nanos = Nanos::millis(500);

/// Makes `n` attempts of each trial at seeded times; gives their latencies, trial by trial.
pub(super) fn rehearse<O: Observer>(engine: &Engine<O>, trials: &[Trial], n: u32, options: &Options) -> Vec<Latency> {
    let seed = options.seed.wrapping_add(0x7265_6865_6172_7365);
    let mut copy = engine.rehearse(seed, Samples::default());
    copy.observer.trials.resize_with(trials.len(), Sample::default);
    let span = Nanos(SPACING.0.saturating_mul(n.into()));
    for (place, trial) in trials.iter().enumerate() {
        let stream = (u128::from(trial.flow.0) << 96) | ((place as u128) << 64) | u128::from(engine.now().0);
        let mut rng = Pcg64::new(u128::from(seed), stream);
        for _ in 0..n {
            let after = WARM_UP + Nanos(rng.random_range(0..=span.0));
            let program = trial.program(after, None);
            if let Some(program) = program.and_then(|program| copy.spawn(trial.from, program)) {
                copy.observer.attempts.insert(program, place);
                copy.observer.trials[place].made += 1;
            }
        }
    }
    let longest = trials.iter().map(|trial| trial.timeout).max().unwrap_or_default();
    let end = WARM_UP + span + longest + Nanos::secs(120);
    while copy.observer.over < copy.observer.attempts.len() && copy.now() < end && copy.step() {}
    copy.observer.trials.iter().map(Sample::latency).collect()
}

/// What the attempts of a rehearsal report.
#[derive(Default)]
struct Samples {
    /// The trial that an attempt belongs to, by its program.
    attempts: BTreeMap<(HostId, u32), usize>,
    trials: Vec<Sample>,
    over: usize,
}

/// What the attempts of one trial report.
#[derive(Default)]
struct Sample {
    made: usize,
    connect: Vec<Nanos>,
    first_byte: Vec<Nanos>,
    whole: Vec<Nanos>,
}

impl Observer for Samples {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        let Event::Reported { host, program, report, .. } = event else { return };
        let Some(place) = self.attempts.get(&(*host, *program)) else { return };
        self.over += usize::from(matches!(report.what, "done" | "failed"));
        let sample = &mut self.trials[*place];
        let list = match report.what {
            "connect" => &mut sample.connect,
            "first-byte" => &mut sample.first_byte,
            "done" => &mut sample.whole,
            _ => return,
        };
        list.push(Nanos(report.value));
    }
}

impl Sample {
    fn latency(&self) -> Latency {
        Latency {
            connect: Stats::of(&self.connect),
            first_byte: Stats::of(&self.first_byte),
            whole: Stats::of(&self.whole),
            attempts: self.made,
            failed: self.made - self.whole.len(),
        }
    }
}
