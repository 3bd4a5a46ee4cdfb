//! Addresses of subnets: azure-dataplane 2.8, azure-services 4.1.

use proptest::collection::vec;
use proptest::prelude::*;
use sim_core::net::Prefix;
use sim_core::topology::{Draft, IpConfig, Kind, Nic, Relation, Setting, Subnet};
use vnetsim_tests::net::{Net, addr, prefix};

/// Asks for an address in `v/s`; `None` takes what Azure gives. The code of the refusal where there is one.
fn put(net: &mut Net, name: &str, wanted: Option<&str>) -> Result<(), &'static str> {
    net.put(Draft::new(name, Kind::Nic(Nic { region: "westus2".into(), ..Nic::default() })));
    let config = IpConfig { requested: wanted.map(addr), primary: true, ..IpConfig::default() };
    let draft = Draft::new(format!("{name}/ipconfig1"), Kind::IpConfig(config)).refer(Relation::PartOf, name);
    net.topology.put(draft.refer(Relation::Attached, "v/s")).map(drop).map_err(|refusal| refusal.code)
}

fn subnet(range: &str) -> Net {
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "s", range, None);
    net
}

#[test]
fn the_first_free_address_is_the_fourth() {
    // Tests `address-lowest-free`, `address-reserved`.
    // Catches: the gateway's or DNS's address given out, addresses not in order.
    let mut net = subnet("10.0.0.0/24");
    let (a, b) = (net.vm("a", "v/s", None), net.vm("b", "v/s", None));
    assert_eq!((net.address(a), net.address(b)), (addr("10.0.0.4"), addr("10.0.0.5")));
}

#[test]
fn five_addresses_are_reserved() {
    // Tests `address-reserved`.
    // Catches: .0 to .3 or the last address given to those who ask, or others refused.
    for (wanted, free) in
        [(0, false), (1, false), (2, false), (3, false), (4, true), (77, true), (254, true), (255, false)]
    {
        let mut net = subnet("10.0.0.0/24");
        assert_eq!(put(&mut net, "n", Some(&format!("10.0.0.{wanted}"))).is_ok(), free, ".{wanted}");
    }
}

#[test]
fn the_smallest_subnet_has_room_for_three() {
    // Tests `address-reserved`, `address-lowest-free`, `refuse-subnet-full`.
    // Catches: reserved addresses counted as room; a full subnet that gives an address twice.
    let mut net = subnet("10.0.0.0/29");
    let put_all: Vec<_> = ["a", "b", "c", "d"].map(|name| put(&mut net, name, None)).to_vec();
    assert_eq!(put_all, [Ok(()), Ok(()), Ok(()), Err("SubnetIsFull")]);
}

#[test]
fn nothing_smaller_than_eight_addresses() {
    // Tests `refuse-subnet-size`.
    // Catches: a /30 taken, from which nothing is left.
    let mut net = subnet("10.0.0.0/24");
    let mut kind = net.topology.find("v/s").unwrap().kind.clone();
    let Kind::Subnet(Subnet { prefixes, default_outbound, .. }) = &mut kind else { panic!("no subnet") };
    *prefixes = vec![prefix("10.0.7.0/30")];
    *default_outbound = Setting::default_of(true);
    assert!(net.topology.put(Draft::new("v/tiny", kind).refer(Relation::PartOf, "v")).is_err());
}

#[test]
fn a_delegated_subnet_is_for_its_service() {
    // Tests `refuse-delegated-subnet`.
    // azure-services 2.4. Catches: machines let into a delegated subnet, container groups kept out of their own, groups of
    // another service or a name that merely looks like the service's let in, letters compared by case.
    let mut net = subnet("10.0.0.0/24");
    net.edit("v/s", |kind| {
        let Kind::Subnet(subnet) = kind else { panic!("no subnet") };
        subnet.delegation = Some("Microsoft.ContainerInstance/containerGroups".into());
    });
    let refused = Err("SubnetWithDelegationsCannotBeUsedByResource");
    for (nic, expected) in [
        ("/g/providers/Microsoft.ContainerInstance/containerGroups/c/networkInterfaces/nic", Ok(())),
        ("/g/providers/microsoft.containerinstance/CONTAINERGROUPS/d/networkInterface", Ok(())),
        ("/g/providers/Microsoft.Network/networkInterfaces/nic", refused),
        ("/g/providers/Microsoft.Network/networkInterfaces/containerGroups", refused),
        ("/g/providers/Microsoft.Web/serverFarms/f/networkInterfaces/nic", refused),
    ] {
        assert_eq!(put(&mut net, nic, None), expected, "{nic}");
    }
}

#[test]
fn an_address_given_back_is_free() {
    // Tests `address-lowest-free`, `refuse-address-taken`.
    // Catches: an address that stays taken when its holder takes another one or is deleted, one that is not noted as taken.
    let mut net = subnet("10.0.0.0/24");
    let taken = |net: &Net| {
        let subnet = net.topology.find("v/s").unwrap().id;
        let held = net.topology.taken(subnet).into_iter();
        held.map(|(address, id)| (address.to_string(), net.topology.get(id).unwrap().name.to_string()))
            .collect::<Vec<_>>()
    };
    let held =
        |list: &[(&str, &str)]| list.iter().map(|(a, n)| (a.to_string(), format!("{n}/ipconfig1"))).collect::<Vec<_>>();
    for (name, wanted, expected) in [
        ("a", None, Ok(())),
        ("b", Some("10.0.0.4"), Err("PrivateIPAddressIsAllocated")),
        ("a", Some("10.0.0.9"), Ok(())),
        ("b", None, Ok(())),
        ("c", None, Ok(())),
    ] {
        assert_eq!(put(&mut net, name, wanted), expected, "{name} {wanted:?}");
    }
    assert_eq!(taken(&net), held(&[("10.0.0.4", "b"), ("10.0.0.5", "c"), ("10.0.0.9", "a")]));
    net.topology.delete("b").unwrap();
    assert_eq!(taken(&net), held(&[("10.0.0.5", "c"), ("10.0.0.9", "a")]));
    assert_eq!(put(&mut net, "d", None), Ok(()));
    assert_eq!(taken(&net), held(&[("10.0.0.4", "d"), ("10.0.0.5", "c"), ("10.0.0.9", "a")]));
}

/// The naive answer: whether a range overlaps one of another subnet that is there.
fn overlaps(present: &[(u32, Vec<Prefix>)], name: u32, ranges: &[Prefix]) -> bool {
    let others = present.iter().filter(|(other, _)| *other != name).flat_map(|(_, ranges)| ranges);
    others.into_iter().any(|there| ranges.iter().any(|range| range.overlaps(*there)))
}

proptest! {
    #[test]
    fn subnets_stay_apart(steps in vec((0..8_u32, vec((0..32_u32, 24..=29_u8), 1..3), any::<bool>()), 1..40)) {
        // Tests `refuse-subnet-overlap`.
        // Catches: ranges that are looked up in the wrong order, those of a deleted or replaced subnet kept, a subnet that
        // is in its own way, the second range of one not looked at.
        let mut net = subnet("10.0.255.0/24");
        let Kind::Subnet(usual) = net.topology.find("v/s").unwrap().kind.clone() else { panic!("no subnet") };
        let mut present: Vec<(u32, Vec<Prefix>)> = Vec::new();
        for (name, ranges, deleted) in steps {
            let id = format!("v/s{name}");
            if deleted {
                net.topology.delete(&id).unwrap();
                present.retain(|(other, _)| *other != name);
            }
            let range = |(place, length): &(u32, u8)| prefix(&format!("10.0.{}.{}/{length}", place / 4, place % 4 * 64));
            let prefixes: Vec<Prefix> = ranges.iter().map(range).collect();
            let expected = overlaps(&present, name, &prefixes);
            let attributes = Subnet { prefixes: prefixes.clone(), ..usual.clone() };
            let answer = net.topology.put(Draft::new(id, Kind::Subnet(attributes)).refer(Relation::PartOf, "v"));
            prop_assert_eq!(answer.err().map(|it| it.code), expected.then_some("NetcfgSubnetRangesOverlap"));
            if !expected {
                present.retain(|(other, _)| *other != name);
                present.push((name, prefixes));
            }
        }
    }
}
