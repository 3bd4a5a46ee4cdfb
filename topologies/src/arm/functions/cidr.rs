//! Address range functions (Azure's reference, "CIDR functions for ARM templates").

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::stop::{Answer, wrong};
use super::{Function, integer, pure, text, texts};
use crate::json::{Data, Member, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    pure("parseCidr", 1, 1, parse_cidr),
    pure("cidrSubnet", 3, 3, |a| {
        let range = Range::read(text(a, 0)?)?;
        let (length, index) = (integer(a, 1)?, integer(a, 2)?);
        let length = u32::try_from(length).ok().filter(|length| (range.length..=range.bits).contains(length));
        let length = length.ok_or_else(|| wrong(format!("no part of {} has this prefix length", range.text())))?;
        let offset = u128::try_from(index).ok().filter(|index| fits(*index, length - range.length));
        let offset = offset.ok_or_else(|| wrong(format!("{} has no part {index} of /{length}", range.text())))?;
        let first = range.first | shift(offset, range.bits - length);
        Ok(Range { first, length, ..range }.text().into())
    }),
    pure("cidrHost", 2, 2, |a| {
        let range = Range::read(text(a, 0)?)?;
        let index = integer(a, 1)?;
        // 0 is the first usable address: the one after the network's own, except in a range of one or two.
        let host_bits = range.bits - range.length;
        let skip = u128::from(range.bits == 32 && host_bits > 1);
        let offset = u128::try_from(index).ok().map(|index| index + skip).filter(|offset| fits(*offset, host_bits));
        let offset = offset.ok_or_else(|| wrong(format!("{} has no address {index}", range.text())))?;
        Ok(range.address(range.first + offset).into())
    }),
];

/// A prefix: the first address and the length.
#[derive(Clone, Copy)]
struct Range {
    first: u128,
    length: u32,
    /// 32 or 128.
    bits: u32,
}

impl Range {
    fn read(text: &str) -> Answer<Self> {
        let refused = || wrong(format!("{text:?} is no address range such as 10.0.0.0/16"));
        let (address, length) = text.split_once('/').ok_or_else(refused)?;
        let (address, bits) = match address.trim().parse().map_err(|_| refused())? {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let length: u32 = length.trim().parse().map_err(|_| refused())?;
        if length > bits {
            return Err(refused());
        }
        let first = address & !low_bits(bits - length);
        Ok(Self { first, length, bits })
    }

    fn last(self) -> u128 {
        self.first | low_bits(self.bits - self.length)
    }

    fn address(self, address: u128) -> String {
        match u32::try_from(address) {
            Ok(address) if self.bits == 32 => Ipv4Addr::from_bits(address).to_string(),
            _ => Ipv6Addr::from_bits(address).to_string(),
        }
    }

    fn text(self) -> String {
        format!("{}/{}", self.address(self.first), self.length)
    }
}

fn parse_cidr(arguments: &[Value]) -> Answer<Data> {
    let range = Range::read(text(arguments, 0)?)?;
    let host_bits = range.bits - range.length;
    let inside = u128::from(range.bits == 32 && host_bits > 1);
    let mask = if range.bits == 32 { low_bits(32) } else { u128::MAX };
    let span = arguments[0].span;
    let mut data = texts(
        span,
        &[
            ("network", &range.address(range.first)),
            ("netmask", &range.address(mask & !low_bits(host_bits))),
            ("broadcast", &range.address(range.last())),
            ("firstUsable", &range.address(range.first + inside)),
            ("lastUsable", &range.address(range.last() - inside)),
        ],
    );
    if let Data::Object(members) = &mut data {
        members.push(Member::new("cidr", Value::new(span, i64::from(range.length).into())));
    }
    Ok(data)
}

fn low_bits(count: u32) -> u128 {
    1_u128.checked_shl(count).map_or(u128::MAX, |bit| bit - 1)
}

fn fits(value: u128, bits: u32) -> bool {
    value <= low_bits(bits)
}

fn shift(value: u128, by: u32) -> u128 {
    value.checked_shl(by).unwrap_or(0)
}
