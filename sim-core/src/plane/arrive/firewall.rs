//! At a firewall: its rules, its translations, then the routes of its own subnet.

use crate::fabric::{FirewallPort, Port};
use crate::id::NodeId;
use crate::net::{Addr, Protocol, Tuple};
use crate::plane::conn::{Half, NewConn};
use crate::plane::decision::Decision;
use crate::plane::flow::{Key, Known};
use crate::plane::leave::hop::{self, Sender};
use crate::plane::view::{Trail, answer_key};
use crate::stage::firewall::{PublicSource, Verdict};
use crate::stage::idle::Lifetime;
use crate::stage::route::{Chosen, Hop};
use crate::stage::{Reason, Step, Translation};

pub(super) fn arrive(
    mut trail: Trail<'_>,
    port: &Port,
    firewall: &FirewallPort,
    key: Key,
    known: Option<Half>,
) -> Decision {
    if let Some(half) = known {
        trail.steps.push(Step::Known);
        rewrite(&mut trail, port, half.to);
        let act =
            route(&mut trail, firewall).and_then(|way| hop::take(&mut trail, sender(port, firewall), way, Known::Not));
        return trail.end(act, None);
    }
    match admit(&mut trail, port, firewall) {
        Ok((to, way)) => {
            let private = way.hop != Hop::Internet && trail.view.fabric.public(key.tuple.dst).is_none();
            let act = hop::take(&mut trail, sender(port, firewall), way, Known::Not);
            let state = NewConn {
                forward: Half { key, to, pin: None },
                reverse: Some(Half { key: answer_key(to), to: key.tuple.reversed(), pin: None }),
                claim: None,
                lifetime: Lifetime::firewall(private),
            };
            trail.end(act, Some(state))
        }
        Err(reason) => trail.end(Err(reason), None),
    }
}

/// Asks the rules about a new flow; gives what it becomes and the hop it takes.
fn admit(trail: &mut Trail<'_>, port: &Port, firewall: &FirewallPort) -> Result<(Tuple, Chosen), Reason> {
    let verdict = firewall.rules.decide(&trail.tuple);
    let (rule, allow) = match verdict {
        Verdict::Translate { rule, .. } => (Some(rule), true),
        Verdict::Network { rule, allow } | Verdict::Application { rule, allow } => (Some(rule), allow),
        Verdict::Unmatched => (None, false),
    };
    trail.steps.push(Step::Firewall { firewall: NodeId(port.id.0), rule, allow });
    if !allow {
        trail.stop(Reason::FirewallRule)?;
    }
    if let Verdict::Translate { .. } = verdict {
        let to = verdict.onward(&trail.tuple);
        rewrite(trail, port, to);
    } else if firewall.owns(trail.tuple.dst) {
        // Nothing behind that address but its translations.
        return Err(Reason::FirewallRule);
    }
    let way = route(trail, firewall)?;
    if hides_source(verdict, firewall, trail.tuple.dst) {
        let to = hidden(trail, port, firewall, way.hop)?;
        rewrite(trail, port, to);
    }
    Ok((trail.tuple, way))
}

/// Whether a flow goes on in the firewall's own name.
///
/// Rule `firewall-dnat-hides-source`: a translated destination is asked for from the firewall's own address, so that the
/// answer comes back to it. Source: techcommunity azure-firewall-nat-behaviors.
///
/// Rule `firewall-application-hides-source`: what application rules let pass goes through the firewall's proxy, in its
/// own name, wherever it leads. Source: learn azure/firewall/snat-private-range.
fn hides_source(verdict: Verdict, firewall: &FirewallPort, to: Addr) -> bool {
    match verdict {
        Verdict::Translate { .. } | Verdict::Application { .. } => true,
        Verdict::Network { .. } | Verdict::Unmatched => !firewall.no_translation.contains(to),
    }
}

/// The flow in the firewall's name: of a public address on the way to the Internet, else of its private one.
///
/// Rule `firewall-icmp-inside`: protocols other than TCP and UDP do not get out to the Internet. Source: learn
/// azure/firewall/firewall-known-issues.
///
/// Rule `firewall-forced-tunnel`: a flow for the Internet that the firewall's own routes send elsewhere gets its private
/// address. Source: learn azure/firewall/snat-private-range.
fn hidden(trail: &Trail<'_>, port: &Port, firewall: &FirewallPort, way: Hop) -> Result<Tuple, Reason> {
    let portless = !matches!(trail.tuple.protocol, Protocol::TCP | Protocol::UDP);
    let gateway = firewall.interface.outbound.is_gateway();
    let found = match way {
        Hop::Internet if portless && !gateway => return Err(Reason::OutboundProtocol),
        Hop::Internet if firewall.public.is_empty() && !gateway => return Err(Reason::NoOutbound),
        Hop::Internet if !gateway => {
            PublicSource { addresses: &firewall.public }.candidates(&trail.tuple).find(|to| trail.view.is_free(to))
        }
        _ => trail.view.own_source(NodeId(port.id.0), [firewall.interface.address], &trail.tuple),
    };
    found.ok_or(Reason::PortsExhausted)
}

fn route(trail: &mut Trail<'_>, firewall: &FirewallPort) -> Result<Chosen, Reason> {
    let subnet = &firewall.interface.subnet;
    trail.route(subnet)
}

fn sender<'p>(port: &'p Port, firewall: &'p FirewallPort) -> Sender<'p> {
    Sender { port, subnet: &firewall.interface.subnet, nic: Some(&firewall.interface) }
}

fn rewrite(trail: &mut Trail<'_>, port: &Port, to: Tuple) {
    let from = trail.tuple;
    if to != from {
        trail.tuple = to;
        trail.steps.push(Step::Rewritten { by: Translation::Firewall(NodeId(port.id.0)), from, to });
    }
}

impl FirewallPort {
    /// Whether an address is the firewall's.
    fn owns(&self, address: Addr) -> bool {
        self.interface.address == address || self.public.contains(&address)
    }
}
