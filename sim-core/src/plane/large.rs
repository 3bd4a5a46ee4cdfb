//! Packets that may be too large for a virtual network.

use super::decision::{Act, Composed};
use super::flow::STALE;
use crate::assumption::Assumption;
use crate::fabric::LinkClass;
use crate::net::Header;
use crate::stage::{Reason, Step};

/// Packets of more bytes may not cross a virtual network uncut (azure-dataplane 5.3).
const LARGE: usize = 1400;
/// No IP and transport headers are longer.
const LONGEST_HEADERS: usize = 100;

/// Whether a packet with so many bytes of payload is one of those.
#[inline]
pub fn is_large(header: &Header, payload: usize) -> bool {
    payload > LARGE - LONGEST_HEADERS && header.wire_len() + payload > LARGE
}

/// Such a packet takes what was composed for its flow.
///
/// Rule `large-packets`: whether packets of more than 1,400 bytes that may not be cut cross a virtual network is not
/// stated; an assumption decides, by default they pass. Source: azure-dataplane 5.3, 9 (13).
#[cold]
pub fn take(composed: &mut Composed, dropped: bool) {
    let Act::Forward { class: LinkClass::Vnet | LinkClass::Peering, .. } = composed.act else { return };
    let assumed = Step::Assumed(Assumption::LargePackets);
    if dropped {
        let stopped = [assumed, Step::Stopped(Reason::TooLarge)];
        composed.steps = composed.steps.iter().cloned().chain(stopped).collect();
        composed.act = Act::Drop(Reason::TooLarge);
        // Smaller packets of the flow go on.
        composed.epoch = STALE;
    } else if composed.steps.last() != Some(&assumed) {
        composed.steps = composed.steps.iter().cloned().chain([assumed]).collect();
    }
}
