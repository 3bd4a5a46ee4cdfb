//! More parts of small networks: rules and routes from short texts, peerings, balancers, private links, outbound methods.

use crate::net::{Net, addr};
use sim_core::net::{Addr, Protocol};
use sim_core::topology::{
    Access, AdminRules, BackendPool, BalancingRule, ConnectionState, Destination, Direction, Distribution, Draft,
    EndpointPolicies, Frontend, Kind, LinkService, LoadBalancer, NatGateway, Peer, Peering, PortRange, PrivateEndpoint,
    Probe, ProbeProtocol, PublicIp, Relation, Route, RouteTable, SecurityRule, Setting, Sku, UserHop,
};

/// Rules from texts of the form `100 name in deny tcp SOURCE -> DESTINATION 80-90`: the protocol is `tcp`, `udp`, `icmp`, `esp`,
/// `ah` or `*`; `always` stands for `AlwaysAllow` of admin rules; an end is `*`, a prefix, a service tag or `asg:NAME`; ports are `*`, one or a range.
///
/// # Panics
/// When a text is none.
#[must_use]
pub fn rules(texts: &[&str]) -> Vec<SecurityRule> {
    texts.iter().map(|text| rule_of(text).unwrap_or_else(|| panic!("no rule: {text}"))).collect()
}

fn rule_of(text: &str) -> Option<SecurityRule> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [priority, name, direction, access, protocol, source, "->", destination, ports] = words[..] else {
        return None;
    };
    Some(SecurityRule {
        name: name.into(),
        priority: priority.parse().ok()?,
        direction: if direction == "in" { Direction::Inbound } else { Direction::Outbound },
        access: match access {
            "allow" => Access::Allow,
            "always" => Access::AlwaysAllow,
            _ => Access::Deny,
        },
        protocol: match protocol {
            "tcp" => Some(Protocol::TCP),
            "udp" => Some(Protocol::UDP),
            "icmp" => Some(Protocol::ICMP),
            "esp" => Some(Protocol::ESP),
            "ah" => Some(Protocol::AH),
            "*" => None,
            _ => return None,
        },
        source: vec![peer(source)],
        source_ports: Vec::new(),
        destination: vec![peer(destination)],
        destination_ports: match ports.split_once('-') {
            Some((first, last)) => vec![PortRange { first: first.parse().ok()?, last: last.parse().ok()? }],
            None if ports == "*" => Vec::new(),
            None => vec![PortRange::one(ports.parse().ok()?)],
        },
        span: None,
    })
}

fn peer(text: &str) -> Peer {
    match (text, text.strip_prefix("asg:"), text.parse()) {
        ("*", ..) => Peer::Any,
        (_, Some(group), _) => Peer::Asg(group.into()),
        (_, None, Ok(prefix)) => Peer::Prefix(prefix),
        _ => Peer::Tag(text.into()),
    }
}

impl Net {
    /// A security group from texts, as [`rules`] reads them.
    pub fn group(&mut self, name: &str, texts: &[&str]) {
        self.nsg(name, rules(texts));
    }

    /// A collection of security admin rules, from texts, over a VNet.
    pub fn admin_rules(&mut self, name: &str, vnet: &str, texts: &[&str]) {
        let rules = AdminRules { rules: rules(texts), ..AdminRules::default() };
        self.put(Draft::new(name, Kind::AdminRules(rules)).refer(Relation::Governs, vnet));
    }

    /// A route table; what is no prefix is a service tag.
    pub fn table(&mut self, name: &str, routes: &[(&str, UserHop)]) {
        let route = |(n, (to, hop)): (usize, &(&str, UserHop))| Route {
            name: format!("route{n}").into(),
            destination: to.parse().map_or_else(|_| Destination::Tag((*to).into()), Destination::Prefix),
            next_hop: *hop,
            span: None,
        };
        let routes = routes.iter().enumerate().map(route).collect();
        self.put(Draft::new(name, Kind::RouteTable(RouteTable { routes, ..RouteTable::default() })));
    }

    /// A route table, as [`Net::table`] makes it, on a subnet.
    pub fn routed(&mut self, subnet: &str, routes: &[(&str, UserHop)]) {
        let name = format!("table-of-{subnet}").replace('/', "-");
        self.table(&name, routes);
        self.link(subnet, Relation::RoutedBy, &name);
    }

    /// Both directions of a peering, with Azure's default flags, named `a/to-b` and `b/to-a`.
    pub fn peer(&mut self, a: &str, b: &str) {
        self.half_peering(a, b);
        self.half_peering(b, a);
    }

    /// One direction of a peering.
    pub fn half_peering(&mut self, from: &str, to: &str) {
        let peering =
            Peering { access: Setting::default_of(true), forwarded: Setting::default_of(false), ..Peering::default() };
        let draft = Draft::new(format!("{from}/to-{to}"), Kind::Peering(peering));
        self.put(draft.refer(Relation::PartOf, from).refer(Relation::Remote, to));
    }

    /// Lets a peering take forwarded packets.
    pub fn take_forwarded(&mut self, peering: &str) {
        self.edit_peering(peering, |it| it.forwarded = Setting::default_of(true));
    }

    /// Switches a subnet's `defaultOutboundAccess` off.
    pub fn private_subnet(&mut self, subnet: &str) {
        self.edit(subnet, |kind| {
            let Kind::Subnet(subnet) = kind else { panic!("no subnet") };
            subnet.default_outbound = Setting::default_of(false);
        });
    }

    /// Sets a subnet's `privateEndpointNetworkPolicies`.
    pub fn endpoint_policies(&mut self, subnet: &str, policies: EndpointPolicies) {
        self.edit(subnet, |kind| {
            let Kind::Subnet(subnet) = kind else { panic!("no subnet") };
            subnet.endpoint_policies = Setting::default_of(policies);
        });
    }

    /// A public address.
    pub fn public_ip(&mut self, name: &str, address: &str, sku: Sku) -> Addr {
        let address = addr(address);
        let public = PublicIp { sku, region: "westus2".into(), address: Some(address), ..PublicIp::default() };
        self.put(Draft::new(name, Kind::PublicIp(public)));
        address
    }

    /// A Standard public address on a VM.
    pub fn public_vm(&mut self, machine: &str, address: &str) -> Addr {
        let name = format!("{machine}-pip");
        let address = self.public_ip(&name, address, Sku::Standard);
        self.link(&config_of(machine), Relation::Uses, &name);
        address
    }

    /// A NAT gateway with one address on a subnet.
    pub fn nat_gateway(&mut self, subnet: &str, address: &str) -> Addr {
        let address = self.public_ip("nat-pip", address, Sku::Standard);
        self.put(Draft::new("nat", Kind::NatGateway(NatGateway::default())).refer(Relation::Uses, "nat-pip"));
        self.link(subnet, Relation::TranslatedBy, "nat");
        address
    }

    /// An application security group.
    pub fn asg(&mut self, name: &str, machines: &[&str]) {
        self.put(Draft::new(name, Kind::Asg));
        for machine in machines {
            self.link(&config_of(machine), Relation::MemberOf, name);
        }
    }

    /// A balancer `name` with the frontend `name/front`, in a subnet or at a public address, the pool `name/pool` of
    /// these machines, and no rules.
    ///
    /// # Panics
    /// When Azure would refuse it.
    pub fn balancer(&mut self, name: &str, sku: Sku, at: (Relation, &str), machines: &[&str]) -> Addr {
        let balancer =
            LoadBalancer { sku: Setting::default_of(sku), region: "westus2".into(), ..LoadBalancer::default() };
        self.put(Draft::new(name, Kind::LoadBalancer(balancer)));
        let child = |part: &str, kind| Draft::new(format!("{name}/{part}"), kind).refer(Relation::PartOf, name);
        let front = self.put(child("front", Kind::Frontend(Frontend::default())).refer(at.0, at.1));
        self.put(child("pool", Kind::BackendPool(BackendPool::default())));
        for machine in machines {
            self.link(&config_of(machine), Relation::MemberOf, &format!("{name}/pool"));
        }
        match (&self.topology.get(front).expect("just put").kind, self.topology.find(at.1).map(|found| &found.kind)) {
            (_, Some(Kind::PublicIp(PublicIp { address: Some(address), .. }))) => *address,
            (Kind::Frontend(Frontend { address: Some(address), .. }), _) => *address,
            _ => panic!("no address"),
        }
    }

    /// A rule `name/rule-FRONTEND` of a balancer, for TCP, with a TCP probe if a port is given for it.
    pub fn balance(&mut self, name: &str, frontend_port: u16, backend_port: u16, probe: Option<u16>) -> String {
        let child = |part: String, kind| Draft::new(format!("{name}/{part}"), kind).refer(Relation::PartOf, name);
        let rule = BalancingRule {
            protocol: (frontend_port != 0).then_some(Protocol::TCP),
            frontend_port,
            backend_port,
            distribution: Distribution::FiveTuple,
            idle_minutes: Setting::default_of(4),
            floating_ip: false,
            disable_outbound_snat: false,
            ..BalancingRule::default()
        };
        let mut draft = child(format!("rule-{frontend_port}"), Kind::BalancingRule(rule))
            .refer(Relation::Listens, format!("{name}/front"))
            .refer(Relation::Sends, format!("{name}/pool"));
        if let Some(port) = probe {
            let part = format!("probe-{port}");
            let probe = Probe { protocol: ProbeProtocol::Tcp, port, interval_s: 5, threshold: 1, ..Probe::default() };
            self.put(child(part.clone(), Kind::Probe(probe)));
            draft = draft.refer(Relation::Checks, format!("{name}/{part}"));
        }
        let rule = draft.name.to_string();
        self.put(draft);
        rule
    }

    /// A private link service at the frontend of `balancer`, with one address in `subnet`; gives that address.
    ///
    /// # Panics
    /// When Azure would refuse it.
    pub fn link_service(&mut self, name: &str, subnet: &str, balancer: &str) -> Addr {
        let service = LinkService { region: "westus2".into(), nat: vec![None] };
        let draft = Draft::new(name, Kind::LinkService(service)).refer(Relation::Attached, subnet);
        let id = self.put(draft.refer(Relation::Listens, format!("{balancer}/front")));
        match &self.topology.get(id).expect("just put").kind {
            Kind::LinkService(service) => service.nat[0].expect("an address"),
            _ => panic!("no link service"),
        }
    }

    /// An approved private endpoint; gives its address.
    ///
    /// # Panics
    /// When Azure would refuse it.
    pub fn endpoint(&mut self, name: &str, subnet: &str, service: &str) -> Addr {
        let endpoint = PrivateEndpoint::new("westus2", ConnectionState::Approved);
        let draft = Draft::new(name, Kind::PrivateEndpoint(endpoint)).refer(Relation::Attached, subnet);
        let id = self.put(draft.refer(Relation::Target, service));
        match &self.topology.get(id).expect("just put").kind {
            Kind::PrivateEndpoint(endpoint) => endpoint.address().expect("an address"),
            _ => panic!("no endpoint"),
        }
    }
}

/// The resource id of a machine's only address.
#[must_use]
pub fn config_of(machine: &str) -> String {
    format!("{machine}-nic/ipconfig1")
}
