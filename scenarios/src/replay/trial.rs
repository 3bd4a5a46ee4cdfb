//! What is tried: by which machine, towards whom, saying what.

use super::client::Client;
use crate::scenario::{Flow, FlowProtocol, Ports};
use sim_core::app::{
    Attempt, Crowd, Destination, Dialogue, Directory, Manner, Manners, Parallel, Ping, Session, Traceroute,
};
use sim_core::host::{Program, Socket};
use sim_core::id::{FlowId, NodeId};
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::time::Nanos;

/// What is tried.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    /// The machine that tries.
    pub from: NodeId,
    /// Where it connects to.
    pub to: Destination,
    /// What it says.
    pub say: Say,
    /// How long it waits for a connection, or an answer.
    pub timeout: Nanos,
    /// The flow it belongs to.
    pub flow: FlowId,
}

/// What is said.
#[derive(Clone, Debug)]
pub(super) enum Say {
    /// A dialogue on a connection of its own.
    Attempt(Dialogue),
    /// What a client of a managed service says, to hosts whose names lead there.
    Client(Client, Directory),
    /// A long one.
    Session(Manner),
    /// Many at once.
    Parallel(Crowd),
    /// An echo request.
    Ping,
    /// Many, with a growing time to live.
    Traceroute,
}

impl Say {
    /// What a flow says to a host that is called `target`.
    pub fn of(flow: &Flow, target: &str) -> Self {
        let udp = flow.protocol == FlowProtocol::Udp;
        if let Some(session) = flow.session {
            let ssh = flow.protocol == FlowProtocol::Ssh;
            return Self::Session(Manner { ssh, every: session.every.0, lasts: session.lasts.0 });
        }
        if let Some(parallel) = flow.parallel {
            return Self::Parallel(Crowd { flows: parallel.flows, each_port: parallel.ports == Ports::Each, udp });
        }
        let web = |tls| Dialogue::Web { host: target.into(), path: "/".into(), tls };
        Self::Attempt(match flow.protocol {
            FlowProtocol::Ssh => Dialogue::Ssh,
            FlowProtocol::Winrm => Dialogue::WinRm,
            FlowProtocol::Https => web(true),
            FlowProtocol::Http => web(false),
            FlowProtocol::Udp => return Self::Parallel(Crowd { flows: 1, each_port: false, udp }),
            FlowProtocol::Icmp => return Self::Ping,
            FlowProtocol::Traceroute => return Self::Traceroute,
            // The clients of managed services are no dialogues.
            _ => Dialogue::Tcp,
        })
    }

    /// Whether what listens for it gives back what it gets, whatever the port is for by custom.
    pub fn wants_echo(&self) -> bool {
        matches!(self, Self::Session(Manner { ssh: false, .. }) | Self::Parallel(_))
    }

    /// Whether its program looks names up itself.
    pub fn looks_up(&self) -> bool {
        match self {
            Self::Attempt(_) | Self::Session(_) => true,
            Self::Client(client, _) => client.looks_up(),
            Self::Parallel(_) | Self::Ping | Self::Traceroute => false,
        }
    }

    /// Whether many attempts of it can be made side by side, to measure it.
    pub fn repeats(&self) -> bool {
        matches!(self, Self::Attempt(_) | Self::Client(..) | Self::Ping)
    }

    fn protocol(&self, to: Addr) -> Protocol {
        match self {
            Self::Ping | Self::Traceroute if to.is_v4() => Protocol::ICMP,
            Self::Ping | Self::Traceroute => Protocol::ICMPV6,
            Self::Parallel(Crowd { udp: true, .. }) => Protocol::UDP,
            _ => Protocol::TCP,
        }
    }
}

/// The port that questions to the network are asked from: the first of those that machines take theirs from.
const ASKING_PORT: u16 = 49152;

impl Trial {
    /// The first packet to `to`, as it leaves `source`.
    pub fn tuple(&self, source: Addr, to: Addr) -> Tuple {
        let protocol = self.say.protocol(to);
        // Both hold the identifier of an echo.
        let echo = matches!(self.say, Say::Ping | Say::Traceroute);
        let dst_port = if echo { ASKING_PORT } else { self.to.port() };
        Tuple { src: source, dst: to, src_port: ASKING_PORT, dst_port, protocol }
    }

    /// The program that tries, after a while. `known` is the address of a name, for programs that look none up; without it
    /// they cannot try.
    pub fn program(&self, after: Nanos, known: Option<Addr>) -> Option<Box<dyn Program>> {
        let Self { to, timeout, flow: number, .. } = self;
        let (timeout, flow) = (*timeout, Some(*number));
        let at: Option<Socket> = match to {
            Destination::At(at) => Some(*at),
            Destination::Named(_, port) => known.map(|address| (address, *port)),
        };
        Some(match &self.say {
            Say::Attempt(dialogue) => Box::new(Attempt::new(to.clone(), dialogue.clone(), timeout, after, flow)),
            Say::Client(client, names) => {
                let manners = Manners { names: names.clone(), timeout, after, bulk: false, flow };
                client.program(at, manners)?
            }
            Say::Session(manner) => Box::new(Session::new(to.clone(), *manner, timeout, flow)),
            Say::Parallel(crowd) => Box::new(Parallel::new(at?, *crowd, timeout, flow)),
            Say::Ping => Box::new(Ping::new(at?.0, timeout, after, flow)),
            Say::Traceroute => Box::new(Traceroute::new(at?.0, timeout, flow)),
        })
    }
}
