//! Zones with their records and links, and the zone groups of private endpoints (azure-services 5.2).

use super::{Case, Verdict, same_region};
use crate::topology::{DnsZone, Kind, PrivateEndpoint, RecordSet, Relation, Resource, ZoneLink};

/// Labels of a zone's name: least and most.
const LABELS: (usize, usize) = (2, 34);
/// Record sets of a zone, and records of one.
const RECORD_SETS: usize = 25_000;
const RECORDS: usize = 20;
/// Links of a zone, those of them that register, and zones of a network.
const LINKS: usize = 1000;
const REGISTERING: usize = 100;
const ZONES: usize = 1000;
/// Zones of a zone group.
const GROUPED: usize = 5;
/// Private endpoints of a network (azure-services 3.4).
const ENDPOINTS: usize = 1000;

/// Rule `refuse-zone-name`: the name of a private zone has 2 to 34 labels. Source: azure-services 5.2.
///
/// The code was not seen.
pub(super) fn zone(case: Case<'_>, zone: &DnsZone) -> Verdict {
    let labels = zone.name.split('.').filter(|label| !label.is_empty()).count();
    // A name that is not known stands there as a placeholder.
    let known = zone.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if zone.public || !known || (LABELS.0..=LABELS.1).contains(&labels) {
        return Ok(());
    }
    let message = format!(
        "The name of private DNS zone {} has {labels} labels; it must have {} to {}.",
        case.short(),
        LABELS.0,
        LABELS.1
    );
    case.refuse("InvalidZoneName", message)
}

/// Rule `refuse-record-count`: a private zone holds 25,000 record sets, and one of them 20 records. Source: azure-services
/// 5.2.
///
/// The codes were not seen.
pub(super) fn record(case: Case<'_>, set: &RecordSet) -> Verdict {
    if set.data.len() > RECORDS {
        let message =
            format!("Record set {} has {} records; at most {RECORDS} are allowed.", case.draft.name, set.data.len());
        return case.refuse("TooManyRecords", message);
    }
    let Some(zone) = case.target(Relation::PartOf) else { return Ok(()) };
    let sets = case.others(zone.id, Relation::PartOf).filter(|it| matches!(it.kind, Kind::RecordSet(_)));
    if sets.take(RECORD_SETS).count() < RECORD_SETS {
        return Ok(());
    }
    let message = format!("Private DNS zone {} has {RECORD_SETS} record sets already.", zone.name);
    case.refuse("TooManyRecordSets", message)
}

/// Rule `refuse-second-registration`: the machines of a network register in one zone. Source: azure-services 5.2. Code and
/// text were seen in a public report (Azure/terraform-azurerm-caf-enterprise-scale issue 157).
///
/// Rule `refuse-same-zone-twice`: a network is not linked to two zones of one name. Source: azure-services 5.2. Code and text
/// were seen in a public report (MicrosoftDocs/azure-aks-docs issue 212).
///
/// Rule `refuse-link-count`: a zone has 1000 links, 100 of them with registration, and a network 1000 zones. Source:
/// azure-services 5.2. The code was not seen.
pub(super) fn link(case: Case<'_>, link: &ZoneLink) -> Verdict {
    let (Some(zone), Some(vnet)) = (case.target(Relation::PartOf), case.target(Relation::Remote)) else {
        return Ok(());
    };
    let Kind::DnsZone(own) = &zone.kind else { return Ok(()) };
    let linked: Vec<(&ZoneLink, &Resource)> =
        case.others(vnet.id, Relation::Remote).filter_map(|it| zone_of(case, it)).collect();
    if let Some((_, other)) = linked.iter().find(|(theirs, _)| theirs.registration.value && link.registration.value) {
        let message = format!(
            "A virtual network can only be linked to 1 Private DNS zone(s) with auto-registration enabled; conflicting \
             Private DNS zone is {}.",
            other.name
        );
        return case.refuse_at(link.registration.span, "Conflict", message);
    }
    let named = |other: &&Resource| matches!(&other.kind, Kind::DnsZone(theirs) if theirs.name == own.name);
    if let Some(other) = linked.iter().map(|(_, other)| *other).find(named) {
        let message = format!(
            "A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual \
             network with '{}' and '{}' zones.",
            own.name,
            other.short_name()
        );
        return case.refuse("BadRequest", message);
    }
    let links = || case.others(zone.id, Relation::PartOf).filter_map(|it| zone_of(case, it));
    let registering = links().filter(|(theirs, _)| theirs.registration.value).count();
    let what = match () {
        () if linked.len() >= ZONES => format!("Virtual network {} is linked to {ZONES} zones", vnet.name),
        () if links().count() >= LINKS => format!("Private DNS zone {} has {LINKS} links", zone.name),
        () if link.registration.value && registering >= REGISTERING => {
            format!("Private DNS zone {} has {REGISTERING} links with registration", zone.name)
        }
        () => return Ok(()),
    };
    case.refuse("VirtualNetworkLinkLimitExceeded", format!("{what} already."))
}

/// A link with its zone.
fn zone_of<'a>(case: Case<'a>, found: &'a Resource) -> Option<(&'a ZoneLink, &'a Resource)> {
    let Kind::ZoneLink(link) = &found.kind else { return None };
    Some((link, case.topology.target(found.id, Relation::PartOf)?))
}

/// Rule `refuse-zone-group`: a private endpoint has one zone group, with at most 5 zones. Source: azure-services 3.4, 5.2.
///
/// The codes were not seen.
pub(super) fn group(case: Case<'_>) -> Verdict {
    let zones = case.targets(Relation::Registers).count();
    if zones > GROUPED {
        let message =
            format!("Private DNS zone group {} has {zones} zones; at most {GROUPED} are allowed.", case.draft.name);
        return case.refuse("TooManyPrivateDnsZonesInGroup", message);
    }
    let Some(endpoint) = case.target(Relation::PartOf) else { return Ok(()) };
    let other = case.others(endpoint.id, Relation::PartOf).find(|it| matches!(it.kind, Kind::ZoneGroup));
    let Some(other) = other else { return Ok(()) };
    let message = format!("Private endpoint {} has a private DNS zone group already: {}.", endpoint.name, other.name);
    case.refuse("MoreThanOnePrivateDnsZoneGroupPerPrivateEndpointNotAllowed", message)
}

/// Rule `refuse-endpoint-count`: a network has 1000 private endpoints. Source: azure-services 3.4.
///
/// The code was not seen.
pub(super) fn endpoint(case: Case<'_>, endpoint: &PrivateEndpoint) -> Verdict {
    same_region(case, &endpoint.region)?;
    let Some((vnet, _)) = case.vnet(Relation::Attached) else { return Ok(()) };
    let subnets = case.topology.referrers(vnet.id, Relation::PartOf).into_iter();
    let holders = subnets.flat_map(|subnet| case.others(subnet.id, Relation::Attached));
    let count = holders.filter(|it| matches!(it.kind, Kind::PrivateEndpoint(_))).take(ENDPOINTS).count();
    if count < ENDPOINTS {
        return Ok(());
    }
    let message = format!("Virtual network {} has {ENDPOINTS} private endpoints already.", vnet.name);
    case.refuse("PrivateEndpointLimitExceeded", message)
}
