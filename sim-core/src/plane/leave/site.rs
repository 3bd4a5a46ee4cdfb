//! A packet leaves a machine on premises, or a service that was reached over a service endpoint.

use crate::fabric::{LinkClass, Port, PortKind, SitePort};
use crate::id::{NodeId, PortId};
use crate::plane::arrive::gateway;
use crate::plane::decision::Act;
use crate::plane::view::Trail;
use crate::stage::route::Hop;
use crate::stage::{Reason, Step};

/// From a machine on premises: to a neighbour, or through the gateway of its network that leads there.
///
/// Rule `gateway-on-premises`: a network on premises reaches the VNets behind the gateways it is connected to, those that
/// use such a gateway over a peering, and by BGP what these gateways have learned from others. Source: azure-dataplane 2.1,
/// 2.7.
pub(super) fn on_premises(trail: &mut Trail<'_>, host: &SitePort) -> Result<Act, Reason> {
    let fabric = trail.view.fabric;
    if let Some(to) = fabric.on_premises(host.site.node, trail.tuple.dst) {
        return Ok(Act::Forward { to, class: LinkClass::Vnet });
    }
    let Some(route) = host.site.routes.decide(&trail.tuple) else {
        return trail.refuse(Reason::NoRoute);
    };
    trail.steps.push(Step::Routed { subnet: host.site.node, route });
    let Hop::Gateway(Some(gateway)) = route.hop else { return Err(Reason::NoGateway) };
    let to = PortId(gateway.0);
    match fabric.port(to).map(|port| &port.kind) {
        Some(PortKind::Gateway(port)) => Ok(Act::Forward { to, class: gateway::class_towards(port, host.site.node) }),
        _ => Err(Reason::NoGateway),
    }
}

/// The answer of a service goes to the subnet whose identity the question carried, or to a peer of its VNet where an
/// appliance had forwarded it.
pub(super) fn to_subnet(trail: &mut Trail<'_>, port: &Port, subnet: NodeId) -> Result<Act, Reason> {
    trail.meta.subnet = None;
    let fabric = trail.view.fabric;
    let Some(context) = fabric.subnet(subnet) else { return Err(Reason::PortDeleted) };
    let class = if port.place.azure { LinkClass::Backbone } else { LinkClass::Internet };
    let found = trail.view.near(context, trail.tuple.dst);
    found.map(|(to, _)| Act::Forward { to, class }).ok_or(Reason::NoSuchAddress)
}
