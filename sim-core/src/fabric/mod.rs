//! The compiled data plane: what packets meet. One version is immutable and shares no strings with the declaration; a
//! change of the topology makes the next version.

mod compile;
mod place;
mod port;

pub use place::{Delays, Facts, LinkClass, LinkProfile, Place, Spread};
pub use port::{
    EndpointPort, FrontendPort, Group, LinkServicePort, NicPort, Outbound, Port, PortKind, SubnetContext, Translator,
    TranslatorKind,
};

use crate::id::{NodeId, PortId};
use crate::net::{Addr, Prefix};
use hashbrown::HashMap;
use std::sync::Arc;

type FixedMap<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// One version of the data plane.
#[derive(Clone, Debug, Default)]
pub struct Fabric {
    /// Version number: what was composed under another one is looked at again.
    pub epoch: u32,
    /// By port id, which is the number of the resource that has the port.
    ports: Vec<Option<Arc<Port>>>,
    /// Who answers a public address.
    public: FixedMap<Addr, PortId>,
    /// Hosts on the Internet that stand for more than one address, longest prefix first.
    wide: Vec<(Prefix, PortId)>,
    /// Who answers a private address in a VNet.
    private: FixedMap<(NodeId, Addr), PortId>,
}

impl Fabric {
    /// The port, if it is there in this version.
    #[must_use]
    pub fn port(&self, id: PortId) -> Option<&Arc<Port>> {
        self.ports.get(id.index()).and_then(Option::as_ref)
    }

    /// All ports.
    pub fn ports(&self) -> impl Iterator<Item = &Arc<Port>> {
        self.ports.iter().flatten()
    }

    /// Who answers `addr` inside a VNet.
    #[must_use]
    pub fn private(&self, vnet: NodeId, addr: Addr) -> Option<PortId> {
        self.private.get(&(vnet, addr)).copied()
    }

    /// Who answers `addr` on the Internet.
    #[must_use]
    pub fn public(&self, addr: Addr) -> Option<PortId> {
        let exact = self.public.get(&addr).copied();
        exact.or_else(|| self.wide.iter().find(|(prefix, _)| prefix.contains(addr)).map(|(_, port)| *port))
    }
}
