//! What sets of intervals are made of: addresses, ports, protocols.

use crate::net::{Addr, Protocol};

/// What a set of intervals is made of: the whole numbers from [`Point::MIN`] to [`Point::MAX`], without gaps.
pub trait Point: Copy + Ord {
    /// The least.
    const MIN: Self;
    /// The greatest.
    const MAX: Self;

    /// Its number.
    fn number(self) -> u128;

    /// The one with this number; the number must be that of one.
    fn at(number: u128) -> Self;

    /// The one after it.
    fn next(self) -> Option<Self> {
        (self < Self::MAX).then(|| Self::at(self.number() + 1))
    }

    /// The one before it.
    fn previous(self) -> Option<Self> {
        (self > Self::MIN).then(|| Self::at(self.number() - 1))
    }
}

impl Point for Addr {
    const MIN: Self = Self(0);
    const MAX: Self = Self(u128::MAX);

    fn number(self) -> u128 {
        self.0
    }

    fn at(number: u128) -> Self {
        Self(number)
    }
}

impl Point for u16 {
    const MIN: Self = Self::MIN;
    const MAX: Self = Self::MAX;

    fn number(self) -> u128 {
        self.into()
    }

    fn at(number: u128) -> Self {
        number as Self
    }
}

impl Point for Protocol {
    const MIN: Self = Self(0);
    const MAX: Self = Self(u8::MAX);

    fn number(self) -> u128 {
        self.0.into()
    }

    fn at(number: u128) -> Self {
        Self(number as u8)
    }
}
