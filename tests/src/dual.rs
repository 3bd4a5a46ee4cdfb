//! Dual stacks: second ranges of networks and subnets, IPv6 addresses of machines and balancers.

use crate::net::{Net, prefix};
use crate::parts::config_of;
use sim_core::id::PortId;
use sim_core::net::Addr;
use sim_core::topology::{BackendPool, Draft, Frontend, IpConfig, Kind, NatGateway, PublicIp, Relation, Sku};

/// The resource id of a machine's IPv6 address.
#[must_use]
pub fn config6_of(machine: &str) -> String {
    format!("{machine}-nic/ipconfig6")
}

impl Net {
    /// Gives a VNet or a subnet one more range.
    ///
    /// # Panics
    /// When there is no such network, or Azure would refuse the range.
    pub fn widen(&mut self, name: &str, range: &str) {
        self.edit(name, |kind| match kind {
            Kind::Vnet(vnet) => vnet.space.push(prefix(range)),
            Kind::Subnet(subnet) => subnet.prefixes.push(prefix(range)),
            _ => panic!("no network"),
        });
    }

    /// Gives the NIC of a machine an IPv6 address, the first free one, in the subnet of its other one.
    ///
    /// # Panics
    /// When there is no such machine, or Azure would refuse the address.
    pub fn dual(&mut self, machine: &str) -> Addr {
        let first = self.topology.find(&config_of(machine)).expect("an address").id;
        let subnet = self.topology.subnet_of(first).expect("a subnet").0.name.clone();
        let draft = Draft::new(config6_of(machine), Kind::IpConfig(IpConfig { v6: true, ..IpConfig::default() }));
        let nic = format!("{machine}-nic");
        let id = self.put(draft.refer(Relation::PartOf, nic).refer(Relation::Attached, subnet));
        self.address(PortId(id.0))
    }

    /// A Standard public IPv6 address that is not given.
    ///
    /// # Panics
    /// When Azure would refuse it.
    pub fn public6(&mut self, name: &str) -> Addr {
        let public = PublicIp { sku: Sku::Standard, region: self.region(), v6: true, ..PublicIp::default() };
        let id = self.put(Draft::new(name, Kind::PublicIp(public)));
        match self.topology.get(id).map(|found| &found.kind) {
            Some(Kind::PublicIp(PublicIp { address: Some(address), .. })) => *address,
            _ => panic!("{name} has no address"),
        }
    }

    /// Gives the balancer `name` a second frontend `name/front6`, of IPv6, in a subnet or at a public address, with a
    /// pool `name/pool6` of these machines.
    ///
    /// # Panics
    /// When Azure would refuse it.
    pub fn balancer6(&mut self, name: &str, at: (Relation, &str), machines: &[&str]) -> Addr {
        let part = |part: &str, kind| Draft::new(format!("{name}/{part}"), kind).refer(Relation::PartOf, name);
        let front = part("front6", Kind::Frontend(Frontend { v6: true, ..Frontend::default() })).refer(at.0, at.1);
        let id = self.put(front);
        self.put(part("pool6", Kind::BackendPool(BackendPool::default())));
        for machine in machines {
            self.link(&config6_of(machine), Relation::MemberOf, &format!("{name}/pool6"));
        }
        match self.topology.get(id).map(|found| &found.kind) {
            Some(Kind::Frontend(Frontend { address: Some(address), .. })) => *address,
            _ => panic!("no address"),
        }
    }

    /// Makes a rule of a balancer one of its IPv6 frontend and pool.
    ///
    /// # Panics
    /// When there is no such rule.
    pub fn rule_to6(&mut self, rule: &str, name: &str) {
        let mut draft = self.topology.draft_of(self.topology.find(rule).expect("a rule"));
        for (relation, target) in &mut draft.refers {
            match relation {
                Relation::Listens => *target = format!("{name}/front6").into(),
                Relation::Sends => *target = format!("{name}/pool6").into(),
                _ => {}
            }
        }
        self.put(draft);
    }

    /// A NAT gateway of the second version on a subnet, with one public address of each family; gives that of IPv6.
    pub fn nat_gateway6(&mut self, subnet: &str) -> Addr {
        self.nat_gateway(subnet, "20.0.0.9");
        let address = self.public6("nat-pip6");
        self.edit("nat", |kind| *kind = Kind::NatGateway(NatGateway { v2: true, ..NatGateway::default() }));
        self.also("nat", Relation::Uses, "nat-pip6");
        address
    }

    /// Peers the IPv6 ranges of two peered VNets alone.
    pub fn peer_v6_alone(&mut self, one: &str, other: &str) {
        for (local, remote) in [(one, other), (other, one)] {
            self.edit_peering(&format!("{local}/to-{remote}"), |it| it.only_v6 = true);
        }
    }
}
