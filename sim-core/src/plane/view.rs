//! What a stage may look at while it decides, and the trail of its decision.

use super::Health;
use super::conn::{Half, NewConn};
use super::decision::{Act, Composed, Decision};
use super::flow::{FlowTable, Key, NO_SCOPE, NOT_COMPOSED, STALE};
use crate::assumption::{Assumption, AssumptionSet};
use crate::fabric::{Fabric, LinkClass, Place, SubnetContext};
use crate::id::{NodeId, PortId};
use crate::net::{Addr, Meta, Tuple};
use crate::stage::checks::Checks;
use crate::stage::idle::Lifetime;
use crate::stage::outbound;
use crate::stage::route::Chosen;
use crate::stage::security::{CompiledGroup, RuleRef};
use crate::stage::snat::{Share, Snat};
use crate::stage::{Level, Reason, Step};
use crate::time::Nanos;
use crate::topology::{Access, Direction};

/// What a decision may look at.
pub(super) struct View<'a> {
    pub fabric: &'a Fabric,
    pub health: &'a Health,
    /// The port's own table, for free translations.
    pub table: &'a FlowTable,
    pub now: Nanos,
    /// Whether the packet may open a connection: all but TCP that acknowledges something.
    pub opens: bool,
    /// A random number, where the port draws any.
    pub draw: u64,
    /// Look past policies.
    pub pass: bool,
}

impl View<'_> {
    /// Whether nobody else answers to what a packet would become.
    pub fn is_free(&self, to: &Tuple) -> bool {
        self.table.is_free(&answer_key(*to), self.now)
    }

    /// Who has an address in a subnet's VNet or in a peer of it, and by what kind of way it is reached from there.
    pub fn near(&self, subnet: &SubnetContext, addr: Addr) -> Option<(PortId, LinkClass)> {
        let own = self.fabric.private(subnet.vnet, addr).map(|to| (to, LinkClass::Vnet));
        let peered = || subnet.network.peers.iter().find_map(|peer| self.fabric.private(peer.vnet, addr));
        own.or_else(|| peered().map(|to| (to, LinkClass::Peering)))
    }

    /// A free translation of a packet to one of these addresses, with its own port if that is free.
    pub fn own_source(&self, node: NodeId, addresses: impl IntoIterator<Item = Addr>, tuple: &Tuple) -> Option<Tuple> {
        Snat::to(node, addresses, Share::Own).decide(tuple, self.draw, |to| self.is_free(to))
    }
}

/// A decision in the making.
pub(super) struct Trail<'a> {
    pub view: &'a View<'a>,
    pub steps: Vec<Step>,
    /// The tuple as rewritten so far.
    pub tuple: Tuple,
    pub meta: Meta,
    /// Whether the port counts packets down, as a router does.
    pub routed: bool,
    /// Whether the decision holds for this packet alone.
    pub once: bool,
}

impl<'a> Trail<'a> {
    pub fn new(view: &'a View<'a>, key: Key, meta: &Meta) -> Self {
        Self { view, steps: Vec::new(), tuple: key.tuple, meta: *meta, routed: false, once: false }
    }

    /// Notes a reason to stop. `Err` ends the decision; when policies are looked past, a policy only leaves its note.
    pub fn stop(&mut self, reason: Reason) -> Result<(), Reason> {
        self.steps.push(Step::Stopped(reason));
        if self.view.pass && reason.is_policy() { Ok(()) } else { Err(reason) }
    }

    /// Asks checks; each reason that they have stops the packet.
    pub fn pass(&mut self, checks: &Checks) -> Result<(), Reason> {
        let tuple = self.tuple;
        checks.decide(&tuple).try_for_each(|reason| self.stop(reason))
    }

    /// Stops for good: for a reason that nothing is behind.
    pub fn refuse<T>(&mut self, reason: Reason) -> Result<T, Reason> {
        self.stop(reason)?;
        Err(reason)
    }

    /// Asks the security admin rules of the VNet. Says whether the security groups still have a word.
    pub fn admin(&mut self, subnet: &SubnetContext, direction: Direction) -> Result<bool, Reason> {
        let decided = subnet.admin.as_ref().and_then(|rules| rules.decide(direction, &self.tuple));
        let Some((rule, access)) = decided else { return Ok(true) };
        self.steps.push(Step::Assumed(Assumption::AdminRulesDeployed));
        self.steps.push(Step::Admin { rule, direction, access });
        if access == Access::Deny {
            self.stop(Reason::AdminRule)?;
        }
        Ok(access != Access::AlwaysAllow)
    }

    /// Notes what an answer hangs on.
    pub fn assume(&mut self, assumed: AssumptionSet) {
        self.steps.extend(assumed.iter().map(Step::Assumed));
    }

    /// Where the routes of a subnet lead.
    pub fn route(&mut self, subnet: &SubnetContext) -> Result<Chosen, Reason> {
        self.assume(subnet.routes.assumed(self.tuple.dst));
        let Some(route) = subnet.routes.decide(&self.tuple) else {
            return self.refuse(Reason::NoRoute);
        };
        self.steps.push(Step::Routed { subnet: subnet.node, route });
        Ok(route)
    }

    /// Asks a security group.
    pub fn security(
        &mut self,
        nsg: Option<NodeId>,
        subnet: &SubnetContext,
        level: Level,
        direction: Direction,
    ) -> Result<(), Reason> {
        let choices = self.view.fabric.choices();
        self.ask(nsg, subnet, level, direction, |rules, tuple| rules.decide_under(choices, direction, tuple))
    }

    /// Asks the security group of a private endpoint's subnet.
    pub fn endpoint_security(&mut self, nsg: Option<NodeId>, subnet: &SubnetContext) -> Result<(), Reason> {
        self.ask(nsg, subnet, Level::Subnet, Direction::Inbound, |rules, tuple| {
            (rules.decide_for_endpoint(tuple), AssumptionSet::default())
        })
    }

    fn ask(
        &mut self,
        nsg: Option<NodeId>,
        subnet: &SubnetContext,
        level: Level,
        direction: Direction,
        decide: impl FnOnce(&CompiledGroup, &Tuple) -> ((RuleRef, Access), AssumptionSet),
    ) -> Result<(), Reason> {
        let Some(group) = self.view.fabric.group(nsg, subnet) else {
            self.steps.push(Step::Unfiltered { level });
            return Ok(());
        };
        let ((rule, access), assumed) = decide(group.rules, &self.tuple);
        self.assume(assumed);
        self.assume(subnet.doubts.touching(&self.tuple));
        self.steps.push(Step::Security { group: group.node, level, direction, rule, access });
        if access == Access::Deny { self.stop(Reason::SecurityRule) } else { Ok(()) }
    }

    /// Who answers the destination on the Internet, and by what kind of way it is reached from `from`.
    pub fn public_hop(&mut self, from: &Place) -> Result<Act, Reason> {
        let found = self.view.fabric.public(self.tuple.dst).and_then(|to| self.view.fabric.port(to));
        let Some(port) = found else {
            return self.refuse(Reason::NoSuchAddress);
        };
        let class = if from.azure && port.place.azure { LinkClass::Backbone } else { LinkClass::Internet };
        Ok(Act::Forward { to: port.id, class })
    }

    /// The finished decision.
    pub fn end(self, act: Result<Act, Reason>, state: Option<NewConn>) -> Decision {
        let act = act.unwrap_or_else(Act::Drop);
        let state = if matches!(act, Act::Drop(_) | Act::Answer(_)) { None } else { state };
        let composed = Composed {
            act,
            tuple: self.tuple,
            private_link: self.meta.private_link,
            via: self.meta.via,
            gateway: self.meta.gateway,
            subnet: self.meta.subnet,
            routed: self.routed,
            link: None,
            steps: self.steps.into(),
            entry: NOT_COMPOSED,
            epoch: STALE,
        };
        Decision { composed, state, once: self.once }
    }
}

/// Whether an address counts as private in a subnet.
///
/// Rule `outbound-own-ranges`: public addresses that a network or a peer of it has made its own are private there. Source:
/// azure-dataplane 1.7.
pub(super) fn is_private(view: &View<'_>, subnet: &SubnetContext, addr: Addr) -> bool {
    let own = || subnet.network.space.iter().any(|prefix| prefix.contains(addr));
    let peer = || subnet.network.peers.iter().any(|peer| view.fabric.private(peer.vnet, addr).is_some());
    outbound::is_private(addr) || own() || peer()
}

/// The record of the rules: as long as the VNet's flow time-out says.
pub(super) fn record(subnet: &SubnetContext) -> Lifetime {
    Lifetime::plain(subnet.network.flow_timeout)
}

/// State of a translation: forward as `key` says, replies to `to` come back to `back` at `origin`.
pub(super) fn translation(key: Key, to: Tuple, onward: PortId, origin: PortId, lifetime: Lifetime) -> NewConn {
    NewConn {
        forward: Half { key, to, pin: Some(onward) },
        reverse: Some(Half { key: answer_key(to), to: key.tuple.reversed(), pin: Some(origin) }),
        claim: None,
        lifetime,
    }
}

/// How an answer to a packet arrives.
pub(super) fn answer_key(to: Tuple) -> Key {
    Key { tuple: to.reversed(), scope: NO_SCOPE, leaving: false }
}
