//! What a stage may look at while it decides, and the trail of its decision.

use super::Health;
use super::flow::{Act, Decision, FlowTable, Half, Key, NewConn};
use crate::fabric::{Fabric, LinkClass, Place, SubnetContext};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Meta, Protocol, Tuple};
use crate::stage::security::{CompiledGroup, RuleRef};
use crate::stage::{Level, Reason, Step, never_internet};
use crate::time::Nanos;
use crate::topology::{Access, Direction};

/// Minutes of silence after which a security record is forgotten: the one documented figure (azure-dataplane 1.4).
/// Assumption `record-idle`.
pub(super) const RECORD_IDLE: Nanos = Nanos::secs(4 * 60);
/// Silence after which a private link forgets a connection (azure-services 3.2).
pub(super) const LINK_IDLE: Nanos = Nanos::secs(300);
/// Silence after which an outbound translation is forgotten (azure-dataplane 3.7, 4.2).
pub(super) const OUTBOUND_IDLE: Nanos = Nanos::secs(4 * 60);

/// What a decision may look at.
pub(super) struct View<'a> {
    pub fabric: &'a Fabric,
    pub health: &'a Health,
    /// The port's own table, for free translations.
    pub table: &'a FlowTable,
    pub now: Nanos,
    /// Look past policies.
    pub pass: bool,
}

/// A decision in the making.
pub(super) struct Trail<'a> {
    pub view: &'a View<'a>,
    pub steps: Vec<Step>,
    /// The tuple as rewritten so far.
    pub tuple: Tuple,
    pub meta: Meta,
}

impl<'a> Trail<'a> {
    pub fn new(view: &'a View<'a>, key: Key, meta: &Meta) -> Self {
        Self { view, steps: Vec::new(), tuple: key.tuple, meta: *meta }
    }

    /// Notes a reason to stop. `Err` ends the decision; when policies are looked past, a policy only leaves its note.
    pub fn stop(&mut self, reason: Reason) -> Result<(), Reason> {
        self.steps.push(Step::Stopped(reason));
        if self.view.pass && reason.is_policy() { Ok(()) } else { Err(reason) }
    }

    /// Asks a security group.
    pub fn security(
        &mut self,
        nsg: Option<NodeId>,
        subnet: &SubnetContext,
        level: Level,
        direction: Direction,
    ) -> Result<(), Reason> {
        self.ask(nsg, subnet, level, direction, |rules, tuple| rules.decide(direction, tuple))
    }

    /// Asks the security group of a private endpoint's subnet.
    pub fn endpoint_security(&mut self, nsg: Option<NodeId>, subnet: &SubnetContext) -> Result<(), Reason> {
        self.ask(nsg, subnet, Level::Subnet, Direction::Inbound, CompiledGroup::decide_for_endpoint)
    }

    fn ask(
        &mut self,
        nsg: Option<NodeId>,
        subnet: &SubnetContext,
        level: Level,
        direction: Direction,
        decide: impl FnOnce(&CompiledGroup, &Tuple) -> (RuleRef, Access),
    ) -> Result<(), Reason> {
        let Some(group) = self.view.fabric.group(nsg, subnet) else {
            self.steps.push(Step::Unfiltered { level });
            return Ok(());
        };
        let (rule, access) = decide(group.rules, &self.tuple);
        self.steps.push(Step::Security { group: group.node, level, direction, rule, access });
        if access == Access::Deny { self.stop(Reason::SecurityRule) } else { Ok(()) }
    }

    /// Who answers the destination on the Internet, and by what kind of way it is reached from `from`.
    pub fn public_hop(&mut self, from: &Place) -> Result<Act, Reason> {
        let found = self.view.fabric.public(self.tuple.dst).and_then(|to| self.view.fabric.port(to));
        let Some(port) = found else {
            self.stop(Reason::NoSuchAddress)?;
            return Err(Reason::NoSuchAddress);
        };
        let class = if from.azure && port.place.azure { LinkClass::Backbone } else { LinkClass::Internet };
        Ok(Act::Forward { to: port.id, class })
    }

    /// The finished decision.
    pub fn end(self, act: Result<Act, Reason>, state: Option<NewConn>) -> Decision {
        let act = act.unwrap_or_else(Act::Drop);
        let state = if matches!(act, Act::Drop(_)) { None } else { state };
        Decision {
            act,
            tuple: self.tuple,
            private_link: self.meta.private_link,
            via: self.meta.via,
            state,
            steps: self.steps,
        }
    }
}

/// Whether an address is of no public range.
pub(super) fn is_private(addr: Addr) -> bool {
    never_internet().iter().any(|prefix| prefix.contains(addr))
}

/// Protocols that the platform does not carry, and ports it keeps for itself (azure-dataplane 1.8).
///
/// Rule `nsg-not-carried`: multicast, broadcast, GRE and IP-in-IP are not carried, nor is UDP from port 65330, which
/// hosts keep for themselves. Source: azure-dataplane 1.8.
pub(super) fn not_carried(tuple: &Tuple) -> bool {
    let multicast = match tuple.dst.v4_bits() {
        Some(bits) => bits >> 28 == 0xe || bits == u32::MAX,
        None => tuple.dst.0 >> 120 == 0xff,
    };
    const IP_IN_IP: Protocol = Protocol(4);
    let reserved = tuple.protocol == Protocol::UDP && tuple.src_port == 65330;
    multicast || reserved || matches!(tuple.protocol, Protocol::GRE | IP_IN_IP)
}

/// First source port that translations use, and how many there are (azure-dataplane 4.2: 64,512 per address).
const FIRST_PORT: u16 = 1024;

/// A source translation to one of `addresses` whose reply key is free. The port is the client's own where it is free.
pub(super) fn translate(view: &View<'_>, tuple: Tuple, addresses: &[Addr]) -> Option<Tuple> {
    let start = tuple.src_port.max(FIRST_PORT);
    for address in addresses {
        let ports = (start..=u16::MAX).chain(FIRST_PORT..start);
        for port in ports {
            let to = Tuple { src: *address, src_port: port, ..tuple };
            let reply = Key { tuple: to.reversed(), scope: super::flow::NO_SCOPE, leaving: false };
            if view.table.is_free(&reply, view.now) {
                return Some(to);
            }
        }
    }
    None
}

/// State of a translation: forward as `key` says, replies to `to` come back to `back` at `origin`.
pub(super) fn translation(key: Key, to: Tuple, onward: PortId, origin: PortId, idle: Nanos) -> NewConn {
    let reply = Key { tuple: to.reversed(), scope: super::flow::NO_SCOPE, leaving: false };
    NewConn {
        forward: Half { key, to, pin: Some(onward) },
        reverse: Some(Half { key: reply, to: key.tuple.reversed(), pin: Some(origin) }),
        idle,
    }
}
