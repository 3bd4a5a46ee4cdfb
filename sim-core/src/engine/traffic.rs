//! Packets on their way: out of a port, over a link, into a port, to a machine.

use super::event::{Event, Observer};
use super::icmp::{self, reply_meta};
use super::link::Sent;
use super::queue::Due;
use super::{Engine, Work};
use crate::fabric::LinkClass;
use crate::host::tcp;
use crate::host::{Input, Undelivered};
use crate::id::{HostId, LinkId, PortId};
use crate::net::{Flags, Header, IcmpHeader, Meta, Packet, Protocol};
use crate::plane::{Act, Answer, Expired, Forgotten, Reset, Watch};
use crate::stage::Reason;
use bytes::Bytes;

/// Time to live of what machines answer on their own.
const TTL: u8 = 64;

impl<O: Observer> Engine<O> {
    /// A machine sends: makes the packet and lets it leave.
    pub(super) fn emit(&mut self, port: PortId, header: Header, meta: Meta, payload: Bytes) {
        let place = self.packets.make(header, meta, payload);
        self.leave(port, place);
    }

    /// Sends a datagram from the primary address of the machine at `port`, as load generators do: no program runs.
    pub fn inject(&mut self, port: PortId, header: Header, payload: Bytes) {
        self.emit(port, header, Meta::default(), payload);
        self.settle();
    }

    /// The packet at the head of a link arrives.
    #[inline]
    pub(super) fn link_arrival(&mut self, link: LinkId) {
        let Some((packet, next)) = self.links[link.index()].arrive() else { return };
        if let Some(next) = next {
            self.queue.push(next, Due::Link(link));
        }
        let port = self.links[link.index()].to;
        self.decide(port, packet, false);
    }

    /// A packet leaves a port.
    #[inline]
    fn leave(&mut self, port: PortId, packet: u32) {
        self.decide(port, packet, true);
    }

    /// One look-up, one rewrite, and on.
    #[inline]
    fn decide(&mut self, port: PortId, place: u32, leaving: bool) {
        let packet = &mut self.packets.slots[place as usize];
        let before = packet.header.tuple;
        let Packet { header, meta, payload, .. } = packet;
        let composed = match self.plane.pass(port, leaving, header, meta, payload.len(), self.now) {
            Ok(composed) => composed,
            Err(reason) => {
                if reason == Reason::TtlExpired {
                    self.tell_of_expiry(port, place);
                }
                return self.lose(port, place, reason);
            }
        };
        let (act, link, entry) = (composed.act, composed.link, composed.entry);
        let event = Event::Hop { port, leaving, packet: &*packet, before, act, steps: &composed.steps };
        self.observer.see(self.now, &event, &self.topology);
        match act {
            Act::Forward { to, class } => {
                let link = link.unwrap_or_else(|| {
                    let link = self.link_between(port, to, class);
                    self.plane.remember_link(port, entry, link);
                    link
                });
                self.transmit(port, link, place, leaving);
            }
            Act::Deliver => self.deliver(port, place),
            Act::Drop(_) => self.packets.free.push(place),
            Act::Answer(answer) => self.answer(port, place, leaving, answer),
        }
        self.watch();
    }

    /// Sees to the ends of connections that were just opened.
    #[inline]
    fn watch(&mut self) {
        for (at, watch) in self.plane.watches() {
            self.queue.push(at, Due::Expire(watch));
        }
    }

    /// The platform answers a packet: where it came from, or on the spot the machine that sent it.
    fn answer(&mut self, port: PortId, place: u32, leaving: bool, answer: Answer) {
        let packet = &self.packets.slots[place as usize];
        let Header { tuple, icmp, .. } = packet.header;
        let meta = reply_meta(&packet.meta);
        let back = tuple.reversed();
        let (header, payload) = match answer {
            Answer::Echo => {
                let reply = IcmpHeader::echo_reply(tuple.protocol, icmp.sequence);
                (Some(Header::icmp(back, TTL, reply)), packet.payload.clone())
            }
            Answer::Unreachable => match icmp::notice(packet, tuple.dst, Undelivered::HostUnreachable) {
                Some((header, quoted)) => (Some(header), quoted),
                None => (None, Bytes::new()),
            },
            Answer::Reset => (tcp::refusal(&packet.header, packet.payload.len(), TTL), Bytes::new()),
        };
        self.packets.free.push(place);
        let Some(header) = header else { return };
        if leaving {
            let place = self.packets.make(header, meta, payload);
            self.deliver(port, place);
        } else {
            self.emit(port, header, meta, payload);
        }
    }

    /// The time of a watched connection may have come: its ends are told.
    pub(super) fn expire(&mut self, watch: Watch) {
        match self.plane.expire(watch, self.now) {
            Expired::Gone => {}
            Expired::Later(at, watch) => self.queue.push(at, Due::Expire(watch)),
            Expired::Over(forgotten) => {
                let Forgotten { tuple, flow, silence, resets } = *forgotten;
                let event = Event::Forgot { port: watch.port(), flow, tuple, silence };
                self.observer.see(self.now, &event, &self.topology);
                for reset in resets {
                    self.reset(reset);
                }
            }
        }
    }

    fn reset(&mut self, reset: Reset) {
        let Reset { from, to, header, meta } = reset;
        let Some(to) = to else { return self.emit(from, header, meta, Bytes::new()) };
        let place = self.packets.make(header, meta, Bytes::new());
        let link = self.link_between(from, to, LinkClass::Fabric);
        self.transmit(from, link, place, false);
    }

    #[inline]
    fn transmit(&mut self, port: PortId, link: LinkId, place: u32, leaving: bool) {
        let packet = &self.packets.slots[place as usize];
        let machine = if leaving { self.behind.get(port.index()).copied().flatten() } else { None };
        let departure = match machine {
            Some(host) => self.machines[host.index()].shaper.send(self.now, packet.wire_len()),
            None => Some(self.now),
        };
        let Some(departure) = departure else { return self.lose(port, place, Reason::QueueFull) };
        let way = &mut self.links[link.index()];
        let event = Event::Sent { from: way.from, to: way.to, class: way.class, packet, departure };
        self.observer.see(self.now, &event, &self.topology);
        match way.send(departure, place) {
            Sent::First(arrival) => self.queue.push(arrival, Due::Link(link)),
            Sent::Behind => {}
            Sent::Lost => self.lose(port, place, Reason::Lost),
        }
    }

    fn lose(&mut self, port: PortId, place: u32, reason: Reason) {
        let packet = &self.packets.slots[place as usize];
        self.observer.see(self.now, &Event::Lost { port, packet, reason }, &self.topology);
        self.packets.free.push(place);
    }

    /// A packet has come to the machine behind `port`.
    #[inline]
    fn deliver(&mut self, port: PortId, place: u32) {
        let Some(host) = self.behind.get(port.index()).copied().flatten() else {
            return self.lose(port, place, Reason::MachineDown);
        };
        let machine = &self.machines[host.index()];
        if !machine.up {
            return self.lose(port, place, Reason::MachineDown);
        }
        let packet = &mut self.packets.slots[place as usize];
        if machine.forwards && !machine.owns(port, packet.header.tuple.dst) {
            if packet.header.ttl <= 1 {
                self.tell_of_expiry(port, place);
                return self.lose(port, place, Reason::TtlExpired);
            }
            packet.header.ttl -= 1;
            return self.leave(port, place);
        }
        self.packets.free.push(place);
        match packet.header.tuple.protocol {
            Protocol::TCP => self.tcp_in(host, port, place),
            Protocol::UDP => self.udp_in(host, place),
            Protocol::ICMP | Protocol::ICMPV6 => self.icmp_in(host, port, place),
            _ => {}
        }
    }

    fn udp_in(&mut self, host: HostId, place: u32) {
        let packet = &self.packets.slots[place as usize];
        let tuple = packet.header.tuple;
        let listeners = &self.machines[host.index()].udp_listeners;
        let Some((host, program)) = listeners.get(&tuple.dst_port).copied() else { return };
        let (data, flow) = (packet.payload.clone(), packet.meta.flow);
        let input = Input::Datagram { from: (tuple.src, tuple.src_port), port: tuple.dst_port, data, flow };
        self.work.push_back(Work::Tell { host, program, input });
    }

    /// Brings a segment to its connection, to a listener, or answers that nobody is there.
    fn tcp_in(&mut self, host: HostId, port: PortId, place: u32) {
        let packet = &self.packets.slots[place as usize];
        let (header, meta) = (packet.header, packet.meta);
        let machine = &self.machines[host.index()];
        let own = header.tuple.reversed();
        let known = machine.by_tuple.get(&own).copied();
        let conn = match known {
            Some(conn) => Some(conn),
            None if header.tcp.flags.has(Flags::SYN) && !header.tcp.flags.has(Flags::ACK) => {
                self.accept(host, port, own, &meta)
            }
            None => None,
        };
        let packet = &self.packets.slots[place as usize];
        let found = conn.and_then(|conn| self.machines[host.index()].conns.get_mut(&conn));
        let Some(found) = found else {
            if let Some(reset) = tcp::refusal(&header, packet.payload.len(), TTL) {
                self.emit(port, reset, reply_meta(&meta), Bytes::new());
            }
            return;
        };
        tcp::Endpoint::arrive(&mut found.endpoint, self.now, &header, &packet.payload);
        if let Some(conn) = conn {
            self.work.push_back(Work::Pump { host, conn });
        }
    }
}
