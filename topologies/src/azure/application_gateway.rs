//! `applicationGateways`: a service that Azure runs in a subnet of the user's. Its instances are one machine here, behind
//! the frontends with their listeners; what the gateway opens itself, to its backends, leaves from the instances.

use super::id::{child, name_of};
use super::nic::requested;
use super::raw::RawResource;
use super::read::{given, inner, list, missing, not_modelled, port, reference, switch, text};
use super::reading::Reading;
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::net::Protocol;
use sim_core::stage::idle::DEFAULT_MINUTES;
use sim_core::topology::{
    BackendPool, BalancingRule, Draft, Frontend, IpConfig, Kind, LoadBalancer, Machine, Nic, Probe, Relation, Setting,
    Sku,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Who makes what a gateway has and the user does not declare: the instances and their way into the network.
pub const GATEWAY_SERVICE: &str = "Microsoft.Network/applicationGateways";

const CONFIGURATIONS: &str = "gatewayIPConfigurations";
const FRONTENDS: &str = "frontendIPConfigurations";

pub(super) fn gateway(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let configured = list(properties, CONFIGURATIONS).iter().find_map(|part| {
        let subnet = reference(inner(part), "subnet")?;
        Some((part, raw.part_id(CONFIGURATIONS, part)?, subnet))
    });
    let Some((part, config, subnet)) = configured else {
        out.warn(not_modelled(&raw.body, "an application gateway whose subnet is not given"));
        return out.inert(raw);
    };
    warn_of_rest(properties, out);
    let balancer = LoadBalancer {
        sku: Setting::default_of(tier(properties)),
        region: out.region.clone(),
        global: false,
        of_service: true,
    };
    out.node(raw.draft(Kind::LoadBalancer(balancer)));
    let pool = instances(raw, part, &config, subnet, out);
    for part in list(properties, FRONTENDS) {
        frontend(raw, part, out);
    }
    let probe = probe(raw, part, properties, out);
    for (part, frontend, rule) in listeners(raw, out) {
        let Some(draft) = raw.part("httpListeners", part, Kind::BalancingRule(rule)) else { continue };
        let draft = draft.refer(Relation::PartOf, raw.id.clone()).refer(Relation::Checks, probe.clone());
        out.inline(draft.refer(Relation::Listens, frontend).refer(Relation::Sends, pool.clone()));
    }
}

/// The machine that stands for all instances, with its address; gives the pool it is in.
fn instances(raw: &RawResource, part: &Value, config: &Arc<str>, subnet: Arc<str>, out: &mut Reading) -> Arc<str> {
    let made = |id: &Arc<str>, kind| Draft::new(id.clone(), kind).at(Some(part.span)).owned_by(GATEWAY_SERVICE);
    let machine = child(&raw.id, "instances", &format!("{}-instances", name_of(&raw.id)));
    let nic = child(&machine, "networkInterfaces", &format!("{}-nic", name_of(&machine)));
    let pool = child(&raw.id, "instancePools", name_of(&machine));
    out.inline(made(&machine, Kind::Machine(Machine::default())).refer(Relation::PartOf, raw.id.clone()));
    let kind = Kind::Nic(Nic { region: out.region.clone(), ..Nic::default() });
    out.inline(made(&nic, kind).refer(Relation::PartOf, machine));
    out.inline(made(&pool, Kind::BackendPool(BackendPool::default())).refer(Relation::PartOf, raw.id.clone()));
    let address = Kind::IpConfig(IpConfig { primary: true, ..IpConfig::default() });
    let address = made(config, address).refer(Relation::PartOf, nic).refer(Relation::Attached, subnet);
    out.inline(address.refer(Relation::MemberOf, pool.clone()));
    pool
}

/// The probe of the platform's balancer that stands before the instances.
///
/// Rule `application-gateway-probes`: the platform's balancer brings clients to an application gateway while its probes
/// reach the instances, on one of the ports kept for the infrastructure: 65200 to 65535, and 65503 to 65534 in the first
/// generation. The group of the gateway's subnet must let them in, as it must let in the tag `AzureLoadBalancer` on all
/// ports. Source: learn azure/application-gateway/configuration-infrastructure; failure-stories S17.
fn probe(raw: &RawResource, part: &Value, properties: &Value, out: &mut Reading) -> Arc<str> {
    let port = if tier(properties) == Sku::Basic { 65503 } else { 65200 };
    let id = child(&raw.id, "platformProbes", "platform");
    let probe = Probe { port, interval_s: PROBED_EVERY, threshold: 1, ..Probe::default() };
    let draft = Draft::new(id.clone(), Kind::Probe(probe)).at(Some(part.span)).owned_by(GATEWAY_SERVICE);
    out.inline(draft.refer(Relation::PartOf, raw.id.clone()));
    id
}

/// Seconds between the platform's probes of the instances: nothing says how many; a balancer's fewest.
const PROBED_EVERY: u32 = 5;

fn frontend(raw: &RawResource, part: &Value, out: &mut Reading) {
    let Some(id) = raw.part_id(FRONTENDS, part) else { return };
    let properties = inner(part);
    let requested = match requested(properties) {
        Ok(requested) => requested,
        Err(diagnostic) => return out.leave_out(&id, diagnostic),
    };
    let Some(draft) = raw.part(FRONTENDS, part, Kind::Frontend(Frontend { requested, address: None, v6: false }))
    else {
        return;
    };
    let draft = draft.refer(Relation::PartOf, raw.id.clone());
    // One with a public address may name the subnet all the same.
    let holder = reference(properties, "publicIPAddress").map(|public| (Relation::Uses, public));
    match holder.or_else(|| reference(properties, "subnet").map(|subnet| (Relation::Attached, subnet))) {
        Some((relation, target)) => out.inline(draft.refer(relation, target)),
        None => out.leave_out(&id, missing(properties, "publicIPAddress")),
    }
}

/// The listeners with the frontends they listen at, each frontend and port once: several listeners share one and tell
/// their requests apart by host names.
///
/// Rule `application-gateway-same-port`: where listeners of a public and of a private frontend have one port, packets keep
/// the frontend's address as destination, else they get the instances'. Source: learn
/// azure/application-gateway/configuration-infrastructure.
fn listeners<'r>(raw: &'r RawResource, out: &mut Reading) -> Vec<(&'r Value, Arc<str>, BalancingRule)> {
    let properties = raw.properties();
    let mut found: Vec<(&Value, Arc<str>, u16)> = Vec::new();
    let mut seen = BTreeSet::new();
    for part in ["httpListeners", "listeners"].into_iter().flat_map(|key| list(properties, key)) {
        let Some(id) = raw.part_id("httpListeners", part) else { continue };
        let Some(frontend) = reference(inner(part), "frontendIPConfiguration") else {
            out.leave_out(&id, missing(inner(part), "frontendIPConfiguration"));
            continue;
        };
        match frontend_port(properties, inner(part)) {
            Ok(port) if seen.insert((frontend.to_ascii_lowercase(), port)) => found.push((part, frontend, port)),
            Ok(_) => {}
            Err(diagnostic) => out.leave_out(&id, diagnostic),
        }
    }
    let shared = |port: u16| found.iter().filter(|(.., other)| *other == port).count() > 1;
    let rule = |port| BalancingRule {
        protocol: Some(Protocol::TCP),
        frontend_port: port,
        backend_port: port,
        idle_minutes: Setting::default_of(DEFAULT_MINUTES),
        floating_ip: shared(port),
        ..BalancingRule::default()
    };
    found.iter().map(|(part, frontend, port)| (*part, frontend.clone(), rule(*port))).collect()
}

/// The port that a listener names.
fn frontend_port(properties: &Value, listener: &Value) -> Result<u16, Diagnostic> {
    let wanted = reference(listener, "frontendPort").ok_or_else(|| missing(listener, "frontendPort"))?;
    let named = |part: &&Value| text(part, "name").is_some_and(|name| name.eq_ignore_ascii_case(name_of(&wanted)));
    let found = list(properties, "frontendPorts").iter().find(named);
    let found = inner(found.ok_or_else(|| missing(properties, "frontendPorts"))?);
    port(found, "port", 1)?.ok_or_else(|| missing(found, "port"))
}

/// Rule `application-gateway-first-generation`: gateways of the first generation are built on Basic balancers, those of the
/// second on Standard ones. Source: learn azure/virtual-network/virtual-network-peering-overview.
fn tier(properties: &Value) -> Sku {
    let tier = given(properties, "sku").and_then(|sku| text(sku, "tier").or_else(|| text(sku, "name")));
    let first = |tier: &str| {
        let tier = tier.to_ascii_lowercase();
        (tier.starts_with("standard") || tier.starts_with("waf")) && !tier.ends_with("_v2")
    };
    if tier.is_some_and(first) { Sku::Basic } else { Sku::Standard }
}

/// Names what of a gateway is left out.
fn warn_of_rest(properties: &Value, out: &mut Reading) {
    if let Some(link) = list(properties, "privateLinkConfigurations").first() {
        out.warn(not_modelled(link, "an application gateway's private link"));
    }
    let own = given(properties, "webApplicationFirewallConfiguration").filter(|it| switch(it, "enabled", false).value);
    if let Some(firewall) = own.or_else(|| given(properties, "firewallPolicy")) {
        out.warn(not_modelled(firewall, "a web application firewall"));
    }
}
