//! Addresses and prefixes of both families in one flat number.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An IPv4 or IPv6 address. IPv4 is held IPv4-mapped (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2), so that one integer
/// comparison serves both families.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addr(pub u128);

const MAPPED: u128 = 0xffff_0000_0000;

impl Addr {
    /// The IPv4 address with these octets.
    #[must_use]
    pub const fn v4(a: u8, b: u8, c: u8, d: u8) -> Self {
        Self::from_v4_bits(u32::from_be_bytes([a, b, c, d]))
    }

    /// The IPv4 address with this number.
    #[must_use]
    pub const fn from_v4_bits(bits: u32) -> Self {
        Self(MAPPED | bits as u128)
    }

    /// Whether this is an IPv4 address.
    #[must_use]
    pub const fn is_v4(self) -> bool {
        self.0 >> 32 == 0xffff
    }

    /// The number of the IPv4 address, if it is one.
    #[must_use]
    pub const fn v4_bits(self) -> Option<u32> {
        if self.is_v4() { Some(self.0 as u32) } else { None }
    }

    /// The standard library's form.
    #[must_use]
    pub fn to_ip(self) -> IpAddr {
        match self.v4_bits() {
            Some(bits) => IpAddr::V4(Ipv4Addr::from_bits(bits)),
            None => IpAddr::V6(Ipv6Addr::from_bits(self.0)),
        }
    }

    /// The address `n` further on.
    #[must_use]
    pub const fn plus(self, n: u128) -> Self {
        Self(self.0.saturating_add(n))
    }
}

impl From<IpAddr> for Addr {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(v4) => Self::from_v4_bits(v4.to_bits()),
            IpAddr::V6(v6) => Self(v6.to_bits()),
        }
    }
}

impl FromStr for Addr {
    type Err = std::net::AddrParseError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse::<IpAddr>().map(Self::from)
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_ip().fmt(f)
    }
}

impl fmt::Debug for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_ip().fmt(f)
    }
}

/// An address prefix. Host bits are cleared on construction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    base: Addr,
    /// Length over all 128 bits; an IPv4 /24 is 120.
    bits: u8,
}

/// Why a text is no prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// The part before the slash is no address.
    #[error("`{0}` is not an IP address")]
    Address(String),
    /// The part after the slash is no length of that family.
    #[error("`{0}` is not a prefix length of this address family")]
    Length(String),
}

impl Prefix {
    /// Every IPv4 address.
    pub const ALL_V4: Self = Self { base: Addr(MAPPED), bits: 96 };
    /// Every IPv6 address.
    pub const ALL_V6: Self = Self { base: Addr(0), bits: 0 };

    /// The prefix of `len` bits (counted in the address's own family) that holds `addr`. `None` when `len` is too long.
    #[must_use]
    pub fn new(addr: Addr, len: u8) -> Option<Self> {
        let bits = if addr.is_v4() { len.checked_add(96)? } else { len };
        (bits <= 128).then(|| Self { base: Addr(addr.0 & Self::mask(bits)), bits })
    }

    /// The prefix of this one address.
    #[must_use]
    pub const fn host(addr: Addr) -> Self {
        Self { base: addr, bits: 128 }
    }

    const fn mask(bits: u8) -> u128 {
        if bits == 0 { 0 } else { u128::MAX << (128 - bits) }
    }

    /// First address.
    #[must_use]
    pub const fn first(self) -> Addr {
        self.base
    }

    /// Last address.
    #[must_use]
    pub const fn last(self) -> Addr {
        Addr(self.base.0 | !Self::mask(self.bits))
    }

    /// Length as written, in the family's own count.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a prefix is never empty; `len` is the field's word")]
    pub const fn len(self) -> u8 {
        if self.is_v4() { self.bits - 96 } else { self.bits }
    }

    /// Length over 128 bits: comparable between prefixes that hold one address.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.bits
    }

    /// Whether it holds every address of its family.
    #[must_use]
    pub const fn is_default(self) -> bool {
        self.len() == 0
    }

    /// Whether it is an IPv4 prefix.
    #[must_use]
    pub const fn is_v4(self) -> bool {
        self.bits >= 96 && self.base.is_v4()
    }

    /// Whether `addr` is inside. A prefix holds addresses of its own family only: `::/0` no IPv4 ones, although they are
    /// held as mapped.
    #[must_use]
    pub const fn contains(self, addr: Addr) -> bool {
        addr.0 & Self::mask(self.bits) == self.base.0 && addr.is_v4() == self.is_v4()
    }

    /// Whether all of `other` is inside.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.bits <= other.bits && other.base.0 & Self::mask(self.bits) == self.base.0 && self.is_v4() == other.is_v4()
    }

    /// Whether the two share an address.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// Its addresses as numbers: one range, first and last, or two for one of IPv6 that is so wide that the IPv4 addresses,
    /// which are held mapped, lie between its ends.
    pub fn ranges(self) -> impl Iterator<Item = (Addr, Addr)> {
        let (first, last) = (self.first(), self.last());
        let pieces = if self.goes_around() {
            [Some((first, Addr(MAPPED - 1))), Some((Self::ALL_V4.last().plus(1), last))]
        } else {
            [Some((first, last)), None]
        };
        pieces.into_iter().flatten()
    }

    /// Whether the IPv4 addresses lie between the ends of this one, which is of IPv6.
    pub(crate) fn goes_around(self) -> bool {
        !self.is_v4() && self.first().0 < MAPPED && Self::ALL_V4.last() < self.last()
    }

    /// How many addresses it holds; saturates for the whole IPv6 space.
    #[must_use]
    pub const fn size(self) -> u128 {
        if self.bits == 0 { u128::MAX } else { 1 << (128 - self.bits) }
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let (addr, len) = s.split_once('/').map_or((s, None), |(a, l)| (a, Some(l)));
        let addr: Addr = addr.parse().map_err(|_| PrefixError::Address(addr.to_owned()))?;
        let Some(len) = len else { return Ok(Self::host(addr)) };
        len.parse().ok().and_then(|l| Self::new(addr, l)).ok_or_else(|| PrefixError::Length(len.to_owned()))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.base, self.len()))
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_read_back_as_written() {
        // Catches: host bits kept, family confusion, off-by-one masks.
        for (text, first, last) in [
            ("10.0.1.9/24", "10.0.1.0", "10.0.1.255"),
            ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
            ("10.0.0.7", "10.0.0.7", "10.0.0.7"),
            ("fd00::1/64", "fd00::", "fd00::ffff:ffff:ffff:ffff"),
        ] {
            let p: Prefix = text.parse().unwrap();
            assert_eq!((p.first().to_string(), p.last().to_string()), (first.into(), last.into()), "{text}");
        }
        assert_eq!("10.0.1.9/24".parse::<Prefix>().unwrap().to_string(), "10.0.1.0/24");
        assert!(!Prefix::ALL_V4.contains("::1".parse().unwrap()));
        assert!(!Prefix::ALL_V6.contains(Addr::v4(10, 0, 0, 4)) && !Prefix::ALL_V6.overlaps(Prefix::ALL_V4));
        assert!(Prefix::ALL_V6.contains("::1".parse().unwrap()) && Prefix::ALL_V6.is_default());
        assert!("10.0.0.0/33".parse::<Prefix>().is_err());
        assert!("10.0.0/8".parse::<Prefix>().is_err());
    }
}
