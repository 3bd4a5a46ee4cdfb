//! Random small networks: plans of plain data, which proptest shrinks, and the networks they stand for.
//!
//! Whatever a plan names by number is taken modulo what there is, so every plan is a network and removing a part of one
//! leaves one.

use crate::assembly::Balancing;
use crate::dual::config6_of;
use crate::net::{Net, addr, prefix};
use proptest::prelude::*;
use sim_core::id::PortId;
use sim_core::net::{Addr, Prefix, Protocol};
use sim_core::topology::{
    Access, ConnectionState, Direction, Draft, EndpointPolicies, InternetHost, IpConfig, Kind, NatGateway, Peer,
    PortRange, Relation, Route, SecurityRule, Setting, Sku, Subnet, UserHop,
};

/// A network.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many VNets: one to three, `10.1.0.0/16` and so on.
    pub vnets: usize,
    /// Peerings of the first with the second, the first with the third, the second with the third.
    pub peerings: [Option<Peering>; 3],
    /// Subnets.
    pub subnets: Vec<SubnetPlan>,
    /// VMs.
    pub vms: Vec<Vm>,
    /// A balancer.
    pub balancer: Option<Balancer>,
    /// The subnet of a private endpoint for the balancer, and whether the provider approves it.
    pub link: Option<(u8, bool)>,
    /// Whether networks, subnets, VMs and the host on the Internet have IPv6 beside IPv4.
    pub dual: bool,
}

/// Flags of the two sides of a peering: access, forwarded packets.
pub type Peering = ((bool, bool), (bool, bool));

/// A subnet.
#[derive(Clone, Debug)]
pub struct SubnetPlan {
    /// Its VNet.
    pub vnet: u8,
    /// Rules of its security group, if it has one.
    pub group: Option<Vec<Rule>>,
    /// User-defined routes; no table when there are none.
    pub routes: Vec<(Place, HopPlan)>,
    /// Whether a NAT gateway translates what leaves.
    pub nat: bool,
    /// `defaultOutboundAccess`.
    pub default_outbound: bool,
    /// Whether security rules apply to private endpoints in it.
    pub endpoint_rules: bool,
}

/// A VM.
#[derive(Clone, Debug)]
pub struct Vm {
    /// Its subnet.
    pub subnet: u8,
    /// Rules of its NIC's security group, if it has one.
    pub group: Option<Vec<Rule>>,
    /// Its public address, if it has one.
    pub public: Option<Sku>,
    /// Whether it forwards.
    pub forwards: bool,
    /// Which of its VNet's two application security groups it is in.
    pub asgs: [bool; 2],
}

/// A security rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its priority; of two that are equal in one list the first one counts.
    pub priority: u16,
    /// In or out.
    pub direction: Direction,
    /// Allow or deny.
    pub access: Access,
    /// Protocol.
    pub protocol: Option<Protocol>,
    /// Source and destination.
    pub sides: [Vec<Place>; 2],
    /// Source and destination ports.
    pub ports: [Vec<PortRange>; 2],
}

/// Something with addresses. Of what has two, a number from 128 on takes the IPv6 ones.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// Every address.
    Anywhere,
    /// `0.0.0.0/0`, or `::/0`.
    All(u8),
    /// A VNet's space.
    Vnet(u8),
    /// A subnet.
    Subnet(u8),
    /// A VM's private address.
    Vm(u8),
    /// Hosts on the Internet.
    Outside(u8),
    /// A service tag; for routes: everything.
    Tag(u8),
    /// An application security group; for routes: everything.
    Asg(u8),
}

/// Where a user-defined route leads.
#[derive(Clone, Copy, Debug)]
pub enum HopPlan {
    /// To one of the VMs that forward, or to any where none does.
    Vm(u8),
    /// To the balancer.
    Frontend,
    /// To an address that nobody has.
    Nobody,
    /// Another kind of hop.
    Other(UserHop),
}

/// A Standard internal balancer for TCP.
#[derive(Clone, Debug)]
pub struct Balancer {
    /// The subnet of its frontend.
    pub subnet: u8,
    /// Ports at the frontend and at the backends.
    pub ports: (u16, u16),
    /// The port that is probed, if any is.
    pub probe: Option<u16>,
    /// Its backends, as far as they are in its VNet.
    pub members: Vec<u8>,
}

/// A flow that somebody might want.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Who opens it: a VM, or somebody on the Internet.
    pub from: Option<u8>,
    /// To whom.
    pub to: Target,
    /// To which port.
    pub port: u16,
    /// Protocol.
    pub protocol: Protocol,
    /// Whether it is of IPv6, where the network has it.
    pub v6: bool,
}

/// To whom a flow goes.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// A VM's private address.
    Vm(u8),
    /// A VM's public address.
    Public(u8),
    /// The balancer.
    Frontend,
    /// The private endpoint.
    Endpoint,
    /// A host on the Internet.
    Outside,
    /// Nobody's address in a VNet.
    Nobody(u8),
}

/// Ports that listen, and that rules talk about.
pub const PORTS: [u16; 4] = [22, 80, 443, 60001];
/// The host on the Internet.
pub const OUTSIDE: Addr = Addr::v4(198, 51, 100, 1);
/// Its twin of IPv6, a host of its own.
pub const OUTSIDE6: Addr = Addr(0x2606_4700_0000_0000_0000_0000_0000_0001);
/// A tag that holds it.
pub const OUTSIDE_TAG: &str = "Storage";

/// Networks with all that is modelled.
pub fn plan() -> impl Strategy<Value = Plan> {
    let peering = prop::option::weighted(0.7, ((often(), often()), (any::<bool>(), any::<bool>())));
    let balancer = (0u8..4, port(), port(), prop::option::of(port()), prop::collection::vec(any::<u8>(), 0..4))
        .prop_map(|(subnet, front, back, probe, members)| Balancer { subnet, ports: (front, back), probe, members });
    (
        1usize..=3,
        prop::array::uniform3(peering),
        prop::collection::vec(subnet(), 1..=4),
        prop::collection::vec(vm(), 2..=5),
        prop::option::weighted(0.7, balancer),
        prop::option::weighted(0.7, (any::<u8>(), often())),
        any::<bool>(),
    )
        .prop_map(|(vnets, peerings, subnets, vms, balancer, link, dual)| Plan {
            vnets,
            peerings,
            subnets,
            vms,
            balancer,
            link,
            dual,
        })
}

/// Flows to try in such networks.
pub fn wishes(most: usize) -> impl Strategy<Value = Vec<Wish>> {
    let target = prop_oneof![
        4 => any::<u8>().prop_map(Target::Vm),
        2 => any::<u8>().prop_map(Target::Public),
        2 => Just(Target::Frontend),
        2 => Just(Target::Endpoint),
        2 => Just(Target::Outside),
        1 => any::<u8>().prop_map(Target::Nobody),
    ];
    let protocol = prop_oneof![4 => Just(Protocol::TCP), 2 => Just(Protocol::UDP), 1 => Just(Protocol::ICMP)];
    let wish = (prop::option::weighted(0.85, any::<u8>()), target, port(), protocol, any::<bool>())
        .prop_map(|(from, to, port, protocol, v6)| Wish { from, to, port, protocol, v6 });
    prop::collection::vec(wish, 1..=most)
}

fn often() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.8)
}

fn port() -> impl Strategy<Value = u16> {
    prop::sample::select(&PORTS[..])
}

fn subnet() -> impl Strategy<Value = SubnetPlan> {
    let hop = prop_oneof![
        6 => any::<u8>().prop_map(HopPlan::Vm),
        2 => Just(HopPlan::Frontend),
        1 => Just(HopPlan::Nobody),
        2 => Just(HopPlan::Other(UserHop::Internet)),
        1 => Just(HopPlan::Other(UserHop::None)),
        1 => Just(HopPlan::Other(UserHop::VnetLocal)),
        1 => Just(HopPlan::Other(UserHop::Gateway)),
    ];
    let routes = prop_oneof![
        2 => Just(Vec::new()),
        1 => prop::collection::vec((place(), hop), 1..4),
    ];
    (any::<u8>(), group(), routes, prop::bool::weighted(0.2), often(), any::<bool>()).prop_map(
        |(vnet, group, routes, nat, default_outbound, endpoint_rules)| SubnetPlan {
            vnet,
            group,
            routes,
            nat,
            default_outbound,
            endpoint_rules,
        },
    )
}

fn vm() -> impl Strategy<Value = Vm> {
    let public = prop::option::weighted(0.3, prop_oneof![Just(Sku::Basic), Just(Sku::Standard)]);
    (any::<u8>(), group(), public, prop::bool::weighted(0.4), any::<[bool; 2]>())
        .prop_map(|(subnet, group, public, forwards, asgs)| Vm { subnet, group, public, forwards, asgs })
}

fn group() -> impl Strategy<Value = Option<Vec<Rule>>> {
    prop::option::weighted(0.6, prop::collection::vec(rule(), 0..6))
}

fn rule() -> impl Strategy<Value = Rule> {
    let direction = prop_oneof![Just(Direction::Inbound), Just(Direction::Outbound)];
    let access = prop_oneof![3 => Just(Access::Allow), 2 => Just(Access::Deny)];
    let protocol = prop_oneof![
        3 => Just(None),
        2 => Just(Some(Protocol::TCP)),
        1 => Just(Some(Protocol::UDP)),
        1 => Just(Some(Protocol::ICMP)),
    ];
    let side = || prop_oneof![2 => Just(vec![Place::Anywhere]), 3 => prop::collection::vec(place(), 1..3)];
    let range = |first, last| PortRange { first, last };
    // Whatever a machine takes for a port of its own is in one of these as a whole.
    let source_ports = prop_oneof![
        8 => Just(Vec::new()),
        1 => Just(vec![range(0, 1023)]),
        1 => Just(vec![range(1024, 49151)]),
        1 => Just(vec![range(49152, 65535)]),
    ];
    let ports = prop_oneof![
        3 => Just(Vec::new()),
        2 => port().prop_map(|port| vec![PortRange::one(port)]),
        1 => Just(vec![range(0, 443)]),
        1 => Just(vec![range(23, 79), range(443, 443), range(60000, 60001)]),
    ];
    (100u16..130, direction, access, protocol, side(), side(), source_ports, ports).prop_map(
        |(priority, direction, access, protocol, source, destination, source_ports, ports)| Rule {
            priority,
            direction,
            access,
            protocol,
            sides: [source, destination],
            ports: [source_ports, ports],
        },
    )
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        Just(Place::Anywhere),
        any::<u8>().prop_map(Place::All),
        any::<u8>().prop_map(Place::Vnet),
        any::<u8>().prop_map(Place::Subnet),
        any::<u8>().prop_map(Place::Vm),
        any::<u8>().prop_map(Place::Outside),
        any::<u8>().prop_map(Place::Tag),
        any::<u8>().prop_map(Place::Asg),
    ]
}

/// A network made of a plan.
pub struct Built {
    /// It.
    pub net: Net,
    /// The ports of its VMs, with their addresses; VM `n` is called `vm<n>`.
    pub vms: Vec<(PortId, Addr)>,
    /// The IPv6 addresses of the VMs, if the network has both.
    pub vms6: Vec<(PortId, Addr)>,
    /// The port of the host on the Internet, called `outside`.
    pub outside: PortId,
    /// That of its IPv6 twin, called `outside6`.
    pub outside6: PortId,
    publics: Vec<Addr>,
    frontend: Option<(Addr, u16)>,
    endpoint: Option<Addr>,
}

impl Plan {
    /// The same network with every door open: no security groups but one that allows all, no routes of the user's, all
    /// peerings and private links in order.
    #[must_use]
    pub fn open(mut self) -> Self {
        let all = |direction| Rule {
            priority: 100,
            direction,
            access: Access::Allow,
            protocol: None,
            sides: [vec![Place::Anywhere], vec![Place::Anywhere]],
            ports: [Vec::new(), Vec::new()],
        };
        for subnet in &mut self.subnets {
            subnet.group = Some(vec![all(Direction::Inbound), all(Direction::Outbound)]);
            subnet.routes.clear();
        }
        self.vms.iter_mut().for_each(|vm| vm.group = None);
        self.peerings.iter_mut().flatten().for_each(|peering| *peering = ((true, true), (true, true)));
        self.link.iter_mut().for_each(|link| link.1 = true);
        self
    }

    /// Makes the network.
    #[must_use]
    pub fn build(&self) -> Built {
        let mut net = Net::new();
        for n in 0..self.vnets {
            net.vnet(&format!("v{n}"), &format!("10.{}.0.0/16", n + 1));
            if self.dual {
                net.widen(&format!("v{n}"), &format!("fd00:{}::/48", n + 1));
            }
            for asg in 0..2 {
                net.put(Draft::new(format!("v{n}-asg{asg}"), Kind::Asg));
            }
        }
        for ((one, other), peering) in [(0, 1), (0, 2), (1, 2)].into_iter().zip(self.peerings) {
            if let (Some((access, forwarded)), true) = (peering, other < self.vnets) {
                net.peering(&format!("v{one}"), &format!("v{other}"), access, forwarded);
            }
        }
        let mut host = |name: &str, address: Addr| {
            let host = InternetHost { tags: vec![OUTSIDE_TAG.into()], ..InternetHost::at(Prefix::host(address)) };
            PortId(net.put(Draft::new(name, Kind::InternetHost(host))).0)
        };
        let (outside, outside6) = (host("outside", OUTSIDE), host("outside6", OUTSIDE6));
        for n in 0..self.subnets.len() {
            self.subnet(n, &mut net);
        }
        let vms: Vec<_> = (0..self.vms.len()).map(|n| self.vm(n, &mut net)).collect();
        let dual = (0..self.vms.len()).filter(|_| self.dual);
        let vms6: Vec<_> = dual.map(|n| self.vm6(n, &mut net)).collect();
        let publics = (0..self.vms.len()).filter_map(|n| self.vms[n].public.map(|sku| (n, self.tier(n, sku))));
        let publics: Vec<_> = publics.map(|(n, sku)| net.public(&format!("vm{n}"), sku)).collect();
        let frontend = self.balancer.as_ref().map(|balancer| (self.balance(balancer, &mut net), balancer.ports.0));
        for (n, subnet) in self.subnets.iter().enumerate() {
            let routes: Vec<Route> = subnet.routes.iter().filter_map(|route| self.route(*route)).collect();
            let mut prefixes = Vec::new();
            let routes = routes.into_iter().filter(|route| {
                let new = !prefixes.contains(&route.destination);
                prefixes.push(route.destination.clone());
                new
            });
            let routes: Vec<Route> = routes.collect();
            if !routes.is_empty() {
                net.routes(&self.subnet_name(n), routes);
            }
        }
        let endpoint = match (&self.balancer, self.link) {
            (Some(balancer), Some((consumer, approved))) => {
                let state = if approved { ConnectionState::Approved } else { ConnectionState::Pending };
                let [provider, consumer] = [balancer.subnet, consumer].map(|n| self.subnet_name(self.nth(n)));
                Some(net.private_link("pls", &provider, "lb/frontend", &consumer, state).1)
            }
            _ => None,
        };
        Built { net, vms, vms6, outside, outside6, publics, frontend, endpoint }
    }

    fn nth(&self, subnet: u8) -> usize {
        usize::from(subnet) % self.subnets.len()
    }

    fn vnet(&self, subnet: usize) -> usize {
        usize::from(self.subnets[subnet].vnet) % self.vnets
    }

    fn subnet_name(&self, n: usize) -> String {
        format!("v{}/s{n}", self.vnet(n))
    }

    fn subnet_range(&self, n: usize) -> String {
        format!("10.{}.{n}.0/24", self.vnet(n) + 1)
    }

    fn subnet_ranges(&self, n: usize) -> Vec<Prefix> {
        let v6 = self.dual.then(|| prefix(&format!("fd00:{}:0:{n}::/64", self.vnet(n) + 1)));
        [prefix(&self.subnet_range(n))].into_iter().chain(v6).collect()
    }

    fn address(&self, subnet: usize, host: usize) -> Addr {
        addr(&format!("10.{}.{subnet}.{host}", self.vnet(subnet) + 1))
    }

    /// The range or address of IPv6 that stands beside one of IPv4, whose second and third numbers are given.
    fn address6(&self, subnet: usize, host: usize) -> Addr {
        addr(&format!("fd00:{}:0:{subnet}::{host:x}", self.vnet(subnet) + 1))
    }

    fn is6(&self, n: u8) -> bool {
        self.dual && n >= 128
    }

    /// No Basic address goes with a NAT gateway or a Standard balancer.
    fn tier(&self, vm: usize, sku: Sku) -> Sku {
        let subnet = self.nth(self.vms[vm].subnet);
        let members = self.balancer.iter().flat_map(|balancer| &balancer.members);
        let balanced = members.into_iter().any(|n| usize::from(*n) % self.vms.len() == vm);
        if self.subnets[subnet].nat || balanced { Sku::Standard } else { sku }
    }

    fn vm_address(&self, n: u8, v6: bool) -> Addr {
        let n = usize::from(n) % self.vms.len();
        let subnet = self.nth(self.vms[n].subnet);
        if v6 { self.address6(subnet, 10 + n) } else { self.address(subnet, 10 + n) }
    }

    fn appliance(&self, n: u8, v6: bool) -> Addr {
        let forwarding: Vec<usize> = (0..self.vms.len()).filter(|n| self.vms[*n].forwards).collect();
        let chosen = forwarding.get(usize::from(n) % forwarding.len().max(1)).copied();
        self.vm_address(chosen.map_or(n, |n| u8::try_from(n).unwrap_or(0)), v6)
    }

    fn frontend_address(&self) -> Option<Addr> {
        self.balancer.as_ref().map(|balancer| self.address(self.nth(balancer.subnet), 200))
    }

    fn subnet(&self, n: usize, net: &mut Net) {
        let plan = &self.subnets[n];
        let subnet = Subnet {
            prefixes: self.subnet_ranges(n),
            link_service_policies: Setting::default_of(false),
            endpoint_policies: Setting::default_of(EndpointPolicies { security: plan.endpoint_rules, routes: false }),
            default_outbound: Setting::default_of(plan.default_outbound),
            delegation: None,
            service_endpoints: Vec::new(),
        };
        let vnet = format!("v{}", self.vnet(n));
        let mut draft = Draft::new(self.subnet_name(n), Kind::Subnet(subnet)).refer(Relation::PartOf, vnet);
        if let Some(rules) = &plan.group {
            let name = format!("nsg-s{n}");
            net.nsg(&name, self.rules(rules));
            draft = draft.refer(Relation::FilteredBy, name);
        }
        if plan.nat {
            let (name, address) = (format!("nat{n}"), format!("nat{n}-ip"));
            net.public_address(&address, Sku::Standard);
            net.put(Draft::new(name.as_str(), Kind::NatGateway(NatGateway::default())).refer(Relation::Uses, address));
            draft = draft.refer(Relation::TranslatedBy, name);
        }
        net.put(draft);
    }

    fn vm(&self, n: usize, net: &mut Net) -> (PortId, Addr) {
        let plan = &self.vms[n];
        let subnet = self.nth(plan.subnet);
        let group = plan.group.as_ref().map(|rules| {
            let name = format!("nsg-vm{n}");
            net.nsg(&name, self.rules(rules));
            name
        });
        let name = format!("vm{n}");
        let asked = self.address(subnet, 10 + n);
        let port = net.machine_at(&name, &self.subnet_name(subnet), asked, group.as_deref(), plan.forwards);
        for (asg, member) in plan.asgs.into_iter().enumerate() {
            if member {
                let asg = format!("v{}-asg{asg}", self.vnet(subnet));
                net.also(&format!("{name}-nic/ipconfig1"), Relation::MemberOf, &asg);
            }
        }
        (port, asked)
    }

    /// The IPv6 address of a VM, in the groups that its other one is in.
    fn vm6(&self, n: usize, net: &mut Net) -> (PortId, Addr) {
        let subnet = self.nth(self.vms[n].subnet);
        let asked = self.address6(subnet, 10 + n);
        let config = IpConfig { requested: Some(asked), v6: true, ..IpConfig::default() };
        let mut draft = Draft::new(config6_of(&format!("vm{n}")), Kind::IpConfig(config))
            .refer(Relation::PartOf, format!("vm{n}-nic"))
            .refer(Relation::Attached, self.subnet_name(subnet));
        for (asg, member) in self.vms[n].asgs.into_iter().enumerate() {
            if member {
                draft = draft.refer(Relation::MemberOf, format!("v{}-asg{asg}", self.vnet(subnet)));
            }
        }
        (PortId(net.put(draft).0), asked)
    }

    fn balance(&self, balancer: &Balancer, net: &mut Net) -> Addr {
        let subnet = self.nth(balancer.subnet);
        let mut members: Vec<usize> = balancer.members.iter().map(|n| usize::from(*n) % self.vms.len()).collect();
        members.sort_unstable();
        members.dedup();
        members.retain(|n| self.vnet(self.nth(self.vms[*n].subnet)) == self.vnet(subnet));
        let vms: Vec<String> = members.into_iter().map(|n| format!("vm{n}")).collect();
        let name = self.subnet_name(subnet);
        let address = self.frontend_address();
        let what = Balancing { subnet: &name, address, ports: balancer.ports, probe: balancer.probe };
        net.balancing("lb", what, &vms).1
    }

    fn route(&self, (to, hop): (Place, HopPlan)) -> Option<Route> {
        let to = match self.peer(to, 0) {
            Peer::Prefix(prefix) => prefix,
            _ => Prefix::ALL_V4,
        };
        let v6 = !to.is_v4();
        let hop = match hop {
            HopPlan::Vm(n) => UserHop::Appliance(self.appliance(n, v6)),
            HopPlan::Frontend => UserHop::Appliance(self.frontend_address().filter(|_| !v6)?),
            HopPlan::Nobody if v6 => UserHop::Appliance(self.address6(0, 99)),
            HopPlan::Nobody => UserHop::Appliance(self.address(0, 99)),
            HopPlan::Other(hop) => hop,
        };
        Some(Net::route(&to.to_string(), hop))
    }

    fn rules(&self, plans: &[Rule]) -> Vec<SecurityRule> {
        let mut rules: Vec<SecurityRule> = Vec::new();
        for (n, plan) in plans.iter().enumerate() {
            if rules.iter().any(|rule| rule.priority == plan.priority && rule.direction == plan.direction) {
                continue;
            }
            // The groups that one rule names have members in one VNet, or Azure refuses it.
            let groups =
                plan.sides.iter().flatten().find_map(|p| if let Place::Asg(n) = p { Some(n / 2) } else { None });
            let home = usize::from(groups.unwrap_or(0)) % self.vnets;
            let [source, destination] =
                [0, 1].map(|side| plan.sides[side].iter().map(|p| self.peer(*p, home)).collect());
            rules.push(SecurityRule {
                name: format!("rule{n}").into(),
                priority: plan.priority,
                direction: plan.direction,
                access: plan.access,
                protocol: plan.protocol,
                source,
                source_ports: plan.ports[0].clone(),
                destination,
                destination_ports: plan.ports[1].clone(),
                span: None,
            });
        }
        rules
    }

    fn peer(&self, place: Place, home: usize) -> Peer {
        let at = |text: &str| Peer::Prefix(prefix(text));
        match place {
            Place::Anywhere => Peer::Any,
            Place::All(n) => at(if self.is6(n) { "::/0" } else { "0.0.0.0/0" }),
            Place::Vnet(n) if self.is6(n) => at(&format!("fd00:{}::/48", usize::from(n) % self.vnets + 1)),
            Place::Vnet(n) => at(&format!("10.{}.0.0/16", usize::from(n) % self.vnets + 1)),
            Place::Subnet(n) => {
                let ranges = self.subnet_ranges(self.nth(n));
                Peer::Prefix(ranges[usize::from(self.is6(n))])
            }
            Place::Vm(n) => Peer::Prefix(Prefix::host(self.vm_address(n, self.is6(n)))),
            Place::Outside(n) => at(if self.is6(n) { "2606:4700::/32" } else { "198.51.100.0/24" }),
            Place::Tag(n) => {
                let tags = ["VirtualNetwork", "AzureLoadBalancer", "Internet", OUTSIDE_TAG, "NobodyKnows"];
                Peer::Tag(tags[usize::from(n) % tags.len()].into())
            }
            Place::Asg(n) => Peer::Asg(format!("v{home}-asg{}", n % 2).into()),
        }
    }
}

impl Built {
    /// Who opens a flow, and to which address and port; `None` when the network has no such target. What goes to the
    /// balancer goes to its own port three times out of four.
    #[must_use]
    pub fn ends(&self, wish: Wish) -> Option<((PortId, Addr), (Addr, u16))> {
        let v6 = wish.v6 && !self.vms6.is_empty();
        let vms = if v6 { &self.vms6 } else { &self.vms };
        let vm = |n: u8| vms[usize::from(n) % vms.len()];
        let outside = if v6 { (self.outside6, OUTSIDE6) } else { (self.outside, OUTSIDE) };
        let balanced = |to: Addr, own: u16| (to, if wish.port == PORTS[0] { PORTS[0] } else { own });
        let to = match wish.to {
            Target::Vm(n) => (vm(n).1, wish.port),
            Target::Outside => (outside.1, wish.port),
            Target::Nobody(n) if v6 => (addr(&format!("fd00:{}::77", 1 + n % 4)), wish.port),
            Target::Nobody(n) => (addr(&format!("10.{}.0.77", 1 + n % 4)), wish.port),
            _ if v6 => return None,
            Target::Public(_) if self.publics.is_empty() => return None,
            Target::Public(n) => (self.publics[usize::from(n) % self.publics.len()], wish.port),
            Target::Frontend => self.frontend.map(|(to, own)| balanced(to, own))?,
            Target::Endpoint => balanced(self.endpoint?, self.frontend?.1),
        };
        Some((wish.from.map_or(outside, vm), to))
    }
}
