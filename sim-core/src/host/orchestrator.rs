//! Orchestrators: cloud services that change the network while packets flow. Signals come in, changes and programs go
//! out. A scenario's timeline is one too.

use super::program::{Program, Report};
use crate::fabric::{Fabric, Facts};
use crate::time::Nanos;
use crate::topology::{Draft, Refusal, Topology};
use rand_pcg::Pcg64;
use std::sync::Arc;

/// A change that was asked for, by the number it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u32);

/// A cloud service.
pub trait Orchestrator {
    /// Something happened; what to do about it goes into `control`.
    fn handle(&mut self, signal: Signal<'_>, control: &mut Control<'_>);
}

/// What an orchestrator is told.
#[derive(Clone, Copy, Debug)]
pub enum Signal<'a> {
    /// The run starts.
    Start,
    /// A timer it set.
    Timer(u64),
    /// A change took effect.
    Applied(Ticket),
    /// A change was refused.
    Refused(Ticket, &'a Refusal),
    /// Machines, hosts or addresses came or went, by whomever.
    Changed,
    /// A program that it started said something.
    Reported(&'a Report),
}

/// What an orchestrator asks for.
pub(crate) enum Order {
    Put { ticket: Ticket, after: Nanos, draft: Box<Draft> },
    Delete { ticket: Ticket, after: Nanos, name: Arc<str> },
    Spawn { on: Arc<str>, program: Box<dyn Program> },
    Stop { on: Arc<str> },
    Timer { after: Nanos, token: u64 },
    Announce(Report),
}

/// An orchestrator's view of the cloud while it handles a signal.
pub struct Control<'a> {
    pub(crate) now: Nanos,
    pub(crate) topology: &'a Topology,
    pub(crate) facts: &'a Arc<Facts>,
    pub(crate) rng: &'a mut Pcg64,
    pub(crate) next_ticket: &'a mut u32,
    pub(crate) orders: &'a mut Vec<Order>,
}

impl Control<'_> {
    /// The time.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.now
    }

    /// The network as it is now.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        self.topology
    }

    /// The data plane of the network as it is now, compiled for questions.
    #[must_use]
    pub fn fabric(&self) -> Arc<Fabric> {
        Arc::new(Fabric::compile(self.topology, self.facts, 0))
    }

    /// The orchestrator's own random numbers.
    pub fn rng(&mut self) -> &mut Pcg64 {
        self.rng
    }

    fn ticket(&mut self) -> Ticket {
        let ticket = Ticket(*self.next_ticket);
        *self.next_ticket = self.next_ticket.wrapping_add(1);
        ticket
    }

    /// Put a resource; it takes effect after a while.
    pub fn put(&mut self, draft: Draft, after: Nanos) -> Ticket {
        let ticket = self.ticket();
        self.orders.push(Order::Put { ticket, after, draft: Box::new(draft) });
        ticket
    }

    /// Delete a resource and its children; it takes effect after a while.
    pub fn delete(&mut self, name: impl Into<Arc<str>>, after: Nanos) -> Ticket {
        let ticket = self.ticket();
        self.orders.push(Order::Delete { ticket, after, name: name.into() });
        ticket
    }

    /// Start a program on the machine, Internet host or VNet platform with this resource id. What it reports comes back
    /// as [`Signal::Reported`].
    pub fn spawn(&mut self, on: impl Into<Arc<str>>, program: impl Program + 'static) {
        self.spawn_boxed(on, Box::new(program));
    }

    /// The same for a program whose kind is known only at run time.
    pub fn spawn_boxed(&mut self, on: impl Into<Arc<str>>, program: Box<dyn Program>) {
        self.orders.push(Order::Spawn { on: on.into(), program });
    }

    /// Stop all programs of this orchestrator on a machine; their connections are aborted.
    pub fn stop(&mut self, on: impl Into<Arc<str>>) {
        self.orders.push(Order::Stop { on: on.into() });
    }

    /// Be told [`Signal::Timer`] after a while.
    pub fn after(&mut self, after: Nanos, token: u64) {
        self.orders.push(Order::Timer { after, token });
    }

    /// Say something to the reader of the run.
    pub fn announce(&mut self, what: &'static str, value: u64, text: impl Into<String>) {
        self.orders.push(Order::Announce(Report { what, text: text.into(), value }));
    }
}
