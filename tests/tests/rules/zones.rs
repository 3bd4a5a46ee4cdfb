//! How many links, zones and private endpoints there may be.

use sim_core::topology::{ConnectionState, DnsZone, Draft, Kind, PrivateEndpoint, Relation, Setting, ZoneLink};
use vnetsim_tests::net::Net;

fn code(net: &mut Net, draft: Draft) -> Option<&'static str> {
    net.topology.put(draft).err().map(|refusal| refusal.code)
}

fn zone(net: &mut Net, name: &str) {
    net.put(Draft::new(name, Kind::DnsZone(DnsZone { name: name.into(), public: false })));
}

fn link(zone: &str, vnet: &str, registration: bool) -> Draft {
    let attributes = ZoneLink { registration: Setting::default_of(registration), ..ZoneLink::default() };
    Draft::new(format!("{zone}/{vnet}"), Kind::ZoneLink(attributes))
        .refer(Relation::PartOf, zone)
        .refer(Relation::Remote, vnet)
}

#[test]
fn links_are_counted() {
    // azure-services 5.2. Tests `refuse-link-count`. Catches: a limit that is off by one, one of the other kind of link, a link
    // that is put again counted twice.
    let mut net = Net::new();
    zone(&mut net, "all.example");
    for n in 0..=1000 {
        net.vnet(&format!("v{n}"), "10.0.0.0/16");
    }
    let limit = Some("VirtualNetworkLinkLimitExceeded");
    for n in 0..100 {
        assert_eq!(code(&mut net, link("all.example", &format!("v{n}"), true)), None, "{n}");
    }
    assert_eq!(code(&mut net, link("all.example", "v100", true)), limit);
    for n in 100..1000 {
        assert_eq!(code(&mut net, link("all.example", &format!("v{n}"), false)), None, "{n}");
    }
    assert_eq!(code(&mut net, link("all.example", "v1000", false)), limit);
    assert_eq!(code(&mut net, link("all.example", "v7", true)), None);
    for n in 1..=1000 {
        let name = format!("z{n}.example");
        zone(&mut net, &name);
        // `v0` has one already.
        assert_eq!(code(&mut net, link(&name, "v0", false)), limit.filter(|_| n == 1000), "{n}");
    }
}

#[test]
fn endpoints_of_a_network_are_counted() {
    // azure-services 3.4. Tests `refuse-endpoint-count`. Catches: endpoints of one subnet counted alone, one that is put again
    // counted twice.
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "s", "10.0.0.0/22", None);
    net.subnet("v", "t", "10.0.4.0/22", None);
    let region = net.region();
    let endpoint = |n: usize| {
        let kind = Kind::PrivateEndpoint(PrivateEndpoint::new(region.clone(), ConnectionState::Approved));
        let subnet = if n.is_multiple_of(2) { "v/s" } else { "v/t" };
        Draft::new(format!("e{n}"), kind).refer(Relation::Attached, subnet)
    };
    for n in 0..1000 {
        assert_eq!(code(&mut net, endpoint(n)), None, "{n}");
    }
    assert_eq!(code(&mut net, endpoint(1000)), Some("PrivateEndpointLimitExceeded"));
    assert_eq!(code(&mut net, endpoint(7)), None);
}
