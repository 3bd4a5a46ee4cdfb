//! One event: the earliest is taken out of the queue and another put in, with so many pending. The events are timers of
//! one program, which sets the next one; so what it takes to tell a program is in the figure.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sim_core::engine::Engine;
use sim_core::host::{Context, Input, Program};
use sim_core::time::Nanos;
use vnetsim_tests::net::{Net, facts};

/// Keeps so many timers pending, each at a time of its own.
struct Clockwork {
    pending: u64,
    /// State of a generator of Weyl's kind: even over the range, and the same in every run.
    state: u64,
}

impl Clockwork {
    fn next(&mut self, cx: &mut Context<'_>) {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        // Up to about a second.
        cx.after(Nanos(1 + (self.state >> 34)), 0);
    }
}

impl Program for Clockwork {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        let new = if input == Input::Start { self.pending } else { 1 };
        (0..new).for_each(|_| self.next(cx));
    }
}

fn event(c: &mut Criterion) {
    let mut group = c.benchmark_group("event");
    for pending in [100, 10_000, 1_000_000] {
        let mut net = Net::new();
        net.vnet("v", "10.0.0.0/16");
        net.subnet("v", "s", "10.0.0.0/24", None);
        net.vm("vm", "v/s", None);
        let node = net.topology.find("vm").expect("just put").id;
        let mut engine = Engine::new(net.topology, facts(), 1, ());
        engine.spawn(node, Box::new(Clockwork { pending, state: 1 })).expect("a machine");
        group.bench_function(BenchmarkId::from_parameter(pending), |b| b.iter(|| engine.step()));
    }
    group.finish();
}

criterion_group!(benches, event);
criterion_main!(benches);
