//! The lines of a pack, tried for one service.

use super::find::{Service, is, values};
use super::form::{AddressKind, Connect, End, Line, Over, Permits, Resolves, SettingTest, Test};
use super::stage::{Found, Stage};
use super::{LineReport, Tried};
use crate::hangs::HangsOn;
use crate::looked::Looked;
use crate::named;
use crate::naming::Origin;
use crate::problem::{self, Place, Problem};
use crate::verdict::Verdict;
use sim_core::explain::Question;
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::stage::platform_for;
use sim_core::topology::{Kind, Permission, Resource};
use topologies::World;

/// Most tries of one line.
const MOST: usize = 100;
const CLIENT_PORT: u16 = 49152;

/// Tries one line.
pub(super) fn line(line: &Line, service: &Service<'_>, stage: &Stage, world: &World) -> LineReport {
    let asker = Asker { service, stage, world };
    let tried = match &line.test {
        Test::Connect(connect) => asker.connect(connect),
        Test::Resolves(resolves) => asker.resolves(resolves),
        Test::Setting(setting) => asker.setting(setting),
        Test::SameRegion(place) => asker.same_region(place),
        Test::SameNetwork(place) => asker.same_network(place),
        Test::Permits(permits) => asker.permits(permits),
    };
    let (tried, skipped) = match tried {
        Ok(tried) => (tried, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    let verdict = tried.iter().map(|it| it.verdict).max().unwrap_or(Verdict::Skipped);
    LineReport { id: line.id.clone(), say: line.say.clone(), optional: line.optional, verdict, tried, skipped }
}

struct Asker<'a> {
    service: &'a Service<'a>,
    stage: &'a Stage,
    world: &'a World,
}

impl Asker<'_> {
    fn connect(&self, connect: &Connect) -> Result<Vec<Tried>, String> {
        let find = |end: &End| self.stage.find(end, self.service, self.world);
        let (from, to) = (find(&connect.from)?, find(&connect.to)?);
        let inside = connect.from.place().is_some() && connect.from == connect.to;
        let mut tried = Vec::new();
        for from in &from {
            for to in &to {
                // A machine asks others of its place, where there is but one itself.
                if inside && from.name != to.name {
                    continue;
                }
                for port in &connect.ports {
                    if tried.len() < MOST {
                        tried.push(self.one(from, to, *port, connect.over));
                    }
                }
            }
        }
        Ok(tried)
    }

    fn one(&self, from: &Found, to: &Found, port: u16, over: Over) -> Tried {
        let what = format!("{} -> {}, {} {port}", from.name, to.name, if over == Over::Tcp { "TCP" } else { "UDP" });
        let Some(origin) = from.origin.or_else(|| self.platform(to)) else {
            return Tried::skipped(what, "nobody is there to ask");
        };
        let at = match self.address(origin, to, &what) {
            Ok(at) => at,
            Err(tried) => return *tried,
        };
        let tuple = Tuple {
            src: origin.address,
            dst: at,
            src_port: CLIENT_PORT,
            dst_port: port,
            protocol: if over == Over::Tcp { Protocol::TCP } else { Protocol::UDP },
        };
        let Stage { topology, fabric, .. } = self.stage;
        let looked = Looked::at(topology, fabric.clone(), Question { from: origin.port, tuple });
        let said = problem::of_walk(&looked.walk, fabric, topology, &self.world.sources);
        Tried {
            verdict: looked.verdict(),
            problems: said.problems,
            mend: said.remedy.map(|remedy| remedy.edits).unwrap_or_default(),
            hangs_on: HangsOn::listed(looked.assumed, fabric.choices()),
            ..Tried::of(what)
        }
    }

    /// The address that an end means to whoever connects: that of its host name, looked up from there, or its own.
    fn address(&self, from: Origin, to: &Found, what: &str) -> Result<Addr, Box<Tried>> {
        let Stage { topology, fabric, .. } = self.stage;
        let asker = topology.machine_of(NodeId(from.port.0)).map_or(NodeId(from.port.0), |machine| machine.id);
        let Some(name) = &to.host else {
            return to.at.ok_or_else(|| Box::new(Tried::skipped(what.to_owned(), "its address is not known")));
        };
        let walk = named::follow(fabric, topology, asker, name);
        match &walk.end {
            Ok(addresses) => addresses.first().copied().ok_or_else(|| Box::new(Tried::of(what.to_owned()))),
            Err(_) => Err(Box::new(Tried {
                verdict: Verdict::Disconnected,
                problems: named::problems(&walk, fabric, topology, &self.world.sources),
                hangs_on: HangsOn::listed(walk.assumed(), fabric.choices()),
                ..Tried::of(what.to_owned())
            })),
        }
    }

    fn resolves(&self, resolves: &Resolves) -> Result<Vec<Tried>, String> {
        let find = |end: &End| self.stage.find(end, self.service, self.world);
        let (from, to) = (find(&resolves.from)?, find(&resolves.to)?);
        let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
        Ok(pairs.take(MOST).map(|(from, to)| self.leads(from, to, resolves.address)).collect())
    }

    /// Whether a name leads to an address of the right kind.
    fn leads(&self, from: &Found, to: &Found, wanted: AddressKind) -> Tried {
        let what = format!("{} looks {} up", from.name, to.name);
        let Some(origin) = from.origin else { return Tried::skipped(what, "nobody is there to ask") };
        let at = match self.address(origin, to, &what) {
            Ok(at) => at,
            Err(tried) => return *tried,
        };
        let Stage { topology, .. } = self.stage;
        let private = topology.resources().any(|found| match &found.kind {
            Kind::PrivateEndpoint(endpoint) => endpoint.members.iter().any(|member| member.address == Some(at)),
            _ => false,
        });
        let said = match wanted {
            AddressKind::Endpoint => format!("and is told {at}, which is not the private endpoint's"),
            AddressKind::Public => format!("and is told {at}, a private endpoint's"),
        };
        Tried::settled(what, private == (wanted == AddressKind::Endpoint), said, || None)
    }

    /// The platform as it asks a machine.
    fn platform(&self, machine: &Found) -> Option<Origin> {
        let origin = machine.origin?;
        let vnet = self.stage.topology.vnet_of(NodeId(origin.port.0))?;
        Some(Origin { port: PortId(vnet.id.0), address: platform_for(origin.address) })
    }

    fn subnets(&self, place: &str) -> Result<&[NodeId], String> {
        match self.service.places.get(place).map(Vec::as_slice) {
            None | Some([]) => Err(format!("the input has no subnet for `{place}`")),
            Some(subnets) => Ok(subnets),
        }
    }

    /// One answer for each subnet of a place.
    fn each(&self, place: &str, ask: impl Fn(&Resource) -> Tried) -> Result<Vec<Tried>, String> {
        let subnets = self.subnets(place)?.iter().filter_map(|subnet| self.stage.topology.get(*subnet));
        Ok(subnets.map(ask).collect())
    }

    fn setting(&self, setting: &SettingTest) -> Result<Vec<Tried>, String> {
        let SettingTest { of, property, is: wanted } = setting;
        self.each(of, |subnet| {
            let what = format!("{} of {}", property.trim_start_matches("properties."), self.name(subnet));
            let Some(answer) = self.world.answer(&subnet.name, None) else {
                return Tried::skipped(what, "nothing is known of it");
            };
            let found = values(&answer, property);
            let met = match wanted {
                Some(wanted) => found.iter().any(|value| is(value, wanted)),
                None => found.is_empty(),
            };
            let said = wanted.as_ref().map_or("must not be set".to_owned(), |wanted| format!("must be {wanted}"));
            Tried::settled(what, met, said, || Place::of(subnet.span?, &self.world.sources))
        })
    }

    fn same_region(&self, place: &str) -> Result<Vec<Tried>, String> {
        self.each(place, |subnet| {
            let region = match self.stage.topology.vnet_of(subnet.id).map(|vnet| &vnet.kind) {
                Some(Kind::Vnet(vnet)) => vnet.region.clone(),
                _ => return Tried::skipped(self.name(subnet), "its network is not known"),
            };
            let (own, what) = (&self.service.region, format!("the region of {}", self.name(subnet)));
            let said = format!("is {region}, and the service stands in {own}");
            Tried::settled(what, region.eq_ignore_ascii_case(own), said, || {
                Place::of(subnet.span?, &self.world.sources)
            })
        })
    }

    fn same_network(&self, place: &str) -> Result<Vec<Tried>, String> {
        let network = |subnet: NodeId| self.stage.topology.vnet_of(subnet).map(|vnet| vnet.id);
        let first = self.subnets(place)?.first().copied().and_then(network);
        self.each(place, |subnet| {
            let what = format!("the network of {}", self.name(subnet));
            let met = network(subnet.id) == first;
            let said = "is not that of the others".to_owned();
            Tried::settled(what, met, said, || Place::of(subnet.span?, &self.world.sources))
        })
    }

    fn permits(&self, permits: &Permits) -> Result<Vec<Tried>, String> {
        let mut tried = Vec::new();
        for subnet in self.subnets(&permits.on)? {
            let Some(vnet) = self.stage.topology.vnet_of(*subnet) else { continue };
            for action in &permits.actions {
                let what = format!("{action} on {}", vnet.short_name());
                tried.push(match self.stage.topology.permission(action, &vnet.name) {
                    Permission::Assumed => Tried::skipped(what, "the input holds no roles: it is assumed"),
                    Permission::Granted => Tried::settled(what, true, String::new(), || None),
                    Permission::Missing => Tried::settled(what, false, "no role permits it".to_owned(), || None),
                });
            }
        }
        Ok(tried)
    }

    fn name(&self, subnet: &Resource) -> String {
        let vnet = self.stage.topology.vnet_of(subnet.id).map_or("?", Resource::short_name);
        format!("{vnet}/{}", subnet.short_name())
    }
}

impl Tried {
    fn skipped(what: String, why: &str) -> Self {
        Self { verdict: Verdict::Skipped, skipped: Some(why.to_owned()), ..Self::of(what) }
    }

    /// Something that holds, or does not, for the reason `said`.
    fn settled(what: String, met: bool, said: String, place: impl Fn() -> Option<Place>) -> Self {
        if met {
            return Self { verdict: Verdict::Connected, ..Self::of(what) };
        }
        let problem = Problem {
            code: "requirement".to_owned(),
            text: format!("{what} {said}"),
            rule: None,
            resource: None,
            place: place(),
            also: Vec::new(),
            on_return: false,
            behind: false,
            mend: Vec::new(),
        };
        Self { verdict: Verdict::Disconnected, problems: vec![problem], ..Self::of(what) }
    }

    fn of(what: String) -> Self {
        Self {
            what,
            verdict: Verdict::Skipped,
            problems: Vec::new(),
            mend: Vec::new(),
            hangs_on: Vec::new(),
            skipped: None,
        }
    }
}
