//! What Azure refuses of load balancers.

use super::{first, refusal};
use crate::id::NodeId;
use crate::stage::snat::{BLOCK, FRONTEND_PORTS};
use crate::topology::change::{Draft, Refusal};
use crate::topology::{Kind, OutboundRule, Probe, ProbeProtocol, Relation, Topology};

/// Ports that HTTP probes may not ask (azure-dataplane 3.4).
const FORBIDDEN: [u16; 9] = [19, 21, 25, 70, 110, 119, 143, 220, 993];

/// Rule `refuse-probe-ports`: HTTP and HTTPS probes may not ask ports 19, 21, 25, 70, 110, 119, 143, 220 and 993. Source:
/// azure-dataplane 3.4. The code was not seen.
pub(super) fn probe_port(draft: &Draft, probe: &Probe) -> Result<(), Box<Refusal>> {
    if probe.protocol == ProbeProtocol::Tcp || !FORBIDDEN.contains(&probe.port) {
        return Ok(());
    }
    let message = format!("Port {} of probe {} is not allowed for HTTP probes.", probe.port, draft.name);
    Err(refusal(draft, "InvalidProbePort", message))
}

/// Rule `refuse-outbound-ports`: The ports of an outbound rule are a multiple of 8, and the pool's size times them at most
/// 64,000 for each frontend. Source: azure-dataplane 3.11. The code for the multiple was not seen.
pub(super) fn outbound_ports(
    topology: &Topology,
    draft: &Draft,
    edges: &[(Relation, NodeId)],
    rule: &OutboundRule,
) -> Result<(), Box<Refusal>> {
    let refused = |code, message| {
        Err(Box::new(Refusal { span: rule.ports.span.or(draft.span), ..*refusal(draft, code, message) }))
    };
    if !rule.ports.value.is_multiple_of(u32::from(BLOCK)) {
        let message =
            format!("The {} ports of outbound rule {} are not a multiple of 8.", rule.ports.value, draft.name);
        return refused("InvalidAllocatedOutboundPorts", message);
    }
    let frontends = edges.iter().filter(|(relation, _)| *relation == Relation::Listens).map(|(_, id)| *id);
    let members =
        first(topology, edges, Relation::Sends).map_or(0, |pool| topology.referrers(pool.id, Relation::MemberOf).len());
    match excess(topology, rule, frontends, members) {
        Some(message) => refused(EXCEEDED, message),
        None => Ok(()),
    }
}

/// As the list of deployment errors has it.
const EXCEEDED: &str = "SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAvailablePorts";

fn excess(
    topology: &Topology,
    rule: &OutboundRule,
    frontends: impl Iterator<Item = NodeId>,
    members: usize,
) -> Option<String> {
    let addresses = |frontend: NodeId| match topology.target(frontend, Relation::Uses).map(|found| &found.kind) {
        Some(Kind::PublicIp(public)) => public.prefix.map_or(1, |prefix| prefix.size().min(16) as u64),
        _ => 1,
    };
    let there = frontends.map(addresses).sum::<u64>() * u64::from(FRONTEND_PORTS);
    let asked = members as u64 * u64::from(rule.ports.value);
    (asked > there).then(|| {
        format!("{members} members with {} ports each are {asked} ports; the frontends have {there}.", rule.ports.value)
    })
}

/// A member that joins a pool finds ports in the outbound rules, and a port in the NAT rules for the pool.
///
/// Rule `refuse-nat-range`: No machine joins a pool when the range of a NAT rule for the pool is used up. Source:
/// azure-dataplane 3.8. The code was not seen.
pub(super) fn member_joins(
    topology: &Topology,
    draft: &Draft,
    edges: &[(Relation, NodeId)],
) -> Result<(), Box<Refusal>> {
    for (_, pool) in edges.iter().filter(|(relation, _)| *relation == Relation::MemberOf) {
        let others = topology.referrers(*pool, Relation::MemberOf).into_iter();
        let members = others.filter(|other| !other.name.eq_ignore_ascii_case(&draft.name)).count() + 1;
        for rule in topology.referrers(*pool, Relation::Sends) {
            match &rule.kind {
                Kind::OutboundRule(attributes) => {
                    let frontends = topology.targets(rule.id, Relation::Listens).into_iter().map(|found| found.id);
                    if let Some(message) = excess(topology, attributes, frontends, members) {
                        return Err(refusal(draft, EXCEEDED, message));
                    }
                }
                Kind::InboundNatRule(attributes) => {
                    let range = attributes.frontend_ports;
                    let ports = usize::from(range.last.saturating_sub(range.first)) + 1;
                    if members > ports {
                        let message =
                            format!("Inbound NAT rule {} has {ports} frontend ports for {members} members.", rule.name);
                        return Err(refusal(draft, "InboundNatRuleFrontendPortRangeUsedUp", message));
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}
