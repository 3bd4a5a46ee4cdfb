//! `networkInterfaces` with their addresses.

use super::dns;
use super::raw::{RawResource, Resources};
use super::read::{address, given, inner, list, reference, references, says, switch};
use super::reading::Reading;
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::net::Addr;
use sim_core::topology::{Draft, IpConfig, Kind, Nic, Relation};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A NIC, which may be a private endpoint's own: its addresses are the endpoint's then.
pub(super) fn interface_alone(raw: &RawResource, all: &Resources, out: &mut Reading) {
    let endpoint = reference(raw.properties(), "privateEndpoint").filter(|endpoint| all.get(endpoint).is_some());
    let Some(endpoint) = endpoint else { return interface(raw, out) };
    let nic = Nic { region: out.region.clone(), ..Nic::default() };
    out.node(raw.draft(Kind::Nic(nic)).refer(Relation::PartOf, endpoint));
}

pub(super) fn interface(raw: &RawResource, out: &mut Reading) {
    let properties = raw.properties();
    let kind = Kind::Nic(Nic {
        region: out.region.clone(),
        ip_forwarding: switch(properties, "enableIPForwarding", false).value,
        dns_servers: dns::servers(given(properties, "dnsSettings").unwrap_or(properties), out),
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
        if let Some(diagnostic) = other_groups(raw, &configs[0], part) {
            out.leave_out(&id, diagnostic);
            continue;
        }
        match requested(inner(part)) {
            Ok(requested) => {
                let v6 = is_v6(inner(part));
                config(raw, part, &id, IpConfig { requested, address: None, primary: n == chosen, v6 }, out);
            }
            Err(diagnostic) => out.leave_out(&id, diagnostic),
        }
    }
}

/// Rule `refuse-asg-configurations`: all addresses of a NIC belong to the same application security groups. Code and text
/// are from a public report (Azure/azure-cli issue 21551). Source: azure-dataplane 1.6.
fn other_groups(raw: &RawResource, first: &Value, part: &Value) -> Option<Diagnostic> {
    let groups = |part: &Value| {
        let ids = references(inner(part), "applicationSecurityGroups").map(|id| id.to_ascii_lowercase());
        ids.collect::<BTreeSet<String>>()
    };
    let (one, other) = (groups(first), groups(part));
    if one == other {
        return None;
    }
    let listed = |groups: BTreeSet<String>| groups.into_iter().collect::<Vec<_>>().join(", ");
    let message = format!(
        "All IPConfigurations on a Network Interface should reference the same set of Application Security Groups. Of {} \
         the first one references ASG(s) {}, whereas this one references ASG(s) {}.",
        raw.id,
        listed(one),
        listed(other)
    );
    let code = "AllIpConfigurationsOnANicMustBelongToTheSameApplicationSecurityGroups";
    Some(Diagnostic::error(code, message).at(part.span))
}

/// The address asked for, of a NIC's address or a balancer's frontend.
pub(super) fn requested(properties: &Value) -> Result<Option<Addr>, Diagnostic> {
    let fixed = says(properties, "privateIPAllocationMethod", "Static");
    // What was read back from Azure says which address a dynamic one got, and what it is in.
    let found = given(properties, "provisioningState").is_some();
    match given(properties, "privateIPAddress").filter(|value| value.as_str() != Some("")) {
        Some(written) if fixed || found => address(written).map(Some),
        _ => Ok(None),
    }
}

/// Whether an address is to be of IPv6.
pub(super) fn is_v6(properties: &Value) -> bool {
    says(properties, "privateIPAddressVersion", "IPv6")
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
