//! Programs at work: inputs to them, their commands, power.

use super::control::SignalBox;
use super::event::{Event, Observer};
use super::machine::Owner;
use super::queue::Due;
use super::{Engine, Work};
use crate::host::{Command, Context, Input, Socket};
use crate::id::{FlowId, HostId, NodeId};
use crate::net::{Header, IcmpHeader, Meta, Protocol, Tuple};
use crate::time::Nanos;
use bytes::Bytes;

impl<O: Observer> Engine<O> {
    /// Tells a program something and does what it asks for.
    pub(super) fn tell(&mut self, host: HostId, index: u32, input: Input) {
        let machine = &mut self.machines[host.index()];
        if !machine.up {
            return;
        }
        let Some(mut slot) = machine.programs.get_mut(index as usize).and_then(Option::take) else { return };
        let mut commands = Vec::new();
        let mut context = Context {
            now: self.now,
            fabric: self.plane.fabric(),
            rng: &mut machine.rng,
            machine: machine.node,
            next_conn: &mut machine.next_conn,
            next_udp_port: &mut machine.next_udp_port,
            commands: &mut commands,
        };
        slot.program.handle(input, &mut context);
        let owner = slot.owner;
        machine.programs[index as usize] = Some(slot);
        for command in commands {
            self.obey(host, index, owner, command);
        }
    }

    fn obey(&mut self, host: HostId, index: u32, owner: Owner, command: Command) {
        let machine = &mut self.machines[host.index()];
        match command {
            Command::Listen { port, buffer } => {
                machine.listeners.insert(port, (index, buffer));
            }
            Command::ListenUdp { port, at } => {
                if let Some(at) = self.machine_at(host, at) {
                    self.machines[at.index()].udp_listeners.insert(port, (host, index));
                }
            }
            Command::LeaveUdp { port, at } => {
                if let Some(at) = self.machine_at(host, at) {
                    let listeners = &mut self.machines[at.index()].udp_listeners;
                    if listeners.get(&port) == Some(&(host, index)) {
                        listeners.remove(&port);
                    }
                }
            }
            Command::Connect { conn, dial } => self.connect(host, index, conn, &dial),
            Command::Write { conn, bytes, label } => self.write(host, conn.0, bytes, &label),
            Command::Close(conn) => self.finish(host, conn.0, false),
            Command::Abort(conn) => self.finish(host, conn.0, true),
            Command::Datagram { from_port, at, to, data, flow } => {
                if let Some(at) = self.machine_at(host, at) {
                    self.datagram(at, from_port, to, data, flow);
                }
            }
            Command::Ping { to, sequence, ttl, flow } => self.ping(host, index, (to, sequence), ttl, flow),
            Command::Timer { after, token } => {
                let boot = machine.boot;
                self.queue.push(self.now + after, Due::Timer { host, program: index, token, boot });
            }
            Command::Reboot { after, down } => {
                let boot = machine.boot;
                self.queue.push(self.now + after, Due::PowerOff { host, down, boot });
            }
            Command::Health { up } => {
                if let Owner::Prober { probe, backend } = owner
                    && self.plane.probed(probe, backend, up)
                {
                    self.observer.see(self.now, &Event::Probed { probe, backend, up }, &self.topology);
                }
            }
            Command::Report(report) => {
                self.report(host, index, &report);
                if let Owner::Orchestrator(orchestrator) = owner {
                    let signal = SignalBox::Reported(report);
                    self.work.push_back(Work::Signal { orchestrator, signal });
                }
            }
        }
    }

    /// The machine in whose name another one speaks, or that one.
    fn machine_at(&self, host: HostId, at: Option<NodeId>) -> Option<HostId> {
        at.map_or(Some(host), |node| self.machine_of.get(&node).copied())
    }

    fn datagram(&mut self, host: HostId, from_port: u16, to: Socket, data: Bytes, flow: Option<FlowId>) {
        let Some((port, address)) = self.machines[host.index()].local(to.0) else { return };
        let tuple = Tuple { src: address, dst: to.0, src_port: from_port, dst_port: to.1, protocol: Protocol::UDP };
        self.emit(port, Header::plain(tuple, 64), Meta { flow, ..Meta::default() }, data);
    }

    /// Sends an echo request. Its identifier is the program's number, as a process' is on Linux.
    fn ping(&mut self, host: HostId, index: u32, (to, sequence): Socket, ttl: u8, flow: Option<FlowId>) {
        let Some((port, src)) = self.machines[host.index()].local(to) else { return };
        let protocol = if to.is_v4() { Protocol::ICMP } else { Protocol::ICMPV6 };
        let identifier = index as u16;
        let tuple = Tuple { src, dst: to, src_port: identifier, dst_port: identifier, protocol };
        let header = Header::icmp(tuple, ttl, IcmpHeader::echo_request(protocol, sequence));
        self.emit(port, header, Meta { flow, ..Meta::default() }, Bytes::new());
    }

    /// A program's timer.
    pub(super) fn timer(&mut self, host: HostId, program: u32, token: u64, boot: u32) {
        if self.machines[host.index()].boot == boot {
            self.work.push_back(Work::Tell { host, program, input: Input::Timer(token) });
        }
    }

    /// A machine goes down. What it had open it closes first, as a guest that shuts down does; then nobody is there.
    pub(super) fn power_off(&mut self, host: HostId, down: Nanos, boot: u32) {
        let machine = &mut self.machines[host.index()];
        if machine.boot != boot || !machine.up {
            return;
        }
        let mut open: Vec<u32> = machine.conns.keys().copied().collect();
        open.sort_unstable();
        for conn in open {
            self.finish(host, conn, false);
            self.pump(host, conn);
        }
        let machine = &mut self.machines[host.index()];
        machine.lose_power();
        self.plane.powered(machine.ports.iter().map(|(port, _)| *port), false);
        let (boot, machine) = (machine.boot, machine.node);
        self.observer.see(self.now, &Event::Power { host, machine, up: false }, &self.topology);
        self.queue.push(self.now + down, Due::PowerOn { host, boot });
    }

    /// A machine comes up: its waiting programs start anew.
    pub(super) fn power_on(&mut self, host: HostId, boot: u32) {
        let machine = &mut self.machines[host.index()];
        if machine.boot != boot || machine.up {
            return;
        }
        machine.up = true;
        self.plane.powered(machine.ports.iter().map(|(port, _)| *port), true);
        for (index, slot) in (0u32..).zip(&mut machine.programs) {
            let fresh = slot.as_ref().and_then(|slot| slot.program.fresh());
            match (slot.as_mut(), fresh) {
                (Some(slot), Some(program)) => {
                    slot.program = program;
                    self.work.push_back(Work::Tell { host, program: index, input: Input::Start });
                }
                _ => *slot = None,
            }
        }
        let machine = machine.node;
        self.observer.see(self.now, &Event::Power { host, machine, up: true }, &self.topology);
    }
}
