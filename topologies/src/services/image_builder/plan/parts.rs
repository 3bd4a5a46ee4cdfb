//! The parts of a plan: networks, balancer, private link service, machines.

use super::{BALANCERS, CONTAINERS, Drafter, GROUPS, LINK_SERVICES, MACHINES, NICS, OWNER, SUBNETS, VNETS, proxy_port};
use crate::facts::vm_size;
use sim_core::net::{Addr, Prefix, Protocol};
use sim_core::topology::{
    Access, BackendPool, BalancingRule, Direction, Distribution, Draft, EndpointPolicies, Frontend, IpConfig, Kind,
    LinkService, LoadBalancer, Machine, Nic, Nsg, Peer, PortRange, Probe, ProbeProtocol, Relation, SecurityRule,
    Setting, Sku, Subnet, Vnet,
};
use std::sync::Arc;

impl Drafter<'_> {
    /// The service's platform as seen from a private link: a VNet of its own with a machine in it.
    pub(super) fn service_network(&mut self) -> Arc<str> {
        let root = "/providers/Microsoft.VirtualMachineImages/platform";
        let vnet = format!("{root}/virtualNetworks/platform");
        let subnet = format!("{vnet}/subnets/endpoints");
        let machine = format!("{root}/packer");
        let space = Prefix::new(Addr::v4(10, 0, 0, 0), 16).into_iter().collect();
        let region = self.template.region.clone();
        let mut drafts = vec![
            Draft::new(vnet.as_str(), Kind::Vnet(Vnet { region: region.clone(), space, ..Vnet::default() })),
            subnet_draft(&subnet, &vnet, 0, None, None),
        ];
        drafts.extend(machine_drafts(&machine, &subnet, &region));
        self.plan.before.extend(drafts.into_iter().map(|draft| draft.owned_by(OWNER)));
        self.plan.packer = machine.into();
        subnet.into()
    }

    /// A VNet of the service's own, 10.0.0.0/16, with a /24 for each subnet; gives the subnets' ids.
    pub(super) fn own_vnet(
        &mut self,
        name: &str,
        subnets: &[(&str, Option<&str>, Option<&str>)],
        groups: Vec<(&str, Vec<SecurityRule>)>,
    ) -> Vec<Arc<str>> {
        let vnet = self.id(VNETS, name);
        let space = Prefix::new(Addr::v4(10, 0, 0, 0), 16).into_iter().collect();
        let attributes = Vnet { region: self.template.region.clone(), space, ..Vnet::default() };
        let mut first: Vec<(Draft, &'static str)> = groups
            .into_iter()
            .map(|(id, rules)| (Draft::new(id, Kind::Nsg(Nsg { rules, ..Nsg::default() })), GROUPS))
            .collect();
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

    pub(super) fn delete_own_vnet(&mut self, name: &str, groups: &[&str]) {
        self.delete(&self.id(VNETS, name), VNETS);
        for group in groups {
            self.delete(group, GROUPS);
        }
    }

    /// The container that Packer runs in.
    pub(super) fn container(&mut self, subnet: &str) {
        let id = self.id(CONTAINERS, "vmimagebuilder-build-container");
        let drafts = machine_drafts(&id, subnet, &self.template.region);
        self.wave(drafts.into_iter().map(|draft| (draft, CONTAINERS)).collect());
        self.delete(&id, CONTAINERS);
        self.delete(&format!("{id}/networkInterface"), NICS);
        self.plan.packer = id.into();
    }

    /// The internal Standard balancer in front of the proxy; gives frontend and pool.
    pub(super) fn balancer(&mut self, subnet: &str) -> (String, String) {
        let id = self.id(BALANCERS, "aiblb");
        let port = proxy_port(self.template.communicator);
        let (frontend, pool) =
            (format!("{id}/frontendIPConfigurations/aibfe"), format!("{id}/backendAddressPools/aibpool"));
        let probe = format!("{id}/probes/aibprobe");
        let part = |name: &str, kind: Kind| Draft::new(name, kind).refer(Relation::PartOf, id.as_str());
        let attributes = LoadBalancer {
            sku: Setting::default_of(Sku::Standard),
            region: self.template.region.clone(),
            ..LoadBalancer::default()
        };
        let rule = BalancingRule {
            protocol: Some(Protocol::TCP),
            frontend_port: port,
            backend_port: port,
            distribution: Distribution::FiveTuple,
            idle_minutes: Setting::default_of(4),
            floating_ip: false,
            disable_outbound_snat: false,
            ..BalancingRule::default()
        };
        let check = Probe { protocol: ProbeProtocol::Tcp, port, interval_s: 5, threshold: 1, ..Probe::default() };
        self.wave(vec![
            (Draft::new(id.as_str(), Kind::LoadBalancer(attributes)), BALANCERS),
            (part(&frontend, Kind::Frontend(Frontend::default())).refer(Relation::Attached, subnet), BALANCERS),
            (part(&pool, Kind::BackendPool(BackendPool::default())), BALANCERS),
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

    pub(super) fn link_service(&mut self, subnet: &str, frontend: &str) -> String {
        let id = self.id(LINK_SERVICES, "aibpls");
        let attributes = LinkService { region: self.template.region.clone(), nat: vec![None] };
        let draft = Draft::new(id.as_str(), Kind::LinkService(attributes))
            .refer(Relation::Attached, subnet)
            .refer(Relation::Listens, frontend);
        self.wave(vec![(draft, LINK_SERVICES)]);
        id
    }

    pub(super) fn build_machine(&mut self, subnet: &str, public: Option<&str>) {
        let size = self.template.vm_size.clone();
        let (machine, config) = self.machine("pkrvm", "pkrni", subnet, &size, public, None);
        self.plan.build = (machine.into(), config.into());
    }

    /// A machine with one NIC; gives the machine and the address resource.
    pub(super) fn machine(
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
        let attributes = Machine {
            size: size.into(),
            egress_bps: vm_size(size).and_then(|size| size.egress_bps),
            forwards: false,
            ..Machine::default()
        };
        let card = Nic { region: self.template.region.clone(), ..Nic::default() };
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
    let machine = Machine { size: "".into(), egress_bps: None, forwards: false, ..Machine::default() };
    let address = IpConfig { primary: true, ..IpConfig::default() };
    vec![
        Draft::new(id, Kind::Machine(machine)),
        Draft::new(nic.as_str(), Kind::Nic(Nic { region: region.clone(), ..Nic::default() }))
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

pub(super) fn allow(name: &str, priority: u16, source: Peer, port: u16) -> SecurityRule {
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
