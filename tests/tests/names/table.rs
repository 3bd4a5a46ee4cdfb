//! azure-services 5.2, 5.3 and 5.5 as small networks: what is asked, what is said.

use super::{CHAIN, PRIVATE, PUBLIC, ZONE, registry};
use sim_core::fabric::Fabric;
use sim_core::names::{Answer, Code, MAX_CHAIN, Question, Served, Via, View};
use sim_core::topology::{
    ConnectionState, DnsZone, Draft, Kind, NameServer, RecordData, RecordKind, Relation, ZoneLink,
};
use vnetsim_tests::names::{at, forward};
use vnetsim_tests::net::{Net, addr};

fn fabric(net: &Net) -> Fabric {
    Fabric::compile(&net.topology, &net.facts(), 0)
}

fn ask(net: &Net, vnet: Option<&str>, name: &str, kind: RecordKind) -> Answer {
    let view = vnet.map_or(View::Public, |vnet| View::Vnet(net.topology.find(vnet).unwrap().id));
    fabric(net).names().resolve(view, &Question::new(name, kind))
}

/// The answer in words: names and addresses in order, or why there are none.
fn said(net: &Net, vnet: Option<&str>, name: &str) -> String {
    let answer = ask(net, vnet, name, RecordKind::A);
    let mut words: Vec<String> = answer
        .records
        .iter()
        .map(|record| match &record.data {
            RecordData::Address(address) => format!("{address} ({})", record.ttl),
            RecordData::Name(name) => format!("{name} ({})", record.ttl),
            RecordData::Text(text) => text.to_string(),
        })
        .collect();
    match (answer.code, &answer.forward) {
        (_, Some(forward)) => words.push(format!("ask {}", forward.targets[0].0)),
        (Code::NxDomain, _) => words.push("NXDOMAIN".to_owned()),
        (Code::ServFail, _) => words.push("SERVFAIL".to_owned()),
        (Code::NoError, _) if answer.addresses().is_empty() => words.push("NODATA".to_owned()),
        (Code::NoError, _) => {}
    }
    words.join(", ")
}

// Tests `names-privatelink-alias`, `names-alias-again`, `names-zone-group`.
#[test]
fn c3_c17_c18_c23_a_registry_has_a_private_address_where_its_zone_is_linked() {
    // Catches: a public name that skips `privatelink`, an alias whose target is not looked up in the linked zones, a link
    // that counts everywhere, records of a zone group under the wrong name, life times mixed up.
    let mut net = registry();
    let public = [&CHAIN[1..], &[PUBLIC]].concat();
    let public: Vec<String> =
        public.iter().map(|word| format!("{word} ({})", if *word == PUBLIC { 10 } else { 300 })).collect();
    let public = public.join(", ");
    assert_eq!(said(&net, None, CHAIN[0]), public, "from the Internet");
    assert_eq!(said(&net, Some("v"), CHAIN[0]), public, "the zone is not linked");
    net.link_zone(ZONE, "v", false, false);
    assert_eq!(said(&net, Some("v"), CHAIN[0]), format!("{} (300), NXDOMAIN", CHAIN[1]), "no record yet");
    net.zone_group("endpoint", &[ZONE]);
    let private = format!("{} (300), {PRIVATE} (10)", CHAIN[1]);
    assert_eq!(said(&net, Some("v"), CHAIN[0]), private);
    assert_eq!(said(&net, Some("v"), "MyRegistry.AzureCR.io."), private, "in any letter case");
    assert_eq!(said(&net, Some("w"), CHAIN[0]), public, "not linked there");
    net.edit("endpoint", |kind| {
        let Kind::PrivateEndpoint(endpoint) = kind else { panic!("no endpoint") };
        endpoint.state = ConnectionState::Pending;
    });
    assert_eq!(said(&net, Some("v"), CHAIN[0]), private, "whatever its state");
    net.topology.delete("endpoint").unwrap();
    assert_eq!(
        said(&net, None, CHAIN[0]),
        public.replace(&format!("{} (300), ", CHAIN[1]), ""),
        "no endpoint any more"
    );
}

// Tests `names-private-front`.
#[test]
fn a_part_without_a_public_address_is_known_by_its_endpoint() {
    // azure-services 8.4. Catches: a private cluster that answers on the Internet, a public name that leads over `privatelink` or to the
    // public address.
    let mut net = registry();
    net.edit("registry/front", |kind| {
        let Kind::InternetHost(host) = kind else { panic!("no host") };
        host.names = vec![CHAIN[0].into()];
        host.private = true;
    });
    let private = format!("{PRIVATE} (10)");
    assert_eq!((said(&net, None, CHAIN[0]), said(&net, Some("v"), CHAIN[0])), (private.clone(), private));
    assert_eq!(fabric(&net).public(addr(PUBLIC)), None);
    net.topology.delete("endpoint").unwrap();
    assert_eq!(said(&net, None, CHAIN[0]), "NXDOMAIN");
}

// Tests `names-zone-is-final`, `names-fallback`.
#[test]
fn a_linked_zone_hides_endpoints_of_others_unless_it_falls_back() {
    // Catches: a zone that is asked beside the Internet, a fallback that no link asked for, one in a zone that is not below
    // `privatelink` or for other kinds of records.
    let mut net = registry();
    net.known_service("theirs", "20.1.1.1/32", &["theirs.azurecr.io", "theirs.privatelink.azurecr.io"]);
    net.named_endpoint("their-endpoint", "w/s", "theirs", &[]);
    net.link_zone(ZONE, "v", false, false);
    let name = "theirs.azurecr.io";
    assert_eq!(said(&net, Some("v"), name), "theirs.privatelink.azurecr.io (300), NXDOMAIN");
    net.link_zone(ZONE, "v", false, true);
    assert_eq!(said(&net, Some("v"), name), "theirs.privatelink.azurecr.io (300), 20.1.1.1 (10)");
    let private = "theirs.privatelink.azurecr.io";
    assert_eq!(ask(&net, Some("v"), private, RecordKind::Aaaa).code, Code::NoError);
    assert_eq!(ask(&net, Some("v"), private, RecordKind::Txt).code, Code::NxDomain);
    net.zone("azurecr.io");
    net.link_zone("azurecr.io", "v", false, true);
    assert_eq!(said(&net, Some("v"), name), "NXDOMAIN", "a zone of another name");
}

// Tests `names-longest-zone`, `names-wildcard`, `names-empty-set`.
#[test]
fn zones_speak_for_what_is_below_them() {
    // Catches: the first zone that fits taken for the longest, a name that ends in a zone's letters and is not below it, a
    // wildcard that hides records or holds across names that exist, an empty set taken for no name.
    let mut net = registry();
    for zone in ["corp.test", "eu.corp.test"] {
        net.zone(zone);
        net.link_zone(zone, "v", false, false);
    }
    net.record("corp.test", "www", RecordKind::A, &["10.0.0.80"]);
    net.record("corp.test", "*", RecordKind::A, &["10.0.0.81"]);
    net.record("corp.test", "db.eu", RecordKind::A, &["10.0.0.82"]);
    net.record("corp.test", "*.deep", RecordKind::A, &["10.0.0.83"]);
    net.record("corp.test", "a.b", RecordKind::A, &["10.0.0.84"]);
    net.record("corp.test", "empty", RecordKind::A, &[]);
    net.record("corp.test", "text", RecordKind::Txt, &[]);
    net.record("corp.test", "alias", RecordKind::Cname, &["www.corp.test"]);
    net.record("corp.test", "@", RecordKind::A, &["10.0.0.79"]);
    for (name, expected) in [
        ("www.corp.test", "10.0.0.80 (3600)"),
        ("corp.test", "10.0.0.79 (3600)"),
        ("any.corp.test", "10.0.0.81 (3600)"),
        ("any.more.corp.test", "10.0.0.81 (3600)"),
        ("db.eu.corp.test", "NXDOMAIN"),
        ("x.deep.corp.test", "10.0.0.83 (3600)"),
        ("b.corp.test", "NODATA"),
        ("c.b.corp.test", "NXDOMAIN"),
        ("empty.corp.test", "NODATA"),
        ("text.corp.test", "NODATA"),
        ("alias.corp.test", "www.corp.test (3600), 10.0.0.80 (3600)"),
        ("notcorp.test", "NXDOMAIN"),
    ] {
        assert_eq!(said(&net, Some("v"), name), expected, "{name}");
    }
    assert_eq!(said(&net, None, "www.corp.test"), "NXDOMAIN", "private");
}

// Tests `names-empty-set`.
#[test]
fn c22_a_record_set_may_be_empty_for_a_while() {
    // Catches: row C22: between making a set and adding to it there is no address, and that is no error.
    let mut net = registry();
    net.link_zone(ZONE, "v", false, false);
    net.record(ZONE, "myregistry", RecordKind::A, &[]);
    assert_eq!(said(&net, Some("v"), CHAIN[0]), format!("{} (300), NODATA", CHAIN[1]));
    net.record(ZONE, "myregistry", RecordKind::A, &[PRIVATE]);
    assert_eq!(said(&net, Some("v"), CHAIN[0]), format!("{} (300), {PRIVATE} (3600)", CHAIN[1]));
}

// Tests `names-zone-group`.
#[test]
fn a_second_endpoint_takes_the_record_over() {
    // Catches: two addresses where Azure has one, the first group winning (failure-stories S33).
    let mut net = registry();
    net.link_zone(ZONE, "v", false, false);
    net.record(ZONE, "myregistry", RecordKind::A, &["10.9.9.9"]);
    net.zone_group("endpoint", &[ZONE]);
    assert!(said(&net, Some("v"), CHAIN[0]).ends_with(&format!("{PRIVATE} (10)")));
    let second = net.named_endpoint("second", "w/s", "registry", &[CHAIN[0]]);
    net.zone_group("second", &[ZONE]);
    assert!(said(&net, Some("v"), CHAIN[0]).ends_with(&format!(", {second} (10)")));
    assert_eq!(ask(&net, Some("v"), CHAIN[0], RecordKind::A).addresses().len(), 1);
}

#[test]
fn records_of_groups_stand_where_the_service_has_its_private_name() {
    // Catches: a record name cut from the public name by guess where the service says otherwise, a second label lost.
    let mut net = registry();
    net.known_service("vault", "20.2.2.2/32", &["k.vault.test", "k.privatelink.vaultcore.test"]);
    net.zone("privatelink.vaultcore.test");
    net.link_zone("privatelink.vaultcore.test", "v", false, false);
    net.link_zone(ZONE, "v", false, false);
    net.named_endpoint("e1", "v/s", "vault", &["k.vault.test"]);
    net.zone_group("e1", &["privatelink.vaultcore.test"]);
    assert_eq!(said(&net, Some("v"), "k.vault.test"), "k.privatelink.vaultcore.test (300), 10.0.0.6 (10)");
    net.named_endpoint("e2", "v/s", "registry", &["myregistry.westeurope.data.azurecr.io", "elsewhere.test"]);
    net.zone_group("e2", &[ZONE]);
    assert_eq!(said(&net, Some("v"), "myregistry.westeurope.data.privatelink.azurecr.io"), "10.0.0.7 (10)");
    assert_eq!(said(&net, Some("v"), "elsewhere.privatelink.azurecr.io"), "NXDOMAIN");
}

// Tests `names-registration`.
#[test]
fn machines_are_registered_where_a_link_says_so() {
    // Catches: machines of other networks registered, a resolution link that registers, no pointer back, a written record
    // overwritten, an address of IPv6 registered.
    let mut net = registry();
    net.zone("corp.test");
    net.link_zone("corp.test", "v", true, false);
    net.link_zone("corp.test", "w", false, false);
    net.vm("written", "v/s", None);
    net.record("corp.test", "written", RecordKind::A, &["10.7.7.7"]);
    assert_eq!(said(&net, Some("w"), "client.corp.test"), "10.0.0.4 (10)");
    assert_eq!(said(&net, Some("v"), "other.corp.test"), "NXDOMAIN");
    assert_eq!(said(&net, Some("v"), "written.corp.test"), "10.7.7.7 (3600)");
    let back = |vnet| ask(&net, Some(vnet), "4.0.0.10.in-addr.arpa", RecordKind::Ptr);
    assert_eq!(back("v").records[0].data, RecordData::Name("client.corp.test".into()));
    assert_eq!(back("w").code, Code::NxDomain);
}

// Tests `names-rule-sets`.
#[test]
fn rule_sets_are_asked_after_zones_and_before_the_internet() {
    // Catches: a rule ahead of a linked zone, a shorter domain ahead of a longer one, a rule that is switched off, a rule
    // for letters rather than labels, aliases that no rule is asked about.
    let mut net = registry();
    net.link_zone(ZONE, "v", false, false);
    net.zone_group("endpoint", &[ZONE]);
    let mut off = forward("off.corp.test", "10.0.0.93");
    off.enabled.value = false;
    let rules = vec![
        forward("corp.test", "10.0.0.90"),
        forward("deep.corp.test", "10.0.0.91"),
        forward(ZONE, "10.0.0.92"),
        off,
        forward("trafficmanager.net", "10.0.0.94"),
    ];
    net.ruleset("rules", "v", Some("client"), rules.clone());
    net.ruleset("again", "w", Some("client"), rules);
    for (vnet, name, expected) in [
        ("v", "a.corp.test", "ask 10.0.0.90"),
        ("v", "corp.test", "ask 10.0.0.90"),
        ("v", "a.deep.corp.test", "ask 10.0.0.91"),
        ("v", "off.corp.test", "ask 10.0.0.90"),
        ("v", "notcorp.test", "NXDOMAIN"),
        ("v", "myregistry.privatelink.azurecr.io", "10.0.0.5 (10)"),
        ("w", "myregistry.privatelink.azurecr.io", "ask 10.0.0.92"),
        ("w", "myregistry.azurecr.io", "myregistry.privatelink.azurecr.io (300), ask 10.0.0.92"),
    ] {
        assert_eq!(said(&net, Some(vnet), name), expected, "{vnet} {name}");
    }
}

#[test]
fn circles_of_aliases_come_to_an_end() {
    // Catches: an answer that never ends, or grows without bounds.
    let mut net = registry();
    net.zone("corp.test");
    net.link_zone("corp.test", "v", false, false);
    net.record("corp.test", "a", RecordKind::Cname, &["b.corp.test"]);
    net.record("corp.test", "b", RecordKind::Cname, &["a.corp.test"]);
    let answer = ask(&net, Some("v"), "a.corp.test", RecordKind::A);
    assert_eq!((answer.code, answer.records.len()), (Code::ServFail, MAX_CHAIN));
}

#[test]
fn public_zones_are_seen_by_everybody() {
    // Catches: a public zone that has to be linked, or hides what the Internet knows beside it.
    let mut net = registry();
    net.put(Draft::new("pub", Kind::DnsZone(DnsZone { name: "shop.test".into(), public: true })));
    net.record("pub", "www", RecordKind::A, &["20.3.3.3"]);
    assert_eq!(said(&net, None, "www.shop.test"), "20.3.3.3 (3600)");
    assert_eq!(said(&net, Some("w"), "www.shop.test"), "20.3.3.3 (3600)");
    assert_eq!(said(&net, None, "no.shop.test"), "NXDOMAIN");
}

// Tests `names-whom-to-ask`.
#[test]
fn machines_ask_the_servers_of_their_nic_then_those_of_their_network() {
    // Catches: servers of the network ahead of those of the NIC, Azure's resolver beside custom servers.
    let mut net = registry();
    let asked = |net: &Net| {
        let client = net.topology.find("client").unwrap().id;
        fabric(net).names().asked_by(client).to_vec()
    };
    assert_eq!(asked(&net), [addr("168.63.129.16")]);
    net.dns_servers("v", &[addr("10.0.0.53"), addr("10.0.0.54")]);
    assert_eq!(asked(&net), [addr("10.0.0.53"), addr("10.0.0.54")]);
    net.edit("client-nic", |kind| {
        let Kind::Nic(nic) = kind else { panic!("no NIC") };
        nic.dns_servers = vec![addr("10.0.0.55")];
    });
    assert_eq!(asked(&net), [addr("10.0.0.55")]);
}

// Tests `names-custom-server`.
#[test]
fn servers_of_ones_own_know_what_they_are_told() {
    // Catches: zones consulted behind a custom server's back, a forwarder for letters rather than labels, the shorter one
    // taken, own records passed over, a machine that nobody made a server taken for one.
    let mut net = registry();
    let server = NameServer {
        records: vec![("Host.test".into(), addr("10.0.0.70"))],
        forwards: vec![forward("azurecr.io", "168.63.129.16"), forward("eu.azurecr.io", "10.0.0.71")],
        otherwise: vec![at("10.0.0.72")],
    };
    net.serve_names("client", server);
    let served = |net: &Net, machine: &str, name: &str| {
        let node = net.topology.find(machine).unwrap().id;
        match fabric(net).names().serve(node, &Question::new(name, RecordKind::A)) {
            Some(Served::Ask(targets, via)) => {
                let assumed = if matches!(via, Via::Assumed(_)) { "assumed " } else { "" };
                format!("{assumed}ask {}", targets[0].0)
            }
            Some(Served::Answered(answer)) => format!("{:?} {:?}", answer.code, answer.addresses()),
            None => "nothing".to_owned(),
        }
    };
    for (name, expected) in [
        ("host.test", "NoError [10.0.0.70]".to_owned()),
        ("myregistry.azurecr.io", "ask 168.63.129.16".to_owned()),
        ("a.eu.azurecr.io", "ask 10.0.0.71".to_owned()),
        ("notazurecr.io", "ask 10.0.0.72".to_owned()),
    ] {
        let said = served(&net, "client", name);
        assert!(said.contains(&expected) || said.replace("Addr(", "").contains(&expected), "{name}: {said}");
    }
    assert_eq!(served(&net, "other", "host.test"), "nothing");
    let other = net.address(sim_core::id::PortId(net.topology.find("other-nic/ipconfig1").unwrap().id.0));
    net.dns_servers("w", &[other]);
    assert_eq!(served(&net, "other", "host.test"), "assumed ask 168.63.129.16");
    net.assume("custom-name-server", "silent");
    assert_eq!(served(&net, "other", "host.test"), "nothing");
}

#[test]
fn a_link_to_a_network_that_is_gone_is_nothing() {
    // Catches: a panic, or a zone seen from nowhere.
    let mut net = registry();
    net.put(Draft::new("loose", Kind::ZoneLink(ZoneLink::default())).refer(Relation::PartOf, ZONE));
    assert_eq!(said(&net, Some("v"), "nothing.test"), "NXDOMAIN");
}

#[test]
fn each_change_of_names_makes_new_ones() {
    // Catches: a zone, record, link, group, rule set, server or machine that is changed or deleted and leaves names as they
    // were.
    let mut net = registry();
    let facts = net.facts();
    let mut fabric = fabric(&net);
    let mut step = |net: &Net, changed: Vec<sim_core::id::NodeId>, differs: bool| {
        let next = fabric.next(&net.topology, &changed);
        let anew = Fabric::compile(&net.topology, &facts, 0);
        assert_eq!(next.names(), anew.names());
        assert_eq!(next.names() != fabric.names(), differs, "{changed:?}");
        fabric = next;
    };
    let changed = vec![net.zone("corp.test")];
    step(&net, changed, true);
    let changed = vec![net.link_zone("corp.test", "v", true, false)];
    step(&net, changed, true);
    let changed = vec![net.record("corp.test", "www", RecordKind::A, &["10.0.0.80"])];
    step(&net, changed, true);
    let changed = vec![net.link_zone(ZONE, "v", false, false)];
    step(&net, changed, true);
    let changed = vec![net.zone_group("endpoint", &[ZONE])];
    step(&net, changed, true);
    let changed = vec![net.edit("client-nic", |kind| {
        let Kind::Nic(nic) = kind else { panic!("no NIC") };
        nic.dns_servers = vec![addr("10.0.0.55")];
    })];
    step(&net, changed, true);
    net.nsg("g", Vec::new());
    let changed = vec![net.topology.find("g").unwrap().id];
    step(&net, changed, false);
    for name in ["client-nic/ipconfig1", "endpoint/group", "corp.test"] {
        let changed = net.topology.delete(name).unwrap();
        step(&net, changed, true);
    }
}
