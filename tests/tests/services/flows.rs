//! Clients of managed services as flows of a scenario.

use scenarios::observe::Recorder;
use scenarios::replay::{self, Options};
use scenarios::report::FlowReport;
use scenarios::scenario::{Loaded, parse};
use sim_core::topology::{Draft, Guard, Kind, Relation, Setting};
use std::path::Path;
use topologies::services::registry::RESOURCE_TYPE;
use topologies::services::{storage, vault};
use topologies::source::Sources;
use topologies::{Input, World, load};
use vnetsim_tests::net::Net;
use vnetsim_tests::services::closed;

/// A VM in `v/s`, a registry with a data endpoint, a vault, a storage account with blobs and files.
fn network(guard: &Guard) -> World {
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    net.subnet("v", "s", "10.0.0.0/24", None);
    net.vm("vm", "v/s", None);
    let tag = "AzureContainerRegistry";
    let data = ("registry_data_westus2", "reg.westus2.data.azurecr.io", "20.50.0.2/32", tag);
    net.service_of("reg", RESOURCE_TYPE, &[("registry", "reg.azurecr.io", "20.50.0.1/32", tag), data]);
    net.service_of("kv", vault::RESOURCE_TYPE, &[("vault", "kv.vault.azure.net", "20.70.0.1/32", "AzureKeyVault")]);
    let file = ("file", "acc.file.core.windows.net", "20.60.0.2/32", "Storage");
    net.service_of(
        "acc",
        storage::RESOURCE_TYPE,
        &[("blob", "acc.blob.core.windows.net", "20.60.0.1/32", "Storage"), file],
    );
    for service in ["reg", "kv", "acc"] {
        net.guard(service, |it| it.clone_from(guard));
    }
    let mut world = load(&[Input::new("empty.json", "[]".to_owned())], None, &topologies::arm::Environment::default());
    world.topology = net.topology;
    world
}

/// A scenario with these actors and flows.
fn scenario(text: &str) -> Loaded {
    let text = format!("name: t\nrepeat: 1\njitter: false\n{text}");
    parse(Path::new("t.yaml"), text.as_bytes(), &mut Sources::new()).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// The reports of these flows from `vm`.
fn run(guard: &Guard, flows: &str) -> Vec<FlowReport> {
    let loaded = scenario(&format!("flows:\n{flows}"));
    let options = Options::of(&loaded);
    let (report, _) = replay::run(&loaded, network(guard), &options, Recorder::default()).unwrap();
    report.flows
}

const FLOWS: &str = "
- {name: login, from: vm, to: reg, protocol: docker-login, expect: {prints: Login Succeeded, status: 200}}
- {name: pull, from: vm, to: reg.azurecr.io, protocol: docker-pull, expect: {prints: Hello from Docker!}}
- {name: push, from: vm, to: reg, protocol: docker-push, path: 'app:1', expect: {status: 201}}
- {name: secret, from: vm, to: kv, protocol: secret-get, path: key, expect: {prints: 'key:'}}
- {name: get, from: vm, to: acc, protocol: blob-get, expect: {prints: got}}
- {name: put, from: vm, to: acc, protocol: blob-put, expect: {prints: put}}
- {name: share, from: vm, to: acc, protocol: smb, expect: {prints: mounted, resolves-to: 20.60.0.2}}
- {name: web, from: vm, to: 'reg:443', protocol: https, expect: {status: 200}}
- {name: open, from: vm, to: 'reg:443'}
";

#[test]
fn clients_of_services_are_flows() {
    // Catches: a protocol without its client, a service that nobody serves, a name that leads nowhere or is not told.
    for report in run(&Guard::default(), FLOWS) {
        assert!(report.unmet.is_empty(), "{:?}", report.unmet);
    }
}

#[test]
fn a_front_is_looked_up_by_its_host_name() {
    // Catches: a host name taken for the front whose id ends in it, so that no zone counts; an id that is looked up.
    let mut world = network(&Guard::default());
    let mut net = Net::new();
    net.zone("vault.azure.net");
    net.vnet("v", "10.0.0.0/16");
    net.link_zone("vault.azure.net", "v", false, false);
    let named = |id: &str| net.topology.draft_of(net.topology.find(id).unwrap());
    for id in ["vault.azure.net", "vault.azure.net/v"] {
        world.topology.put(named(id)).unwrap();
    }
    let front = world.topology.draft_of(world.topology.find("kv/vault").unwrap());
    world.topology.delete("kv/vault").unwrap();
    world.topology.put(Draft { name: "kv/fronts/kv.vault.azure.net".into(), ..front }).unwrap();
    let loaded = scenario(
        "flows:
- {name: name, from: vm, to: 'kv.vault.azure.net:443', protocol: https, expect: {verdict: disconnected, layer: name}}
- {name: id, from: vm, to: 'kv/fronts/kv.vault.azure.net:443', protocol: https, expect: {status: 200}}
",
    );
    let (report, _) = replay::run(&loaded, world, &Options::of(&loaded), Recorder::default()).unwrap();
    for flow in &report.flows {
        assert!(flow.unmet.is_empty(), "{:?}", flow.unmet);
    }
}

#[test]
fn d12_d29_trusted_services_pass_by_the_bypass() {
    // Catches: an actor whose trust nobody asks about, one that is trusted without the bypass, one that is trusted
    // although it does not say so.
    let actors = "actors:
  aml: {kind: service, address: 198.51.100.41, tags: [AzureMachineLearning, AzureCloud], trusted: true}
  other: {kind: service, address: 198.51.100.42, tags: [AzureMachineLearning, AzureCloud]}
";
    let refused = "verdict: disconnected, layer: service, reason: service-not-listed, status: 403";
    for bypass in [true, false] {
        let expect = if bypass { "status: 200" } else { refused };
        let loaded = scenario(&format!(
            "{actors}flows:
- {{name: secret, from: aml, to: kv, protocol: secret-get, expect: {{{expect}}}}}
- {{name: get, from: aml, to: acc, protocol: blob-get, expect: {{{expect}}}}}
- {{name: stranger, from: other, to: kv, protocol: secret-get, expect: {{{refused}}}}}
"
        ));
        let guard = Guard { trusted: Setting::default_of(bypass), ..closed(&[], &[]) };
        let (report, _) = replay::run(&loaded, network(&guard), &Options::of(&loaded), Recorder::default()).unwrap();
        for flow in &report.flows {
            assert!(flow.unmet.is_empty(), "bypass {bypass}: {:?}", flow.unmet);
        }
    }
}

#[test]
fn e20_e24_a_refusal_is_of_the_service_layer() {
    // E20, E24. Catches: a refusal that counts as a lost packet or as nothing; a handshake alone that is refused; a refusal
    // without what is in the way.
    let refused = "verdict: disconnected, layer: service, reason: service-not-listed";
    let flows = format!(
        "
- {{name: login, from: vm, to: reg, protocol: docker-login, expect: {{{refused}, status: 403, prints: is not allowed access}}}}
- {{name: pull, from: vm, to: reg, protocol: docker-pull, expect: {{{refused}, status: 403, resource: reg}}}}
- {{name: secret, from: vm, to: kv, protocol: secret-get, expect: {{{refused}, prints: ForbiddenByFirewall, resource: kv}}}}
- {{name: get, from: vm, to: acc, protocol: blob-get, expect: {{{refused}, prints: AuthorizationFailure}}}}
- {{name: share, from: vm, to: acc, protocol: smb, expect: {{{refused}, prints: Permission denied}}}}
- {{name: web, from: vm, to: 'kv:443', protocol: https, expect: {{{refused}, status: 403}}}}
- {{name: open, from: vm, to: 'reg:443', protocol: tcp}}
"
    );
    let reports = run(&closed(&[], &[]), &flows);
    for report in &reports {
        assert!(report.unmet.is_empty(), "{:?}", report.unmet);
    }
    let remedy = reports[0].remedy.as_ref().expect("edits");
    assert!(remedy.opens && remedy.edits.len() == 2, "{remedy:?}");
}

#[test]
fn what_keeps_the_layers_is_told() {
    // S35. Catches: a way to the login server blamed for what stops the layers.
    let text = "
- {name: pull, from: vm, to: reg, protocol: docker-pull, expect: {verdict: disconnected, layer: transport,
    reason: security-rule, rule: no-data, prints: download failed}}
";
    let mut world = network(&Guard::default());
    let mut net = Net::new();
    net.group("g", &["100 no-data out deny tcp * -> 20.50.0.2/32 *"]);
    world.topology.put(net.topology.draft_of(net.topology.find("g").unwrap())).unwrap();
    let subnet = world.topology.draft_of(world.topology.find("v/s").unwrap());
    world.topology.put(subnet.refer(Relation::FilteredBy, "g")).unwrap();
    let loaded = scenario(&format!("flows:\n{text}"));
    let (report, _) = replay::run(&loaded, world, &Options::of(&loaded), Recorder::default()).unwrap();
    assert!(report.flows[0].unmet.is_empty(), "{:?}", report.flows[0]);
}

#[test]
fn a_certificate_for_other_names_is_told() {
    // S37. Catches: a mismatch that counts as a transport problem, or without the name that would do.
    let text = "actors:
  zone: {kind: service, address: 20.50.0.99, names: [unused.example.org]}
flows:
- {name: wrong, from: vm, to: '20.50.0.1:443', protocol: https, expect: {status: 200}}
- {name: login, from: vm, to: reg.privatelink.azurecr.io, protocol: docker-login,
    expect: {verdict: disconnected, layer: service, reason: certificate-name, resource: reg, prints: 'x509: certificate is valid for *.azurecr.io, not reg.privatelink.azurecr.io'}}
";
    let mut world = network(&Guard::default());
    let mut front = world.topology.draft_of(world.topology.find("reg/registry").unwrap());
    if let Kind::InternetHost(host) = &mut front.kind {
        host.names.push("reg.privatelink.azurecr.io".into());
    }
    world.topology.put(front).unwrap();
    let loaded = scenario(text);
    let (report, _) = replay::run(&loaded, world, &Options::of(&loaded), Recorder::default()).unwrap();
    for flow in &report.flows {
        assert!(flow.unmet.is_empty(), "{:?}", flow.unmet);
    }
}
