//! What Azure refuses of application security groups: members and rules that reach over several VNets.
//!
//! The code and text for rules are from a public report (Azure/azure-sdk-for-java issue 34158); the code for members was
//! not found, and ours is like it.

use super::change::{Draft, Refusal};
use super::{Kind, Peer, Relation, SecurityRule, Topology, refuse};
use crate::id::NodeId;
use std::collections::BTreeSet;

/// Rule `refuse-asg-members`: all members of an application security group are in the VNet of its first one. Source:
/// azure-dataplane 1.6.
pub(super) fn members(topology: &Topology, draft: &Draft, edges: &[(Relation, NodeId)]) -> Result<(), Box<Refusal>> {
    let subnet = edges.iter().find(|(relation, _)| *relation == Relation::Attached).map(|(_, id)| *id);
    let Some(vnet) = subnet.and_then(|subnet| topology.vnet_of(subnet)) else { return Ok(()) };
    let own = topology.find(&draft.name).map(|found| found.id);
    for (_, group) in edges.iter().filter(|(relation, _)| *relation == Relation::MemberOf) {
        let Some(group) = topology.get(*group).filter(|found| matches!(found.kind, Kind::Asg)) else { continue };
        if let Some(other) = vnets(topology, group.id, own).into_iter().find(|other| *other != vnet.id) {
            let message = format!(
                "Application Security Group {} has members from multiple virtual networks ({}, {}). All members must be \
                 from the same virtual network.",
                group.name,
                topology.get(other).map_or("?", |found| &found.name),
                vnet.name
            );
            return Err(refuse::refusal(draft, "AllMembersOfApplicationSecurityGroupMustBeFromSameVnet", message));
        }
    }
    Ok(())
}

/// Rule `refuse-asg-rule`: the groups that one rule names as source and destination have members in one VNet. Source:
/// azure-dataplane 1.6.
pub(super) fn rules(topology: &Topology, draft: &Draft, rules: &[SecurityRule]) -> Result<(), Box<Refusal>> {
    for rule in rules {
        let named = rule.source.iter().chain(&rule.destination).filter_map(|peer| match peer {
            Peer::Asg(name) => topology.find(name),
            _ => None,
        });
        let found: BTreeSet<NodeId> = named.flat_map(|group| vnets(topology, group.id, None)).collect();
        if found.len() > 1 {
            let names: Vec<&str> = found.iter().filter_map(|id| topology.get(*id)).map(|it| &*it.name).collect();
            let message = format!(
                "Security Rule {}/securityRules/{} has Application Security Groups (ASGs) from multiple virtual networks \
                 ({}). All ASGs on the Security Rule must be from the same virtual network.",
                draft.name,
                rule.name,
                names.join(", ")
            );
            let code = "AllApplicationSecurityGroupsInSecurityRuleMustBeFromSameVnet";
            return Err(Box::new(Refusal { span: rule.span.or(draft.span), ..*refuse::refusal(draft, code, message) }));
        }
    }
    Ok(())
}

/// The VNets that a group has members in, one of them left aside.
fn vnets(topology: &Topology, group: NodeId, aside: Option<NodeId>) -> BTreeSet<NodeId> {
    let members = topology.referrers(group, Relation::MemberOf).into_iter();
    members.filter(|it| Some(it.id) != aside).filter_map(|it| topology.vnet_of(it.id)).map(|vnet| vnet.id).collect()
}
