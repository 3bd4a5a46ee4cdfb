//! Declarations that Azure refuses, beside those that other modules meet on their way.

use crate::one_vnet;
use sim_core::topology::{Draft, Frontend, Kind, LoadBalancer, Machine, Nic, Relation, RouteTable, Setting, Sku};
use vnetsim_tests::net::Net;

/// The code of the refusal where there is one.
fn code(net: &mut Net, draft: Draft) -> Option<&'static str> {
    net.topology.put(draft).err().map(|refusal| refusal.code)
}

#[test]
fn tiers_of_balancers_and_addresses_match() {
    // 4.5. Tests `refuse-frontend-tier`. Catches: one of the two mixtures let through, equal tiers refused.
    use Sku::{Basic, Standard};
    for (balancer, address) in [(Standard, Standard), (Basic, Basic), (Standard, Basic), (Basic, Standard)] {
        let mut net = one_vnet(None);
        net.public_ip("pip", "20.1.1.1", address);
        let attributes =
            LoadBalancer { sku: Setting::default_of(balancer), region: "westus2".into(), ..LoadBalancer::default() };
        net.put(Draft::new("lb", Kind::LoadBalancer(attributes)));
        let front = Draft::new("lb/front", Kind::Frontend(Frontend::default())).refer(Relation::PartOf, "lb");
        let expected = (balancer != address).then_some("PublicIPAndLBSkuDoNotMatch");
        assert_eq!(code(&mut net, front.refer(Relation::Uses, "pip")), expected, "{balancer:?} {address:?}");
    }
}

#[test]
fn what_is_in_use_is_not_deleted() {
    // azure-services 2.7. Tests `refuse-delete-in-use`. Catches: a use that is not asked for, a resource that stays locked
    // when its user is gone, a user that goes with it taken for one that stays.
    let cases = [
        ("v/s", "InUseSubnetCannotBeDeleted", &["web", "web-nic"][..]),
        ("g", "InUseNetworkSecurityGroupCannotBeDeleted", &["v"]),
        ("pip", "PublicIPAddressCannotBeDeleted", &["web", "web-nic"]),
        ("table", "InUseRouteTableCannotBeDeleted", &["v"]),
        ("web-nic", "NicInUse", &["web"]),
        ("lb/front", "LoadBalancerInUseByPrivateLinkService", &["pe", "pls"]),
        ("pls", "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted", &["pe"]),
    ];
    for (name, expected, users) in cases {
        let mut net = used();
        let refused = net.topology.delete(name).err().map(|refusal| refusal.code);
        assert_eq!(refused, Some(expected), "{name}");
        if users != ["v"] {
            for user in users {
                assert_eq!(net.topology.delete(user).err().map(|refusal| refusal.code), None, "{user}");
            }
            assert_eq!(net.topology.delete(name).err().map(|refusal| refusal.code), None, "{name}");
        }
    }
    // A network goes with its own subnets, which are nobody else's then.
    let mut net = one_vnet(None);
    assert!(net.topology.delete("v").is_ok());
    assert!(net.topology.find("v/s").is_none());
}

/// A network in which everything is in use.
fn used() -> Net {
    let mut net = Net::new();
    net.group("g", &[]);
    net.put(Draft::new("table", Kind::RouteTable(RouteTable::default())));
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "s", "10.0.0.0/24", None);
    net.subnet("v", "t", "10.0.1.0/24", Some("g"));
    net.link("v/t", Relation::RoutedBy, "table");
    net.put(Draft::new("web", Kind::Machine(Machine::default())));
    let nic = Nic { region: net.region(), ..Nic::default() };
    net.put(Draft::new("web-nic", Kind::Nic(nic)).refer(Relation::PartOf, "web"));
    net.public_ip("pip", "20.1.1.1", Sku::Standard);
    let config = sim_core::topology::IpConfig { primary: true, ..Default::default() };
    let config = Draft::new("web-nic/ipconfig1", Kind::IpConfig(config)).refer(Relation::PartOf, "web-nic");
    net.put(config.refer(Relation::Attached, "v/s").refer(Relation::Uses, "pip"));
    net.balancer("lb", Sku::Standard, (Relation::Attached, "v/t"), &[]);
    net.link_service("pls", "v/t", "lb");
    net.endpoint("pe", "v/t", "pls");
    net
}
