//! Peerings (azure-dataplane 2.7).

use super::{Case, Verdict};
use crate::net::Prefix;
use crate::topology::{Edit, Kind, PeeredSubnets, Peering, Refusal, Relation, Resource};

pub(super) fn check(case: Case<'_>, peering: &Peering) -> Verdict {
    let local = case.target(Relation::PartOf);
    let remote = case.target(Relation::Remote);
    let (Some(local), Some(remote)) = (local, remote) else { return Ok(()) };
    not_itself(case, local, remote)?;
    only_once(case, local, remote)?;
    spaces_overlap(case, peering, [local, remote])?;
    peers_overlap(case, peering, [local, remote])?;
    remote_gateways(case, peering, local)?;
    transit(case, peering, [local, remote])
}

/// Rule `refuse-peering-itself`: a network is not peered with itself. Source: azure-dataplane 2.7.
///
/// The code was not seen.
fn not_itself(case: Case<'_>, local: &Resource, remote: &Resource) -> Verdict {
    if local.id != remote.id {
        return Ok(());
    }
    let message = format!("Peering {} references its own virtual network {}.", case.draft.name, local.name);
    case.refuse("VnetCannotBePeeredWithItself", message)
}

/// Rule `refuse-peering-twice`: one peering for each pair of networks and direction. Source: azure-dataplane 2.7.
///
/// The code was seen in programs that look for it.
fn only_once(case: Case<'_>, local: &Resource, remote: &Resource) -> Verdict {
    let Some((twin, _)) = towards(case, local, remote) else { return Ok(()) };
    let message = format!(
        "Peering {} already references remote virtual network {}. Cannot add another peering referencing the same \
         remote virtual network.",
        twin.name, remote.name
    );
    case.refuse("AnotherPeeringAlreadyReferencesRemoteVnet", message)
}

/// Rule `refuse-peering-overlap`: the ranges of peered networks do not overlap, or of the subnets alone where a peering
/// is of subnets. Source: azure-dataplane 2.7.
///
/// Code and text were seen in public reports.
fn spaces_overlap(case: Case<'_>, peering: &Peering, [local, remote]: [&Resource; 2]) -> Verdict {
    let own = ranges(case, local, peering, |subnets| &subnets.local);
    let theirs = ranges(case, remote, peering, |subnets| &subnets.remote);
    let Some((one, other)) = overlap(&own, &theirs) else { return Ok(()) };
    let message = format!(
        "Cannot create or update peering {}. Virtual networks {} and {} cannot be peered because their address spaces \
         overlap. Overlapping address prefixes: {one}, {other}.",
        case.draft.name, local.name, remote.name
    );
    case.refuse("VnetAddressSpacesOverlap", message)
}

/// Rule `refuse-peering-overlap-third`: nor do those of two networks that are peered with the same one. Source:
/// azure-dataplane 2.7.
///
/// Code and text were seen in public reports.
fn peers_overlap(case: Case<'_>, peering: &Peering, [local, remote]: [&Resource; 2]) -> Verdict {
    let theirs = ranges(case, remote, peering, |subnets| &subnets.remote);
    for (other, attributes) in peerings(case, local) {
        let Some(third) = case.topology.target(other.id, Relation::Remote) else { continue };
        let known = ranges(case, third, attributes, |subnets| &subnets.remote);
        if let Some((one, _)) = overlap(&theirs, &known) {
            let message = format!(
                "Cannot create or update peering {}. Virtual networks {} and {} cannot be peered because address space \
                 of the second virtual network overlaps with address space of virtual network {} already peered with \
                 the first virtual network. Overlapping address prefixes: {one}.",
                case.draft.name, local.name, remote.name, third.name
            );
            return case.refuse("VnetAddressSpaceOverlapsWithAlreadyPeeredVnet", message);
        }
    }
    Ok(())
}

/// Rule `refuse-peering-remote-gateways`: a network uses the gateway of one peer, and only where it has none of its
/// own. Source: azure-dataplane 2.7.
///
/// The codes were not seen and are by their kin.
fn remote_gateways(case: Case<'_>, peering: &Peering, local: &Resource) -> Verdict {
    if !peering.remote_gateways.value {
        return Ok(());
    }
    let span = peering.remote_gateways.span;
    if let Some((other, _)) = peerings(case, local).find(|(_, other)| other.remote_gateways.value) {
        let message = format!(
            "Peering {} cannot have UseRemoteGateways flag set to true because peering {} of the same virtual network \
             has it set.",
            case.draft.name, other.name
        );
        return case.refuse_at(span, "AnotherPeeringAlreadyUsesRemoteGateways", message);
    }
    let subnets = case.topology.referrers(local.id, Relation::PartOf).into_iter();
    let mut holders = subnets.flat_map(|subnet| case.topology.referrers(subnet.id, Relation::Attached));
    match holders.find(|holder| matches!(holder.kind, Kind::Gateway(_))) {
        Some(gateway) => {
            let message = format!(
                "Peering {} cannot have UseRemoteGateways flag set to true because virtual network {} has gateway {}.",
                case.draft.name, local.name, gateway.name
            );
            case.refuse_at(span, "VnetWithGatewayCannotUseRemoteGateways", message)
        }
        None => Ok(()),
    }
}

/// Rule `refuse-peering-transit`: a network uses a peer's gateway where the peer allows transit. Source:
/// azure-dataplane 2.7.
///
/// The text was seen in a public report, the code was not.
fn transit(case: Case<'_>, peering: &Peering, [local, remote]: [&Resource; 2]) -> Verdict {
    let Some((there, back)) = towards(case, remote, local) else { return Ok(()) };
    let forbidden = |user: &Peering, other: &Peering| user.remote_gateways.value && !other.gateway_transit.value;
    let (user, giver, span) = if forbidden(peering, back) {
        (&case.draft.name, &there.name, peering.remote_gateways.span)
    } else if forbidden(back, peering) {
        (&there.name, &case.draft.name, peering.gateway_transit.span)
    } else {
        return Ok(());
    };
    let message = format!(
        "Peering {user} cannot have UseRemoteGateways flag set to true, because corresponding remote peering {giver} has \
         AllowGatewayTransit flag set to false."
    );
    Err(Box::new(Refusal {
        span: span.or(case.draft.span),
        edit: Some(Edit {
            resource: giver.clone(),
            property: "properties.allowGatewayTransit".into(),
            value: "true".into(),
        }),
        ..*super::refusal(case.draft, "RemotePeeringDoesNotAllowGatewayTransit", message)
    }))
}

/// The peerings of a network, without the one that the draft replaces.
fn peerings<'a>(case: Case<'a>, vnet: &Resource) -> impl Iterator<Item = (&'a Resource, &'a Peering)> {
    case.others(vnet.id, Relation::PartOf).filter_map(|child| match &child.kind {
        Kind::Peering(peering) => Some((child, peering)),
        _ => None,
    })
}

/// The peering of a network with another one.
fn towards<'a>(case: Case<'a>, from: &Resource, to: &Resource) -> Option<(&'a Resource, &'a Peering)> {
    let leads = |found: &Resource| case.topology.target(found.id, Relation::Remote).is_some_and(|it| it.id == to.id);
    peerings(case, from).find(|(found, _)| leads(found))
}

/// The ranges of a side that a peering is of.
fn ranges(
    case: Case<'_>,
    vnet: &Resource,
    peering: &Peering,
    side: impl Fn(&PeeredSubnets) -> &Vec<std::sync::Arc<str>>,
) -> Vec<Prefix> {
    let all: Vec<Prefix> = match &peering.subnets {
        Some(subnets) => {
            let named = |it: &Resource| side(subnets).iter().any(|name| name.eq_ignore_ascii_case(it.short_name()));
            let found = case.topology.referrers(vnet.id, Relation::PartOf).into_iter().filter(|it| named(it));
            found.flat_map(|it| it.kind.ranges()).copied().collect()
        }
        None => vnet.kind.ranges().to_vec(),
    };
    all.into_iter().filter(|prefix| !peering.only_v6 || !prefix.is_v4()).collect()
}

fn overlap(one: &[Prefix], other: &[Prefix]) -> Option<(Prefix, Prefix)> {
    one.iter().find_map(|a| other.iter().find(|b| a.overlaps(**b)).map(|b| (*a, *b)))
}
