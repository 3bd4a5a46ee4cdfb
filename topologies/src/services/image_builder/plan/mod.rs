//! What the service deploys for a build, by the way it connects (azure-services 2.1 and 2.2).

mod parts;

use super::build::site_id;
use super::downloads;
use super::network::segment_after;
use super::template::{CustomizerKind, ImageTemplate, Network};
use crate::facts::Date;
use sim_core::app::Communicator;
use sim_core::net::{Addr, Prefix};
use sim_core::topology::{Draft, InternetHost, Kind, Peer, PrivateEndpoint, PublicIp, Relation, Sku};
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
    ///
    /// Rule `image-builder-ways`: until November 2023 the service connects to a public address, or to a network of the
    /// user's by private link from its own platform; since then from a container, in a VNet of its own or in the user's
    /// subnet for it. Source: azure-services 2.1.
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
///
/// Rule `image-builder-deletion-order`: what the service deployed is deleted with dependents first: endpoint, link
/// service, NIC and balancer. Source: azure-services 2.7.
pub struct Plan {
    /// How the service connects.
    pub way: Way,
    /// What is there on the service's side before any build.
    pub before: Vec<Draft>,
    /// What is there as soon as the template is submitted, and stays until it is deleted, with each resource's Azure type.
    pub staged: Vec<(Draft, &'static str)>,
    /// The staging group's resource id.
    pub staging: Arc<str>,
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
///
/// Rule `image-builder-ports`: the proxy listens on 60001 for Linux and 60000 for Windows, the build VM on 22 and 5986.
/// Source: azure-services 2.3.
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

/// The id of the service's host on the Internet.
pub(super) const SERVICE_ID: &str = "/providers/Microsoft.VirtualMachineImages/service";

/// The service's host on the Internet, in a region.
fn service(region: &Arc<str>) -> Draft {
    let host = InternetHost {
        region: Some(region.clone()),
        tags: vec!["AzureCloud".into()],
        azure: true,
        ..InternetHost::at(Prefix::host(SERVICE))
    };
    Draft::new(SERVICE_ID, Kind::InternetHost(host)).owned_by(OWNER)
}

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
                staged: Vec::new(),
                staging: staging.as_str().into(),
                waves: Vec::new(),
                deletions: Vec::new(),
                packer: none.clone(),
                target: none.clone(),
                proxy: None,
                build: (none.clone(), none),
                legs: Vec::new(),
            },
            staging,
        };
        drafter.draw(way);
        drafter.plan
    }
}

/// The id of the group that the service works in for a template: `IT_<destination group>_<template>_<guid>` in the
/// template's subscription (azure-services 2.7).
#[must_use]
pub fn staging_group(template: &str) -> String {
    let after = |word: &str| segment_after(template, word).unwrap_or("?");
    let name = template.rsplit('/').next().unwrap_or("template");
    let guid = crate::arm::guid(&[template, "staging"]);
    format!("/subscriptions/{}/resourceGroups/IT_{}_{name}_{guid}", after("subscriptions"), after("resourceGroups"))
}

impl Drafter<'_> {
    fn draw(&mut self, way: Way) {
        let storage = self.id(STORAGE, "imagebuilderstaging");
        let inert = Draft::new(storage.as_str(), Kind::Inert { resource_type: STORAGE.to_owned() });
        self.plan.staged.push((inert.owned_by(OWNER), STORAGE));
        let fetched = |kind: &CustomizerKind| {
            matches!(kind, CustomizerKind::File { .. } | CustomizerKind::Script { uri: Some(_), .. })
        };
        if way == Way::PublicAddress || self.template.customizers.iter().any(|it| fetched(&it.kind)) {
            self.plan.before.push(service(&self.template.region));
        }
        match (way, self.template.network.clone()) {
            (Way::PublicAddress, _) => self.public_address(),
            (Way::OwnNetwork, _) => self.own_network(),
            (Way::ProxyFromService | Way::ProxyFromContainer, Network::Existing { subnet, proxy_size }) => {
                self.proxied(way, &subnet, &proxy_size);
            }
            (Way::ContainerSubnet, Network::WithContainers { subnet, containers }) => {
                self.container(&containers);
                self.build_machine(&subnet, None);
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
    ///
    /// Rule `image-builder-public-group`: the build VM's public address admits the service alone. Source:
    /// azure-services 1.A, 1.B.
    fn public_address(&mut self) {
        let service_id = SERVICE_ID;
        let port = self.template.communicator.port();
        let admit = parts::allow("AllowImageBuilderService", 100, Peer::Prefix(Prefix::host(SERVICE)), port);
        let group = self.id(GROUPS, "pkrsg");
        let subnet = self.own_vnet("pkrvn", &[("pkrsn", Some(&group), None)], vec![(group.as_str(), vec![admit])]);
        let public = self.id(PUBLIC_IPS, "pkrip");
        let address =
            PublicIp { sku: Sku::Basic, region: self.template.region.clone(), address: None, ..PublicIp::default() };
        self.wave(vec![(Draft::new(public.as_str(), Kind::PublicIp(address)), PUBLIC_IPS)]);
        self.build_machine(&subnet[0], Some(&public));
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
        self.build_machine(&subnets[1], None);
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
        self.build_machine(subnet, None);
        let endpoint = self.id(ENDPOINTS, "aibpe");
        let attributes = PrivateEndpoint::new(self.template.region.clone(), Default::default());
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
}
