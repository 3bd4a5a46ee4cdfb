//! From Azure resources to the declared network: one module for each family of resource types.
//!
//! A reader hands over [`RawResource`]s, whatever it read them from: an evaluated template, the output of `az`, a plan.
//! `read` turns one into drafts for the network and findings about it. Names of properties count in any letter case,
//! and an object whose `properties` a tool has flattened is read like any other.

mod address;
mod application_gateway;
mod balancer;
mod dns;
mod edit;
mod filled;
mod firewall;
mod gateway;
mod id;
mod machine;
mod manager;
mod mend;
mod nat;
mod nic;
mod placeholder;
mod private_link;
mod raw;
mod read;
mod reading;
mod resolver;
mod role;
mod route;
mod scale_set;
mod security;
mod service;
mod vnet;

pub use application_gateway::GATEWAY_SERVICE;
pub use edit::parse as parse_edit;
pub use machine::os;
pub use mend::edits_of;
pub use raw::{RawResource, Resources};
pub use reading::Finding;
pub use scale_set::{MAX_INSTANCES, MAX_PARTS};
pub use service::service_ports;

pub(crate) use filled::{Around, body_of, filled};
pub use id::resource_type;
pub(crate) use id::{name_of, parent, tidy};
pub(crate) use placeholder::{asks, fill_addresses, resolved};
pub(crate) use reading::{Piece, Reading};
pub(crate) use role::{definition_of, is_definition};
pub(crate) use service::assumed_service;

use sim_core::topology::Kind;
use std::sync::Arc;

/// Reads one resource. `all` are the resources of the input, this one among them: some readings depend on others. One
/// that does not say its region stands in `region`.
pub(crate) fn read(raw: &RawResource, all: &Resources, region: &Arc<str>) -> Reading {
    let mut out = Reading::new(raw.region(all).unwrap_or_else(|| region.clone()));
    let kind = raw.resource_type.to_ascii_lowercase();
    match kind.strip_prefix("microsoft.network/").unwrap_or(&kind) {
        "virtualnetworks" => vnet::network(raw, &mut out),
        "virtualnetworks/subnets" => vnet::subnet_alone(raw, all, &mut out),
        "virtualnetworks/virtualnetworkpeerings" => vnet::peering_alone(raw, &mut out),
        "networksecuritygroups" => security::group(raw, all, &mut out),
        "networksecuritygroups/securityrules" => security::rule_alone(raw, all, &mut out),
        "applicationsecuritygroups" => out.node(raw.draft(Kind::Asg)),
        "networkinterfaces" => nic::interface_alone(raw, all, &mut out),
        "publicipaddresses" => address::public(raw, "ipAddress", &mut out),
        "publicipprefixes" => address::public(raw, "ipPrefix", &mut out),
        "loadbalancers" => balancer::balancer(raw, &mut out),
        "routetables" => route::table(raw, &mut out),
        "routetables/routes" => route::route_alone(raw, &mut out),
        "natgateways" => nat::gateway(raw, &mut out),
        "virtualnetworkgateways" => gateway::gateway(raw, &mut out),
        "connections" => gateway::connection(raw, &mut out),
        "localnetworkgateways" => gateway::local_network(raw, &mut out),
        "expressroutecircuits" => gateway::circuit(raw, &mut out),
        "virtualhubs" | "vpngateways" | "expressroutegateways" => gateway::hub(raw, &mut out),
        "applicationgateways" => application_gateway::gateway(raw, &mut out),
        "privateendpoints" => private_link::endpoint(raw, all, &mut out),
        "privatelinkservices" => private_link::service(raw, &mut out),
        "privateendpoints/privatednszonegroups" => dns::zone_group(raw, &mut out),
        "privatednszones" => dns::zone(raw, false, &mut out),
        "dnszones" => dns::zone(raw, true, &mut out),
        "privatednszones/virtualnetworklinks" => dns::link(raw, &mut out),
        "dnsresolvers/inboundendpoints" => resolver::inbound(raw, &mut out),
        "dnsresolvers/outboundendpoints" => resolver::outbound(raw, &mut out),
        "dnsforwardingrulesets" => resolver::ruleset(raw, all, &mut out),
        "dnsforwardingrulesets/forwardingrules" => resolver::rule_alone(raw, all, &mut out),
        "dnsforwardingrulesets/virtualnetworklinks" => resolver::link(raw, &mut out),
        "azurefirewalls" => firewall::firewall(raw, all, &mut out),
        "firewallpolicies" => firewall::policy(raw, all, &mut out),
        "firewallpolicies/rulecollectiongroups" => firewall::group_alone(raw, all, &mut out),
        "firewallpolicies/rulegroups" => firewall::old_group_alone(raw, all, &mut out),
        "networkmanagers/networkgroups" => manager::group(raw, all, &mut out),
        "networkmanagers/networkgroups/staticmembers" => manager::static_member(raw, &mut out),
        "networkmanagers/connectivityconfigurations" => manager::connectivity(raw, &mut out),
        "networkmanagers/securityadminconfigurations/rulecollections" => manager::rule_collection(raw, all, &mut out),
        "microsoft.compute/virtualmachines" => machine::machine(raw, &mut out),
        "microsoft.compute/virtualmachinescalesets" => scale_set::set(raw, all, &mut out),
        "microsoft.compute/virtualmachinescalesets/virtualmachines" => scale_set::instance_alone(raw, all, &mut out),
        "microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces" => {
            scale_set::nic_alone(raw, &mut out)
        }
        scale_set::PUBLIC_ALONE => address::public(raw, "ipAddress", &mut out),
        "microsoft.containerinstance/containergroups" => machine::container_group(raw, all, &mut out),
        "microsoft.authorization/roledefinitions" => role::definition(raw, &mut out),
        "microsoft.authorization/roleassignments" => role::assignment(raw, &mut out),
        record if dns::is_record(record) => dns::record(raw, &mut out),
        _ if service::is_service(&kind) => service::read(raw, all, &mut out),
        child if child.starts_with("loadbalancers/") => balancer::child_alone(raw, &mut out),
        _ => out.inert(raw),
    }
    out
}
