//! What both ends of a channel count (RFC 4254 5.2).

use super::super::Violation;
use bytes::Bytes;

/// The window each end grants, and what an OpenSSH server and a Go client keep it at, bytes.
pub(super) const WINDOW: u32 = 64 * MAX_DATA;
/// The most data in one message, bytes.
pub(super) const MAX_DATA: u32 = 32 * 1024;

/// The windows of one channel, and the peer's number for it.
#[derive(Debug)]
pub(super) struct Flow {
    /// The peer's channel number.
    pub(super) peer: u32,
    max_data: u32,
    sendable: u64,
    receivable: u32,
}

impl Flow {
    /// A channel on which the peer takes `sendable` bytes, and we take `receivable`.
    pub(super) fn new(peer: u32, max_data: u32, sendable: u32, receivable: u32) -> Self {
        Self { peer, max_data: max_data.min(MAX_DATA), sendable: sendable.into(), receivable }
    }

    /// The peer takes more.
    pub(super) fn widen(&mut self, bytes: u32) -> Result<(), Violation> {
        self.sendable += u64::from(bytes);
        let limit = u32::MAX as usize;
        if self.sendable > limit as u64 {
            return Err(Violation::TooLong { what: "SSH window", limit });
        }
        Ok(())
    }

    /// Whether `bytes` may go into the next message; counted as sent if so.
    pub(super) fn send_all(&mut self, bytes: usize) -> bool {
        let fits = bytes as u64 <= self.sendable.min(self.max_data.into());
        if fits {
            self.sendable -= bytes as u64;
        }
        fits
    }

    /// As much of `wanted` bytes of content as may go into the next message, if any; the content is zeros.
    pub(super) fn filler(&mut self, wanted: u64) -> Option<Bytes> {
        static ZEROS: [u8; MAX_DATA as usize] = [0; MAX_DATA as usize];
        let length = wanted.min(self.sendable).min(self.max_data.into());
        self.sendable -= length;
        (length > 0).then(|| Bytes::from_static(&ZEROS[..length as usize]))
    }

    /// The peer sent data; an error when it is more than it may.
    pub(super) fn received(&mut self, bytes: usize) -> Result<(), Violation> {
        let left =
            (self.receivable as usize).checked_sub(bytes).ok_or(Violation::Unexpected("SSH data beyond window"))?;
        self.receivable = left as u32;
        Ok(())
    }

    /// Grants what is missing to the full window, once that is at least `step` bytes: the adjustment to send.
    pub(super) fn grant(&mut self, step: u32) -> Option<u32> {
        let missing = WINDOW - self.receivable;
        if missing == 0 || missing < step {
            return None;
        }
        self.receivable = WINDOW;
        Some(missing)
    }
}
