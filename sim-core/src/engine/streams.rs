//! TCP connections of machines: accepting, connecting, letting them run, telling programs.

use super::event::{Event, Observer};
use super::machine::{Conn, Machine};
use super::queue::Due;
use super::{Engine, Work};
use crate::host::tcp::{Endpoint, Reason as Close, Settings, Smoltcp, State};
use crate::host::{ConnId, Dial, Door, Ending, Input};
use crate::id::{HostId, PortId};
use crate::net::{Meta, Protocol, Tuple};
use crate::time::Nanos;
use bytes::Bytes;
use rand::RngExt;
use std::collections::VecDeque;

impl<O: Observer> Engine<O> {
    /// A connection for a SYN, if somebody listens on its port.
    pub(super) fn accept(&mut self, host: HostId, port: PortId, own: Tuple, meta: &Meta) -> Option<u32> {
        let machine = &mut self.machines[host.index()];
        let (program, buffer) = machine.listeners.get(&own.src_port).copied()?;
        let base = Settings::new((own.src, own.src_port), (own.dst, own.dst_port), machine.rng.random());
        let settings = Settings { receive_buffer: buffer, send_buffer: buffer, ..base };
        let endpoint = Smoltcp::accept(&settings, self.now).ok()?;
        let id = machine.next_conn;
        machine.next_conn = machine.next_conn.wrapping_add(1);
        self.keep(host, id, Conn::new(endpoint, program, own, port, meta, true));
        Some(id)
    }

    /// Opens a connection for a program.
    pub(super) fn connect(&mut self, host: HostId, program: u32, id: ConnId, dial: &Dial) {
        let machine = &mut self.machines[host.index()];
        let made = machine.local(dial.to.0).and_then(|(port, address)| {
            let local_port = machine.free_port(address, dial.to, Protocol::TCP)?;
            let own = Tuple {
                src: address,
                dst: dial.to.0,
                src_port: local_port,
                dst_port: dial.to.1,
                protocol: Protocol::TCP,
            };
            let settings = Settings {
                user_timeout: Some(dial.timeout),
                keep_alive: dial.keep_alive,
                receive_buffer: dial.buffer,
                send_buffer: dial.buffer,
                ..Settings::new((address, local_port), dial.to, machine.rng.random())
            };
            let endpoint = Smoltcp::connect(&settings, self.now).ok()?;
            let meta = Meta { flow: dial.flow, ..Meta::default() };
            Some(Conn::new(endpoint, program, own, port, &meta, false))
        });
        match made {
            Some(conn) => {
                self.keep(host, id.0, conn);
                self.work.push_back(Work::Pump { host, conn: id.0 });
            }
            None => {
                let input = Input::Closed(id, Ending::Unreachable);
                self.work.push_back(Work::Tell { host, program, input });
            }
        }
    }

    fn keep(&mut self, host: HostId, id: u32, conn: Conn) {
        let machine = &mut self.machines[host.index()];
        machine.by_tuple.insert(conn.tuple, id);
        machine.conns.insert(id, Box::new(conn));
    }

    /// A program writes.
    pub(super) fn write(&mut self, host: HostId, id: u32, bytes: Bytes, label: &str) {
        let Machine { node, conns, .. } = &mut self.machines[host.index()];
        let Some(conn) = conns.get_mut(&id) else { return };
        let (offset, length) = (conn.written, bytes.len());
        let event = Event::Wrote { host, machine: *node, conn: conn.tuple, offset, length, label };
        self.observer.see(self.now, &event, &self.topology);
        conn.written += bytes.len() as u64;
        conn.unsent.push_back(bytes);
        self.work.push_back(Work::Pump { host, conn: id });
    }

    /// A program closes or gives up.
    pub(super) fn finish(&mut self, host: HostId, id: u32, abort: bool) {
        let Some(conn) = self.machines[host.index()].conns.get_mut(&id) else { return };
        if abort {
            conn.unsent.clear();
            conn.endpoint.abort();
        } else {
            conn.closing = true;
        }
        self.work.push_back(Work::Pump { host, conn: id });
    }

    /// A wake-up of a connection, unless another was set since.
    pub(super) fn wake_conn(&mut self, host: HostId, id: u32, generation: u32) {
        if let Some(conn) = self.machines[host.index()].conns.get_mut(&id)
            && conn.generation == generation
        {
            conn.wake = None;
            self.work.push_back(Work::Pump { host, conn: id });
        }
    }

    /// Lets a connection run: hands it what waits, puts its segments on the wire, tells the program what is new.
    pub(super) fn pump(&mut self, host: HostId, id: u32) {
        let now = self.now;
        let Some(conn) = self.machines[host.index()].conns.get_mut(&id) else { return };
        let drained = conn.feed();
        conn.endpoint.poll(now);
        let mut inputs = conn.news(ConnId(id));
        if drained {
            inputs.push(Input::Drained(ConnId(id)));
        }
        let (program, port) = (conn.program, conn.port);
        let meta = Meta { flow: conn.flow, private_link: conn.private_link, subnet: conn.subnet, ..Meta::default() };
        let mut segments = Vec::new();
        while let Some(segment) = conn.endpoint.next_segment() {
            segments.push(segment);
        }
        let gone = conn.endpoint.is_gone();
        let wake = if gone { None } else { conn.reschedule(now) };
        for (header, payload) in segments {
            self.emit(port, header, meta, payload);
        }
        if gone {
            self.machines[host.index()].free(id);
        }
        if let Some((at, generation)) = wake {
            self.queue.push(at, Due::Poll { host, conn: id, generation });
        }
        for input in inputs {
            self.work.push_back(Work::Tell { host, program, input });
        }
    }
}

impl Conn {
    fn new(endpoint: Smoltcp, program: u32, tuple: Tuple, port: PortId, meta: &Meta, accepting: bool) -> Self {
        Self {
            endpoint,
            program,
            tuple,
            port,
            flow: meta.flow,
            private_link: meta.private_link,
            subnet: meta.subnet,
            accepting,
            seen: State::Opening,
            unsent: VecDeque::new(),
            closing: false,
            written: 0,
            wake: None,
            generation: 0,
        }
    }

    /// Hands TCP what it has room for. Says whether what waited is now all handed over.
    fn feed(&mut self) -> bool {
        let waited = !self.unsent.is_empty();
        while let Some(next) = self.unsent.front_mut() {
            let taken = self.endpoint.send(next);
            if taken < next.len() {
                *next = next.slice(taken..);
                break;
            }
            self.unsent.pop_front();
        }
        if self.closing && self.unsent.is_empty() {
            self.endpoint.close();
        }
        waited && self.unsent.is_empty()
    }

    /// What the program does not know yet, in order.
    fn news(&mut self, id: ConnId) -> Vec<Input> {
        let mut inputs = Vec::new();
        let state = self.endpoint.state();
        let opened =
            self.seen == State::Opening && matches!(state, State::Open | State::RemoteClosed | State::Finishing);
        if opened {
            inputs.push(if self.accepting {
                Input::Accepted {
                    conn: id,
                    port: self.tuple.src_port,
                    peer: (self.tuple.dst, self.tuple.dst_port),
                    flow: self.flow,
                    door: Door { port: self.port, subnet: self.subnet, private_link: self.private_link },
                }
            } else {
                Input::Connected(id)
            });
        }
        let data = self.endpoint.recv();
        if !data.is_empty() {
            inputs.push(Input::Data(id, data));
        }
        if state != self.seen {
            let remote_closed = |state| matches!(state, State::RemoteClosed);
            if remote_closed(state) && !remote_closed(self.seen) {
                inputs.push(Input::PeerClosed(id));
            }
            // A connection that an accepting side never saw open is no program's business.
            let known = !self.accepting || self.seen != State::Opening || opened;
            if let (State::Closed(reason), true) = (state, known) {
                inputs.push(Input::Closed(id, ending(reason)));
            }
            self.seen = state;
        }
        inputs
    }

    /// When it wants to run again, if that is sooner than the wake-up that is already set.
    fn reschedule(&mut self, now: Nanos) -> Option<(Nanos, u32)> {
        let wanted = self.endpoint.wake_at(now)?;
        if self.wake.is_some_and(|set| set <= wanted) {
            return None;
        }
        self.wake = Some(wanted);
        self.generation = self.generation.wrapping_add(1);
        Some((wanted, self.generation))
    }
}

fn ending(reason: Close) -> Ending {
    match reason {
        Close::Graceful => Ending::Closed,
        Close::Reset => Ending::Reset,
        Close::Refused => Ending::Refused,
        Close::TimedOut => Ending::TimedOut,
        Close::Aborted => Ending::Aborted,
    }
}
