//! The resources that questions are about.

use super::declared::text;
use super::{Azure, Fault};
use sim_core::fabric::{Group, NicPort, PortKind};
use sim_core::id::{NodeId, PortId};
use sim_core::net::Addr;
use sim_core::stage::Level;
use sim_core::topology::{Direction, Kind, Relation, Resource};
use topologies::azure::RawResource;

/// A NIC of a machine, by one of its addresses.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The NIC.
    pub nic: &'a Resource,
    /// The configuration with the address.
    pub config: &'a Resource,
    /// What packets meet there.
    pub port: &'a NicPort,
}

/// A security group with what it is attached to.
#[derive(Clone, Copy)]
pub(super) struct Attached<'a> {
    /// The group.
    pub group: Group<'a>,
    /// At which level.
    pub level: Level,
    /// The id of the NIC or subnet.
    pub holder: &'a str,
}

impl Place<'_> {
    /// The port's number.
    pub(super) fn port_id(&self) -> PortId {
        PortId(self.config.id.0)
    }
}

impl Azure {
    /// A resource of the input; stand-ins for what nobody declared are none.
    pub(super) fn resource(&self, id: &str) -> Result<&Resource, Fault> {
        let found = self.world.topology.find(id).filter(|_| !self.world.is_assumed(id));
        found.ok_or_else(|| Fault::missing(id))
    }

    /// The resource that an edge leads to, by its number.
    pub(super) fn name(&self, id: NodeId) -> &str {
        self.world.topology.get(id).map_or("", |found| &found.name)
    }

    /// A virtual machine.
    pub(super) fn machine(&self, id: &str) -> Result<&Resource, Fault> {
        let found = self.resource(id)?;
        if matches!(found.kind, Kind::Machine(_)) { Ok(found) } else { Err(wrong_kind(id, "a virtual machine")) }
    }

    /// A network interface.
    pub(super) fn nic(&self, id: &str) -> Result<&Resource, Fault> {
        let found = self.resource(id)?;
        if matches!(found.kind, Kind::Nic(_)) { Ok(found) } else { Err(wrong_kind(id, "a network interface")) }
    }

    /// A virtual network.
    pub(super) fn vnet(&self, id: &str) -> Result<&Resource, Fault> {
        let found = self.resource(id)?;
        if matches!(found.kind, Kind::Vnet(_)) { Ok(found) } else { Err(wrong_kind(id, "a virtual network")) }
    }

    /// The address that the input knows by this name: of a host on the Internet, or of a public address with a label.
    pub(super) fn known_by(&self, name: &str) -> Option<Addr> {
        let topology = &self.world.topology;
        let host = topology.resources().find_map(|resource| match &resource.kind {
            Kind::InternetHost(host) if host.names.iter().any(|own| own.eq_ignore_ascii_case(name)) => {
                Some(host.prefix.first())
            }
            _ => None,
        });
        host.or_else(|| {
            let labelled = self.world.resources.iter().find(|raw| is_labelled(raw, name))?;
            match &topology.find(&labelled.id)?.kind {
                Kind::PublicIp(public) => public.address,
                _ => None,
            }
        })
    }

    /// The NICs of a machine, in the order they came.
    pub(super) fn nics_of(&self, machine: &Resource) -> Vec<&Resource> {
        let parts = self.world.topology.referrers(machine.id, Relation::PartOf);
        parts.into_iter().filter(|part| matches!(part.kind, Kind::Nic(_))).collect()
    }

    /// The addresses of a NIC, its primary one first.
    pub(super) fn places_of<'a>(&'a self, nic: &'a Resource) -> Vec<Place<'a>> {
        let configs = self.world.topology.referrers(nic.id, Relation::PartOf);
        let mut found: Vec<(bool, Place<'a>)> = configs
            .into_iter()
            .filter_map(|config| {
                let Kind::IpConfig(attributes) = &config.kind else { return None };
                match &self.fabric.port(PortId(config.id.0))?.kind {
                    PortKind::Nic(port) => Some((!attributes.primary, Place { nic, config, port })),
                    _ => None,
                }
            })
            .collect();
        found.sort_by_key(|(secondary, _)| *secondary);
        found.into_iter().map(|(_, place)| place).collect()
    }

    /// The security groups of a place, the NIC's own first.
    pub(super) fn groups<'a>(&'a self, place: &Place<'a>) -> impl DoubleEndedIterator<Item = Attached<'a>> {
        let subnet = &place.port.subnet;
        let levels =
            [(Level::Nic, place.port.nsg, &*place.nic.name), (Level::Subnet, subnet.nsg, self.name(subnet.node))];
        levels
            .into_iter()
            .filter_map(|(level, nsg, holder)| Some(Attached { group: self.fabric.group(nsg, subnet)?, level, holder }))
    }

    /// The same in the order in which packets meet them: what comes in meets the subnet's first (azure-dataplane 1.3).
    pub(super) fn groups_met<'a>(&'a self, place: &Place<'a>, direction: Direction) -> Vec<Attached<'a>> {
        match direction {
            Direction::Inbound => self.groups(place).rev().collect(),
            Direction::Outbound => self.groups(place).collect(),
        }
    }

    /// The place that a question to a machine means: on the NIC that it names, the address that it names, else the first.
    pub(super) fn place_of(&self, machine: &str, nic: Option<&str>, address: Option<Addr>) -> Result<Place<'_>, Fault> {
        let machine = self.machine(machine)?;
        let nics = match nic {
            Some(id) => {
                let nic = self.nic(id)?;
                if !self.nics_of(machine).iter().any(|own| own.id == nic.id) {
                    let message = format!("{} is no network interface of {}", nic.short_name(), machine.short_name());
                    return Err(Fault::question(message, "name one of the machine's own, or none"));
                }
                vec![nic]
            }
            None => self.nics_of(machine),
        };
        let places: Vec<Place<'_>> = nics.into_iter().flat_map(|nic| self.places_of(nic)).collect();
        let named = places.iter().find(|place| Some(place.port.address) == address);
        named.or(places.first()).copied().ok_or_else(|| {
            let message = format!("{} has no address in a virtual network", machine.short_name());
            Fault::question(message, "the input has to hold its network interface and the subnet that it is in")
        })
    }
}

/// Whether a public address has this name: the one that Azure made of its label, or would make.
fn is_labelled(raw: &RawResource, name: &str) -> bool {
    let Some(settings) = raw.properties().get("dnsSettings") else { return false };
    let made = || {
        let (label, region) = (text(settings, "domainNameLabel")?, raw.location.as_deref()?);
        Some(format!("{label}.{region}.cloudapp.azure.com"))
    };
    let known = text(settings, "fqdn").map(str::to_owned).or_else(made);
    known.is_some_and(|known| known.trim_end_matches('.').eq_ignore_ascii_case(name))
}

fn wrong_kind(id: &str, wanted: &str) -> Fault {
    Fault::question(format!("{id} is not {wanted}"), format!("name {wanted}"))
}
