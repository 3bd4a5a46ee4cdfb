//! A registry by its public front, over a service endpoint and by a private endpoint.

use sim_core::app::{Directory, Move, Reply, Request, Script};
use sim_core::app::{Manners, NoReply};
use sim_core::host::Socket;
use sim_core::time::Nanos;
use sim_core::topology::{Guard, InternetHost, Kind, Relation, Setting};
use topologies::facts::Date;
use topologies::services::registry::{Image, Login, Pull, Push, RESOURCE_TYPE, managed_store};
use vnetsim_tests::net::{Net, addr, prefix};
use vnetsim_tests::services::{Said, ask, client, clients_of_registries, closed, directory, engine};

const HOST: &str = "reg.azurecr.io";
const DATA: &str = "reg.westus2.data.azurecr.io";

/// A VM in `v/s`, which has a service endpoint for registries, a VM `other` in `v/t`, which has none, a stranger on the
/// Internet; a registry with a data endpoint, and `names` for its public addresses.
fn network() -> (Net, Directory) {
    let mut net = clients_of_registries();
    let tag = "AzureContainerRegistry";
    net.service_of(
        "reg",
        RESOURCE_TYPE,
        &[("registry", HOST, "20.50.0.1/32", tag), ("registry_data_westus2", DATA, "20.50.0.2/32", tag)],
    );
    (net, directory(&[(HOST, addr("20.50.0.1")), (DATA, addr("20.50.0.2"))]))
}

fn today() -> Date {
    "2026-01-01".parse().unwrap()
}

fn login(date: &str) -> Login {
    Login::new(HOST.into(), date.parse().unwrap())
}

fn pull() -> Pull {
    Pull::new(HOST.into(), Image::parse("hello-world:v1"))
}

#[test]
fn c7_c13_e13_e19_e23_a_registry_takes_everybody_by_default() {
    // E19, E23, C13. Tests `registry-layers`.
    // Catches: a guard that denies by default, a step of the pull left out, layers that the login server gives by itself.
    let (net, names) = network();
    for from in ["vm", "other", "stranger"] {
        let said = ask(&net, from, &names, login("2020-06-01"));
        assert_eq!(said.end(), ("done", "Login Succeeded"), "{from}");
        assert_eq!(said.statuses(), [401, 200, 200]);
        let said = ask(&net, from, &names, pull());
        assert!(said.end().0 == "done" && said.end().1.contains("Hello from Docker!"), "{from}: {:?}", said.0);
        assert_eq!(said.statuses(), [401, 200, 200, 307, 200, 307, 200]);
        let data = said.texts("status").iter().filter(|url| url.starts_with(&format!("https://{DATA}/"))).count();
        assert_eq!(data, 2, "the configuration and the layer come from the data endpoint");
        let said = ask(&net, from, &names, Push::new(HOST.into(), Image::parse("app:1")));
        assert_eq!(said.end().0, "done", "{from}: {:?}", said.0);
    }
}

#[test]
fn e20_e21_e24_e25_who_is_not_listed_gets_403_after_the_handshakes() {
    // E20, E21, E24. Tests `registry-denial`.
    // Catches: a denial that packets notice, a text of another age, an address that the registry does not see, a listed
    // subnet kept out.
    let (mut net, names) = network();
    net.guard("reg", |guard| *guard = closed(&["v/s"], &[]));
    assert_eq!(ask(&net, "vm", &names, pull()).end().0, "done");
    let said = ask(&net, "stranger", &names, login("2020-06-01"));
    assert_eq!(said.statuses(), [403]);
    let page =
        "Error response from daemon: login attempt to https://reg.azurecr.io/v2/ failed with status: 403 Forbidden";
    assert!(said.end().0 == "refused" && said.end().1.ends_with(page), "{:?}", said.end());
    assert_eq!(said.texts("connect").len(), 1, "TCP and TLS were done before");
    let said = ask(&net, "stranger", &names, login("2026-01-01"));
    let today = "denied: {\"errors\":[{\"code\":\"DENIED\",\"message\":\"client with IP '203.0.113.7' is not allowed access. \
                 Refer https://aka.ms/acr/firewall to grant access.\"}]}";
    assert!(said.end().1.ends_with(today), "{:?}", said.end());
    let said = ask(&net, "other", &names, pull());
    let denied = "denied: client with IP '";
    assert!(said.end().0 == "refused" && said.end().1.contains(denied), "{:?}", said.end());
    // E25: back to all.
    net.guard("reg", |guard| *guard = Guard::default());
    assert_eq!(ask(&net, "stranger", &names, pull()).end().0, "done");
}

/// Asks every ten seconds, on one connection.
struct Again(u32);

impl Script for Again {
    fn next(&mut self, last: Option<&Reply>) -> Move {
        self.0 += 1;
        match (self.0, last) {
            (11.., _) => Move::Done(String::new()),
            (n, _) if n % 2 == 1 => Move::Ask(Request::new("GET", HOST, "/")),
            _ => Move::Wait(Nanos::secs(10)),
        }
    }

    fn failed(&self, _: &Request, failure: &NoReply, _: Option<Socket>) -> String {
        format!("{failure:?}")
    }
}

#[test]
fn e21_a_rule_counts_from_the_next_request_on() {
    // E21, E22: the same connection is refused before the rule is there and let in after it.
    // Catches: a guard asked when the connection opens, or one that a change of the network does not reach; a change of the
    // firewall that ends connections.
    let (mut net, names) = network();
    net.guard("reg", |guard| *guard = closed(&[], &[]));
    let mut engine = engine(&net, Said::default());
    let node = engine.topology().find("vm").unwrap().id;
    assert!(engine.spawn(node, Box::new(client(Again(0), &names))).is_some());
    net.guard("reg", |guard| *guard = closed(&["v/s"], &[]));
    engine.put(net.topology.draft_of(net.topology.find("reg").unwrap()), Nanos::secs(25));
    engine.run_until(Nanos::secs(120));
    assert_eq!(engine.observer.statuses(), [403, 403, 403, 200, 200]);
    assert_eq!(engine.observer.end().0, "done", "{:?}", engine.observer.0);
}

#[test]
fn c27_e5_a_private_endpoint_passes_whatever_the_rules_say() {
    // C27, E5: both addresses of the endpoint carry the pull, though public access is off. Tests `service-guard-order`.
    // Catches: rules that count for an endpoint, members led to the wrong front, a subnet's rule that helps where public
    // access is off.
    let (mut net, names) = network();
    net.guard("reg", |guard| *guard = Guard { public: Setting::default_of(false), ..closed(&["v/s"], &[]) });
    for from in ["vm", "other", "stranger"] {
        assert_eq!(ask(&net, from, &names, pull()).end().0, "refused", "{from}");
    }
    let at = net.members("pe", "v/t", "reg", &["registry", "registry_data_westus2"]);
    let private = directory(&[(HOST, at[0]), (DATA, at[1])]);
    for from in ["vm", "other"] {
        assert_eq!(ask(&net, from, &private, pull()).end().0, "done", "{from}");
    }
    // The data record is missing: the manifest comes, the layers do not.
    let half = directory(&[(HOST, at[0]), (DATA, addr("20.50.0.2"))]);
    let said = ask(&net, "other", &half, pull());
    assert_eq!(said.statuses(), [401, 200, 200, 307, 403]);
    let text = "error pulling image configuration: download failed";
    assert!(said.end().0 == "refused" && said.end().1.starts_with(text), "{:?}", said.end());
}

#[test]
fn names_are_looked_up_on_the_way() {
    // C23, C27. Catches: a client that knows addresses by itself; a host it is sent to that is not looked up.
    let (net, _) = network();
    let said = ask(&net, "vm", &directory(&[]), pull());
    assert_eq!((said.end().0, said.texts("resolved")), ("done", vec!["20.50.0.1"]));
    assert_eq!(said.texts("asks"), ["20.50.0.1", "20.50.0.2"]);
    let said = ask(&net, "vm", &directory(&[]), Login::new("nobody.azurecr.io".into(), today()));
    assert_eq!((said.end().0, said.texts("unresolved")), ("failed", vec!["nobody.azurecr.io"]));
    assert!(said.end().1.contains("dial tcp: lookup nobody.azurecr.io on 168.63.129.16:53: no such host"));
}

#[test]
fn without_a_data_endpoint_layers_come_from_storage() {
    // S35, azure-services 7. Tests `registry-layers`.
    // Catches: a registry that keeps its layers for itself; storage behind the registry's firewall.
    let (mut net, _) = network();
    net.service_of(
        "plain",
        RESOURCE_TYPE,
        &[("registry", "plain.azurecr.io", "20.50.1.1/32", "AzureContainerRegistry")],
    );
    net.guard("plain", |guard| *guard = closed(&["v/s"], &[]));
    let store = managed_store("westus2");
    let host = InternetHost {
        azure: true,
        names: vec![store.as_str().into()],
        tags: vec!["Storage".into()],
        ..InternetHost::at(prefix("20.60.0.9/32"))
    };
    net.put(sim_core::topology::Draft::new("store", Kind::InternetHost(host)));
    let names = directory(&[("plain.azurecr.io", addr("20.50.1.1")), (&store, addr("20.60.0.9"))]);
    let script = || Pull::new("plain.azurecr.io".into(), Image::parse("hello-world:v1"));
    let said = ask(&net, "vm", &names, script());
    assert_eq!(said.end().0, "done", "{:?}", said.0);
    assert!(said.texts("status").iter().any(|url| url.starts_with(&format!("https://{store}/"))));
    // Only the registry is let out to: the layers do not come.
    net.group("g", &["100 reg out allow tcp * -> 20.50.1.1/32 443", "200 no out deny * * -> Internet *"]);
    net.link("v/s", Relation::FilteredBy, "g");
    let said = ask(&net, "vm", &names, script());
    assert_eq!(said.end().0, "failed");
    assert!(said.end().1.ends_with("dial tcp 20.60.0.9:443: i/o timeout"), "{:?}", said.end());
}

#[test]
fn a_name_of_the_zone_is_in_no_certificate() {
    // S37. Catches: a certificate that nobody looks at, a star that stands for two labels.
    let (mut net, _) = network();
    let at = net.members("pe", "v/t", "reg", &["registry", "registry_data_westus2"]);
    let wrong = "reg.privatelink.azurecr.io";
    let said = ask(&net, "vm", &directory(&[(wrong, at[0])]), Login::new(wrong.into(), today()));
    let text = "x509: certificate is valid for *.azurecr.io, not reg.privatelink.azurecr.io";
    assert!(said.end().0 == "refused" && said.end().1.ends_with(text), "{:?}", said.0);
    assert_eq!((said.statuses().len(), said.texts("connect").len()), (0, 1));
}

#[test]
fn a_service_that_comes_later_answers_too() {
    // Catches: servers that are started at the beginning of a run only.
    let (mut net, _) = network();
    net.service_of("late", RESOURCE_TYPE, &[]);
    let mut engine = engine(&net, Said::default());
    let (mut after, _) = network();
    let tag = "AzureContainerRegistry";
    after.service_of("late", RESOURCE_TYPE, &[("registry", "late.azurecr.io", "20.50.9.1/32", tag)]);
    engine.put(after.topology.draft_of(after.topology.find("late/registry").unwrap()), Nanos::secs(10));
    let node = engine.topology().find("vm").unwrap().id;
    let manners = Manners {
        names: directory(&[("late.azurecr.io", addr("20.50.9.1"))]),
        timeout: Nanos::secs(15),
        after: Nanos::secs(20),
        bulk: false,
        flow: None,
    };
    let script = Box::new(Login::new("late.azurecr.io".into(), today()));
    assert!(engine.spawn(node, Box::new(sim_core::app::Errand::new(script, manners))).is_some());
    engine.run_until(Nanos::secs(60));
    assert_eq!(engine.observer.end(), ("done", "Login Succeeded"));
}
