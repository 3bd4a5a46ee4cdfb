//! Addresses: which ones Azure gives out.
//!
//! azure-dataplane 2.8: the first four addresses of a subnet and its last are reserved, so the first machine of a /24
//! gets `.4`. Recorded answers offer the lowest free ones.

use super::change::{Draft, Refusal};
use super::{Kind, Relation, Topology, refuse};
use crate::id::NodeId;
use crate::net::{Addr, Prefix};

/// Reserved at the start of every subnet: network, gateway, two for DNS.
const RESERVED_FIRST: u128 = 4;
/// Reserved at the end: broadcast.
const RESERVED_LAST: u128 = 1;
/// Given to public addresses that the input does not name; the real ones are known only after a deployment. First a
/// block for documentation (RFC 5737), then class E (RFC 1112), which nobody can own either.
const PUBLIC_POOLS: [(Addr, u32); 2] = [(Addr::v4(203, 0, 113, 0), 255), (Addr::v4(240, 0, 0, 0), 1 << 24)];

impl Topology {
    /// The lowest free addresses of a subnet, at most `most`; `None` where `subnet` is none.
    #[must_use]
    pub fn free(&self, subnet: NodeId, most: usize) -> Option<Vec<Addr>> {
        let Kind::Subnet(attributes) = &self.get(subnet)?.kind else { return None };
        let taken: Vec<Addr> = self.taken(subnet).into_iter().map(|(address, _)| address).collect();
        Some(attributes.prefixes.iter().flat_map(|prefix| free_of(*prefix, &taken, most)).take(most).collect())
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
    let had = existing.and_then(|id| topology.get(id)).map(|resource| resource.kind.clone());
    let subnet = edges.iter().find(|(relation, _)| *relation == Relation::Attached).map(|(_, id)| *id);
    let public = edges.iter().find(|(relation, _)| *relation == Relation::Uses).map(|(_, id)| *id);
    let whom = draft.clone();
    match (&mut draft.kind, had) {
        (Kind::IpConfig(config), had) => {
            let had = had.and_then(|kind| if let Kind::IpConfig(old) = kind { old.address } else { None });
            let Some(subnet) = subnet else { return Ok(()) };
            config.address = Some(choose(topology, &whom, subnet, config.requested, had, existing, &[])?);
        }
        (Kind::Frontend(frontend), had) => {
            let had = had.and_then(|kind| if let Kind::Frontend(old) = kind { old.address } else { None });
            frontend.address = match (subnet, public.and_then(|id| topology.get(id)).map(|found| &found.kind)) {
                (Some(subnet), _) => Some(choose(topology, &whom, subnet, frontend.requested, had, existing, &[])?),
                (None, Some(Kind::PublicIp(public))) => public.address,
                _ => None,
            };
        }
        (Kind::PrivateEndpoint(endpoint), had) => {
            let had = had.and_then(|kind| if let Kind::PrivateEndpoint(old) = kind { old.address } else { None });
            let Some(subnet) = subnet else { return Ok(()) };
            endpoint.address = Some(choose(topology, &whom, subnet, None, had, existing, &[])?);
        }
        (Kind::LinkService(service), _) => {
            let Some(subnet) = subnet else { return Ok(()) };
            let mut given = Vec::new();
            for slot in &mut service.nat {
                let address = choose(topology, &whom, subnet, *slot, None, existing, &given)?;
                given.push(address);
                *slot = Some(address);
            }
        }
        (Kind::PublicIp(public), had) => {
            let had = had.and_then(|kind| if let Kind::PublicIp(old) = kind { old.address } else { None });
            public.address = public.address.or(had).or_else(|| next_public(topology));
        }
        _ => {}
    }
    Ok(())
}

/// The address asked for if it is free, the one it had, or the lowest free one.
///
/// Rule `address-lowest-free`: a dynamic address is the lowest free one of its family in the subnet, after the first
/// four. Source: azure-dataplane 2.8.
fn choose(
    topology: &Topology,
    draft: &Draft,
    subnet: NodeId,
    requested: Option<Addr>,
    had: Option<Addr>,
    holder: Option<NodeId>,
    also_taken: &[Addr],
) -> Result<Addr, Box<Refusal>> {
    let Some(Kind::Subnet(attributes)) = topology.get(subnet).map(|found| &found.kind) else {
        return Err(refuse::missing(draft, "subnet"));
    };
    let mut taken: Vec<Addr> = topology
        .taken(subnet)
        .into_iter()
        .filter(|(_, id)| Some(*id) != holder)
        .map(|(address, _)| address)
        .chain(also_taken.iter().copied())
        .collect();
    taken.sort_unstable();
    let is_taken = |address: &Addr| taken.binary_search(address).is_ok();
    if let Some(wanted) = requested {
        if !attributes.prefixes.iter().any(|prefix| usable(*prefix, wanted)) {
            return Err(refuse::address_outside(topology, draft, subnet, wanted));
        }
        return if is_taken(&wanted) { Err(refuse::address_taken(topology, draft, wanted)) } else { Ok(wanted) };
    }
    if let Some(had) = had.filter(|had| !is_taken(had)) {
        return Ok(had);
    }
    let first_free = attributes.prefixes.iter().find_map(|prefix| free_of(*prefix, &taken, 1).next());
    first_free.ok_or_else(|| refuse::subnet_full(topology, draft, subnet, taken.len()))
}

/// The lowest addresses of a prefix that are not among those `taken`, which ascend; at least `most` if there are so many.
fn free_of(prefix: Prefix, taken: &[Addr], most: usize) -> impl Iterator<Item = Addr> {
    // As many more than are taken are enough to find so many free ones.
    let tries = capacity(prefix).min(taken.len() as u128 + most as u128);
    let all = (0..tries).map(move |n| prefix.first().plus(RESERVED_FIRST + n));
    all.filter(|address| taken.binary_search(address).is_err())
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

fn next_public(topology: &mut Topology) -> Option<Addr> {
    topology.public_given += 1;
    let mut n = topology.public_given;
    for (first, size) in PUBLIC_POOLS {
        if n < size {
            return Some(first.plus(n.into()));
        }
        n -= size;
    }
    None
}
