//! `loadBalancers` with all their parts, inside or on their own. Parts keep the ids that Azure gives them.

use super::address::{is_global, sku};
use super::id;
use super::nic::{is_v6, requested};
use super::raw::{RawResource, Resources};
use super::read::{
    address, bad, given, idle_minutes, inner, list, missing, number, port, reference, references, says, switch, text,
};
use super::reading::{Piece, Reading};
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::net::Protocol;
use sim_core::stage::idle::DEFAULT_MINUTES;
use sim_core::topology::{
    BackendPool, BalancingRule, Distribution, Draft, Frontend, InboundNatRule, Kind, LoadBalancer, OutboundRule,
    PortRange, Probe, ProbeProtocol, Relation, Setting, Sku,
};
use std::sync::Arc;

const POOLS: &str = "backendAddressPools";
/// The collections of parts, each after those its members refer to.
const COLLECTIONS: [&str; 6] =
    ["frontendIPConfigurations", POOLS, "probes", "loadBalancingRules", "inboundNatRules", "outboundRules"];

pub(super) fn balancer(raw: &RawResource, out: &mut Reading) {
    let written = given(&raw.body, "sku").and_then(|sku| given(sku, "name"));
    let value = match written.and_then(Value::as_str) {
        Some(name) if name.eq_ignore_ascii_case("Gateway") => Sku::Gateway,
        _ => sku(&raw.body),
    };
    let sku = Setting { value, span: written.map(|name| name.span) };
    out.node(raw.draft(Kind::LoadBalancer(LoadBalancer {
        sku,
        region: out.region.clone(),
        global: is_global(&raw.body),
        of_service: false,
    })));
    for collection in COLLECTIONS {
        for value in list(raw.properties(), collection) {
            let Some(id) = raw.part_id(collection, value) else { continue };
            if collection == POOLS {
                members(&id, inner(value), out);
            }
            match part(collection, inner(value)) {
                Ok(kind) => {
                    let draft = Draft { owner: raw.owner.clone(), ..Draft::new(id, kind).at(Some(value.span)) };
                    out.inline(refer(draft, &raw.id, inner(value)));
                }
                Err(diagnostic) => out.leave_out(&id, diagnostic),
            }
        }
    }
}

pub(super) fn child_alone(raw: &RawResource, out: &mut Reading) {
    let (Some(parent), Some(kind)) = (id::parent(&raw.id).map(Arc::from), raw.resource_type.rsplit('/').next()) else {
        return out.inert(raw);
    };
    let Some(collection) = COLLECTIONS.into_iter().find(|it| it.eq_ignore_ascii_case(kind)) else {
        return out.inert(raw);
    };
    if collection == POOLS {
        members(&raw.id, raw.properties(), out);
    }
    match part(collection, raw.properties()) {
        Ok(kind) => out.node(refer(raw.draft(kind), &parent, raw.properties())),
        Err(diagnostic) => out.leave_out(&raw.id, diagnostic),
    }
}

/// What a part of a collection is.
fn part(collection: &str, properties: &Value) -> Result<Kind, Diagnostic> {
    match collection {
        "frontendIPConfigurations" => {
            let requested = requested(properties)?;
            Ok(Kind::Frontend(Frontend { requested, address: None, v6: is_v6(properties) }))
        }
        POOLS => Ok(Kind::BackendPool(BackendPool { by_address: by_address(properties) })),
        "probes" => probe(properties),
        "loadBalancingRules" => balancing_rule(properties),
        "inboundNatRules" => nat_rule(properties).map(Kind::InboundNatRule),
        _ => outbound_rule(properties),
    }
}

/// azure-dataplane 3.4: an interval that is not given is 15 s through the API; one result changes the state.
///
/// Rule `balancer-probe-defaults`: a probe that does not say otherwise asks every 15 s, and one result changes the
/// state; the shortest interval is 5 s. Source: azure-dataplane 3.4.
fn probe(properties: &Value) -> Result<Kind, Diagnostic> {
    let protocol = match text(properties, "protocol").unwrap_or("Tcp") {
        word if word.eq_ignore_ascii_case("Http") => ProbeProtocol::Http,
        word if word.eq_ignore_ascii_case("Https") => ProbeProtocol::Https,
        _ => ProbeProtocol::Tcp,
    };
    let whole = |key, limits| number(properties, key, limits).map(|found| found.map(|it| it as u32));
    Ok(Kind::Probe(Probe {
        protocol,
        port: port(properties, "port", 1)?.ok_or_else(|| missing(properties, "port"))?,
        interval_s: whole("intervalInSeconds", 5..=i32::MAX as u64)?.unwrap_or(15),
        threshold: whole("probeThreshold", 1..=100)?.unwrap_or(1),
        path: text(properties, "requestPath").unwrap_or("/").into(),
        all_down_is_up: says(properties, "noHealthyBackendsBehavior", "AllProbedUp"),
    }))
}

/// Rule `balancer-rule-defaults`: a rule that does not say otherwise spreads by five fields, forgets after 4 silent
/// minutes, and neither floats nor keeps its pool from going out by it. Source: azure-dataplane 3.2, 3.7, 3.11.
fn balancing_rule(properties: &Value) -> Result<Kind, Diagnostic> {
    let required = |key| port(properties, key, 0)?.ok_or_else(|| missing(properties, key));
    let frontend_port = required("frontendPort")?;
    Ok(Kind::BalancingRule(BalancingRule {
        protocol: protocol(properties)?,
        frontend_port,
        backend_port: port(properties, "backendPort", 0)?.unwrap_or(frontend_port),
        distribution: match text(properties, "loadDistribution").unwrap_or("Default") {
            word if word.eq_ignore_ascii_case("SourceIP") => Distribution::SourceIp,
            word if word.eq_ignore_ascii_case("SourceIPProtocol") => Distribution::SourceIpProtocol,
            _ => Distribution::FiveTuple,
        },
        // azure-dataplane 3.7: 4 minutes unless said otherwise.
        idle_minutes: idle_time(properties)?,
        floating_ip: switch(properties, "enableFloatingIP", false).value,
        disable_outbound_snat: switch(properties, "disableOutboundSnat", false).value,
        tcp_reset: switch(properties, "enableTcpReset", false).value,
    }))
}

/// What a NAT rule is, or the rules of a NAT pool for a scale set but for their ports: those of the pool.
pub(super) fn nat_rule(properties: &Value) -> Result<InboundNatRule, Diagnostic> {
    let required = |key| port(properties, key, 0)?.ok_or_else(|| missing(properties, key));
    // What Azure answers has a frontend port of 0 beside the range.
    let for_pool = port(properties, "frontendPortRangeStart", 0)?.is_some_and(|first| first != 0);
    let frontend_ports = if for_pool {
        let (first, last) = (required("frontendPortRangeStart")?, required("frontendPortRangeEnd")?);
        PortRange { first, last: last.max(first) }
    } else {
        PortRange::one(required("frontendPort")?)
    };
    Ok(InboundNatRule {
        protocol: protocol(properties)?,
        frontend_ports,
        backend_port: required("backendPort")?,
        given: Vec::new(),
        idle_minutes: idle_time(properties)?,
        floating_ip: switch(properties, "enableFloatingIP", false).value,
        tcp_reset: switch(properties, "enableTcpReset", false).value,
    })
}

/// Whether a balancer has rules of a NAT pool already: what was read back has.
pub(super) fn rules_of_pool(balancer: &RawResource, all: &Resources, pool: &str) -> bool {
    let of_pool = |name: &str| {
        let (own, number) = name.rsplit_once('.').unwrap_or_default();
        own.eq_ignore_ascii_case(pool) && number.parse::<u64>().is_ok()
    };
    let parts = list(balancer.properties(), "inboundNatRules").iter().filter_map(|part| text(part, "name"));
    let mut alone = all.children(&balancer.id, "inboundNatRules").map(|it| id::name_of(&it.id));
    parts.into_iter().any(of_pool) || alone.any(of_pool)
}

/// azure-dataplane 3.11.
fn outbound_rule(properties: &Value) -> Result<Kind, Diagnostic> {
    let ports = number(properties, "allocatedOutboundPorts", 0..=64_000)?.unwrap_or(0) as u32;
    let span = given(properties, "allocatedOutboundPorts").map(|written| written.span);
    Ok(Kind::OutboundRule(OutboundRule {
        protocol: protocol(properties)?,
        ports: Setting { value: ports, span },
        idle_minutes: idle_time(properties)?,
        tcp_reset: switch(properties, "enableTcpReset", false).value,
    }))
}

/// TCP where nothing is said, as Azure's interface does for NAT rules.
fn protocol(properties: &Value) -> Result<Option<Protocol>, Diagnostic> {
    let Some(written) = given(properties, "protocol") else { return Ok(Some(Protocol::TCP)) };
    match text(properties, "protocol").unwrap_or_default().to_ascii_lowercase().as_str() {
        "tcp" => Ok(Some(Protocol::TCP)),
        "udp" => Ok(Some(Protocol::UDP)),
        "all" | "*" => Ok(None),
        _ => Err(bad(written, "InvalidRequestFormat", format!("{written} is not a protocol of a load balancer"))
            .help("one of Tcp, Udp, All")),
    }
}

/// Adds what a part refers to.
fn refer(draft: Draft, balancer: &Arc<str>, properties: &Value) -> Draft {
    let one = |key, relation| reference(properties, key).map(|target| (relation, target)).into_iter();
    let many = |key, relation| references(properties, key).map(move |target| (relation, target));
    let links: Vec<(Relation, Arc<str>)> = match draft.kind {
        Kind::Frontend(_) => {
            let prefix = one("publicIPPrefix", Relation::Uses);
            let gateway = one("gatewayLoadBalancer", Relation::ChainedTo);
            let public = one("publicIPAddress", Relation::Uses);
            one("subnet", Relation::Attached).chain(public).chain(prefix).chain(gateway).collect()
        }
        Kind::BalancingRule(_) => {
            // The list holds the single pool too.
            let pools: Vec<_> = many("backendAddressPools", Relation::Sends).collect();
            let single = one("backendAddressPool", Relation::Sends).filter(|_| pools.is_empty());
            let frontend = one("frontendIPConfiguration", Relation::Listens);
            frontend.chain(single).chain(pools.iter().cloned()).chain(one("probe", Relation::Checks)).collect()
        }
        Kind::InboundNatRule(_) => one("frontendIPConfiguration", Relation::Listens)
            .chain(one("backendIPConfiguration", Relation::Sends))
            .chain(one("backendAddressPool", Relation::Sends))
            .collect(),
        Kind::OutboundRule(_) => {
            let frontends = many("frontendIPConfigurations", Relation::Listens);
            frontends.chain(one("backendAddressPool", Relation::Sends)).collect()
        }
        _ => Vec::new(),
    };
    let draft = draft.refer(Relation::PartOf, balancer.clone());
    links.into_iter().fold(draft, |draft, (relation, target)| draft.refer(relation, target))
}

/// Whether the members of a pool are given by their addresses, in a network, and not by NICs that name it. What Azure
/// answers lists the addresses of both.
fn by_address(properties: &Value) -> bool {
    let named = list(properties, "backendIPConfigurations").is_empty();
    let members = list(properties, "loadBalancerBackendAddresses").iter().map(inner);
    let mut given = members.filter(|member| text(member, "ipAddress").is_some());
    named && given.any(|member| given_network(member).or_else(|| given_network(properties)).is_some())
}

fn given_network(holder: &Value) -> Option<Arc<str>> {
    reference(holder, "virtualNetwork").or_else(|| reference(holder, "subnet"))
}

/// Members of a pool that are given by their addresses, in a VNet or subnet that each names, or the pool.
fn members(pool: &Arc<str>, properties: &Value, out: &mut Reading) {
    let default = reference(properties, "virtualNetwork");
    for member in list(properties, "loadBalancerBackendAddresses").iter().map(inner) {
        // Of a global balancer: the frontend of a regional one.
        if let Some(frontend) = reference(member, "loadBalancerFrontendIPConfiguration") {
            out.link(&frontend, Relation::MemberOf, pool);
            continue;
        }
        let Some(written) = given(member, "ipAddress").filter(|_| text(member, "ipAddress").is_some()) else {
            continue;
        };
        let network = reference(member, "subnet").or_else(|| reference(member, "virtualNetwork"));
        match (address(written), network.or_else(|| default.clone())) {
            (Ok(address), Some(network)) => out.pieces.push(Piece::Member { pool: pool.clone(), network, address }),
            (Ok(_), None) => out.warn(missing(member, "virtualNetwork")),
            (Err(diagnostic), _) => out.leave_out(&format!("{pool}/{written}").into(), diagnostic),
        }
    }
}

/// Minutes of silence after which a rule's connections are forgotten: 4 where nothing is said.
fn idle_time(properties: &Value) -> Result<Setting<u16>, Diagnostic> {
    let Setting { value, span } = idle_minutes(properties, 120)?;
    Ok(Setting { value: value.unwrap_or(DEFAULT_MINUTES), span })
}
