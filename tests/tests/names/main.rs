//! Names: what they lead to by the rules, and that what travels on the wire is the same.

mod golden;
mod properties;
mod table;
mod wire;

use vnetsim_tests::net::Net;

/// A registry with a private endpoint in `v`, and the zone for it, linked to nothing; `v/s` has a machine `client`, and `w`, not
/// connected to it, has `other` (azure-services 1.C).
fn registry() -> Net {
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "s", "10.0.0.0/24", None);
    net.vnet("w", "10.1.0.0/16");
    net.subnet("w", "s", "10.1.0.0/24", None);
    net.vm("client", "v/s", None);
    net.vm("other", "w/s", None);
    net.managed("registry", "20.45.122.144/32", CHAIN);
    net.named_endpoint("endpoint", "v/s", "registry", &[CHAIN[0]]);
    net.zone(ZONE);
    net
}

const ZONE: &str = "privatelink.azurecr.io";
const CHAIN: &[&str] = &[
    "myregistry.azurecr.io",
    "myregistry.privatelink.azurecr.io",
    "xxxx.xx.azcr.io",
    "xxxx-xxx-reg.trafficmanager.net",
    "xxxx.westeurope.cloudapp.azure.com",
];
/// What the endpoint has: the client has the first address of its subnet.
const PRIVATE: &str = "10.0.0.5";
const PUBLIC: &str = "20.45.122.144";
