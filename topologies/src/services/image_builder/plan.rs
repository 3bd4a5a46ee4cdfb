//! What the service deploys for a build, by the way it connects (azure-services 2.1 and 2.2).

use super::build::site_id;
use super::downloads;
use super::template::{ImageTemplate, Network};
use crate::facts::{Date, vm_size};
use sim_core::app::Communicator;
use sim_core::net::{Addr, Prefix, Protocol};
use sim_core::topology::{
    Access, BalancingRule, Direction, Distribution, Draft, EndpointPolicies, Frontend, InternetHost, IpConfig, Kind,
    LinkService, LoadBalancer, Machine, Nic, Nsg, Peer, PortRange, PrivateEndpoint, Probe, ProbeProtocol, PublicIp,
    Relation, SecurityRule, Setting, Sku, Subnet, Vnet,
};
use std::sync::Arc;

/// How the service reaches the build VM: the rows of azure-services 2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// T1: over the Internet to a public address, with a security group that admits the service.
    PublicAddress,
    /// T2: from the service's platform over a private link to a proxy machine in the user's VNet.
    ProxyFromService,
    /// T3: from a container in a VNet of the service's own, beside the build VM.
    OwnNetwork,
    /// T4: from a container in a temporary VNet over a private link to a proxy machine in the user's VNet.
    ProxyFromContainer,
    /// T5: from a container in the user's VNet.
    ContainerSubnet,
}

impl Way {
    /// The way of a template at a date: builds are isolated from November 2023 on.
    #[must_use]
    pub fn choose(network: &Network, date: Date) -> Self {
        let isolated = date >= Date { year: 2023, month: 11, day: 1 };
        match (network, isolated) {
            (Network::Own, false) => Self::PublicAddress,
            (Network::Own, true) => Self::OwnNetwork,
            (Network::Existing { .. }, false) => Self::ProxyFromService,
            (Network::Existing { .. }, true) => Self::ProxyFromContainer,
            (Network::WithContainers { .. }, _) => Self::ContainerSubnet,
        }
    }

    /// In words.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::PublicAddress => "over the Internet to a public address of the build VM",
            Self::ProxyFromService => {
                "private endpoint -> private link service -> load balancer -> proxy VM -> build VM"
            }
            Self::OwnNetwork => "from a container beside the build VM, in a network of the service's own",
            Self::ProxyFromContainer => {
                "container -> private endpoint -> private link service -> load balancer -> proxy VM -> build VM"
            }
            Self::ContainerSubnet => "from a container in the given subnet to the build VM",
        }
    }

    /// Whether there is a proxy machine.
    #[must_use]
    pub const fn has_proxy(self) -> bool {
        matches!(self, Self::ProxyFromService | Self::ProxyFromContainer)
    }
}

/// What is deployed, in waves: a wave starts when the one before is done.
pub struct Plan {
    /// How the service connects.
    pub way: Way,
    /// What is there on the service's side before any build.
    pub before: Vec<Draft>,
    /// What is deployed, with each resource's Azure type.
    pub waves: Vec<Vec<(Draft, &'static str)>>,
    /// What is deleted afterwards, in order: dependencies first (azure-services 2.7).
    pub deletions: Vec<(Arc<str>, &'static str)>,
    /// The machine that Packer runs on.
    pub packer: Arc<str>,
    /// The resource whose address Packer connects to.
    pub target: Arc<str>,
    /// The proxy machine, and the address resource of its NIC.
    pub proxy: Option<(Arc<str>, Arc<str>)>,
    /// The build machine, and the address resource of its NIC.
    pub build: (Arc<str>, Arc<str>),
    /// The way packets must be able to go.
    pub legs: Vec<Leg>,
    /// The resource group that everything transient lives in.
    pub staging: Arc<str>,
}

/// A connection that the build needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// What it is, in words.
    pub name: &'static str,
    /// The address resource (or Internet host) that opens it.
    pub from: Arc<str>,
    /// The resource whose address it goes to.
    pub to: Arc<str>,
    /// The port.
    pub port: u16,
}

/// The port of the proxy machine (azure-services 2.3).
const fn proxy_port(communicator: Communicator) -> u16 {
    match communicator {
        Communicator::Ssh => 60001,
        Communicator::WinRm => 60000,
    }
}

/// The service that owns everything a build deploys.
pub(super) const OWNER: &str = "Azure Image Builder";
/// The service's own address on the Internet: one of those for documentation, for the real ones are not published
/// (azure-services 11).
const SERVICE: Addr = Addr::v4(192, 0, 2, 10);

const VNETS: &str = "Microsoft.Network/virtualNetworks";
const SUBNETS: &str = "Microsoft.Network/virtualNetworks/subnets";
const NICS: &str = "Microsoft.Network/networkInterfaces";
const MACHINES: &str = "Microsoft.Compute/virtualMachines";
const BALANCERS: &str = "Microsoft.Network/loadBalancers";
const LINK_SERVICES: &str = "Microsoft.Network/privateLinkServices";
const ENDPOINTS: &str = "Microsoft.Network/privateEndpoints";
const GROUPS: &str = "Microsoft.Network/networkSecurityGroups";
const PUBLIC_IPS: &str = "Microsoft.Network/publicIPAddresses";
const CONTAINERS: &str = "Microsoft.ContainerInstance/containerGroups";
const STORAGE: &str = "Microsoft.Storage/storageAccounts";

/// Makes plans: ids and what all resources of a build share.
struct Drafter<'a> {
    template: &'a ImageTemplate,
    /// The staging group's resource id.
    staging: String,
    plan: Plan,
}

impl Plan {
    /// The plan of a build.
    #[must_use]
    pub fn new(template: &ImageTemplate, way: Way) -> Self {
        let staging = staging_group(&template.id);
        let none: Arc<str> = "".into();
        let mut drafter = Drafter {
            template,
            plan: Self {
                way,
                before: Vec::new(),
                waves: Vec::new(),
                deletions: Vec::new(),
                packer: none.clone(),
                target: none.clone(),
                proxy: None,
                build: (none.clone(), none),
                legs: Vec::new(),
                staging: staging.as_str().into(),
            },
            staging,
        };
        drafter.draw(way);
        drafter.plan
    }
}

/// `IT_<destination group>_<template>_<guid>` in the template's subscription (azure-services 2.7).
fn staging_group(template: &str) -> String {
    let parts: Vec<&str> = template.split('/').collect();
    let after = |word: &str| {
        let at = parts.iter().position(|part| part.eq_ignore_ascii_case(word));
        at.and_then(|at| parts.get(at + 1)).copied().unwrap_or("?")
    };
    let name = parts.last().copied().unwrap_or("template");
    let guid = crate::arm::guid(&[template, "staging"]);
    format!("/subscriptions/{}/resourceGroups/IT_{}_{name}_{guid}", after("subscriptions"), after("resourceGroups"))
}

impl Drafter<'_> {
    fn draw(&mut self, way: Way) {
        let storage = self.id(STORAGE, "imagebuilderstaging");
        let inert = Draft::new(storage.as_str(), Kind::Inert { resource_type: STORAGE.to_owned() });
        self.wave(vec![(inert, STORAGE)]);
        match (way, self.template.network.clone()) {
            (Way::PublicAddress, _) => self.public_address(),
            (Way::OwnNetwork, _) => self.own_network(),
            (Way::ProxyFromService | Way::ProxyFromContainer, Network::Existing { subnet, proxy_size }) => {
                self.proxied(way, &subnet, &proxy_size);
            }
            (Way::ContainerSubnet, Network::WithContainers { subnet, containers }) => {
                self.container(&containers);
                self.build_machine(&subnet, None, None);
                self.direct_leg();
                let needs = [
                    ("container -> container image", downloads::container_image(0).url.host, 443),
                    ("container -> staging file share", downloads::FILE_SHARE.into(), 445),
                ];
                for (name, host, port) in needs {
                    let (from, to) = (self.packer_address(), site_id(&host).into());
                    self.plan.legs.push(Leg { name, from, to, port });
                }
            }
            // A template without such a network has no such way.
            _ => {}
        }
    }

    fn id(&self, kind: &str, name: &str) -> String {
        format!("{}/providers/{kind}/{name}", self.staging)
    }

    fn wave(&mut self, drafts: Vec<(Draft, &'static str)>) {
        let owned = drafts.into_iter().map(|(draft, kind)| (draft.owned_by(OWNER), kind)).collect();
        self.plan.waves.push(owned);
    }

    fn delete(&mut self, name: &str, kind: &'static str) {
        self.plan.deletions.push((name.into(), kind));
    }

    /// T1: everything in the staging group, a public address, and a security group for the service alone.
    fn public_address(&mut self) {
        let service = InternetHost {
            prefix: Prefix::host(SERVICE),
            region: Some(self.template.region.clone()),
            tags: vec!["AzureCloud".into()],
            azure: true,
            egress_bps: None,
        };
        let service_id = "/providers/Microsoft.VirtualMachineImages/service";
        self.plan.before.push(Draft::new(service_id, Kind::InternetHost(service)).owned_by(OWNER));
        let port = self.template.communicator.port();
        let admit = allow("AllowImageBuilderService", 100, Peer::Prefix(Prefix::host(SERVICE)), port);
        let group = self.id(GROUPS, "pkrsg");
        let subnet = self.own_vnet("pkrvn", &[("pkrsn", Some(&group), None)], vec![(group.as_str(), vec![admit])]);
        let public = self.id(PUBLIC_IPS, "pkrip");
        let address = PublicIp { sku: Sku::Basic, region: self.template.region.clone(), address: None };
        self.wave(vec![(Draft::new(public.as_str(), Kind::PublicIp(address)), PUBLIC_IPS)]);
        self.build_machine(&subnet[0], Some(&public), None);
        self.plan.deletions.push((public.as_str().into(), PUBLIC_IPS));
        self.delete_own_vnet("pkrvn", &[&group]);
        self.plan.packer = service_id.into();
        self.plan.target = public.as_str().into();
        let leg = Leg { name: "image builder service -> build VM", from: service_id.into(), to: public.into(), port };
        self.plan.legs.push(leg);
    }

    /// T3: a VNet with two subnets, each with a group of default rules only.
    fn own_network(&mut self) {
        let groups = [self.id(GROUPS, "aci-nsg"), self.id(GROUPS, "build-nsg")];
        let subnets = self.own_vnet(
            "vnet",
            &[("aci-subnet", Some(&groups[0]), Some(CONTAINERS)), ("build-subnet", Some(&groups[1]), None)],
            vec![(&groups[0], Vec::new()), (&groups[1], Vec::new())],
        );
        self.container(&subnets[0]);
        self.build_machine(&subnets[1], None, None);
        self.delete_own_vnet("vnet", &[&groups[0], &groups[1]]);
        self.direct_leg();
    }

    /// T2 and T4: the same from the private link inwards; they differ in who asks.
    fn proxied(&mut self, way: Way, subnet: &str, proxy_size: &str) {
        let (endpoint_subnet, cleanup) = if way == Way::ProxyFromService {
            (self.service_network(), None)
        } else {
            let groups = [self.id(GROUPS, "aci-nsg"), self.id(GROUPS, "pe-nsg")];
            let subnets = self.own_vnet(
                "vnet",
                &[("aci-subnet", Some(&groups[0]), Some(CONTAINERS)), ("pe-subnet", Some(&groups[1]), None)],
                vec![(&groups[0], Vec::new()), (&groups[1], Vec::new())],
            );
            self.container(&subnets[0]);
            (subnets[1].clone(), Some(groups))
        };
        let (frontend, pool) = self.balancer(subnet);
        let link_service = self.link_service(subnet, &frontend);
        let (proxy, proxy_config) = self.machine("aibproxyvm", "aibproxynic", subnet, proxy_size, None, Some(&pool));
        self.plan.proxy = Some((proxy.as_str().into(), proxy_config.as_str().into()));
        self.build_machine(subnet, None, None);
        let endpoint = self.id(ENDPOINTS, "aibpe");
        let attributes =
            PrivateEndpoint { region: self.template.region.clone(), state: Default::default(), address: None };
        let draft = Draft::new(endpoint.as_str(), Kind::PrivateEndpoint(attributes))
            .refer(Relation::Attached, endpoint_subnet)
            .refer(Relation::Target, link_service.as_str());
        self.wave(vec![(draft, ENDPOINTS)]);
        // The endpoint's connection goes first, then the service behind it, then the balancer (azure-services 2.7).
        let balancer = self.id(BALANCERS, "aiblb");
        let first =
            [(endpoint.as_str().into(), ENDPOINTS), (link_service.into(), LINK_SERVICES), (balancer.into(), BALANCERS)];
        self.plan.deletions.splice(0..0, first);
        if let Some(groups) = cleanup {
            self.delete_own_vnet("vnet", &[&groups[0], &groups[1]]);
        }
        self.plan.target = endpoint.as_str().into();
        let communicator = self.template.communicator;
        let from = self.packer_address();
        let into = Leg { name: "Packer -> proxy VM", from, to: endpoint.into(), port: proxy_port(communicator) };
        let build = self.plan.build.1.clone();
        let on = Leg { name: "proxy VM -> build VM", from: proxy_config.into(), to: build, port: communicator.port() };
        self.plan.legs.extend([into, on]);
    }

    fn direct_leg(&mut self) {
        let (from, to) = (self.packer_address(), self.plan.build.1.clone());
        self.plan.target = to.clone();
        let port = self.template.communicator.port();
        self.plan.legs.push(Leg { name: "container -> build VM", from, to, port });
    }

    /// The address resource of the machine that Packer runs on.
    fn packer_address(&self) -> Arc<str> {
        format!("{}/networkInterface/ipConfigurations/default", self.plan.packer).into()
    }

    /// The service's platform as seen from a private link: a VNet of its own with a machine in it.
    fn service_network(&mut self) -> Arc<str> {
        let root = "/providers/Microsoft.VirtualMachineImages/platform";
        let vnet = format!("{root}/virtualNetworks/platform");
        let subnet = format!("{vnet}/subnets/endpoints");
        let machine = format!("{root}/packer");
        let space = Prefix::new(Addr::v4(10, 0, 0, 0), 16).into_iter().collect();
        let region = self.template.region.clone();
        let mut drafts = vec![
            Draft::new(vnet.as_str(), Kind::Vnet(Vnet { region: region.clone(), space })),
            subnet_draft(&subnet, &vnet, 0, None, None),
        ];
        drafts.extend(machine_drafts(&machine, &subnet, &region));
        self.plan.before.extend(drafts.into_iter().map(|draft| draft.owned_by(OWNER)));
        self.plan.packer = machine.into();
        subnet.into()
    }

    /// A VNet of the service's own, 10.0.0.0/16, with a /24 for each subnet; gives the subnets' ids.
    fn own_vnet(
        &mut self,
        name: &str,
        subnets: &[(&str, Option<&str>, Option<&str>)],
        groups: Vec<(&str, Vec<SecurityRule>)>,
    ) -> Vec<Arc<str>> {
        let vnet = self.id(VNETS, name);
        let space = Prefix::new(Addr::v4(10, 0, 0, 0), 16).into_iter().collect();
        let attributes = Vnet { region: self.template.region.clone(), space };
        let mut first: Vec<(Draft, &'static str)> =
            groups.into_iter().map(|(id, rules)| (Draft::new(id, Kind::Nsg(Nsg { rules })), GROUPS)).collect();
        first.push((Draft::new(vnet.as_str(), Kind::Vnet(attributes)), VNETS));
        self.wave(first);
        let mut ids = Vec::new();
        let mut second = Vec::new();
        for (n, (name, group, delegation)) in (0u8..).zip(subnets) {
            let id = format!("{vnet}/subnets/{name}");
            second.push((subnet_draft(&id, &vnet, n, *group, *delegation), SUBNETS));
            ids.push(id.into());
        }
        self.wave(second);
        ids
    }

    fn delete_own_vnet(&mut self, name: &str, groups: &[&str]) {
        self.delete(&self.id(VNETS, name), VNETS);
        for group in groups {
            self.delete(group, GROUPS);
        }
    }

    /// The container that Packer runs in.
    fn container(&mut self, subnet: &str) {
        let id = self.id(CONTAINERS, "vmimagebuilder-build-container");
        let drafts = machine_drafts(&id, subnet, &self.template.region);
        self.wave(drafts.into_iter().map(|draft| (draft, CONTAINERS)).collect());
        self.delete(&id, CONTAINERS);
        self.delete(&format!("{id}/networkInterface"), NICS);
        self.plan.packer = id.into();
    }

    /// The internal Standard balancer in front of the proxy; gives frontend and pool.
    fn balancer(&mut self, subnet: &str) -> (String, String) {
        let id = self.id(BALANCERS, "aiblb");
        let port = proxy_port(self.template.communicator);
        let (frontend, pool) =
            (format!("{id}/frontendIPConfigurations/aibfe"), format!("{id}/backendAddressPools/aibpool"));
        let probe = format!("{id}/probes/aibprobe");
        let part = |name: &str, kind: Kind| Draft::new(name, kind).refer(Relation::PartOf, id.as_str());
        let attributes = LoadBalancer { sku: Setting::default_of(Sku::Standard), region: self.template.region.clone() };
        let rule = BalancingRule {
            protocol: Some(Protocol::TCP),
            frontend_port: port,
            backend_port: port,
            distribution: Distribution::FiveTuple,
            idle_minutes: 4,
            floating_ip: false,
            disable_outbound_snat: false,
        };
        let check = Probe { protocol: ProbeProtocol::Tcp, port, interval_s: 5, threshold: 1 };
        self.wave(vec![
            (Draft::new(id.as_str(), Kind::LoadBalancer(attributes)), BALANCERS),
            (part(&frontend, Kind::Frontend(Frontend::default())).refer(Relation::Attached, subnet), BALANCERS),
            (part(&pool, Kind::BackendPool), BALANCERS),
            (part(&probe, Kind::Probe(check)), BALANCERS),
            (
                part(&format!("{id}/loadBalancingRules/aibrule"), Kind::BalancingRule(rule))
                    .refer(Relation::Listens, frontend.as_str())
                    .refer(Relation::Sends, pool.as_str())
                    .refer(Relation::Checks, probe.as_str()),
                BALANCERS,
            ),
        ]);
        (frontend, pool)
    }

    fn link_service(&mut self, subnet: &str, frontend: &str) -> String {
        let id = self.id(LINK_SERVICES, "aibpls");
        let attributes = LinkService { region: self.template.region.clone(), nat: vec![None] };
        let draft = Draft::new(id.as_str(), Kind::LinkService(attributes))
            .refer(Relation::Attached, subnet)
            .refer(Relation::Listens, frontend);
        self.wave(vec![(draft, LINK_SERVICES)]);
        id
    }

    fn build_machine(&mut self, subnet: &str, public: Option<&str>, pool: Option<&str>) {
        let size = self.template.vm_size.clone();
        let (machine, config) = self.machine("pkrvm", "pkrni", subnet, &size, public, pool);
        self.plan.build = (machine.into(), config.into());
    }

    /// A machine with one NIC; gives the machine and the address resource.
    fn machine(
        &mut self,
        name: &str,
        nic: &str,
        subnet: &str,
        size: &str,
        public: Option<&str>,
        pool: Option<&str>,
    ) -> (String, String) {
        let (id, nic) = (self.id(MACHINES, name), self.id(NICS, nic));
        let config = format!("{nic}/ipConfigurations/ipconfig");
        let attributes =
            Machine { size: size.into(), egress_bps: vm_size(size).and_then(|size| size.egress_bps), forwards: false };
        let card = Nic { region: self.template.region.clone(), ip_forwarding: false };
        let address = IpConfig { primary: true, ..IpConfig::default() };
        let mut address = Draft::new(config.as_str(), Kind::IpConfig(address))
            .refer(Relation::PartOf, nic.as_str())
            .refer(Relation::Attached, subnet);
        for (relation, target) in [(Relation::Uses, public), (Relation::MemberOf, pool)] {
            if let Some(target) = target {
                address = address.refer(relation, target);
            }
        }
        // The NIC comes before its machine in Azure; the edge points from it, so the machine's node goes first.
        self.wave(vec![
            (Draft::new(id.as_str(), Kind::Machine(attributes)), MACHINES),
            (Draft::new(nic.as_str(), Kind::Nic(card)).refer(Relation::PartOf, id.as_str()), NICS),
            (address, NICS),
        ]);
        self.delete(&id, MACHINES);
        self.delete(&nic, NICS);
        (id, config)
    }
}

/// A machine of the service's own, with a NIC that is part of it.
fn machine_drafts(id: &str, subnet: &str, region: &Arc<str>) -> Vec<Draft> {
    let nic = format!("{id}/networkInterface");
    let machine = Machine { size: "".into(), egress_bps: None, forwards: false };
    let address = IpConfig { primary: true, ..IpConfig::default() };
    vec![
        Draft::new(id, Kind::Machine(machine)),
        Draft::new(nic.as_str(), Kind::Nic(Nic { region: region.clone(), ip_forwarding: false }))
            .refer(Relation::PartOf, id),
        Draft::new(format!("{nic}/ipConfigurations/default"), Kind::IpConfig(address))
            .refer(Relation::PartOf, nic.as_str())
            .refer(Relation::Attached, subnet),
    ]
}

fn subnet_draft(id: &str, vnet: &str, n: u8, group: Option<&str>, delegation: Option<&str>) -> Draft {
    let subnet = Subnet {
        prefixes: Prefix::new(Addr::v4(10, 0, n, 0), 24).into_iter().collect(),
        link_service_policies: Setting::default_of(false),
        endpoint_policies: Setting::default_of(EndpointPolicies::default()),
        default_outbound: Setting::default_of(true),
        delegation: delegation.map(str::to_owned),
        service_endpoints: Vec::new(),
    };
    let draft = Draft::new(id, Kind::Subnet(subnet)).refer(Relation::PartOf, vnet);
    match group {
        Some(group) => draft.refer(Relation::FilteredBy, group),
        None => draft,
    }
}

fn allow(name: &str, priority: u16, source: Peer, port: u16) -> SecurityRule {
    SecurityRule {
        name: name.into(),
        priority,
        direction: Direction::Inbound,
        access: Access::Allow,
        protocol: Some(Protocol::TCP),
        source: vec![source],
        source_ports: Vec::new(),
        destination: vec![Peer::Any],
        destination_ports: vec![PortRange::one(port)],
        span: None,
    }
}
