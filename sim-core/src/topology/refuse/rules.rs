//! Security groups and their rules (azure-dataplane 1.2 and 1.5).

use super::{Case, Verdict};
use crate::topology::{Kind, Nsg, Peer, Relation, SecurityRule};
use hashbrown::HashMap;

/// Most rules of a group, addresses and ranges on each side of a rule, application security groups of a rule.
const MOST_RULES: usize = 1_000;
const MOST_ADDRESSES: usize = 4_000;
const MOST_GROUPS: usize = 10;

pub(super) fn check(case: Case<'_>, group: &Nsg) -> Verdict {
    too_many(case, group)?;
    let mut taken: HashMap<_, &SecurityRule, foldhash::fast::FixedState> = HashMap::default();
    for (n, rule) in group.rules.iter().enumerate() {
        priority(case, n, rule)?;
        if let Some(twin) = taken.insert((rule.priority, rule.direction), rule) {
            return conflict(case, n, rule, twin);
        }
        sizes(case, n, rule)?;
        one_network(case, n, rule)?;
    }
    Ok(())
}

/// Rule `refuse-rule-priority`: priorities of users' rules are 100 to 4096. Source: azure-dataplane 1.2.
///
/// Code and text are Azure's.
fn priority(case: Case<'_>, n: usize, rule: &SecurityRule) -> Verdict {
    if (100..=4096).contains(&rule.priority) {
        return Ok(());
    }
    let message = format!(
        "Security rule {} has invalid priority {}. Value provided: {}. Allowed range 100-4096.",
        rule.name, rule.priority, rule.priority
    );
    case.refuse_parts(Some(n..n + 1), rule.span, "SecurityRuleInvalidPriority", message)
}

/// Rule `refuse-rule-conflict`: no two rules share priority and direction. Source: azure-dataplane 1.2.
///
/// Code and text were seen in public reports.
fn conflict(case: Case<'_>, n: usize, rule: &SecurityRule, twin: &SecurityRule) -> Verdict {
    let message = format!(
        "Security rule {} conflicts with rule {}. Rules cannot have the same Priority and Direction.",
        rule.name, twin.name
    );
    case.refuse_parts(Some(n..n + 1), rule.span, "SecurityRuleConflict", message)
}

/// Rule `refuse-rule-sizes`: at most 4,000 addresses and ranges on each side of a rule, and 10 application security
/// groups. Source: azure-dataplane 1.5.
///
/// The codes were not seen.
fn sizes(case: Case<'_>, n: usize, rule: &SecurityRule) -> Verdict {
    let groups = |side: &[Peer]| side.iter().filter(|peer| matches!(peer, Peer::Asg(_))).count();
    for (side, word) in [(&rule.source, "source"), (&rule.destination, "destination")] {
        let addresses = side.len() - groups(side);
        if addresses > MOST_ADDRESSES {
            let message = format!(
                "Security rule {} has {addresses} {word} address prefixes, more than {MOST_ADDRESSES}.",
                rule.name
            );
            return case.refuse_parts(Some(n..n + 1), rule.span, "SecurityRuleAddressPrefixLimitExceeded", message);
        }
    }
    let groups = groups(&rule.source) + groups(&rule.destination);
    if groups > MOST_GROUPS {
        let message =
            format!("Security rule {} names {groups} application security groups, more than {MOST_GROUPS}.", rule.name);
        return case.refuse_parts(
            Some(n..n + 1),
            rule.span,
            "SecurityRuleApplicationSecurityGroupLimitExceeded",
            message,
        );
    }
    Ok(())
}

/// Rule `refuse-rule-asg-networks`: the application security groups of a rule have members in one network. Source:
/// azure-dataplane 1.6.
///
/// Code and text were seen in public reports.
fn one_network(case: Case<'_>, n: usize, rule: &SecurityRule) -> Verdict {
    let named = rule.source.iter().chain(&rule.destination);
    let groups = named.filter_map(|peer| if let Peer::Asg(name) = peer { case.topology.find(name) } else { None });
    let mut vnets = groups.filter_map(|group| case.member_of(group).map(|(_, vnet)| vnet));
    let Some(first) = vnets.next() else { return Ok(()) };
    let Some(other) = vnets.find(|vnet| vnet.id != first.id) else { return Ok(()) };
    let message = format!(
        "Security Rule {} has Application Security Groups (ASGs) from multiple virtual networks ({}, {}). All ASGs on \
         the Security Rule must be from the same virtual network.",
        rule.name, first.name, other.name
    );
    case.refuse_parts(
        Some(n..n + 1),
        rule.span,
        "AllApplicationSecurityGroupsInSecurityRuleMustBeFromSameVnet",
        message,
    )
}

/// Rule `refuse-rule-count`: at most 1,000 rules in a group. Source: azure-dataplane 1.5.
///
/// The code was not seen.
fn too_many(case: Case<'_>, group: &Nsg) -> Verdict {
    let count = group.rules.len();
    let Some(first) = group.rules.get(MOST_RULES) else { return Ok(()) };
    let message = format!("Network security group {} has {count} rules, more than {MOST_RULES}.", case.draft.name);
    case.refuse_parts(Some(MOST_RULES..count), first.span, "SecurityRuleLimitExceeded", message)
}

/// Most application security groups of an address.
const MOST_GROUPS_OF_ADDRESS: usize = 20;

/// Rule `refuse-asg-members`: an address is in at most 20 application security groups, whose members are all in one
/// network. Source: azure-dataplane 1.5, 1.6.
///
/// The codes were not seen.
pub(super) fn memberships(case: Case<'_>) -> Verdict {
    let groups: Vec<_> = case.targets(Relation::MemberOf).filter(|it| matches!(it.kind, Kind::Asg)).collect();
    if groups.len() > MOST_GROUPS_OF_ADDRESS {
        let message = format!(
            "{} is in {} application security groups, more than {MOST_GROUPS_OF_ADDRESS}.",
            case.draft.name,
            groups.len()
        );
        return case.refuse("ApplicationSecurityGroupLimitExceeded", message);
    }
    let Some((vnet, _)) = case.vnet(Relation::Attached) else { return Ok(()) };
    for group in groups {
        if let Some((other, theirs)) = case.member_of(group).filter(|(_, theirs)| theirs.id != vnet.id) {
            let message = format!(
                "{} of virtual network {} cannot be in application security group {}, which has {} of virtual network {}.",
                case.draft.name, vnet.name, group.name, other.name, theirs.name
            );
            return case.refuse("ApplicationSecurityGroupMembersMustBeInSameVirtualNetwork", message);
        }
    }
    Ok(())
}
