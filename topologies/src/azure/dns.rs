//! `privateDnsZones` and `dnsZones` with their records and links, zone groups of private endpoints, and the servers that
//! networks and NICs name.

use super::id::{name_of, parent};
use super::raw::RawResource;
use super::read::{address, given, inner, list, not_modelled, number, reference, says, switch, text};
use super::reading::Reading;
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::net::Addr;
use sim_core::stage::PLATFORM;
use sim_core::topology::{DnsZone, Kind, RecordData, RecordKind, RecordSet, Relation, Setting, ZoneLink};
use std::sync::Arc;

/// How long others may keep a record set that does not say it, in seconds: what `az` and the portal put there.
const TTL: u32 = 3600;
/// A NIC that names no server of its own network's but Azure's.
const AZURE_PROVIDED: &str = "AzureProvidedDNS";
/// Types of record sets: the collection, what it is, where a body lists the records, and the member with the value.
const RECORDS: [(&str, RecordKind, &str, &str); 11] = [
    ("a", RecordKind::A, "aRecords", "ipv4Address"),
    ("aaaa", RecordKind::Aaaa, "aaaaRecords", "ipv6Address"),
    ("cname", RecordKind::Cname, "cnameRecord", "cname"),
    ("ptr", RecordKind::Ptr, "ptrRecords", "ptrdname"),
    ("txt", RecordKind::Txt, "txtRecords", "value"),
    ("mx", RecordKind::Other, "", ""),
    ("srv", RecordKind::Other, "", ""),
    ("soa", RecordKind::Other, "", ""),
    ("ns", RecordKind::Other, "", ""),
    ("caa", RecordKind::Other, "", ""),
    ("ds", RecordKind::Other, "", ""),
];

pub(super) fn zone(raw: &RawResource, public: bool, out: &mut Reading) {
    out.node(raw.draft(Kind::DnsZone(DnsZone { name: lower(name_of(&raw.id)), public })));
}

/// Whether a type, in lower case and without `microsoft.network/`, is one of record sets.
pub(super) fn is_record(kind: &str) -> bool {
    let zone = kind.strip_prefix("privatednszones/").or_else(|| kind.strip_prefix("dnszones/"));
    zone.is_some_and(|record| RECORDS.iter().any(|(word, ..)| *word == record))
}

pub(super) fn record(raw: &RawResource, out: &mut Reading) {
    let word = raw.resource_type.rsplit('/').next().unwrap_or_default();
    let known = RECORDS.iter().find(|(own, ..)| own.eq_ignore_ascii_case(word));
    let (Some((_, kind, key, member)), Some(zone)) = (known, parent(&raw.id)) else { return out.inert(raw) };
    let properties = raw.properties();
    if let Some(target) = given(properties, "targetResource").filter(|target| text(target, "id").is_some()) {
        out.warn(not_modelled(target, "a record set that follows the address of a resource"));
    }
    let written = list(properties, key).iter().chain(given(properties, key).filter(|it| it.as_object().is_some()));
    let data = match written.filter_map(|item| record_data(*kind, given(item, member)?)).collect::<Result<_, _>>() {
        Ok(data) => data,
        Err(diagnostic) => return out.leave_out(&raw.id, diagnostic),
    };
    let ttl = number(properties, "ttl", 0..=u64::from(i32::MAX.unsigned_abs())).ok().flatten();
    let ttl = ttl.and_then(|ttl| u32::try_from(ttl).ok()).unwrap_or(TTL);
    let set = RecordSet { owner: lower(name_of(&raw.id)), ttl, kind: *kind, data };
    out.node(raw.draft(Kind::RecordSet(set)).refer(Relation::PartOf, zone));
}

fn record_data(kind: RecordKind, value: &Value) -> Option<Result<RecordData, Diagnostic>> {
    Some(match kind {
        RecordKind::A | RecordKind::Aaaa => address(value).map(RecordData::Address),
        RecordKind::Cname | RecordKind::Ptr => Ok(RecordData::Name(lower(value.as_str()?))),
        // One record may be written in pieces.
        RecordKind::Txt => {
            let pieces = value.items().iter().filter_map(Value::as_str).collect::<String>();
            Ok(RecordData::Text(value.as_str().map_or(pieces, str::to_owned).into()))
        }
        RecordKind::Other => return None,
    })
}

/// A link to a network. Its zone is part of what it says, and the network may be somebody else's.
pub(super) fn link(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let Some(zone) = parent(&raw.id) else { return out.inert(raw) };
    let policy = given(properties, "resolutionPolicy");
    let fallback = Setting {
        value: says(properties, "resolutionPolicy", "NxDomainRedirect"),
        span: policy.map(|policy| policy.span),
    };
    let link = ZoneLink { registration: switch(properties, "registrationEnabled", false), fallback };
    let mut draft = raw.draft(Kind::ZoneLink(link)).refer(Relation::PartOf, zone);
    if let Some(vnet) = reference(properties, "virtualNetwork") {
        draft = draft.refer(Relation::Remote, vnet);
    }
    out.node(draft);
}

/// Rule `zone-group`: the zone group of a private endpoint keeps the endpoint's records in up to five zones. Source:
/// azure-services 5.2.
pub(super) fn zone_group(raw: &RawResource, out: &mut Reading) {
    let Some(endpoint) = parent(&raw.id) else { return out.inert(raw) };
    let configs = list(raw.properties(), "privateDnsZoneConfigs").iter();
    let zones = configs.filter_map(|config| text(inner(config), "privateDnsZoneId").map(super::tidy));
    let draft = raw.draft(Kind::ZoneGroup).refer(Relation::PartOf, endpoint);
    out.node(zones.fold(draft, |draft, zone| draft.refer(Relation::Registers, zone)));
}

/// `dnsServers`: addresses, first to last. What is none is said and left out.
pub(super) fn servers(within: &Value, out: &mut Reading) -> Vec<Addr> {
    let mut servers = Vec::new();
    for written in list(within, "dnsServers") {
        match written.as_str() {
            Some(text) if text.eq_ignore_ascii_case(AZURE_PROVIDED) => servers.push(PLATFORM),
            _ => match address(written) {
                Ok(server) => servers.push(server),
                Err(diagnostic) => {
                    out.warn(Diagnostic { severity: crate::diagnostic::Severity::Warning, ..diagnostic })
                }
            },
        }
    }
    servers
}

/// A name as it is compared: without the dot at the end.
pub(super) fn lower(name: &str) -> Arc<str> {
    name.trim().trim_end_matches('.').to_ascii_lowercase().into()
}
