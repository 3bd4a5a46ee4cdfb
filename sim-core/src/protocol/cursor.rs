//! Reading and writing the big-endian fields that SSH and TLS are made of.

use super::Violation;

/// A reader over one message. Every method fails with [`Violation::Malformed`] when the message is too short.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`; `what` names the message in errors.
    pub(super) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    pub(super) fn malformed(&self) -> Violation {
        Violation::Malformed(self.what)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Violation> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Violation::Malformed(self.what))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Violation> {
        Ok(self.take(1)?[0])
    }

    /// A flag: zero is false, one is true, and anything else is malformed.
    pub(super) fn flag(&mut self) -> Result<bool, Violation> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.malformed()),
        }
    }

    /// An unsigned number of `width` bytes, at most four.
    pub(super) fn number(&mut self, width: usize) -> Result<u32, Violation> {
        Ok(self.take(width)?.iter().fold(0, |sum, &byte| sum << 8 | u32::from(byte)))
    }

    pub(super) fn u32(&mut self) -> Result<u32, Violation> {
        self.number(4)
    }

    /// A field behind its length, which takes `width` bytes.
    pub(super) fn block(&mut self, width: usize) -> Result<&'a [u8], Violation> {
        let length = self.number(width)?;
        self.take(length as usize)
    }

    /// Text behind a four-byte length.
    pub(super) fn text(&mut self) -> Result<&'a str, Violation> {
        let bytes = self.block(4)?;
        std::str::from_utf8(bytes).map_err(|_| self.malformed())
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Checks that nothing is left.
    pub(super) fn finish(self) -> Result<(), Violation> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.malformed()) }
    }
}

/// A message being written.
#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    /// The lowest `width` bytes of a number.
    pub(super) fn number(&mut self, value: usize, width: usize) -> &mut Self {
        self.0.extend_from_slice(&(value as u64).to_be_bytes()[8 - width..]);
        self
    }

    pub(super) fn u32(&mut self, value: u32) -> &mut Self {
        self.number(value as usize, 4)
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// A field behind its length, which takes `width` bytes.
    pub(super) fn block(&mut self, width: usize, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len(), width).raw(bytes)
    }

    /// Text behind a four-byte length.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.block(4, text.as_bytes())
    }
}
