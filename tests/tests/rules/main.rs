//! Azure's rules as the reference states them, each as a small network with the verdict it must give. Written from
//! azure-dataplane and azure-services alone, without a look at the stages. "Golden N" is azure-dataplane 8, case N.

mod addresses;
mod admin;
mod backends;
mod balancer;
mod bench;
mod blocks;
mod endpoint;
mod firewall;
mod gateway;
mod icmp;
mod image_template;
mod ipv6;
mod large;
mod outbound;
mod peering;
mod platform;
mod ports;
mod private_link;
mod refusals;
mod refused;
mod roles;
mod routes;
mod security;
mod sessions;
mod tags;
mod timeouts;
mod zones;

use vnetsim_tests::net::Net;

/// A VNet `v` of 10.0.0.0/16 with the subnets `v/s` and `v/t`, and a host on the Internet, `world`, at 8.8.8.8.
fn one_vnet(nsg_of_s: Option<&str>) -> Net {
    let mut net = Net::new();
    add_vnet(&mut net, nsg_of_s);
    net
}

/// The same in a network that has something already, as the group of `v/s`.
fn add_vnet(net: &mut Net, nsg_of_s: Option<&str>) {
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "s", "10.0.0.0/24", nsg_of_s);
    net.subnet("v", "t", "10.0.1.0/24", None);
    net.internet_host("world", "8.8.8.8/32");
}

/// The network of [`one_vnet`] with the group `g` of these rules on `v/s`.
fn filtered(rules: &[&str]) -> Net {
    let mut net = Net::new();
    net.group("g", rules);
    add_vnet(&mut net, Some("g"));
    net
}
