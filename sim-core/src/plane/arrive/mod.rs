//! A packet arrives at a port: at a machine's NIC, or at something on the way that passes it on (azure-dataplane 7,
//! steps 7 and 8).

mod firewall;
mod frontend;
pub(super) mod gateway;
mod nic;
mod private_link;
mod translator;

pub(super) use frontend::choose;
pub(super) use nic::mid_stream;

use super::conn::{Half, NewConn};
use super::decision::{Act, Decision};
use super::flow::{Key, Known};
use super::view::{Trail, View};
use crate::fabric::{Port, PortKind};
use crate::net::Meta;
use crate::stage::idle::Lifetime;

/// Decides for a packet that arrives at `port`.
pub(super) fn decide(view: &View<'_>, port: &Port, key: Key, meta: &Meta, known: Known) -> Decision {
    let mut trail = Trail::new(view, key, meta);
    match &port.kind {
        PortKind::Nic(nic) => nic::arrive(trail, port, nic, key, known),
        PortKind::Frontend(frontend) => frontend::arrive(trail, port, frontend, key, known),
        PortKind::Endpoint(endpoint) => {
            let forward = Half { key, to: key.tuple, pin: None };
            let record = NewConn { forward, reverse: None, claim: None, lifetime: Lifetime::private_link() };
            let from_client = trail.meta.private_link.is_none();
            let known = known.half().is_some();
            let act = private_link::at_endpoint(&mut trail, port, endpoint, known);
            trail.end(act, (from_client && !known).then_some(record))
        }
        PortKind::LinkService(service) => private_link::at_service(trail, port, service, key, known.half()),
        PortKind::Firewall(firewall) => firewall::arrive(trail, port, firewall, key, known.half()),
        PortKind::Translator(translator) => translator::arrive(trail, port, translator, key, known),
        PortKind::Gateway(gateway) => gateway::arrive(trail, port, gateway),
        PortKind::Internet { .. } | PortKind::Platform { .. } | PortKind::OnPremises(_) => {
            trail.end(Ok(Act::Deliver), None)
        }
    }
}
