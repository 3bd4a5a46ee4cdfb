//! A small network for each reason that can be shown in one, and what the program says of it.

use scenarios::observe::describe;
use scenarios::problem;
use sim_core::net::{Addr, Protocol};
use sim_core::stage::{Reason, Step};
use sim_core::topology::{ConnectionState, Guard, Kind, PeeredSubnets, Relation, Setting, Sku, Topology, UserHop};
use std::sync::Arc;
use topologies::source::Sources;
use vnetsim_tests::ask::{any, question};
use vnetsim_tests::net::{Net, addr, facts};
use vnetsim_tests::services::closed;

/// Reasons that a question without time, or a network of what is modelled, does not meet.
const OTHERS: [Reason; 10] = [
    Reason::NoRoute,
    Reason::PortsExhausted,
    Reason::FlowExpired,
    Reason::PortDeleted,
    Reason::FlowTableFull,
    Reason::QueueFull,
    Reason::Lost,
    Reason::MachineDown,
    Reason::TooLarge,
    Reason::CertificateName,
];

const WORLD: Addr = Addr::v4(8, 8, 8, 8);

/// What the program says when this reason stops a packet, and whether it proposes an edit. Nothing for a reason that has
/// no example.
pub fn example(code: &str) -> Option<(String, Option<bool>)> {
    if let Some(reason) = OTHERS.into_iter().find(|reason| reason.code() == code) {
        return Some((describe::step(&Step::Stopped(reason), &Topology::default()).text, None));
    }
    let (net, from, protocol, to, port) = network(code)?;
    let asked = any(&net, from, question(&net, from, protocol, to, port));
    let fabric = Arc::new(sim_core::fabric::Fabric::compile(&net.topology, &facts(), 0));
    let told = problem::of_walk(&asked.walk, &fabric, &net.topology, &Sources::new());
    let first = told.problems.into_iter().find(|problem| problem.code == code)?;
    let mut text = format!("[{}] {}", first.code, first.text);
    for mend in &first.mend {
        text.push_str(&format!("\n    mend: {mend}"));
    }
    Some((text, Some(!first.mend.is_empty())))
}

type Asked = (Net, &'static str, Protocol, Addr, u16);

/// A network, and a question that is stopped there for this reason.
fn network(code: &str) -> Option<Asked> {
    inside(code)
        .or_else(|| between_networks(code))
        .or_else(|| at_the_edge(code))
        .or_else(|| behind_services(code))
        .or_else(|| behind_balancers(code))
        .or_else(|| refused_requests(code))
}

/// At managed services whose firewalls keep the asker out.
fn refused_requests(code: &str) -> Option<Asked> {
    let public = match code {
        "service-not-public" => false,
        "service-not-listed" => true,
        _ => return None,
    };
    let mut net = pair();
    net.managed("kv", "Microsoft.KeyVault/vaults", &[("vault", "kv.vault.azure.net", "20.70.0.1/32", "AzureKeyVault")]);
    net.guard("kv", |guard| *guard = Guard { public: Setting::default_of(public), ..closed(&[], &[]) });
    Some((net, "a", Protocol::TCP, addr("20.70.0.1"), 443))
}

/// Inside of networks.
fn inside(code: &str) -> Option<Asked> {
    let mut net = pair();
    let ssh = |net: Net, to: &str| Some((net, "a", Protocol::TCP, addr(to), 22));
    match code {
        "security-rule" => {
            net.group("g", &["4000 deny-all in deny * * -> * *"]);
            net.link("v/t", Relation::FilteredBy, "g");
            ssh(net, "10.0.1.4")
        }
        "admin-rule" => {
            net.admin_rules("m", "v", &["200 no-ssh in deny tcp * -> * 22"]);
            ssh(net, "10.0.1.4")
        }
        "no-answer" => Some((net, "a", Protocol::ICMP, addr("10.0.0.1"), 0)),
        "route-to-none" => ssh(net, "192.168.7.7"),
        "no-such-address" => ssh(net, "10.0.1.99"),
        "not-carried" => Some((net, "a", Protocol::GRE, addr("10.0.1.4"), 0)),
        "no-gateway" => {
            net.routed("v/s", &[("172.20.0.0/16", UserHop::Gateway)]);
            ssh(net, "172.20.0.4")
        }
        "forwarding-off" => {
            let nva = net.machine("nva", "v/n", None, false, None);
            net.routed("v/s", &[("10.0.1.0/24", UserHop::Appliance(net.address(nva)))]);
            ssh(net, "10.0.1.4")
        }
        "ttl-expired" => {
            let nva = net.machine("nva", "v/s", None, true, None);
            net.routed("v/s", &[("10.0.1.0/24", UserHop::Appliance(net.address(nva)))]);
            ssh(net, "10.0.1.4")
        }
        _ => None,
    }
}

/// Between networks.
fn between_networks(code: &str) -> Option<Asked> {
    let mut net = pair();
    let ssh = |net: Net, to: &str| Some((net, "a", Protocol::TCP, addr(to), 22));
    match code {
        "peering-access-off" => {
            peer(&mut net);
            net.edit("v/to-p", |kind| {
                let Kind::Peering(peering) = kind else { return };
                peering.access = Setting::default_of(false);
            });
            ssh(net, "10.7.0.4")
        }
        "forwarded-not-allowed" => {
            peer(&mut net);
            net.subnet("p", "n", "10.7.9.0/24", None);
            let nva = net.machine("nva", "p/n", None, true, None);
            net.routed("v/s", &[("10.0.1.0/24", UserHop::Appliance(net.address(nva)))]);
            ssh(net, "10.0.1.4")
        }
        "subnet-not-peered" => {
            peer(&mut net);
            let of = |name: &str| vec![name.into()];
            net.edit_peering("v/to-p", |it| it.subnets = Some(PeeredSubnets { local: of("t"), remote: of("s") }));
            net.edit_peering("p/to-v", |it| it.subnets = Some(PeeredSubnets { local: of("s"), remote: of("t") }));
            ssh(net, "10.7.0.4")
        }
        "basic-over-global-peering" => {
            let vip = net.balancer("lb", Sku::Basic, (Relation::Attached, "v/t"), &["b"]);
            net.balance("lb", 22, 22, None);
            net.in_region("eastus");
            peer(&mut net);
            Some((net, "far", Protocol::TCP, vip, 22))
        }
        _ => None,
    }
}

/// Towards the Internet and from there.
fn at_the_edge(code: &str) -> Option<Asked> {
    let mut net = pair();
    match code {
        "closed-by-default" => {
            let public = net.public_vm("b", "20.1.1.1");
            Some((net, "world", Protocol::TCP, public, 443))
        }
        "no-outbound" => {
            net.private_subnet("v/s");
            Some((net, "a", Protocol::TCP, WORLD, 443))
        }
        "outbound-protocol" => Some((net, "a", Protocol::ICMP, WORLD, 0)),
        "smtp-blocked" => Some((net, "a", Protocol::TCP, WORLD, 25)),
        "unknown-flow" => {
            let public = net.nat_gateway("v/s", "20.1.1.3");
            Some((net, "world", Protocol::TCP, public, 443))
        }
        _ => None,
    }
}

/// By way of Azure's own services.
fn behind_services(code: &str) -> Option<Asked> {
    match code {
        "endpoint-protocol" => {
            let mut net = pair();
            net.service("storage", "20.60.0.1/32", "westus2", &["Storage", "Storage.WestUS2"]);
            net.service_endpoint("v/s", "Microsoft.Storage", &[]);
            Some((net, "a", Protocol::ICMP, addr("20.60.0.1"), 0))
        }
        "firewall-rule" => {
            let mut net = Net::new();
            net.hub_and_spokes(Vec::new());
            Some((net, "a", Protocol::TCP, addr("10.2.0.4"), 22))
        }
        _ => None,
    }
}

/// Behind balancers and private links.
fn behind_balancers(code: &str) -> Option<Asked> {
    let mut net = pair();
    let members: &[&str] = if code == "no-healthy-backend" { &[] } else { &["b"] };
    let vip = net.balancer("lb", Sku::Standard, (Relation::Attached, "v/t"), members);
    net.balance("lb", 80, 80, Some(80));
    match code {
        "no-balancer-rule" => Some((net, "a", Protocol::TCP, vip, 443)),
        "no-healthy-backend" => Some((net, "a", Protocol::TCP, vip, 80)),
        "hairpin" => Some((net, "b", Protocol::TCP, vip, 80)),
        "link-not-approved" => {
            net.link_service("pls", "v/t", "lb");
            let endpoint = net.endpoint("pe", "v/n", "pls");
            net.edit("pe", |kind| {
                let Kind::PrivateEndpoint(endpoint) = kind else { return };
                endpoint.state = ConnectionState::Pending;
            });
            Some((net, "a", Protocol::TCP, endpoint, 80))
        }
        _ => None,
    }
}

/// A VNet `v` with `a` in `v/s`, `b` in `v/t`, and the empty subnet `v/n`; `world` on the Internet.
fn pair() -> Net {
    let mut net = Net::new();
    net.vnet("v", "10.0.0.0/16");
    for (name, range) in [("s", "10.0.0.0/24"), ("t", "10.0.1.0/24"), ("n", "10.0.9.0/24")] {
        net.subnet("v", name, range, None);
    }
    net.vm("a", "v/s", None);
    net.vm("b", "v/t", None);
    net.internet_host("world", "8.8.8.8/32");
    net
}

/// A VNet `p` beside it, peered, with a machine.
fn peer(net: &mut Net) {
    net.vnet("p", "10.7.0.0/16");
    net.subnet("p", "s", "10.7.0.0/24", None);
    net.vm("far", "p/s", None);
    net.peer("v", "p");
}
