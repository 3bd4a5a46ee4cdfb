//! Source translation: which port of which public address a flow gets, and how many each machine may have
//! (azure-dataplane 3.11, 4.2).

use super::balancer::Member;
use super::idle::Lifetime;
use super::protocols_of;
use crate::id::NodeId;
use crate::net::{Addr, Prefix, Protocol, Tuple};
use crate::set::{AddrSet, Cube, PacketSet, PortSet, Rewrite};

/// First source port that translations use: 64,512 of them for each address (azure-dataplane 4.2).
const FIRST_PORT: u16 = 1024;
/// Ports of one frontend address that outbound rules may give out (3.11).
pub const FRONTEND_PORTS: u32 = 64_000;
/// Ports come in blocks of so many (3.11).
pub const BLOCK: u16 = 8;
/// Blocks that the ports of one address make.
const BLOCKS: u16 = (u16::MAX - FIRST_PORT + 1) / BLOCK;

/// A way to translate sources.
#[derive(Clone, Debug, PartialEq)]
pub struct Snat {
    /// What says so: a NAT gateway, an outbound or balancing rule, a subnet.
    pub node: NodeId,
    /// The only protocol that it carries; `None` is TCP and UDP.
    pub protocol: Option<Protocol>,
    /// The addresses to translate to, in the order they are used.
    pub addresses: Vec<Source>,
    /// Whose ports are whose.
    pub share: Share,
    /// Minutes of silence after which TCP is forgotten, if anything says so.
    pub idle_minutes: Option<u16>,
    /// Whether both ends are told then.
    pub tcp_reset: bool,
}

/// A public address to translate to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The address.
    pub address: Addr,
    /// Blocks of its ports that balancing and NAT rules take, by number, in order.
    pub blocked: Vec<u16>,
}

/// Whose ports are whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Share {
    /// Everybody takes what is free, at random.
    Random,
    /// Everybody takes what is free, the own port if it is.
    Own,
    /// Every member has its own.
    Members {
        /// The members, in the order of the pool.
        members: Vec<Member>,
        /// Ports for each.
        ports: u32,
        /// Whether each has so many at every address; else over all addresses together.
        everywhere: bool,
    },
}

/// Ports of an address: the first and the last.
pub type Ports = (Addr, u16, u16);

impl Snat {
    /// Translates TCP and UDP to these addresses; no rule takes any of their ports, and silence has its default length.
    #[must_use]
    pub fn to(node: NodeId, addresses: impl IntoIterator<Item = Addr>, share: Share) -> Self {
        let addresses = addresses.into_iter().map(|address| Source { address, blocked: Vec::new() }).collect();
        Self { node, protocol: None, addresses, share, idle_minutes: None, tcp_reset: false }
    }

    /// Whether it carries a protocol.
    ///
    /// Rule `snat-protocols`: Balancers, NAT gateways and default outbound access translate TCP and UDP and nothing else, no
    /// ICMP; what a balancing rule implies is for its own protocol. Source: azure-dataplane 3.11, 4.2, 4.4.
    #[must_use]
    pub fn carries(&self, protocol: Protocol) -> bool {
        protocols_of(self.protocol).contains(protocol)
    }

    /// Which packets it carries, and which not: disjoint parts that together are `packets`.
    #[must_use]
    pub fn split(&self, packets: &PacketSet) -> Vec<(PacketSet, bool)> {
        let carried = Cube { protocols: protocols_of(self.protocol), ..Cube::all() };
        packets.split_by_first([(carried, true)], false)
    }

    /// What packets may become: any of the ports that each source may have. Which of them are taken is not asked.
    #[must_use]
    pub fn map(&self, packets: &PacketSet) -> PacketSet {
        let to = |packets: &PacketSet, ports: Vec<Ports>| {
            let each = ports.into_iter().flat_map(|(address, first, last)| {
                let (src, src_ports) = (Some(AddrSet::point(address)), Some(PortSet::span(first, last)));
                packets.rewritten(&Rewrite { src, src_ports, ..Rewrite::default() }).cubes().to_vec()
            });
            each.collect::<Vec<Cube>>()
        };
        let mut cubes = Vec::new();
        if !matches!(self.share, Share::Members { .. }) {
            // All of a family have the same.
            let v4: AddrSet = std::iter::once(Prefix::ALL_V4).collect();
            for src in [v4.complement(), v4] {
                let ports = src.nth(0).map(|any| self.ports(any)).unwrap_or_default();
                cubes.extend(to(&packets.intersection(&Cube { src, ..Cube::all() }.into()), ports));
            }
            return cubes.into_iter().collect();
        }
        for member in self.members() {
            let own = Cube { src: AddrSet::point(member.address), ..Cube::all() };
            cubes.extend(to(&packets.intersection(&own.into()), self.ports(member.address)));
        }
        cubes.into_iter().collect()
    }

    /// Those who have ports of their own.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        match &self.share {
            Share::Members { members, .. } => members,
            Share::Random | Share::Own => &[],
        }
    }

    /// The ports that a flow from `source` may get, in the order they are used.
    ///
    /// Rule `snat-frontends-in-order`: The addresses of an outbound rule are used one after the other, the next one when the
    /// ports of the one before are taken. Source: azure-dataplane 3.11.
    #[must_use]
    pub fn ports(&self, source: Addr) -> Vec<Ports> {
        // Of its own family alone: NAT gateways and outbound rules may have both.
        let addresses = self.addresses.iter().filter(|it| it.address.is_v4() == source.is_v4());
        let Share::Members { members, ports, everywhere } = &self.share else {
            return addresses.map(|it| (it.address, FIRST_PORT, u16::MAX)).collect();
        };
        let Some(place) = members.iter().position(|member| member.address == source) else { return Vec::new() };
        let first = u32::try_from(place).unwrap_or(u32::MAX).saturating_mul(*ports);
        let mut found = Vec::new();
        for (n, source) in (0u32..).zip(addresses) {
            let before = if *everywhere { 0 } else { n * FRONTEND_PORTS };
            let from = first.max(before) - before;
            let to = first.saturating_add(*ports).min(before + FRONTEND_PORTS).saturating_sub(before);
            source.spans(from, to, &mut found);
        }
        found
    }

    /// A free translation of a packet: `free` says which are, `draw` is a random number.
    #[must_use]
    pub fn decide(&self, tuple: &Tuple, draw: u64, free: impl Fn(&Tuple) -> bool) -> Option<Tuple> {
        let ports = self.ports(tuple.src);
        let count = |(_, first, last): &Ports| u64::from(*last - *first) + 1;
        let total: u64 = ports.iter().map(count).sum();
        let first = count(ports.first()?);
        // One after the other within an address, so that the next one is touched only when the first is used up.
        let (start, lap) = match self.share {
            Share::Random => (draw % total, total),
            Share::Own => (u64::from(tuple.src_port.max(FIRST_PORT) - FIRST_PORT), first),
            Share::Members { .. } => (u64::from(tuple.src_port) % first, first),
        };
        let order = (0..total).map(|n| if n < lap { (start + n) % lap } else { n });
        let nth = |mut place: u64| {
            ports.iter().find_map(|range| {
                let here = count(range);
                if place >= here {
                    place -= here;
                    return None;
                }
                // Places within a range are below 2^16.
                Some(Tuple { src: range.0, src_port: range.1 + place as u16, ..*tuple })
            })
        };
        order.filter_map(nth).find(|to| free(to))
    }

    /// How many ports a flow from `source` could have had.
    #[must_use]
    pub fn allowance(&self, source: Addr) -> u32 {
        self.ports(source).iter().map(|(_, first, last)| u32::from(*last - *first) + 1).sum()
    }

    /// Whether a port serves only one flow of UDP towards each address, whatever the port there.
    ///
    /// Rule `snat-udp-port-each`: Behind a balancer a port serves many TCP flows that differ in destination address or port,
    /// and of UDP one for each destination address. Source: azure-dataplane 3.11.
    #[must_use]
    pub fn is_cone(&self) -> bool {
        matches!(self.share, Share::Members { .. })
    }

    /// How long a flow is remembered.
    #[must_use]
    pub fn lifetime(&self, protocol: Protocol) -> Lifetime {
        match self.share {
            Share::Random => Lifetime::nat_gateway(protocol, self.idle_minutes.unwrap_or(super::idle::DEFAULT_MINUTES)),
            _ => Lifetime::outbound(protocol, self.idle_minutes, self.tcp_reset),
        }
    }
}

impl Source {
    /// The ports that stand behind the places `from` to `to`, not included, of those that no rule takes.
    fn spans(&self, from: u32, to: u32, found: &mut Vec<Ports>) {
        let mut place = from;
        while place < to {
            let wanted = place / u32::from(BLOCK);
            let mut block = wanted;
            for taken in &self.blocked {
                block += u32::from(u32::from(*taken) <= block);
            }
            if block >= u32::from(BLOCKS) {
                return;
            }
            // As far as no rule takes one.
            let next = self.blocked.iter().map(|taken| u32::from(*taken)).find(|taken| *taken > block);
            let free = next.unwrap_or(u32::from(BLOCKS)) - block;
            let end = to.min((wanted + free) * u32::from(BLOCK));
            let first = u32::from(FIRST_PORT) + block * u32::from(BLOCK) + place % u32::from(BLOCK);
            let last = first + (end - place) - 1;
            // Both are below 2^16.
            found.push((self.address, first as u16, last as u16));
            place = end;
        }
    }

    /// The number of the block that a port is in; none for ports that are never given out.
    #[must_use]
    pub fn block_of(port: u16) -> Option<u16> {
        (port >= FIRST_PORT).then(|| (port - FIRST_PORT) / BLOCK)
    }
}

/// Ports that each member of a pool of this size has where nothing is said.
///
/// Rule `snat-default-ports`: 1,024 ports for each address of a pool of up to 50, 512 up to 100, 256 up to 200, 128 up to
/// 400, 64 up to 800, 32 above. Source: azure-dataplane 3.11.
#[must_use]
pub const fn default_ports(pool: usize) -> u32 {
    match pool {
        0..=50 => 1024,
        51..=100 => 512,
        101..=200 => 256,
        201..=400 => 128,
        401..=800 => 64,
        _ => 32,
    }
}
