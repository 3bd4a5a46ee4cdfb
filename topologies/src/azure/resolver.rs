//! `dnsResolvers` with their endpoints, and `dnsForwardingRulesets` with rules and links (azure-services 5.6).

use super::dns::lower;
use super::id::{child, name_of, parent};
use super::nic::requested;
use super::raw::{RawResource, Resources};
use super::read::{address, enabled, given, inner, list, number, reference, references, text};
use super::reading::Reading;
use crate::arm::Assumption;
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::net::Addr;
use sim_core::stage::PLATFORM;
use sim_core::topology::{Draft, ForwardingRule, IpConfig, Kind, Machine, NameServer, Nic, Relation, Ruleset};
use std::sync::Arc;

/// Where questions about names are asked.
const PORT: u16 = 53;
/// Who makes what an endpoint has.
const OWNER: &str = "Microsoft.Network/dnsResolvers";

/// An inbound endpoint: a machine in its subnet that asks the platform about whatever it is asked.
///
/// Rule `resolver-inbound`: the inbound endpoint of a private resolver answers, at an address in its subnet, what the
/// platform answers in its network. Source: azure-services 5.6; Microsoft's page on the private resolver.
pub(super) fn inbound(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let configs = list(properties, "ipConfigurations");
    let Some((config, subnet)) = configs.iter().find_map(|it| Some((it, reference(inner(it), "subnet")?))) else {
        return out.inert(raw);
    };
    let requested = match requested(inner(config)) {
        Ok(requested) => requested,
        Err(diagnostic) => return out.leave_out(&raw.id, diagnostic),
    };
    let server = NameServer { otherwise: vec![(PLATFORM, PORT)], ..NameServer::default() };
    machine(raw, subnet, requested, Machine { name_server: Some(server), ..Machine::default() }, out);
}

/// An outbound endpoint: a machine in its subnet, from where rule sets send questions on.
pub(super) fn outbound(raw: &RawResource, out: &mut Reading) {
    match reference(raw.properties(), "subnet") {
        Some(subnet) => machine(raw, subnet, None, Machine::default(), out),
        None => out.inert(raw),
    }
}

/// The machine of an endpoint.
fn machine(raw: &RawResource, subnet: Arc<str>, requested: Option<Addr>, machine: Machine, out: &mut Reading) {
    let nic = child(&raw.id, "networkInterfaces", "nic");
    let address = child(&nic, "ipConfigurations", "ipconfig");
    let made = |id: &Arc<str>, kind| Draft::new(id.clone(), kind).at(Some(raw.span)).owned_by(OWNER);
    out.node(Draft { owner: Some(OWNER.into()), ..raw.draft(Kind::Machine(machine)) });
    let kind = Kind::Nic(Nic { region: out.region.clone(), ..Nic::default() });
    out.inline(made(&nic, kind).refer(Relation::PartOf, raw.id.clone()));
    let kind = Kind::IpConfig(IpConfig { primary: true, requested, ..IpConfig::default() });
    out.inline(made(&address, kind).refer(Relation::PartOf, nic).refer(Relation::Attached, subnet));
}

/// A rule set with all its rules.
pub(super) fn ruleset(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let rules = rules(&raw.id, all, out);
    let mut draft = raw.draft(Kind::Ruleset(Ruleset { rules }));
    for endpoint in references(raw.properties(), "dnsResolverOutboundEndpoints") {
        draft = draft.refer(Relation::Sends, endpoint);
    }
    out.node(draft);
}

/// A rule whose rule set nobody declares: an existing one, with the rules that are declared here.
pub(super) fn rule_alone(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let Some(whole) = parent(&raw.id).filter(|whole| all.get(whole).is_none()) else { return };
    let first = all.children(whole, "forwardingRules").next();
    if first.is_some_and(|first| first.id != raw.id) {
        return;
    }
    out.assume(Assumption {
        code: "world.assumed-resource",
        name: whole.to_owned(),
        text: "not declared here: an existing rule set, taken to hold no other rules".to_owned(),
        span: Some(raw.span),
    });
    let rules = rules(whole, all, out);
    out.inline(Draft::new(whole, Kind::Ruleset(Ruleset { rules })));
}

fn rules(whole: &str, all: &Resources, out: &mut Reading) -> Vec<ForwardingRule> {
    let mut rules = Vec::new();
    for raw in all.children(whole, "forwardingRules") {
        let properties = raw.properties();
        match list(properties, "targetDnsServers").iter().map(target).collect() {
            Ok(targets) => rules.push(ForwardingRule {
                domain: lower(text(properties, "domainName").unwrap_or_default()),
                targets,
                enabled: enabled(properties, "forwardingRuleState", true),
                span: Some(raw.span),
            }),
            Err(diagnostic) => out.leave_out(&raw.id, diagnostic),
        }
    }
    rules
}

fn target(written: &Value) -> Result<(Addr, u16), Diagnostic> {
    let server = given(written, "ipAddress").unwrap_or(written);
    let port = number(written, "port", 1..=65535)?.and_then(|port| u16::try_from(port).ok());
    Ok((address(server)?, port.unwrap_or(PORT)))
}

pub(super) fn link(raw: &RawResource, out: &mut Reading) {
    let Some(whole) = parent(&raw.id) else { return out.inert(raw) };
    let draft = raw.draft(Kind::RulesetLink).refer(Relation::PartOf, whole);
    match reference(raw.properties(), "virtualNetwork") {
        Some(vnet) => out.node(draft.refer(Relation::Remote, vnet)),
        None => {
            let message = format!("{} names no virtual network, and Azure asks for one", name_of(&raw.id));
            out.leave_out(&raw.id, Diagnostic::error("azure.missing-property", message).at(raw.span));
        }
    }
}
