//! A packet arrives at a port: at a machine's NIC, or at something on the way that passes it on (azure-dataplane 7,
//! steps 7 and 8).

mod firewall;
mod frontend;
pub(super) mod gateway;
mod nic;
mod private_link;
mod translator;

use super::flow::{Act, Decision, Half, Key, NewConn};
use super::view::{LINK_IDLE, Trail, View};
use crate::fabric::{Port, PortKind};
use crate::net::Meta;
use crate::stage::Translation;

/// Decides for a packet that arrives at `port`.
pub(super) fn decide(view: &View<'_>, port: &Port, key: Key, meta: &Meta, known: Option<Half>) -> Decision {
    let mut trail = Trail::new(view, key, meta);
    match &port.kind {
        PortKind::Nic(nic) => nic::arrive(trail, nic, key, known),
        PortKind::Frontend(frontend) if trail.tuple.dst == frontend.address || (frontend.public && known.is_some()) => {
            frontend::arrive(trail, port, frontend, key, known)
        }
        PortKind::Frontend(frontend) if !frontend.public => frontend::past(trail, frontend, key, known),
        // A backend's own flow on its way out by the frontend's address.
        PortKind::Frontend(frontend) => {
            let by = Translation::Balancer(frontend.balancer);
            translator::outward(trail, port, key, by, &[frontend.address])
        }
        PortKind::Endpoint(endpoint) => {
            let record = NewConn { forward: Half { key, to: key.tuple, pin: None }, reverse: None, idle: LINK_IDLE };
            let from_client = trail.meta.private_link.is_none();
            let act = private_link::at_endpoint(&mut trail, port, endpoint, known.is_some());
            trail.end(act, (from_client && known.is_none()).then_some(record))
        }
        PortKind::LinkService(service) => private_link::at_service(trail, port, service, key, known),
        PortKind::Firewall(firewall) => firewall::arrive(trail, port, firewall, key, known),
        PortKind::Translator(translator) => translator::arrive(trail, port, translator, key, known),
        PortKind::Gateway(gateway) => gateway::arrive(trail, port, gateway),
        PortKind::Internet { .. } | PortKind::Platform { .. } | PortKind::OnPremises(_) => {
            trail.end(Ok(Act::Deliver), None)
        }
    }
}
