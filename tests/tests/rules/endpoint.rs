//! Service endpoints: azure-dataplane 2.5.

use crate::one_vnet;
use sim_core::net::Protocol;
use sim_core::topology::{Relation, UserHop};
use vnetsim_tests::ask::{any, question, tcp};
use vnetsim_tests::net::{Net, addr};

/// The network of `one_vnet` with a VM `a` in `v/s`, and Azure Storage at 20.60.0.1 in the same region and at 20.61.0.1 in
/// another.
fn with_storage() -> Net {
    let mut net = one_vnet(None);
    net.vm("a", "v/s", None);
    net.service("storage", "20.60.0.1/32", "westus2", &["Storage"]);
    net.service("far", "20.61.0.1/32", "eastus", &["Storage"]);
    net
}

#[test]
fn e1_e2_a_service_sees_the_private_address_and_the_subnet() {
    // Tests `endpoint-routes`, `endpoint-identity`.
    // Catches: an endpoint whose traffic is translated, or needs an outbound method; an identity that does not arrive; an
    // answer that does not find back.
    let mut net = with_storage();
    assert_ne!(tcp(&net, "a", addr("20.60.0.1"), 443).arrived.src, addr("10.0.0.4"));
    net.private_subnet("v/s");
    net.service_endpoint("v/s", "Microsoft.Storage", &[]);
    // Nothing comes in from outside but answers.
    net.group("g", &[]);
    net.link("a-nic", Relation::FilteredBy, "g");
    let asked = tcp(&net, "a", addr("20.60.0.1"), 443);
    assert_eq!((asked.verdict.as_str(), asked.arrived.src), ("open", addr("10.0.0.4")));
    assert_eq!((asked.there, asked.back), (vec!["a".into(), "storage".into()], vec!["storage".into(), "a".into()]));
    // Regional: the other region's storage is not behind it.
    assert_eq!(tcp(&net, "a", addr("20.61.0.1"), 443).verdict, "there a: no-outbound");
}

#[test]
fn an_endpoint_is_for_its_regions_and_services() {
    // Tests `endpoint-routes`.
    // Catches: locations not read, a service's tag taken for another's, a name in another letter case not known.
    for (service, locations, far) in [
        ("Microsoft.Storage", &["westus2", "eastus"][..], "open"),
        ("microsoft.storage.global", &[], "open"),
        ("Microsoft.Storage", &["*"], "open"),
        ("Microsoft.Storage", &["westus2"], "there a: no-outbound"),
        ("Microsoft.Sql", &[], "there a: no-outbound"),
    ] {
        let mut net = with_storage();
        net.private_subnet("v/s");
        net.service_endpoint("v/s", service, locations);
        assert_eq!(tcp(&net, "a", addr("20.61.0.1"), 443).verdict, far, "{service} {locations:?}");
    }
}

#[test]
fn only_tcp_takes_the_endpoint() {
    // Tests `endpoint-tcp-only`.
    // Catches: pings and datagrams that go to the service by its endpoint.
    let mut net = with_storage();
    net.service_endpoint("v/s", "Microsoft.Storage", &[]);
    for protocol in [Protocol::ICMP, Protocol::UDP] {
        let asked = any(&net, "a", question(&net, "a", protocol, addr("20.60.0.1"), 443));
        assert_eq!(asked.verdict, "there a: endpoint-protocol", "{protocol}");
    }
}

#[test]
fn users_cannot_divert_an_endpoint() {
    // Golden 15. Tests `endpoint-route-beats-user`.
    // Catches: a route for the tag, or for the very address, that takes the traffic to an appliance.
    let mut net = with_storage();
    net.subnet("v", "n", "10.0.9.0/24", None);
    let nva = net.machine("nva", "v/n", None, true, None);
    let hop = UserHop::Appliance(net.address(nva));
    net.routed("v/s", &[("Storage", hop), ("20.60.0.1/32", hop), ("0.0.0.0/0", hop)]);
    assert_eq!(any(&net, "a", question(&net, "a", Protocol::TCP, addr("20.60.0.1"), 443)).there[1], "nva");
    net.service_endpoint("v/s", "Microsoft.Storage", &[]);
    assert_eq!(tcp(&net, "a", addr("20.60.0.1"), 443).there, ["a", "storage"]);
}

#[test]
fn through_an_appliance_its_own_subnet_decides() {
    // 2.5. Tests `endpoint-identity`.
    // Catches: the sender's subnet taken along through an appliance; an endpoint of the sender's subnet that counts at the
    // appliance.
    for (endpoint_at_nva, verdict) in [(true, "open"), (false, "there nva: no-outbound")] {
        let mut net = with_storage();
        net.subnet("v", "n", "10.0.9.0/24", None);
        net.private_subnet("v/n");
        let nva = net.machine("nva", "v/n", None, true, None);
        net.routed("v/s", &[("0.0.0.0/0", UserHop::Appliance(net.address(nva)))]);
        if endpoint_at_nva {
            net.service_endpoint("v/n", "Microsoft.Storage", &["eastus"]);
        }
        let asked = any(&net, "a", question(&net, "a", Protocol::TCP, addr("20.61.0.1"), 443));
        assert_eq!(asked.verdict, verdict);
    }
}

#[test]
fn an_endpoint_is_not_used_over_a_peering() {
    // 2.5. Catches: a peer's endpoint routes among those of this VNet.
    let mut net = with_storage();
    net.service_endpoint("v/s", "Microsoft.Storage", &[]);
    net.vnet("w", "10.5.0.0/16");
    net.subnet("w", "s", "10.5.0.0/24", None);
    net.private_subnet("w/s");
    net.vm("b", "w/s", None);
    net.peer("v", "w");
    assert_eq!(tcp(&net, "b", addr("20.61.0.1"), 443).verdict, "there b: no-outbound");
}

#[test]
fn storage_near_by_needs_no_way_out() {
    // Golden 17, 4.4. Tests `outbound-storage`.
    // Catches: a private subnet cut off from its region's storage; or let out to the rest of Azure or the Internet.
    let mut net = with_storage();
    net.private_subnet("v/s");
    net.service("sql", "20.62.0.1/32", "westus2", &["Sql"]);
    for (to, verdict) in [
        ("20.60.0.1", "open"),
        ("20.61.0.1", "there a: no-outbound"),
        ("20.62.0.1", "there a: no-outbound"),
        ("8.8.8.8", "there a: no-outbound"),
    ] {
        assert_eq!(tcp(&net, "a", addr(to), 443).verdict, verdict, "{to}");
    }
    // The source is translated: the subnet's identity does not arrive.
    assert_ne!(tcp(&net, "a", addr("20.60.0.1"), 443).arrived.src, addr("10.0.0.4"));
}
