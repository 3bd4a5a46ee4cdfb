//! A data plane without time and machines, for packets one by one.

use sim_core::fabric::{Fabric, Facts};
use sim_core::id::PortId;
use sim_core::net::{Flags, Header, Meta, Protocol, TcpHeader, Tuple};
use sim_core::plane::{Act, Health, Plane};
use sim_core::stage::{Reason, Step};
use sim_core::time::Nanos;
use std::sync::Arc;
use vnetsim_tests::net::{Net, facts};

/// A data plane that packets are sent through by hand.
pub struct Bench {
    /// The data plane.
    pub plane: Plane,
    /// The time.
    pub now: Nanos,
}

impl Bench {
    /// One of this network.
    pub fn new(net: &Net) -> Self {
        Self::assuming(net, &[])
    }

    /// The same under these assumptions.
    pub fn assuming(net: &Net, choices: &[(&str, &str)]) -> Self {
        let mut facts = Facts::clone(&facts());
        for (name, value) in choices {
            facts.choices.set(name, value).unwrap();
        }
        let fabric = Arc::new(Fabric::compile(&net.topology, &Arc::new(facts), 0));
        Self { plane: Plane::new(fabric, Health::presuming(true)).seeded(7), now: Nanos::ZERO }
    }

    /// Sends a packet from a port until it arrives: the addresses then, or why it does not, with the steps of the last port.
    pub fn send(&mut self, from: PortId, tuple: Tuple, flags: Flags) -> (Result<(PortId, Tuple), Reason>, Vec<Step>) {
        let mut way = Vec::new();
        self.follow(from, tuple, flags, &mut way)
    }

    /// The ports that a packet passes, and where it arrives.
    pub fn way(&mut self, from: PortId, tuple: Tuple, flags: Flags) -> (Vec<PortId>, Result<(PortId, Tuple), Reason>) {
        let mut way = Vec::new();
        let (end, _) = self.follow(from, tuple, flags, &mut way);
        (way, end)
    }

    fn follow(
        &mut self,
        from: PortId,
        tuple: Tuple,
        flags: Flags,
        way: &mut Vec<PortId>,
    ) -> (Result<(PortId, Tuple), Reason>, Vec<Step>) {
        let tcp = TcpHeader { flags, ..TcpHeader::default() };
        let mut header =
            if tuple.protocol == Protocol::TCP { Header::tcp(tuple, 64, tcp) } else { Header::plain(tuple, 64) };
        let (mut port, mut leaving, mut meta) = (from, true, Meta::default());
        loop {
            assert!(way.len() < 64, "{tuple} goes round in circles");
            way.push(port);
            let composed = match self.plane.pass(port, leaving, &mut header, &mut meta, 0, self.now) {
                Ok(composed) => composed,
                Err(reason) => return (Err(reason), Vec::new()),
            };
            match composed.act {
                Act::Forward { to, .. } => (port, leaving) = (to, false),
                Act::Deliver => return (Ok((port, header.tuple)), composed.steps.to_vec()),
                Act::Drop(reason) => return (Err(reason), composed.steps.to_vec()),
                Act::Answer(answer) => return (Err(answer.reason().unwrap()), composed.steps.to_vec()),
            }
        }
    }

    /// Opens a connection; gives how its first packet arrives.
    pub fn open(&mut self, from: PortId, tuple: Tuple) -> Result<Tuple, Reason> {
        self.send(from, tuple, Flags::SYN).0.map(|(_, tuple)| tuple)
    }
}
