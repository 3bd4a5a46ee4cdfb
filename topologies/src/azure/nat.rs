//! `natGateways` (azure-dataplane 4.2).

use super::raw::RawResource;
use super::read::{given, idle_minutes, references, says};
use super::reading::Reading;
use sim_core::topology::{Kind, NatGateway, Relation};

pub(super) fn gateway(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let addresses = references(properties, "publicIpAddresses").chain(references(properties, "publicIpPrefixes"));
    let idle_minutes = match idle_minutes(properties, 120) {
        Ok(minutes) => minutes,
        Err(diagnostic) => return out.leave_out(&raw.id, diagnostic),
    };
    let v2 = given(&raw.body, "sku").is_some_and(|sku| says(sku, "name", "StandardV2"));
    let gateway = raw.draft(Kind::NatGateway(NatGateway { idle_minutes, v2 }));
    out.node(addresses.fold(gateway, |draft, address| draft.refer(Relation::Uses, address)));
}
