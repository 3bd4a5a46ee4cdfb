//! The same input and seed give the same bytes: every event of an image build, and every capture. Another seed differs
//! where something is random, and nowhere else.

use scenarios::pcap::Capture;
use sim_core::app::Communicator;
use sim_core::engine::{Engine, Event, Observer};
use sim_core::fabric::Facts;
use sim_core::time::Nanos;
use sim_core::topology::Topology;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use topologies::facts::{Date, network as facts};
use topologies::services::image_builder::{Build, Ended, Way};
use vnetsim_tests::builds::{network, setup, template};
use vnetsim_tests::capture::Files;

/// All events, as text.
#[derive(Default)]
struct Told(String);

impl Observer for Told {
    fn see(&mut self, at: Nanos, event: &Event<'_>, _: &Topology) {
        writeln!(self.0, "{} {event:?}", at.0).unwrap();
    }
}

/// What a run leaves behind.
#[derive(PartialEq)]
struct Left {
    events: String,
    captures: BTreeMap<String, Vec<u8>>,
}

fn play(way: Way, communicator: Communicator, seed: u64, jitter: bool) -> Left {
    let facts: Arc<Facts> = Arc::new(facts(Date::DATA, jitter));
    let files = Files::default();
    let sink = files.clone();
    let capture = Capture::new(move |name| Ok(sink.create(name)));
    let (build, log) = Build::new(template(way, communicator), setup(way, jitter));
    let mut engine = Engine::new(network().topology, facts, seed, (Told::default(), Some(capture)));
    engine.conduct(Box::new(build));
    engine.run_until(Nanos::secs(2 * 3600));
    assert_eq!(log.borrow().ended, Some(Ended::Succeeded), "{way:?} {communicator:?} {seed}");
    engine.observer.1.take().unwrap().finish().unwrap();
    Left { events: engine.observer.0.0, captures: files.contents() }
}

/// The first line in which two texts differ.
fn difference(one: &str, other: &str) -> Option<String> {
    let mut lines = (1..).zip(one.lines().zip(other.lines()));
    let first = lines.find(|(_, (a, b))| a != b).map(|(n, (a, b))| format!("line {n}:\n{a}\n{b}"));
    first.or_else(|| (one.len() != other.len()).then(|| "one goes on".to_owned()))
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    // Catches: a hasher that is seeded by the process, an order that follows a map or an address in memory, the wall
    // clock, state that one run leaves to the next.
    for (way, communicator) in [(Way::ProxyFromContainer, Communicator::Ssh), (Way::PublicAddress, Communicator::WinRm)]
    {
        let one = play(way, communicator, 7, true);
        let other = play(way, communicator, 7, true);
        assert_eq!(difference(&one.events, &other.events), None, "{way:?}");
        assert!(one.events.lines().count() > 1_000 && one.captures.len() > 2, "{way:?}");
        let names = |left: &Left| left.captures.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&one), names(&other), "{way:?}");
        for (name, bytes) in &one.captures {
            assert!(other.captures[name] == *bytes, "{way:?}: {name}");
        }
    }
}

#[test]
fn another_seed_differs_where_something_is_random() {
    // Catches: a seed that reaches no link or no orchestrator; a draw in a run that has nothing to draw for.
    let (way, communicator) = (Way::ProxyFromContainer, Communicator::Ssh);
    let one = play(way, communicator, 7, true);
    let other = play(way, communicator, 8, true);
    assert!(difference(&one.events, &other.events).is_some());
    assert!(one.captures != other.captures);

    // Without jitter only what machines draw for their protocols differs: sequence numbers and keys, not one time.
    let times = |seed: u64| -> Vec<String> {
        let events = play(way, communicator, seed, false).events;
        events.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
    };
    let (one, other) = (times(7), times(8));
    assert_eq!(one.len(), other.len());
    for (n, (one, other)) in one.iter().zip(&other).enumerate() {
        assert_eq!(one, other, "event {n}");
    }
}
