//! `virtualNetworkGateways`, `connections`, `localNetworkGateways` and `expressRouteCircuits` (azure-dataplane 2.1, 2.7).

use super::raw::RawResource;
use super::read::{address, given, inner, list, missing, not_modelled, number, prefix, reference, says, switch};
use super::reading::Reading;
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::net::Prefix;
use sim_core::topology::{Bgp, Connection, Draft, Gateway, GatewayKind, Kind, OnPremises, OnPremisesHost, Relation};
use std::sync::Arc;

pub(super) fn gateway(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let kind = match () {
        () if says(properties, "gatewayType", "ExpressRoute") => GatewayKind::ExpressRoute,
        () if says(properties, "gatewayType", "LocalGateway") => {
            return out.leave_out(&raw.id, not_modelled(properties, "a gateway of an edge site"));
        }
        () => GatewayKind::Vpn,
    };
    let bgp = match bgp(properties) {
        Ok(bgp) => bgp,
        Err(diagnostic) => return out.leave_out(&raw.id, diagnostic),
    };
    let policy_based = says(properties, "vpnType", "PolicyBased");
    let mut draft = raw.draft(Kind::Gateway(Gateway { region: out.region.clone(), kind, policy_based, bgp }));
    let configs: Vec<&Value> = list(properties, "ipConfigurations").iter().map(inner).collect();
    // All of its addresses are in one subnet.
    match configs.iter().find_map(|config| reference(config, "subnet")) {
        Some(subnet) => draft = draft.refer(Relation::Attached, subnet),
        None => return out.leave_out(&raw.id, missing(properties, "ipConfigurations")),
    }
    for public in configs.iter().filter_map(|config| reference(config, "publicIPAddress")) {
        draft = draft.refer(Relation::Uses, public);
    }
    if let Some(site) = reference(properties, "gatewayDefaultSite") {
        draft = draft.refer(Relation::Target, site);
    }
    out.node(draft);
    if let Some(clients) = given(properties, "vpnClientConfiguration").and_then(|it| given(it, "vpnClientAddressPool"))
    {
        point_to_site(raw, clients, out);
    }
}

/// Clients that dial in are a network of their own behind the gateway.
fn point_to_site(raw: &RawResource, pool: &Value, out: &mut Reading) {
    let prefixes = match prefixes(pool) {
        Ok(prefixes) if prefixes.is_empty() => return,
        Ok(prefixes) => prefixes,
        Err(diagnostic) => return out.leave_out(&raw.id, diagnostic),
    };
    let site: Arc<str> = format!("{}/vpnClients/all", raw.id).into();
    let draft = |id: Arc<str>, kind| Draft { owner: raw.owner.clone(), ..Draft::new(id, kind).at(Some(pool.span)) };
    let clients = OnPremises { region: Some(out.region.clone()), prefixes, ..OnPremises::default() };
    hosts(&site, &clients.prefixes, pool, out);
    out.inline(draft(site.clone(), Kind::OnPremises(clients)));
    let connection =
        draft(format!("{}/vpnClientConnections/all", raw.id).into(), Kind::Connection(Connection::default()));
    out.inline(connection.refer(Relation::PartOf, raw.id.clone()).refer(Relation::Remote, site));
}

pub(super) fn connection(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let Some(gateway) = reference(properties, "virtualNetworkGateway1") else {
        return out.leave_out(&raw.id, missing(properties, "virtualNetworkGateway1"));
    };
    let ends = ["virtualNetworkGateway2", "localNetworkGateway2", "peer"];
    let Some(end) = ends.into_iter().find_map(|key| reference(properties, key)) else {
        return out.leave_out(&raw.id, missing(properties, "virtualNetworkGateway2"));
    };
    let weight = match number(properties, "routingWeight", 0..=32000) {
        Ok(weight) => weight.unwrap_or(0) as u32,
        Err(diagnostic) => return out.leave_out(&raw.id, diagnostic),
    };
    let bgp = switch(properties, "enableBgp", false).value;
    let draft = raw.draft(Kind::Connection(Connection { bgp, weight }));
    out.node(draft.refer(Relation::PartOf, gateway).refer(Relation::Remote, end));
}

pub(super) fn local_network(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let space = given(properties, "localNetworkAddressSpace").map_or(Ok(Vec::new()), prefixes);
    let own = given(properties, "gatewayIpAddress").map(address).transpose();
    let site = match (space, own, bgp(properties)) {
        (Ok(prefixes), Ok(address), Ok(bgp)) => OnPremises { region: Some(out.region.clone()), prefixes, address, bgp },
        (Err(diagnostic), ..) | (_, Err(diagnostic), _) | (.., Err(diagnostic)) => {
            return out.leave_out(&raw.id, diagnostic);
        }
    };
    hosts(&raw.id, &site.prefixes, properties, out);
    out.node(raw.draft(Kind::OnPremises(site)));
}

/// What is behind a circuit only its owner knows.
pub(super) fn circuit(raw: &RawResource, out: &mut Reading) {
    let peerings = list(raw.properties(), "peerings").iter().map(inner);
    let private = peerings.into_iter().find(|peering| says(peering, "peeringType", "AzurePrivatePeering"));
    let asn = private.and_then(|peering| number(peering, "peerASN", 1..=u64::from(u32::MAX)).ok().flatten());
    let bgp = asn.map(|asn| Bgp { asn: asn as u32, address: None });
    out.node(raw.draft(Kind::OnPremises(OnPremises { bgp, ..OnPremises::default() })));
}

/// Hubs of Virtual WAN and Route Server route by tables of their own.
pub(super) fn hub(raw: &RawResource, out: &mut Reading) {
    let what = "the routes of a virtual hub or route server";
    out.warn(Diagnostic::warning("azure.not-modelled", format!("{what}: not modelled, left out")).at(raw.span));
    out.inert(raw);
}

/// Somebody answers at every address that a network declares.
fn hosts(site: &Arc<str>, prefixes: &[Prefix], written: &Value, out: &mut Reading) {
    for prefix in prefixes {
        let id = format!("{site}/hosts/{}-{}", prefix.first(), prefix.len());
        let host = Kind::OnPremisesHost(OnPremisesHost::at(*prefix));
        out.inline(Draft::new(id, host).at(Some(written.span)).refer(Relation::PartOf, site.clone()));
    }
}

fn prefixes(space: &Value) -> Result<Vec<Prefix>, Diagnostic> {
    list(space, "addressPrefixes").iter().map(prefix).collect()
}

fn bgp(properties: &Value) -> Result<Option<Bgp>, Diagnostic> {
    let Some(settings) = given(properties, "bgpSettings") else { return Ok(None) };
    let Some(asn) = number(settings, "asn", 1..=u64::from(u32::MAX))? else { return Ok(None) };
    // Templates leave it to Azure, and what is read back has one or several with commas.
    let written = given(settings, "bgpPeeringAddress").and_then(Value::as_str).unwrap_or_default();
    let first = written.split(',').next().unwrap_or_default().trim();
    Ok(Some(Bgp { asn: asn as u32, address: first.parse().ok() }))
}
