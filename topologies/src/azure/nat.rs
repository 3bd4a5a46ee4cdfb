//! `natGateways` (azure-dataplane 4.2).

use super::raw::RawResource;
use super::read::references;
use super::reading::Reading;
use sim_core::topology::{Kind, Relation};

pub(super) fn gateway(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let addresses = references(properties, "publicIpAddresses").chain(references(properties, "publicIpPrefixes"));
    out.node(addresses.fold(raw.draft(Kind::NatGateway), |draft, address| draft.refer(Relation::Uses, address)));
}
