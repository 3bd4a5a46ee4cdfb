//! `networkInterfaces` with their addresses.

use super::raw::RawResource;
use super::read::{address, given, inner, list, not_modelled, reference, references, says, switch};
use super::reading::Reading;
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::net::Addr;
use sim_core::topology::{Draft, IpConfig, Kind, Nic, Relation};
use std::sync::Arc;

pub(super) fn interface(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let kind = Kind::Nic(Nic {
        region: out.region.clone(),
        ip_forwarding: switch(properties, "enableIPForwarding", false).value,
    });
    let mut draft = raw.draft(kind);
    if let Some(group) = reference(properties, "networkSecurityGroup") {
        draft = draft.refer(Relation::FilteredBy, group);
    }
    out.node(draft);
    // Written by Azure, in what is read back from it.
    if let Some(machine) = reference(properties, "virtualMachine") {
        out.link(&raw.id, Relation::PartOf, &machine);
    }
    let configs = list(properties, "ipConfigurations");
    let chosen = configs.iter().position(|config| switch(inner(config), "primary", false).value).unwrap_or(0);
    for (n, part) in configs.iter().enumerate() {
        let Some(id) = raw.part_id("ipConfigurations", part) else { continue };
        match requested(inner(part)) {
            Ok(requested) => config(raw, part, &id, IpConfig { requested, address: None, primary: n == chosen }, out),
            Err(diagnostic) => out.leave_out(&id, diagnostic),
        }
    }
}

/// The address asked for, of a NIC's address or a balancer's frontend.
pub(super) fn requested(properties: &Value) -> Result<Option<Addr>, Diagnostic> {
    let fixed = says(properties, "privateIPAllocationMethod", "Static");
    // What was read back from Azure says which address a dynamic one got, and what it is in.
    let found = given(properties, "provisioningState").is_some();
    match given(properties, "privateIPAddress").filter(|value| value.as_str() != Some("")) {
        Some(written) if fixed || found => address(written).map(Some),
        None if says(properties, "privateIPAddressVersion", "IPv6") => {
            Err(not_modelled(properties, "a dynamic IPv6 address"))
        }
        _ => Ok(None),
    }
}

fn config(raw: &RawResource, part: &Value, id: &Arc<str>, config: IpConfig, out: &mut Reading) {
    let properties = inner(part);
    let mut draft = Draft { owner: raw.owner.clone(), ..Draft::new(id.clone(), Kind::IpConfig(config)) }
        .at(Some(part.span))
        .refer(Relation::PartOf, raw.id.clone());
    if let Some(subnet) = reference(properties, "subnet") {
        draft = draft.refer(Relation::Attached, subnet);
    }
    if let Some(public) = reference(properties, "publicIPAddress") {
        draft = draft.refer(Relation::Uses, public);
    }
    if let Some(gateway) = reference(properties, "gatewayLoadBalancer") {
        draft = draft.refer(Relation::ChainedTo, gateway);
    }
    let groups = references(properties, "applicationSecurityGroups");
    for target in references(properties, "loadBalancerBackendAddressPools").chain(groups) {
        draft = draft.refer(Relation::MemberOf, target);
    }
    out.inline(draft);
    for rule in references(properties, "loadBalancerInboundNatRules") {
        out.link(&rule, Relation::Sends, id);
    }
}
