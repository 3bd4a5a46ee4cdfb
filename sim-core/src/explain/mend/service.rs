//! What lets somebody in at a managed service that its own firewall keeps out.

use super::Mend;
use crate::fabric::{Fabric, PortKind};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Prefix};
use crate::stage::Reason;
use crate::stage::guard::Caller;
use crate::stage::outbound::is_private;
use crate::topology::{AddressRule, Draft, Guard, Kind, ServiceEndpoint, Setting, SubnetRule, Topology};
use std::sync::Arc;

/// What of a service's firewall takes another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unlock {
    /// Its public front takes requests.
    Public,
    /// One more subnet is listed.
    Subnet {
        /// The subnet.
        subnet: NodeId,
        /// The service endpoint that the subnet needs for that, as `Microsoft.Storage`, where it has none.
        endpoint: Option<Arc<str>>,
    },
    /// One more address is listed.
    Address(Prefix),
    /// Those are let in that no rule names.
    Everybody,
}

/// What would let in a caller that is not: first who comes from a subnet by that subnet, then by its address, then with
/// everybody.
pub(super) fn admitting(
    reason: Reason,
    service: NodeId,
    caller: &Caller,
    asker: PortId,
    fabric: &Fabric,
    topology: &Topology,
) -> Vec<Mend> {
    let unlock = |change| Mend::Unlock { service, change };
    if reason == Reason::ServiceNotPublic {
        return vec![unlock(Unlock::Public)];
    }
    let subnet = caller.subnet.or_else(|| match fabric.port(asker).map(|port| &port.kind) {
        Some(PortKind::Nic(nic)) => Some(nic.subnet.node),
        _ => None,
    });
    let listed = subnet.map(|subnet| {
        let endpoint = if caller.subnet.is_some() { None } else { endpoint_of(service, topology) };
        unlock(Unlock::Subnet { subnet, endpoint })
    });
    // Addresses that Azure would draw stand in a range that nobody has: to list one would not help.
    let drawn = Prefix::new(Addr::v4(240, 0, 0, 0), 4).is_some_and(|range| range.contains(caller.source));
    let known = !drawn && !is_private(caller.source);
    let address = known.then(|| unlock(Unlock::Address(Prefix::host(caller.source))));
    listed.into_iter().chain(address).chain([unlock(Unlock::Everybody)]).collect()
}

/// The service endpoint for a service: it has the name of the service's provider (azure-services 6).
fn endpoint_of(service: NodeId, topology: &Topology) -> Option<Arc<str>> {
    let Kind::Service(service) = &topology.get(service)?.kind else { return None };
    service.resource_type.split('/').next().map(Arc::from)
}

/// The resources as they are after the edit.
pub(super) fn drafts(service: NodeId, change: &Unlock, topology: &Topology) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let name = |node| topology.get(node).map(|found| found.name.clone());
    if let Unlock::Subnet { subnet, endpoint: Some(endpoint) } = change
        && let Some(found) = topology.get(*subnet)
    {
        let mut draft = topology.draft_of(found);
        if let Kind::Subnet(subnet) = &mut draft.kind {
            subnet.service_endpoints.push(ServiceEndpoint { service: endpoint.clone(), locations: vec!["*".into()] });
        }
        drafts.push(draft);
    }
    if let Some(found) = topology.get(service) {
        let mut draft = topology.draft_of(found);
        if let Kind::Service(service) = &mut draft.kind {
            apply(&mut service.guard, change, name);
        }
        drafts.push(draft);
    }
    drafts
}

fn apply(guard: &mut Guard, change: &Unlock, name: impl Fn(NodeId) -> Option<Arc<str>>) {
    match change {
        Unlock::Public => guard.public = Setting::default_of(true),
        Unlock::Everybody => guard.open = Setting::default_of(true),
        Unlock::Address(prefix) => guard.addresses.push(AddressRule { prefix: *prefix, span: None }),
        Unlock::Subnet { subnet, .. } => {
            guard.subnets.extend(name(*subnet).map(|subnet| SubnetRule { subnet, span: None }));
        }
    }
}
