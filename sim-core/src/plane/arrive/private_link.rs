//! At a private endpoint, and at the private link service behind one.

use crate::assumption::Assumption;
use crate::fabric::{EndpointPort, LinkClass, LinkServicePort, Port, PortKind};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Tuple};
use crate::plane::conn::Half;
use crate::plane::decision::{Act, Decision};
use crate::plane::flow::Key;
use crate::plane::view::{Trail, translation};
use crate::stage::idle::Lifetime;
use crate::stage::route::{self, Hop};
use crate::stage::{Reason, Step, Translation};
use crate::topology::ConnectionState;

/// Rule `private-link-approved`: a connection carries packets while it is approved. Source: azure-services 3.1.
///
/// Rule `endpoint-replies`: answers of a private endpoint go straight to whom they answer, whatever its subnet's routes
/// say. Where the question came by an appliance that left its source alone, an assumption decides whether the client gets
/// them. Source: azure-dataplane 2.6; failure-stories S29.
pub(super) fn at_endpoint(
    trail: &mut Trail<'_>,
    port: &Port,
    endpoint: &EndpointPort,
    known: bool,
) -> Result<Act, Reason> {
    if trail.meta.private_link == Some(NodeId(port.id.0)) {
        // From the provider: straight to the client, whatever the subnet's routes say (azure-dataplane 2.6).
        trail.meta.private_link = None;
        if let Some((to, class)) = trail.view.near(&endpoint.subnet, trail.tuple.dst) {
            past_appliance(trail, to)?;
            return Ok(Act::Forward { to, class });
        }
        let gateway = gateway_towards(endpoint, trail.tuple.dst).ok_or(Reason::NoSuchAddress)?;
        return Ok(Act::Forward { to: gateway, class: LinkClass::Vnet });
    }
    if known {
        trail.steps.push(Step::Known);
    } else if endpoint.nsg.is_some() {
        trail.endpoint_security(endpoint.nsg, &endpoint.subnet)?;
    }
    if endpoint.state != ConnectionState::Approved {
        trail.stop(Reason::LinkNotApproved)?;
    }
    let asked = endpoint.members.iter().find(|(address, _)| *address == trail.tuple.dst);
    let Some(to) = asked.and_then(|(_, target)| *target) else {
        return trail.refuse(Reason::NoSuchAddress);
    };
    trail.meta.private_link = Some(NodeId(port.id.0));
    Ok(Act::Forward { to, class: LinkClass::PrivateLink })
}

/// Looks after an answer whose question went by an appliance, as the client's routes say, which does not see the answer.
fn past_appliance(trail: &mut Trail<'_>, client: PortId) -> Result<(), Reason> {
    let Some(PortKind::Nic(nic)) = trail.view.fabric.port(client).map(|port| &port.kind) else { return Ok(()) };
    let asked = nic.subnet.routes.decide(&trail.tuple.reversed());
    if !asked.is_some_and(|route| matches!(route.hop, Hop::Appliance(_))) {
        return Ok(());
    }
    trail.steps.push(Step::Assumed(Assumption::EndpointReplies));
    match trail.view.fabric.choices().is_default(Assumption::EndpointReplies) {
        true => Ok(()),
        false => trail.refuse(Reason::UnknownFlow),
    }
}

/// The gateway that brought an endpoint's subnet the narrowest route to `to`, whatever users say.
///
/// Rule `endpoint-from-on-premises`: private endpoints are reached from networks on premises through a gateway, and answer
/// them there. Source: azure-dataplane 2.6.
fn gateway_towards(endpoint: &EndpointPort, to: Addr) -> Option<PortId> {
    let listed = endpoint.subnet.routes.listed().iter().map(|listed| listed.route);
    let known = listed.filter(|route| route.source == route::Source::Gateway && route.prefix.contains(to));
    match known.max_by_key(|route| route.prefix.bits())?.hop {
        Hop::Gateway(gateway) => gateway.map(|gateway| PortId(gateway.0)),
        _ => None,
    }
}

/// azure-services 3.2: consumers are translated to one of the service's addresses and sent to the frontend behind it.
///
/// Rule `private-link-translates`: the provider sees one of the link service's own addresses, and the frontend of its
/// balancer as destination. Source: azure-services 3.2.
pub(super) fn at_service(
    mut trail: Trail<'_>,
    port: &Port,
    service: &LinkServicePort,
    key: Key,
    known: Option<Half>,
) -> Decision {
    let by = Translation::LinkService(NodeId(port.id.0));
    let from = trail.tuple;
    let Some(link) = trail.meta.private_link else {
        // A reply from the provider's side.
        let Some(Half { to, pin: Some(pin), .. }) = known else { return trail.end(Err(Reason::UnknownFlow), None) };
        trail.tuple = to;
        trail.meta.private_link = Some(NodeId(pin.0));
        trail.steps.push(Step::Rewritten { by, from, to });
        return trail.end(Ok(Act::Forward { to: pin, class: LinkClass::PrivateLink }), None);
    };
    trail.meta.private_link = None;
    let Some((frontend, address)) = service.frontend else { return trail.end(Err(Reason::NoSuchAddress), None) };
    if let Some(half) = known {
        trail.steps.push(Step::Known);
        trail.tuple = half.to;
        return trail.end(Ok(Act::Forward { to: frontend, class: LinkClass::Vnet }), None);
    }
    let Some(to) =
        trail.view.own_source(NodeId(port.id.0), service.nat.iter().copied(), &Tuple { dst: address, ..from })
    else {
        return trail.end(Err(Reason::PortsExhausted), None);
    };
    trail.tuple = to;
    trail.steps.push(Step::Rewritten { by, from, to });
    let state = translation(key, to, frontend, PortId(link.0), Lifetime::private_link());
    trail.end(Ok(Act::Forward { to: frontend, class: LinkClass::Vnet }), Some(state))
}
