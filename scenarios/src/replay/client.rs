//! Clients of managed services that a flow can be: what each is called, whom it asks, and what it does.

use crate::scenario::{Flow, FlowProtocol};
use sim_core::app::{Errand, Manners, Script};
use sim_core::host::{Program, Socket};
use sim_core::id::NodeId;
use sim_core::topology::{InternetHost, Kind, Relation, Topology};
use std::sync::Arc;
use topologies::facts::Date;
use topologies::services::registry::{Image, Login, Pull, Push};
use topologies::services::smb::Mount;
use topologies::services::storage::{BLOB, BlobClient};
use topologies::services::vault::SecretGet;

/// A client, and what it asks for.
#[derive(Clone, Debug)]
pub(super) struct Client {
    protocol: FlowProtocol,
    host: Arc<str>,
    what: Arc<str>,
    date: Date,
}

impl Client {
    /// The client that a flow is, if it is one, for the host of this name.
    pub fn of(flow: &Flow, host: &Arc<str>, date: Date) -> Option<Self> {
        use FlowProtocol::{BlobGet, BlobPut, DockerLogin, DockerPull, DockerPush, SecretGet, Smb};
        let usual = match flow.protocol {
            DockerPull | DockerPush => "hello-world:v1",
            SecretGet => "secret",
            BlobGet | BlobPut => "container/blob",
            DockerLogin | Smb => "",
            _ => return None,
        };
        let what = flow.path.as_deref().unwrap_or(usual).into();
        Some(Self { protocol: flow.protocol, host: host.clone(), what, date })
    }

    /// Whether it looks names up itself.
    pub fn looks_up(&self) -> bool {
        self.protocol != FlowProtocol::Smb
    }

    /// The program. `at` is where its host is, for those that look no names up; without it they cannot try.
    pub fn program(&self, at: Option<Socket>, manners: Manners) -> Option<Box<dyn Program>> {
        let (host, what) = (self.host.clone(), self.what.clone());
        let script: Box<dyn Script> = match self.protocol {
            FlowProtocol::Smb => return Some(Box::new(Mount::new(at?, manners.timeout, manners.after, manners.flow))),
            FlowProtocol::DockerPull => Box::new(Pull::new(host, Image::parse(&what))),
            FlowProtocol::DockerPush => Box::new(Push::new(host, Image::parse(&what))),
            FlowProtocol::SecretGet => Box::new(SecretGet::new(host, what)),
            FlowProtocol::BlobPut => Box::new(BlobClient::put(host, what, BLOB)),
            FlowProtocol::BlobGet => Box::new(BlobClient::get(host, what)),
            _ => Box::new(Login::new(host, self.date)),
        };
        Some(Box::new(Errand::new(script, manners)))
    }
}

/// The host name that a flow means when it names a managed service: that of its part for the flow's protocol.
pub(super) fn host_of(topology: &Topology, service: NodeId, protocol: FlowProtocol) -> Option<Arc<str>> {
    let front = |found| match found {
        &Kind::InternetHost(ref host) => Some(host),
        _ => None,
    };
    let fronts: Vec<&InternetHost> =
        topology.referrers(service, Relation::PartOf).into_iter().filter_map(|part| front(&part.kind)).collect();
    let wanted = match protocol {
        FlowProtocol::BlobGet | FlowProtocol::BlobPut => ".blob.",
        FlowProtocol::Smb => ".file.",
        _ => "",
    };
    let names = || fronts.iter().flat_map(|front| &front.names);
    // A registry's data endpoints are for those whom it sends there.
    let found = names().find(|name| name.contains(wanted) && !name.contains(".data."));
    found.or_else(|| names().next()).cloned()
}
