//! The whole life of one TCP connection between two VMs: handshake, 1 KB there and back, both sides close, the end of
//! TIME-WAIT.

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use sim_core::engine::{Engine, Event, Observer};
use sim_core::host::{Context, Dial, Input, Program, SMALL_BUFFER, Socket};
use sim_core::time::Nanos;
use sim_core::topology::Topology;
use std::cell::Cell;
use std::rc::Rc;
use vnetsim_tests::net::{Net, addr, facts};

/// Bytes each way.
const SIZE: usize = 1_000;
/// Packets of one connection: three to open it, request, answer, four to acknowledge and close.
const PACKETS: u64 = 9;
/// From one connection to the next: longer than TIME-WAIT, so that none are left over.
const PAUSE: Nanos = Nanos::secs(11);

struct Client {
    to: Socket,
    request: Bytes,
    heard: usize,
    /// Connections that are over.
    done: Rc<Cell<u64>>,
}

impl Client {
    fn begin(&mut self, cx: &mut Context<'_>) {
        self.heard = 0;
        cx.connect(Dial::to(self.to));
    }
}

impl Program for Client {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => self.begin(cx),
            Input::Timer(_) => {
                self.done.set(self.done.get() + 1);
                self.begin(cx);
            }
            Input::Connected(conn) => cx.write(conn, self.request.clone(), "request"),
            Input::Data(conn, data) => {
                self.heard += data.len();
                if self.heard == SIZE {
                    cx.close(conn);
                }
            }
            Input::Closed(..) => cx.after(PAUSE, 0),
            _ => {}
        }
    }
}

struct Echo;

impl Program for Echo {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.listen(7, SMALL_BUFFER),
            Input::Data(conn, data) => cx.write(conn, data, "echo"),
            Input::PeerClosed(conn) => cx.close(conn),
            _ => {}
        }
    }
}

/// Two VMs that talk without end, and how many connections they have had.
fn pair<O: Observer>(observer: O) -> (Engine<O>, Rc<Cell<u64>>) {
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "s", "10.0.0.0/24", None);
    let [client, server] = ["client", "server"].map(|name| {
        net.vm(name, "v/s", None);
        net.topology.find(name).expect("just put").id
    });
    let done = Rc::new(Cell::new(0));
    let request = Bytes::from(vec![b'x'; SIZE]);
    let program = Client { to: (addr("10.0.0.5"), 7), request, heard: 0, done: done.clone() };
    let mut engine = Engine::new(net.topology, facts(), 1, observer);
    engine.spawn(server, Box::new(Echo)).expect("a machine");
    engine.spawn(client, Box::new(program)).expect("a machine");
    (engine, done)
}

fn connection<O: Observer>(engine: &mut Engine<O>, done: &Cell<u64>) {
    let before = done.get();
    while done.get() == before {
        assert!(engine.step(), "the run has come to a halt");
    }
}

/// Counts packets and their payload.
#[derive(Default)]
struct Traffic {
    packets: u64,
    payload: usize,
}

impl Observer for Traffic {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        if let Event::Sent { packet, .. } = event {
            self.packets += 1;
            self.payload += packet.payload.len();
        }
    }
}

fn tcp(c: &mut Criterion) {
    let (mut engine, done) = pair(Traffic::default());
    for _ in 0..10 {
        connection(&mut engine, &done);
    }
    // The next connection has begun: its SYN is out.
    let Traffic { packets, payload } = engine.observer;
    assert_eq!((packets, payload), (10 * PACKETS + 1, 10 * 2 * SIZE));

    let (mut engine, done) = pair(());
    c.bench_function("tcp", |b| b.iter(|| connection(&mut engine, &done)));
}

criterion_group!(benches, tcp);
criterion_main!(benches);
