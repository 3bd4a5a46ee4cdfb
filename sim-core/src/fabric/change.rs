//! The next version of the data plane: only what changes touch is compiled again.

use super::compile::{Compiler, names};
use super::{Addresses, Fabric, Port, PortKind};
use crate::id::{NodeId, PortId};
use crate::stage::snat::Snat;
use crate::topology::{Kind, Peer, Relation, Resource, Topology};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How far a change of a resource reaches. Of what it was and what it is, the farther one counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Touch {
    /// No packet meets it.
    #[default]
    Nothing,
    /// Names alone.
    Names,
    /// A security group: its rules wherever they count.
    Rules,
    /// A private address and its machine: its port, the balancers that send to it, the groups that name its application
    /// security groups.
    Address,
    /// Anything.
    All,
}

/// How far a change of this resource reaches.
pub(super) fn touch(topology: &Topology, resource: &Resource) -> Touch {
    let public = |id: NodeId| topology.target(id, Relation::Uses).is_some();
    match &resource.kind {
        Kind::Nsg(_) => Touch::Rules,
        Kind::IpConfig(_) if public(resource.id) => Touch::All,
        Kind::IpConfig(_) | Kind::Nic(_) | Kind::Machine(_) => Touch::Address,
        Kind::DnsZone(_)
        | Kind::RecordSet(_)
        | Kind::ZoneLink(_)
        | Kind::ZoneGroup
        | Kind::Ruleset(_)
        | Kind::RulesetLink => Touch::Names,
        Kind::Inert { .. } | Kind::ScaleSet | Kind::RoleDefinition(_) | Kind::RoleAssignment(_) => Touch::Nothing,
        _ => Touch::All,
    }
}

impl Fabric {
    /// The version after these resources were put or deleted. The same as compiling it from nothing, but for the
    /// numbers of [`super::ContextId`].
    #[must_use]
    pub fn next(&self, topology: &Topology, changed: &[NodeId]) -> Self {
        let epoch = self.epoch + 1;
        let mut reach = Touch::Nothing;
        let mut renamed = false;
        for id in changed {
            let was = self.touches.get(id.index()).copied().unwrap_or_default();
            let is = topology.get(*id).map_or(Touch::Nothing, |resource| touch(topology, resource));
            reach = reach.max(was).max(is);
            // Machines have names and servers of names, too.
            renamed |= [was, is].iter().any(|touch| matches!(touch, Touch::Names | Touch::Address));
        }
        let mut next = self.changed(topology, changed, reach, epoch);
        if renamed && reach != Touch::All {
            next.names = Arc::new(names(topology, self.facts.choices));
        }
        next
    }

    fn changed(&self, topology: &Topology, changed: &[NodeId], reach: Touch, epoch: u32) -> Self {
        match reach {
            Touch::All => Self::compile(topology, &self.facts, epoch),
            Touch::Nothing | Touch::Names => self.noted(topology, changed, epoch),
            Touch::Rules | Touch::Address => {
                let mut next = self.noted(topology, changed, epoch);
                let mut compiler = Compiler::new(topology, &self.facts, self.tags.clone());
                compiler.know(&self.subnets);
                compiler.groups = self.groups.clone();
                next.move_addresses(topology, &mut compiler, changed);
                next.groups = std::mem::take(&mut compiler.groups);
                // A subnet gets its first port in a run, too.
                next.subnets = compiler.subnets.clone();
                next.follow_rules(topology, &compiler, changed);
                next
            }
        }
    }

    /// The same data plane, with a note of what the changed resources are now.
    fn noted(&self, topology: &Topology, changed: &[NodeId], epoch: u32) -> Self {
        let mut next = self.clone();
        next.epoch = epoch;
        let limit = topology.id_limit();
        if self.ports.len() < limit {
            Arc::make_mut(&mut next.ports).resize(limit, None);
            Arc::make_mut(&mut next.touches).resize(limit, Touch::Nothing);
        }
        for id in changed {
            let now = topology.get(*id).map_or(Touch::Nothing, |resource| touch(topology, resource));
            if next.touches.get(id.index()).is_some_and(|was| *was != now) {
                Arc::make_mut(&mut next.touches)[id.index()] = now;
            }
        }
        next
    }

    /// Compiles the ports of changed addresses, NICs and machines, and the frontends that send to them.
    fn move_addresses(&mut self, topology: &Topology, compiler: &mut Compiler<'_>, changed: &[NodeId]) {
        let mut moved: BTreeSet<PortId> = BTreeSet::new();
        for id in changed {
            moved.extend(configs(topology, *id).into_iter().map(|config| PortId(config.0)));
        }
        // A machine that is gone had addresses that stay.
        let had = |port: &&Arc<Port>| matches!(&port.kind, PortKind::Nic(nic) if nic.machine.is_some_and(|machine| changed.contains(&machine)));
        moved.extend(self.ports().filter(had).map(|port| port.id));
        if moved.is_empty() {
            return;
        }
        // What one address of a machine stands behind counts for the way out of the others.
        let machine_then = |port: &PortId| match self.port(*port).map(|port| &port.kind) {
            Some(PortKind::Nic(nic)) => nic.machine,
            _ => None,
        };
        let machine_now = |port: &PortId| topology.machine_of(NodeId(port.0)).map(|machine| machine.id);
        let machines: BTreeSet<NodeId> =
            moved.iter().flat_map(|port| [machine_then(port), machine_now(port)]).flatten().collect();
        for machine in &machines {
            moved.extend(topology.addresses_of(*machine).into_iter().map(|(config, _)| PortId(config.0)));
        }
        let beside = |port: &&Arc<Port>| matches!(&port.kind, PortKind::Nic(nic) if nic.machine.is_some_and(|it| machines.contains(&it)));
        moved.extend(self.ports().filter(beside).map(|port| port.id));
        let mut fronts = frontends_to(topology, &moved);
        fronts.extend(self.ports().filter(|port| sends_to(&port.kind, &moved)).map(|port| port.id));
        for id in &moved {
            self.replace(*id, compiler);
        }
        for id in fronts {
            self.replace(id, compiler);
        }
    }

    /// Compiles one port again.
    fn replace(&mut self, id: PortId, compiler: &mut Compiler<'_>) {
        let addresses: &mut Addresses = Arc::make_mut(&mut self.addresses);
        if let Some(old) = self.ports.get(id.index()).and_then(Option::as_ref)
            && let PortKind::Nic(nic) = &old.kind
        {
            addresses.strike(id, old.place.vnet, nic);
        }
        let port = compiler.port_of(id);
        if let Some(port) = &port {
            addresses.enlist(id, port.place.vnet, &port.kind);
            compiler.guard(&port.kind);
        }
        if let Some(slot) = Arc::make_mut(&mut self.ports).get_mut(id.index()) {
            *slot = port.map(Arc::new);
        }
    }

    /// Compiles changed security groups again, and, when addresses moved, those that name application security groups.
    fn follow_rules(&mut self, topology: &Topology, compiler: &Compiler<'_>, changed: &[NodeId]) {
        let is = |id: &NodeId, wanted: Touch| self.touches.get(id.index()) == Some(&wanted);
        let moved = changed.iter().any(|id| !is(id, Touch::Rules) && topology.get(*id).is_none_or(is_address));
        let stale = |nsg: NodeId| changed.contains(&nsg) || (moved && names_groups(topology, nsg));
        let keys: Vec<_> = self.groups.keys().filter(|(nsg, _)| stale(*nsg)).copied().collect();
        for key in keys {
            let subnet = self.subnets.values().find(|subnet| subnet.context == key.1);
            let rules = subnet.and_then(|subnet| compiler.rules(key.0, &subnet.tags));
            let groups = Arc::make_mut(&mut self.groups);
            match rules {
                Some(rules) => groups.insert(key, rules),
                None => groups.remove(&key),
            };
        }
    }
}

fn is_address(resource: &Resource) -> bool {
    matches!(resource.kind, Kind::IpConfig(_))
}

/// The addresses that a changed resource is, or that belong to it.
fn configs(topology: &Topology, id: NodeId) -> Vec<NodeId> {
    let parts = |of: NodeId| topology.referrers(of, Relation::PartOf).into_iter().map(|part| part.id);
    match topology.get(id).map(|resource| &resource.kind) {
        Some(Kind::Machine(_)) => parts(id).flat_map(|nic| configs(topology, nic)).collect(),
        Some(Kind::Nic(_)) => parts(id).collect(),
        Some(Kind::IpConfig(_)) | None => vec![id],
        Some(_) => Vec::new(),
    }
}

/// The frontends whose rules send to these addresses, as declared now.
fn frontends_to(topology: &Topology, moved: &BTreeSet<PortId>) -> BTreeSet<PortId> {
    let mut found = BTreeSet::new();
    for id in moved.iter().map(|port| NodeId(port.0)) {
        let pools = topology.targets(id, Relation::MemberOf).into_iter().map(|pool| pool.id);
        for holder in pools.chain([id]) {
            for rule in topology.referrers(holder, Relation::Sends) {
                found.extend(topology.target(rule.id, Relation::Listens).map(|front| PortId(front.id.0)));
            }
        }
    }
    found
}

/// Whether a frontend sends to one of these ports.
fn sends_to(kind: &PortKind, moved: &BTreeSet<PortId>) -> bool {
    let PortKind::Frontend(frontend) = kind else { return false };
    let members = frontend.rules.iter().flat_map(|rule| &rule.members);
    members.chain(frontend.snats.iter().flat_map(Snat::members)).any(|member| moved.contains(&member.port))
}

/// Whether a security group names application security groups.
fn names_groups(topology: &Topology, nsg: NodeId) -> bool {
    let Some(Kind::Nsg(group)) = topology.get(nsg).map(|found| &found.kind) else { return false };
    let asg = |peers: &[Peer]| peers.iter().any(|peer| matches!(peer, Peer::Asg(_)));
    group.rules.iter().any(|rule| asg(&rule.source) || asg(&rule.destination))
}
