//! Resources that are not there and would open a way: a security group, a NAT gateway, peerings.

use super::{Mend, admitting};
use crate::explain::Blocker;
use crate::fabric::{Fabric, NicPort};
use crate::id::NodeId;
use crate::stage::route::{Chosen, Source};
use crate::topology::{Draft, Kind, NatGateway, Nsg, Peering, PublicIp, Relation, Resource, Setting, Sku, Topology};
use std::sync::Arc;

/// A security group on the subnet of an address that is closed without one, with a rule for the traffic.
pub(super) fn group(blocker: &Blocker, nic: &NicPort, fabric: &Fabric, topology: &Topology) -> Mend {
    let rules = admitting(blocker, Some(nic.subnet.vnet), fabric).into_iter().collect();
    let kind = Kind::Nsg(Nsg { rules, ..Nsg::default() });
    let name = beside(nic.subnet.node, "networkSecurityGroups", "nsg", topology);
    Mend::Make { drafts: vec![Draft::new(name, kind)], holder: Some((nic.subnet.node, Relation::FilteredBy)) }
}

/// A NAT gateway with an address of its own on a subnet.
pub(super) fn nat_gateway(subnet: NodeId, topology: &Topology) -> Option<Mend> {
    let region = match &topology.vnet_of(subnet)?.kind {
        Kind::Vnet(vnet) => vnet.region.clone(),
        _ => return None,
    };
    let address = beside(subnet, "publicIPAddresses", "nat-ip", topology);
    let gateway = beside(subnet, "natGateways", "nat", topology);
    let public = PublicIp { sku: Sku::Standard, region, ..PublicIp::default() };
    let drafts = vec![
        Draft::new(address.clone(), Kind::PublicIp(public)),
        Draft::new(gateway, Kind::NatGateway(NatGateway::default())).refer(Relation::Uses, address),
    ];
    Some(Mend::Make { drafts, holder: Some((subnet, Relation::TranslatedBy)) })
}

/// Peerings of the sender's VNet with the one that has the destination, where no route of a user's decides.
pub(super) fn peerings(
    blocker: &Blocker,
    nic: &NicPort,
    route: &Chosen,
    fabric: &Fabric,
    topology: &Topology,
) -> Option<Mend> {
    if route.source != Source::System {
        return None;
    }
    let holds =
        |vnet: &&Resource| matches!(vnet.kind, Kind::Vnet(_)) && fabric.private(vnet.id, blocker.tuple.dst).is_some();
    let mut holders = topology.resources().filter(holds).filter(|vnet| vnet.id != nic.subnet.vnet);
    let (remote, other) = (holders.next()?, holders.next());
    let local = topology.get(nic.subnet.vnet)?;
    if other.is_some() || topology.peer(local.id, remote.id).is_some() {
        return None;
    }
    let peering = |from: &Resource, to: &Resource| {
        let open = Peering { access: Setting::default_of(true), ..Peering::default() };
        Draft::new(format!("{}/virtualNetworkPeerings/to-{}", from.name, to.short_name()), Kind::Peering(open))
            .refer(Relation::PartOf, from.name.clone())
            .refer(Relation::Remote, to.name.clone())
    };
    Some(Mend::Make { drafts: vec![peering(local, remote), peering(remote, local)], holder: None })
}

/// A free name for a resource made for a subnet, beside its VNet.
fn beside(subnet: NodeId, collection: &str, what: &str, topology: &Topology) -> Arc<str> {
    let vnet = topology.vnet_of(subnet).map_or("", |vnet| &vnet.name);
    let short = topology.get(subnet).map_or("", Resource::short_name);
    // Without a provider in its id, as in a sketch, the name stands alone.
    let mark = "/virtualnetworks/";
    let scope = vnet.to_ascii_lowercase().rfind(mark).map_or("", |at| &vnet[..at]);
    let slash = if scope.is_empty() { String::new() } else { format!("{scope}/{collection}/") };
    let name = format!("{slash}{short}-{what}");
    super::free_name(name, |name| topology.find(name).is_some())
}
