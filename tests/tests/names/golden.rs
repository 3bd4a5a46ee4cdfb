//! What `vnetsim nslookup` prints, in and out of the VNet, to the letter (azure-services 1.C, 5.5).

use super::{CHAIN, PRIVATE, ZONE, registry};
use scenarios::nslookup;
use scenarios::trace::Options;
use topologies::World;
use vnetsim_tests::net::{Net, addr};

fn printed(net: &Net, name: &str, from: &str) -> (String, bool) {
    let mut world = World::default();
    world.topology = net.topology.clone();
    let lookup = nslookup::run(world, name, Some(from), &Options::default()).unwrap();
    (lookup.text(), lookup.is_fine())
}

#[test]
fn c25_inside_the_network_the_name_leads_to_the_endpoint() {
    // Catches: another order or form of the lines, tabs and dots lost, a server that is not the machine's own.
    let mut net = registry();
    net.link_zone(ZONE, "v", false, false);
    net.zone_group("endpoint", &[ZONE]);
    let expected = format!(
        "Server:\t\t168.63.129.16\nAddress:\t168.63.129.16#53\n\nNon-authoritative answer:\n\
         myregistry.azurecr.io\tcanonical name = myregistry.privatelink.azurecr.io.\n\
         Name:\tmyregistry.privatelink.azurecr.io\nAddress: {PRIVATE}\n\n"
    );
    assert_eq!(printed(&net, CHAIN[0], "client"), (expected, true));
    let missing = "Server:\t\t168.63.129.16\nAddress:\t168.63.129.16#53\n\n\
                   ** server can't find theirs.privatelink.azurecr.io: NXDOMAIN\n\n";
    assert_eq!(printed(&net, "theirs.privatelink.azurecr.io", "client"), (missing.to_owned(), false));
    net.dns_servers("v", &[addr("10.0.0.200")]);
    let silent = ";; connection timed out; no servers could be reached\n\n";
    assert_eq!(printed(&net, CHAIN[0], "client"), (silent.to_owned(), false));
}

#[test]
fn c26_outside_it_leads_over_public_names() {
    // Catches: a private address seen from the Internet, a name of the chain left out, the address under the first name.
    let mut net = registry();
    net.link_zone(ZONE, "v", false, false);
    net.zone_group("endpoint", &[ZONE]);
    let mut expected = "Server:\t\t192.0.2.53\nAddress:\t192.0.2.53#53\n\nNon-authoritative answer:\n".to_owned();
    for pair in CHAIN.windows(2) {
        expected.push_str(&format!("{}\tcanonical name = {}.\n", pair[0], pair[1]));
    }
    expected.push_str("Name:\txxxx.westeurope.cloudapp.azure.com\nAddress: 20.45.122.144\n\n");
    assert_eq!(printed(&net, CHAIN[0], "Internet"), (expected, true));
}
