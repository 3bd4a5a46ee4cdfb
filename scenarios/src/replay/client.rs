//! Clients of managed services that a flow can be: what each is called, whom it asks, and what it does.

use super::directory::fronts;
use crate::scenario::{Flow, FlowProtocol};
use sim_core::app::{Errand, Manners, Script};
use sim_core::host::{Program, Socket};
use sim_core::id::NodeId;
use sim_core::topology::Topology;
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

    /// The program: it connects to `to` first, and where names lead it is told by `manners`.
    pub fn program(&self, to: Socket, manners: Manners) -> Box<dyn Program> {
        let (host, what) = (self.host.clone(), self.what.clone());
        let script: Box<dyn Script> = match self.protocol {
            FlowProtocol::Smb => return Box::new(Mount::new(to, manners.timeout, manners.after, manners.flow)),
            FlowProtocol::DockerPull => Box::new(Pull::new(host, Image::parse(&what))),
            FlowProtocol::DockerPush => Box::new(Push::new(host, Image::parse(&what))),
            FlowProtocol::SecretGet => Box::new(SecretGet::new(host, what)),
            FlowProtocol::BlobPut => Box::new(BlobClient::put(host, what, BLOB)),
            FlowProtocol::BlobGet => Box::new(BlobClient::get(host, what)),
            _ => Box::new(Login::new(host, self.date)),
        };
        Box::new(Errand::new(script, manners))
    }
}

/// The host name that a flow means when it names a managed service: that of its part for the flow's protocol.
pub(super) fn host_of(topology: &Topology, service: NodeId, protocol: FlowProtocol) -> Option<Arc<str>> {
    let fronts = fronts(topology, service);
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
