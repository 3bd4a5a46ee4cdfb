//! Boxes of packets: any of these sources with any of these destinations, ports and protocols.

use super::{AddrSet, Intervals, Point, PortSet, ProtocolSet};
use crate::net::Tuple;

/// A product of sets, one for each field of a packet. It holds no packet when one of them is empty.
///
/// Fields are taken as they are: a cube may pair addresses of two families, or ports with a protocol that has none. For
/// ICMP both ports hold the identifier, as in [`Tuple`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cube {
    /// Sources.
    pub src: AddrSet,
    /// Destinations.
    pub dst: AddrSet,
    /// Source ports.
    pub src_ports: PortSet,
    /// Destination ports.
    pub dst_ports: PortSet,
    /// Protocols.
    pub protocols: ProtocolSet,
}

/// What a translation makes of packets: a field with a set becomes any of its members, whatever it was before; the others
/// stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrite {
    /// What becomes of sources.
    pub src: Option<AddrSet>,
    /// What becomes of destinations.
    pub dst: Option<AddrSet>,
    /// What becomes of source ports.
    pub src_ports: Option<PortSet>,
    /// What becomes of destination ports.
    pub dst_ports: Option<PortSet>,
}

impl Cube {
    /// Every packet.
    #[must_use]
    pub fn all() -> Self {
        Self {
            src: AddrSet::all(),
            dst: AddrSet::all(),
            src_ports: PortSet::all(),
            dst_ports: PortSet::all(),
            protocols: ProtocolSet::all(),
        }
    }

    /// Just this packet.
    #[must_use]
    pub fn point(packet: &Tuple) -> Self {
        Self {
            src: AddrSet::point(packet.src),
            dst: AddrSet::point(packet.dst),
            src_ports: PortSet::point(packet.src_port),
            dst_ports: PortSet::point(packet.dst_port),
            protocols: ProtocolSet::point(packet.protocol),
        }
    }

    /// Whether it holds no packet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.src.is_empty()
            || self.dst.is_empty()
            || self.src_ports.is_empty()
            || self.dst_ports.is_empty()
            || self.protocols.is_empty()
    }

    /// Whether `packet` is in it.
    #[must_use]
    #[inline]
    pub fn contains(&self, packet: &Tuple) -> bool {
        self.contains_whatever_source_port(packet) && self.src_ports.contains(packet.src_port)
    }

    /// Whether `packet` is in it, or would be with another source port.
    #[must_use]
    #[inline]
    pub fn contains_whatever_source_port(&self, packet: &Tuple) -> bool {
        self.dst_ports.contains(packet.dst_port)
            && self.protocols.contains(packet.protocol)
            && self.src.contains(packet.src)
            && self.dst.contains(packet.dst)
    }

    /// Whether the two share a packet.
    #[must_use]
    #[inline]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.dst_ports.overlaps(&other.dst_ports)
            && self.protocols.overlaps(&other.protocols)
            && self.src.overlaps(&other.src)
            && self.dst.overlaps(&other.dst)
            && self.src_ports.overlaps(&other.src_ports)
    }

    /// The packets in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self {
            src: self.src.intersection(&other.src),
            dst: self.dst.intersection(&other.dst),
            src_ports: self.src_ports.intersection(&other.src_ports),
            dst_ports: self.dst_ports.intersection(&other.dst_ports),
            protocols: self.protocols.intersection(&other.protocols),
        }
    }

    /// What becomes of it.
    #[must_use]
    pub fn rewritten(&self, rewrite: &Rewrite) -> Self {
        let Rewrite { src, dst, src_ports, dst_ports } = rewrite;
        Self {
            src: src.as_ref().unwrap_or(&self.src).clone(),
            dst: dst.as_ref().unwrap_or(&self.dst).clone(),
            src_ports: src_ports.as_ref().unwrap_or(&self.src_ports).clone(),
            dst_ports: dst_ports.as_ref().unwrap_or(&self.dst_ports).clone(),
            protocols: self.protocols.clone(),
        }
    }

    /// Gives what `by`, which overlaps it, holds of it, and adds the rest to `outside`: at most five cubes, disjoint.
    ///
    /// Rules name few protocols and ports but many addresses. Cut in that order, rules for one port find their addresses
    /// in one cube, and it stays one.
    pub(super) fn cut(mut self, by: &Self, outside: &mut Vec<Self>) -> Self {
        self.cut_along(&by.protocols, |cube| &mut cube.protocols, outside);
        self.cut_along(&by.dst_ports, |cube| &mut cube.dst_ports, outside);
        self.cut_along(&by.src_ports, |cube| &mut cube.src_ports, outside);
        self.cut_along(&by.dst, |cube| &mut cube.dst, outside);
        self.cut_along(&by.src, |cube| &mut cube.src, outside);
        self
    }

    fn cut_along<T: Point>(
        &mut self,
        by: &Intervals<T>,
        field: impl Fn(&mut Self) -> &mut Intervals<T>,
        outside: &mut Vec<Self>,
    ) {
        let set = field(self);
        let beyond = set.difference(by);
        if beyond.is_empty() {
            return;
        }
        let within = set.intersection(by);
        let mut piece = self.clone();
        *field(&mut piece) = beyond;
        outside.push(piece);
        *field(self) = within;
    }

    /// Makes one of cubes that differ in one field only, until there are none; the order is that of their content.
    ///
    /// A round sorts the cubes five times, and there is another one only when the last one left fewer.
    pub(super) fn join(cubes: &mut Vec<Self>) {
        let mut before = usize::MAX;
        while cubes.len() > 1 && cubes.len() < before {
            before = cubes.len();
            Self::join_along(cubes, |cube| &mut cube.src);
            Self::join_along(cubes, |cube| &mut cube.dst);
            Self::join_along(cubes, |cube| &mut cube.src_ports);
            Self::join_along(cubes, |cube| &mut cube.dst_ports);
            Self::join_along(cubes, |cube| &mut cube.protocols);
        }
    }

    fn join_along<T: Point>(cubes: &mut Vec<Self>, field: impl Fn(&mut Self) -> &mut Intervals<T>) {
        let taken_out = |mut cube: Self| {
            let set = std::mem::take(field(&mut cube));
            (cube, set)
        };
        let mut apart: Vec<(Self, Intervals<T>)> = cubes.drain(..).map(taken_out).collect();
        apart.sort_unstable();
        apart.dedup_by(|(cube, set), (kept, joined)| {
            let same = cube == kept;
            if same {
                *joined = joined.union(set);
            }
            same
        });
        cubes.extend(apart.into_iter().map(|(mut cube, set)| {
            *field(&mut cube) = set;
            cube
        }));
    }
}
