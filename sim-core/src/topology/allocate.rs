//! Addresses: which ones Azure gives out.
//!
//! azure-dataplane 2.8: the first four addresses of a subnet and its last are reserved, so the first machine of a /24
//! gets `.4`, and that of a /64 `::4`. Recorded answers offer the lowest free ones; none of them is of IPv6.

use super::change::{Draft, Refusal};
use super::{Kind, Relation, Topology, refuse};
use crate::id::NodeId;
use crate::net::{Addr, Prefix};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reserved at the start of every subnet: network, gateway, two for DNS.
const RESERVED_FIRST: u128 = 4;
/// Reserved at the end: broadcast.
const RESERVED_LAST: u128 = 1;
/// Given to public addresses that the input does not name; the real ones are known only after a deployment. First a
/// block for documentation (RFC 5737), then a part of one of the US Department of Defense, where nothing of Azure's is:
/// blocks that nobody owns are not in the tag `Internet`.
const PUBLIC_POOLS: [(Addr, u32); 2] = [(Addr::v4(203, 0, 113, 0), 255), (Addr::v4(11, 0, 0, 0), 1 << 23)];
/// The same of IPv6: a block for documentation (RFC 3849).
const PUBLIC_POOL_V6: Addr = Addr(0x2001_0db8_0000_0000_0000_0000_0000_0000);

impl Topology {
    /// The lowest free addresses of a subnet, at most `most`; `None` where `subnet` is none.
    #[must_use]
    pub fn free(&self, subnet: NodeId, most: usize) -> Option<Vec<Addr>> {
        let Kind::Subnet(attributes) = &self.get(subnet)?.kind else { return None };
        let taken = |prefix: &Prefix| self.taken_from(subnet, prefix.first()).map(|(address, _)| address);
        Some(attributes.prefixes.iter().flat_map(|prefix| free_of(*prefix, taken(prefix))).take(most).collect())
    }

    /// Whether Azure keeps an address of a subnet for itself.
    #[must_use]
    pub fn is_reserved(&self, subnet: NodeId, address: Addr) -> bool {
        match self.get(subnet).map(|found| &found.kind) {
            Some(Kind::Subnet(attributes)) => {
                attributes.prefixes.iter().any(|prefix| prefix.contains(address) && !usable(*prefix, address))
            }
            _ => false,
        }
    }

    /// How many addresses of a subnet machines may have, and how many of them are taken.
    #[must_use]
    pub fn usage(&self, subnet: NodeId) -> Option<(u128, usize)> {
        let Kind::Subnet(attributes) = &self.get(subnet)?.kind else { return None };
        let limit = attributes.prefixes.iter().fold(0u128, |sum, prefix| sum.saturating_add(capacity(*prefix)));
        Some((limit, self.taken(subnet).len()))
    }
}

/// Fills in the addresses of a draft, keeping those that the resource already has.
pub(super) fn addresses(
    topology: &mut Topology,
    draft: &mut Draft,
    edges: &[(Relation, NodeId)],
    existing: Option<NodeId>,
) -> Result<(), Box<Refusal>> {
    let old = existing.and_then(|id| topology.get(id)).map(|resource| &resource.kind);
    let had = old.and_then(Kind::address);
    let given = match old {
        Some(Kind::InboundNatRule(old)) => Some(old.given.clone()),
        _ => None,
    };
    let had_members: BTreeMap<Arc<str>, Addr> = match old {
        Some(Kind::PrivateEndpoint(old)) => {
            old.members.iter().filter_map(|member| Some((member.member.clone(), member.address?))).collect()
        }
        _ => BTreeMap::new(),
    };
    let target = |wanted: Relation| edges.iter().find(|(relation, _)| *relation == wanted).map(|(_, id)| *id);
    let (subnet, public) = (target(Relation::Attached), target(Relation::Uses));
    let whom = draft.clone();
    let wish = |requested, v6| Wish { requested, had, holder: existing, v6 };
    let inside =
        |topology: &Topology, wish: Wish| subnet.map(|subnet| choose(topology, &whom, subnet, wish, &[])).transpose();
    match &mut draft.kind {
        Kind::IpConfig(config) => {
            config.v6 |= config.requested.is_some_and(|wanted| !wanted.is_v4());
            config.address = inside(topology, wish(config.requested, config.v6))?.or(config.address);
        }
        Kind::Frontend(frontend) => {
            frontend.v6 |= frontend.requested.is_some_and(|wanted| !wanted.is_v4());
            frontend.address = inside(topology, wish(frontend.requested, frontend.v6))?;
            if let (None, Some(Kind::PublicIp(public))) =
                (subnet, public.and_then(|id| topology.get(id)).map(|it| &it.kind))
            {
                (frontend.v6, frontend.address) = (public.v6, public.address);
            }
        }
        Kind::PrivateEndpoint(endpoint) => {
            let Some(subnet) = subnet else { return Ok(()) };
            let mut given = Vec::new();
            for member in &mut endpoint.members {
                let had = had_members.get(&member.member).copied();
                let address = choose(topology, &whom, subnet, Wish { had, ..wish(member.requested, false) }, &given)?;
                given.push(address);
                member.address = Some(address);
            }
        }
        Kind::Firewall(firewall) => {
            firewall.address = inside(topology, wish(firewall.requested, false))?.or(firewall.address);
        }
        Kind::LinkService(service) => {
            let Some(subnet) = subnet else { return Ok(()) };
            let mut given = Vec::new();
            for slot in &mut service.nat {
                let address = choose(topology, &whom, subnet, wish(*slot, false), &given)?;
                given.push(address);
                *slot = Some(address);
            }
        }
        Kind::InboundNatRule(rule) => {
            let range = rule.frontend_ports.first..=rule.frontend_ports.last;
            if let Some(given) = given {
                rule.given = given.into_iter().filter(|(_, port)| range.contains(port)).collect();
            }
        }
        Kind::PublicIp(public) => {
            public.v6 |= public.address.is_some_and(|address| !address.is_v4());
            let kept = public.address.or(had.filter(|had| had.is_v4() != public.v6));
            public.address = kept.or_else(|| next_public(topology, public.v6));
        }
        _ => {}
    }
    Ok(())
}

/// What an address is wanted for.
struct Wish {
    /// The address asked for.
    requested: Option<Addr>,
    /// The one it had before.
    had: Option<Addr>,
    /// Who has it.
    holder: Option<NodeId>,
    /// Of which family, where none is asked for.
    v6: bool,
}

/// Gives the members of these pools their frontend ports in the NAT rules for the pools: whoever is new the lowest free one,
/// in the order they came; whoever had one keeps it (azure-dataplane 3.8).
pub(super) fn nat_ports(topology: &mut Topology, pools: impl Iterator<Item = NodeId>) {
    for pool in pools {
        let members: Vec<Arc<str>> =
            topology.referrers(pool, Relation::MemberOf).into_iter().map(|member| member.name.clone()).collect();
        let rules: Vec<NodeId> = topology.referrers(pool, Relation::Sends).into_iter().map(|rule| rule.id).collect();
        for rule in rules {
            let Some(place) = topology.places.get(rule.index()).copied().flatten() else { continue };
            let Kind::InboundNatRule(rule) = &mut topology.graph[place].kind else { continue };
            rule.given.retain(|(name, _)| members.iter().any(|member| member.eq_ignore_ascii_case(name)));
            for member in &members {
                if rule.given.iter().any(|(name, _)| name.eq_ignore_ascii_case(member)) {
                    continue;
                }
                let free = |port: &u16| rule.given.iter().all(|(_, taken)| taken != port);
                let Some(port) = (rule.frontend_ports.first..=rule.frontend_ports.last).find(free) else { break };
                rule.given.push((member.clone(), port));
            }
        }
    }
}

/// The address asked for if it is free, the one it had, or the lowest free one.
///
/// Rule `address-lowest-free`: a dynamic address is the lowest free one of its family in the subnet, after the first
/// four. Source: azure-dataplane 2.8.
fn choose(
    topology: &Topology,
    draft: &Draft,
    subnet: NodeId,
    wish: Wish,
    also_taken: &[Addr],
) -> Result<Addr, Box<Refusal>> {
    let Some(Kind::Subnet(attributes)) = topology.get(subnet).map(|found| &found.kind) else {
        return Err(refuse::missing(draft, "subnet"));
    };
    let taken = |first| topology.taken_from(subnet, first).filter(|(_, id)| Some(*id) != wish.holder);
    let holder = |address: &Addr| match taken(*address).next() {
        Some((found, holder)) if found == *address => Some(Some(holder)),
        _ => also_taken.contains(address).then_some(None),
    };
    if let Some(wanted) = wish.requested {
        if !attributes.prefixes.iter().any(|prefix| usable(*prefix, wanted)) {
            return Err(refuse::address_outside(topology, draft, subnet, wanted));
        }
        return match holder(&wanted) {
            Some(holder) => Err(refuse::address_taken(topology, draft, holder, wanted)),
            None => Ok(wanted),
        };
    }
    if let Some(had) = wish.had.filter(|had| had.is_v4() != wish.v6 && holder(had).is_none()) {
        return Ok(had);
    }
    let mut own = attributes.prefixes.iter().filter(|prefix| prefix.is_v4() != wish.v6);
    let first_free = own.find_map(|prefix| {
        let addresses = taken(prefix.first()).map(|(address, _)| address);
        free_of(*prefix, addresses).find(|address| !also_taken.contains(address))
    });
    let count = || taken(Addr(0)).count() + also_taken.len();
    first_free.ok_or_else(|| refuse::subnet_full(topology, draft, subnet, count(), wish.v6))
}

/// The addresses of a prefix that are not among those `taken`. Both ascend; those taken begin no later than the prefix.
fn free_of(prefix: Prefix, taken: impl Iterator<Item = Addr>) -> impl Iterator<Item = Addr> {
    let mut taken = taken.peekable();
    let all = (0..capacity(prefix)).map(move |n| prefix.first().plus(RESERVED_FIRST + n));
    all.filter(move |address| {
        while taken.next_if(|other| other < address).is_some() {}
        taken.peek() != Some(address)
    })
}

/// Whether a machine may have `address` in a subnet of `prefix`.
///
/// Rule `address-reserved`: the first four addresses of a subnet and its last are Azure's own. Source: azure-dataplane
/// 2.8.
pub(super) fn usable(prefix: Prefix, address: Addr) -> bool {
    prefix.contains(address)
        && address.0 - prefix.first().0 >= RESERVED_FIRST
        && prefix.last().0 - address.0 >= RESERVED_LAST
}

/// How many machines fit into a subnet of `prefix`.
pub(super) fn capacity(prefix: Prefix) -> u128 {
    prefix.size().saturating_sub(RESERVED_FIRST + RESERVED_LAST)
}

fn next_public(topology: &mut Topology, v6: bool) -> Option<Addr> {
    topology.public_given += 1;
    let mut n = topology.public_given;
    if v6 {
        return Some(PUBLIC_POOL_V6.plus(n.into()));
    }
    for (first, size) in PUBLIC_POOLS {
        if n < size {
            return Some(first.plus(n.into()));
        }
        n -= size;
    }
    None
}
