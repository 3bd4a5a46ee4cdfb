//! At a virtual network gateway: into the VNet, or out through a connection.

use crate::fabric::{GatewayPort, LinkClass, Port, TunnelEnd};
use crate::id::NodeId;
use crate::plane::decision::{Act, Decision};
use crate::plane::flow::Known;
use crate::plane::leave::hop::{self, Sender};
use crate::plane::view::Trail;
use crate::stage::route::Hop;
use crate::stage::{Reason, Step};

/// Rule `gateway-hop`: a gateway counts packets down as routers do; inside a VNet and over peerings nothing does. Source:
/// azure-dataplane 5.4.
pub(super) fn arrive(mut trail: Trail<'_>, port: &Port, gateway: &GatewayPort) -> Decision {
    trail.routed = true;
    let act = forward(&mut trail, port, gateway);
    trail.end(act, None)
}

/// Rule `gateway-subnet-routes`: what comes from a gateway's connections goes into the VNet by the routes of its own subnet,
/// a user's among them. Source: azure-dataplane 2.2, 2.3.
pub(in crate::plane) fn forward(trail: &mut Trail<'_>, port: &Port, gateway: &GatewayPort) -> Result<Act, Reason> {
    let chosen = gateway.routes.decide(&trail.tuple);
    if let Some(route) = chosen
        && let Hop::Tunnel(connection) = route.hop
    {
        trail.steps.push(Step::Routed { subnet: NodeId(port.id.0), route });
        return through(trail, gateway, connection);
    }
    if chosen.is_none() {
        // Neither the VNet nor any connection has it.
        return trail.refuse(Reason::NoGateway);
    }
    let sender = Sender { port, subnet: &gateway.subnet, nic: None };
    let route = trail.route(&gateway.subnet)?;
    hop::take(trail, sender, route, Known::Not)
}

/// Through a connection, to the gateway or the host at its end.
fn through(trail: &mut Trail<'_>, gateway: &GatewayPort, connection: NodeId) -> Result<Act, Reason> {
    let tunnel = gateway.tunnels.iter().find(|tunnel| tunnel.connection == connection);
    let Some(tunnel) = tunnel.filter(|tunnel| tunnel.up) else {
        return trail.refuse(Reason::NoGateway);
    };
    let to = match tunnel.end {
        TunnelEnd::Gateway(far) => Some(far),
        TunnelEnd::Site(site) => trail.view.fabric.on_premises(site, trail.tuple.dst),
    };
    match to {
        Some(to) => Ok(Act::Forward { to, class: tunnel.class }),
        None => trail.refuse(Reason::NoSuchAddress),
    }
}

/// What kind of way leads from a site to a gateway.
pub(in crate::plane) fn class_towards(gateway: &GatewayPort, site: NodeId) -> LinkClass {
    let leads = |end: TunnelEnd| matches!(end, TunnelEnd::Site(found) if found == site);
    gateway.tunnels.iter().find(|tunnel| leads(tunnel.end)).map_or(LinkClass::Vpn, |tunnel| tunnel.class)
}
