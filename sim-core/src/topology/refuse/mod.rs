//! What Azure refuses: configurations that a deployment would stop at, with Azure's error codes.
//!
//! Texts seen in Azure's own answers are quoted as they are. Each function says where its code was seen: in Microsoft's
//! documents, in public reports of Azure's answer, or nowhere; a code that was not seen is from memory, or ours by its kin.

mod address;
mod balancer;
mod balancing;
mod deletion;
mod link;
mod name;
mod network;
mod outbound;
mod peering;
mod pool;
mod routes;
mod rules;
mod subnet;
mod zone;

pub(super) use address::{address_outside, address_taken, subnet_full};
pub(super) use deletion::deletion;

use super::change::{Draft, Refusal};
use super::{Kind, Relation, Resource, Topology, Vnet, Way};
use crate::id::NodeId;
use crate::source::Span;
use std::ops::Range;

type Verdict = Result<(), Box<Refusal>>;

/// A draft and the network it would join.
#[derive(Clone, Copy)]
struct Case<'a> {
    topology: &'a Topology,
    draft: &'a Draft,
    edges: &'a [(Relation, NodeId)],
}

/// Checks a draft against the network it would join.
pub(super) fn check(topology: &Topology, draft: &Draft, edges: &[(Relation, NodeId)]) -> Verdict {
    let case = Case { topology, draft, edges };
    name::check(case)?;
    match &draft.kind {
        Kind::Vnet(vnet) => network::check(case, vnet),
        Kind::Subnet(attributes) => subnet::check(case, attributes),
        Kind::Nsg(group) => rules::check(case, group),
        Kind::RouteTable(table) => routes::check(case, table),
        Kind::IpConfig(config) => address::check(case, config),
        Kind::NatGateway(gateway) => network::nat_gateway(case, gateway),
        Kind::Gateway(_) => network::gateway(case),
        Kind::Firewall(_) => network::firewall(case),
        Kind::PrivateEndpoint(endpoint) => zone::endpoint(case, endpoint),
        Kind::DnsZone(attributes) => zone::zone(case, attributes),
        Kind::RecordSet(set) => zone::record(case, set),
        Kind::ZoneLink(attributes) => zone::link(case, attributes),
        Kind::ZoneGroup => zone::group(case),
        Kind::LinkService(service) => link::check(case, service),
        Kind::Frontend(_) => balancer::frontend(case),
        Kind::Probe(probe) => balancer::probe(case, probe),
        Kind::BalancingRule(rule) => balancing::check(case, rule),
        Kind::OutboundRule(rule) => outbound::check(case, rule),
        Kind::Peering(peering) => peering::check(case, peering),
        _ => Ok(()),
    }
}

/// A reference to what is not there. The text is Azure's, from azure-services 2.5.
///
/// Rule `refuse-missing-reference`: what a resource refers to must be there, in the same region where both are of a
/// network. Source: azure-services 2.5.
pub(super) fn missing(draft: &Draft, name: &str) -> Box<Refusal> {
    let message = format!(
        "Resource {name} referenced by resource {} was not found. Please make sure that the referenced resource exists, \
         and that both resources are in the same region.",
        draft.name
    );
    refusal(draft, "InvalidResourceReference", message)
}

fn refusal(draft: &Draft, code: &'static str, message: String) -> Box<Refusal> {
    Box::new(Refusal { code, message, resource: draft.name.clone(), span: draft.span, edit: None, parts: None })
}

impl<'a> Case<'a> {
    /// The first resource that the draft refers to by `relation`.
    fn target(self, relation: Relation) -> Option<&'a Resource> {
        self.targets(relation).next()
    }

    /// All of them.
    fn targets(self, relation: Relation) -> impl Iterator<Item = &'a Resource> {
        let edges = self.edges.iter().filter(move |(found, _)| *found == relation);
        edges.filter_map(move |(_, id)| self.topology.get(*id))
    }

    /// The VNet that the draft's target by `relation` is, or is in.
    fn vnet(self, relation: Relation) -> Option<(&'a Resource, &'a Vnet)> {
        let holder = self.target(relation)?;
        let vnet = self.topology.vnet_of(holder.id)?;
        match &vnet.kind {
            Kind::Vnet(attributes) => Some((vnet, attributes)),
            _ => None,
        }
    }

    /// Others that refer to `id` by `relation`: not the resource that the draft replaces.
    fn others(self, id: NodeId, relation: Relation) -> impl Iterator<Item = &'a Resource> {
        let own = self.topology.find(&self.draft.name).map(|found| found.id);
        self.topology.neighbours(id, relation, Way::Incoming).filter(move |other| Some(other.id) != own)
    }

    /// A member of a group of addresses, and its VNet: that of all that are in already.
    fn member_of(self, group: &Resource) -> Option<(&'a Resource, &'a Resource)> {
        self.others(group.id, Relation::MemberOf).find_map(|it| Some((it, self.topology.vnet_of(it.id)?)))
    }

    fn short(self) -> &'a str {
        self.draft.name.rsplit('/').next().unwrap_or(&self.draft.name)
    }

    /// Refuses the draft.
    fn refuse(self, code: &'static str, message: String) -> Verdict {
        Err(refusal(self.draft, code, message))
    }

    /// Refuses the draft for a setting that was written at `span`.
    fn refuse_at(self, span: Option<Span>, code: &'static str, message: String) -> Verdict {
        self.refuse_parts(None, span, code, message)
    }

    /// Refuses the draft for some of its rules or routes, the first of them written at `span`.
    fn refuse_parts(
        self,
        parts: Option<Range<usize>>,
        span: Option<Span>,
        code: &'static str,
        message: String,
    ) -> Verdict {
        let span = span.or(self.draft.span);
        Err(Box::new(Refusal { span, parts, ..*refusal(self.draft, code, message) }))
    }
}

/// Rule `refuse-other-region`: what takes addresses in a subnet stands in the region of its network. Source:
/// azure-services 2.5; the code is that of a reference to nothing.
fn same_region(case: Case<'_>, region: &str) -> Verdict {
    let (Some(subnet), Some((vnet, attributes))) = (case.target(Relation::Attached), case.vnet(Relation::Attached))
    else {
        return Ok(());
    };
    if attributes.region.eq_ignore_ascii_case(region) {
        return Ok(());
    }
    let mut refused = missing(case.draft, &subnet.name);
    refused.message.push_str(&format!(
        " (Here: {} is in {region}, virtual network {} is in {}.)",
        case.short(),
        vnet.short_name(),
        attributes.region
    ));
    refused.span = vnet.span.or(case.draft.span);
    refused.edit =
        Some(super::Edit { resource: vnet.name.clone(), property: "location".into(), value: format!("\"{region}\"") });
    Err(refused)
}
