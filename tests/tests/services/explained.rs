//! Why a service does not let somebody in, and what would.

use sim_core::explain::{Mend, Unlock, remedy};
use sim_core::fabric::Fabric;
use sim_core::net::{Addr, Prefix};
use sim_core::stage::Reason;
use sim_core::stage::guard::Admitted;
use sim_core::topology::{Guard, Setting};
use std::sync::Arc;
use topologies::azure::edits_of;
use topologies::services::registry::RESOURCE_TYPE;
use vnetsim_tests::ask::{Asked, tcp};
use vnetsim_tests::net::{Net, addr};
use vnetsim_tests::services::{clients_of_registries, closed};

const FRONT: Addr = Addr::v4(20, 50, 0, 1);

/// A registry, `vm` in a subnet with a service endpoint, `other` in one without, and a stranger.
fn network(guard: Guard) -> Net {
    let mut net = clients_of_registries();
    net.service_of("reg", RESOURCE_TYPE, &[("registry", "reg.azurecr.io", "20.50.0.1/32", "AzureContainerRegistry")]);
    net.guard("reg", |it| *it = guard);
    net
}

/// The edits that open it, each as `--set` takes it.
fn edits(net: &Net, asked: &Asked) -> Vec<String> {
    let fabric = Arc::new(Fabric::compile(&net.topology, &net.facts(), 0));
    let found = remedy(&net.topology, &fabric, &asked.walk);
    assert!(found.opens() && found.after.works(), "{:?}", found.steps);
    found.steps.iter().flat_map(|(_, mend)| edits_of(mend, &net.topology)).map(|edit| edit.to_string()).collect()
}

#[test]
fn a_refused_request_is_no_lost_packet() {
    // Tests `service-guard-order`.
    // Catches: a denial told as a packet that does not arrive, or not told; a caller taken for another subnet's; an
    // endpoint that is asked for rules.
    let mut net = network(closed(&["v/s"], &["203.0.113.8/32"]));
    let at = net.members("pe", "v/t", "reg", &["registry"]);
    let reason = |asked: &Asked| asked.walk.refusal.as_ref().map(|it| it.reason);
    let listed = tcp(&net, "vm", FRONT, 443);
    assert_eq!((listed.verdict.as_str(), listed.walk.admission), ("open", Some(Ok(Admitted::Subnet(0)))));
    for from in ["other", "stranger"] {
        let asked = tcp(&net, from, FRONT, 443);
        assert_eq!((asked.verdict.as_str(), reason(&asked)), ("open", Some(Reason::ServiceNotListed)), "{from}");
        assert!(asked.walk.connects() && !asked.walk.works());
    }
    assert_eq!(tcp(&net, "other", at[0], 443).walk.admission, Some(Ok(Admitted::Endpoint)));
    net.guard("reg", |guard| guard.public = Setting::default_of(false));
    assert_eq!(reason(&tcp(&net, "vm", FRONT, 443)), Some(Reason::ServiceNotPublic));
    assert!(tcp(&net, "other", at[0], 443).walk.works());
}

#[test]
fn e20_e21_what_lets_in_is_the_narrowest_that_does() {
    // E20, E21. Catches: a rule for a subnet that its requests do not carry, an address where there is a subnet, public access
    // switched on where the rules would still keep the caller out.
    let net = network(closed(&[], &[]));
    assert_eq!(
        edits(&net, &tcp(&net, "vm", FRONT, 443)),
        [r#"reg.properties.networkRuleSet.virtualNetworkRules[+]={"action":"Allow","id":"v/s"}"#]
    );
    assert_eq!(
        edits(&net, &tcp(&net, "other", FRONT, 443)),
        [
            r#"v/t.properties.serviceEndpoints[+]={"locations":["*"],"service":"Microsoft.ContainerRegistry"}"#,
            r#"reg.properties.networkRuleSet.virtualNetworkRules[+]={"action":"Allow","id":"v/t"}"#
        ]
    );
    let address = r#"reg.properties.networkRuleSet.ipRules[+]={"action":"Allow","value":"203.0.113.7"}"#;
    assert_eq!(edits(&net, &tcp(&net, "stranger", FRONT, 443)), [address]);
    let net = network(Guard { public: Setting::default_of(false), ..closed(&[], &[]) });
    let public = r#"reg.properties.publicNetworkAccess="Enabled""#;
    assert_eq!(edits(&net, &tcp(&net, "stranger", FRONT, 443)), [public, address]);
}

#[test]
fn everybody_is_the_last_resort() {
    // Catches: a default action that opens where one address would do.
    let net = network(closed(&[], &[]));
    let asked = tcp(&net, "stranger", FRONT, 443);
    let fabric = Fabric::compile(&net.topology, &net.facts(), 0);
    let refusal = asked.walk.refusal.as_ref().unwrap();
    let found: Vec<Unlock> = Mend::alternatives(refusal, &fabric, &net.topology)
        .into_iter()
        .filter_map(|mend| if let Mend::Unlock { change, .. } = mend { Some(change) } else { None })
        .collect();
    assert_eq!(found, [Unlock::Address(Prefix::host(addr("203.0.113.7"))), Unlock::Everybody]);
}
