//! What the stages did, in words, with the resource and the place in the input that stand behind it. The one place where
//! steps and reasons become text.

use super::{blocked, names};
use serde::{Serialize, Serializer};
use sim_core::id::NodeId;
use sim_core::net::{Addr, Tuple};
use sim_core::source::Span;
use sim_core::stage::admin::AdminRef;
use sim_core::stage::firewall;
use sim_core::stage::guard::Denied;
use sim_core::stage::route::{Chosen, Hop, Source};
use sim_core::stage::security::{self, RuleRef};
use sim_core::stage::{Level, Reason, Step, Translation};
use sim_core::topology::{Access, Direction, Kind, Relation, SecurityRule, Topology};

/// A step in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepText {
    /// The stage: `state`, `platform`, `admin`, `nsg`, `firewall`, `route`, `balancer`, `translation`,
    /// `service`, `stop`.
    pub stage: &'static str,
    /// What it did.
    pub text: String,
    /// The id of the resource that made it do so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Where that was written.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "place")]
    pub span: Option<Span>,
}

/// File number, first byte, one past the last.
fn place<S: Serializer>(span: &Option<Span>, to: S) -> Result<S::Ok, S::Error> {
    span.map(|span| (span.file.0, span.start, span.end)).serialize(to)
}

impl StepText {
    pub(super) fn plain(stage: &'static str, text: impl Into<String>) -> Self {
        Self { stage, text: text.into(), resource: None, span: None }
    }

    /// `span` is the most exact place; the resource's own stands in for it.
    pub(super) fn of(stage: &'static str, text: String, node: NodeId, span: Option<Span>, topology: &Topology) -> Self {
        let found = topology.get(node);
        let resource = found.map(|found| found.name.to_string());
        Self { stage, text, resource, span: span.or_else(|| found.and_then(|found| found.span)) }
    }
}

/// What a step says.
#[must_use]
pub fn step(step: &Step, topology: &Topology) -> StepText {
    match step {
        Step::Known => StepText::plain("state", "known connection: no rule is asked"),
        Step::Platform => StepText::plain("platform", "platform traffic: rules do not touch it"),
        Step::Security { group, level, direction, rule, access } => {
            let (name, priority, span) = rule_of(*group, *rule, topology);
            let verb = match access {
                Access::Allow | Access::AlwaysAllow => "allows",
                Access::Deny => "denies",
            };
            let (way, place, nsg) = (direction_word(*direction), level_word(*level), name_of(*group, topology));
            let text = format!("nsg {way} ({place}) {nsg}: rule {name} ({priority}) {verb}");
            StepText::of("nsg", text, *group, span, topology)
        }
        Step::Admin { rule, direction, access } => {
            let (named, span) = admin_rule(*rule, topology);
            let verb = match access {
                Access::Allow => "allows, groups decide",
                Access::AlwaysAllow => "always allows",
                Access::Deny => "denies",
            };
            let text = format!("admin rules {}: {named} {verb}", direction_word(*direction));
            StepText::of("admin", text, rule.collection, span, topology)
        }
        Step::Firewall { firewall, rule, allow } => {
            let (named, span) = firewall_rule(*rule, topology);
            let verb = if *allow { "allows" } else { "denies" };
            let text = format!("firewall {}: {named} {verb}", name_of(*firewall, topology));
            StepText::of("firewall", text, rule.map_or(*firewall, |rule| rule.holder), span, topology)
        }
        Step::Unfiltered { level } => StepText::plain("nsg", format!("no nsg on the {}", level_word(*level))),
        Step::Routed { subnet, route } => routed(*subnet, route, topology),
        Step::Balanced { rule, backend, up, pool } => {
            let (rule_name, backend) = (name_of(*rule, topology), backend_name(*backend, topology));
            let text = format!("load balancer rule {rule_name}: backend {backend} ({up} of {pool} up)");
            StepText::of("balancer", text, *rule, None, topology)
        }
        Step::Rewritten { by, from, to } => {
            let (who, node) = translator(*by, topology);
            let text = match (source_change(*from, *to), destination_change(*from, *to)) {
                (Some(source), Some(destination)) => format!("SNAT and DNAT by {who}: {source}, {destination}"),
                (Some(source), None) => format!("SNAT by {who}: {source}"),
                (None, Some(destination)) => format!("DNAT by {who}: {destination}"),
                (None, None) => format!("{who} changes nothing"),
            };
            StepText::of("translation", text, node, None, topology)
        }
        Step::Ports { holder, used, of } => {
            let text =
                format!("{} has {used} ports towards there; {of} may be had", backend_name(NodeId(holder.0), topology));
            StepText::of("translation", text, NodeId(holder.0), None, topology)
        }
        Step::Refused { service, denied, .. } => refused(*service, *denied, topology),
        Step::Expired(silence) => blocked::silence(*silence, topology),
        Step::Assumed(assumption) => {
            StepText::plain("assumption", format!("assumed: {assumption}, for {}", assumption.effect()))
        }
        Step::Stopped(why) => StepText::plain("stop", format!("stopped: {} ({why})", reason(*why))),
    }
}

/// What stopped a packet, in a few words: the rule or the route that is behind `why`, as far as the steps name one.
#[must_use]
pub fn blocker(why: Reason, steps: &[Step], topology: &Topology) -> StepText {
    for done in steps.iter().rev() {
        match done {
            Step::Security { group, level, direction, rule, access: Access::Deny } if why == Reason::SecurityRule => {
                let (name, priority, span) = rule_of(*group, *rule, topology);
                let nsg = name_of(*group, topology);
                let (way, place) = (direction_word(*direction), level_word(*level));
                let text = format!("nsg {nsg} rule {name} ({priority}), {way} at the {place}");
                return StepText::of("nsg", text, *group, span, topology);
            }
            Step::Admin { rule, direction, access: Access::Deny } if why == Reason::AdminRule => {
                let (named, span) = admin_rule(*rule, topology);
                let text = format!("security admin {named}, {}", direction_word(*direction));
                return StepText::of("admin", text, rule.collection, span, topology);
            }
            Step::Firewall { firewall, rule, allow: false } if why == Reason::FirewallRule => {
                let (named, span) = firewall_rule(*rule, topology);
                let end = if rule.is_none() { " denies" } else { "" };
                let text = format!("firewall {}: {named}{end}", name_of(*firewall, topology));
                return StepText::of("firewall", text, rule.map_or(*firewall, |rule| rule.holder), span, topology);
            }
            Step::Refused { .. } => {
                let said = step(done, topology);
                return StepText { text: format!("{}: {}", reason(why), said.text), ..said };
            }
            Step::Expired(silence) if why == Reason::FlowExpired => {
                let said = blocked::silence(*silence, topology);
                return StepText { text: format!("{}: {}", reason(why), said.text), ..said };
            }
            Step::Ports { .. } if why == Reason::PortsExhausted => {
                let StepText { text, .. } = step(done, topology);
                return StepText { text: format!("{}: {text}", reason(why)), ..step(done, topology) };
            }
            Step::Routed { subnet, route } if is_about_the_route(why) => {
                let routed = routed(*subnet, route, topology);
                if let Some((peering, setting, span)) = closed_peering(why, *subnet, route.hop, topology) {
                    let text = format!("{}: {} ({setting}), {}", reason(why), name_of(peering, topology), routed.text);
                    return StepText::of("route", text, peering, span, topology);
                }
                return StepText { text: format!("{}: {}", reason(why), routed.text), ..routed };
            }
            _ => {}
        }
    }
    StepText::plain("stop", reason(why))
}

/// The peering whose setting does not let a packet cross, that setting, and where it was written.
fn closed_peering(
    why: Reason,
    subnet: NodeId,
    hop: Hop,
    topology: &Topology,
) -> Option<(NodeId, &'static str, Option<Span>)> {
    let Hop::Peering(remote) = hop else { return None };
    let vnet = topology.target(subnet, Relation::PartOf)?;
    let peer = topology.peer(vnet.id, remote)?;
    let setting = match why {
        Reason::ForwardedNotAllowed => "allowForwardedTraffic",
        Reason::PeeringAccessOff => "allowVirtualNetworkAccess",
        _ => return None,
    };
    let (peering, closed) = peer.closed(why == Reason::ForwardedNotAllowed);
    Some((peering.id, setting, closed.span))
}

const fn is_about_the_route(why: Reason) -> bool {
    matches!(
        why,
        Reason::RouteToNone
            | Reason::NoSuchAddress
            | Reason::NoGateway
            | Reason::NoOutbound
            | Reason::PeeringAccessOff
            | Reason::ForwardedNotAllowed
            | Reason::SubnetNotPeered
            | Reason::BasicOverGlobalPeering
            | Reason::EndpointProtocol
            | Reason::NoAnswer
            | Reason::TtlExpired
    )
}

/// A reason in words, to stand after a colon.
#[must_use]
pub const fn reason(why: Reason) -> &'static str {
    match why {
        Reason::SecurityRule => "a security rule denies it",
        Reason::AdminRule => "a security admin rule denies it",
        Reason::ClosedByDefault => "a Standard public address is closed until a security group opens it",
        Reason::NoRoute => "no route leads there",
        Reason::RouteToNone => "the route leads nowhere",
        Reason::NoSuchAddress => "nobody has that address",
        Reason::ForwardedNotAllowed => "the peering takes no forwarded packets",
        Reason::PeeringAccessOff => "the peering's access is switched off",
        Reason::SubnetNotPeered => "the peering joins other subnets",
        Reason::BasicOverGlobalPeering => "a Basic balancer is not reached from another region",
        Reason::NoOutbound => "the subnet has no way out to the Internet",
        Reason::SmtpBlocked => "the subscription may not send mail to the Internet by itself",
        Reason::OutboundProtocol => "the way out does not carry this protocol",
        Reason::EndpointProtocol => "a service endpoint carries TCP only",
        Reason::FirewallRule => "no rule of the firewall lets it pass",
        Reason::PortsExhausted => "all translation ports towards there are taken",
        Reason::LinkNotApproved => "the private endpoint's connection is not approved",
        Reason::NoBalancerRule => "no balancing rule listens on this port",
        Reason::NoHealthyBackend => "no backend is up",
        Reason::NoAnswer => "this address of Azure's own never answers",
        Reason::Hairpin => "the balancer chose the sender itself",
        Reason::ForwardingOff => "the NIC may carry its own packets only",
        Reason::NotCarried => "the platform does not carry this",
        Reason::TooLarge => "packets of more than 1,400 bytes are assumed not to cross a virtual network",
        Reason::UnknownFlow => "the translator knows no such connection",
        Reason::FlowExpired => "the connection was silent for too long",
        Reason::NoGateway => "there is no gateway",
        Reason::PortDeleted => "what should take it was deleted",
        Reason::FlowTableFull => "the flow table is full",
        Reason::QueueFull => "the queue at the egress cap is full",
        Reason::Lost => "lost on the way",
        Reason::TtlExpired => "forwarded too often",
        Reason::MachineDown => "no machine is up there",
        Reason::ServiceNotPublic => "the service takes requests through private endpoints only",
        Reason::ServiceNotListed => "no rule of the service's firewall names who asks",
        Reason::CertificateName => "the service's certificate is for other names",
    }
}

/// What a managed service says of who asks, and where the setting was written.
fn refused(service: NodeId, denied: Denied, topology: &Topology) -> StepText {
    let (setting, span) = match denied {
        Denied::NotPublic(span) => ("publicNetworkAccess", span),
        Denied::NotListed(span) => ("defaultAction", span),
    };
    let text = format!("service {}: {setting} refuses", name_of(service, topology));
    StepText::of("service", text, service, span, topology)
}

fn routed(subnet: NodeId, route: &Chosen, topology: &Topology) -> StepText {
    let hop = match route.hop {
        Hop::VnetLocal => "VnetLocal".to_owned(),
        Hop::Peering(vnet) => format!("VNetPeering {}", name_of(vnet, topology)),
        Hop::Internet => "Internet".to_owned(),
        Hop::Appliance(address) => format!("VirtualAppliance {address}"),
        Hop::Gateway(None) => "VirtualNetworkGateway".to_owned(),
        Hop::Gateway(Some(gateway)) => format!("VirtualNetworkGateway {}", name_of(gateway, topology)),
        Hop::Tunnel(connection) => format!("connection {}", name_of(connection, topology)),
        Hop::ServiceEndpoint => "VirtualNetworkServiceEndpoint".to_owned(),
        Hop::Endpoint(endpoint) => format!("InterfaceEndpoint {}", name_of(endpoint, topology)),
        Hop::None => "None".to_owned(),
    };
    let prefix = route.prefix;
    let (table, nth) = match route.source {
        Source::User(table, nth) => (table, nth),
        Source::Gateway => {
            return StepText::of("route", format!("route {prefix} -> {hop} (gateway)"), subnet, None, topology);
        }
        Source::System => {
            return StepText::of("route", format!("route {prefix} -> {hop} (system)"), subnet, None, topology);
        }
    };
    let declared = topology.get(table).and_then(|found| match &found.kind {
        Kind::RouteTable(table) => table.routes.get(nth as usize),
        _ => None,
    });
    let name = declared.map_or("?", |route| &route.name);
    let text = format!("route {prefix} -> {hop} ({name} of {})", name_of(table, topology));
    StepText::of("route", text, table, declared.and_then(|route| route.span), topology)
}

fn rule_of(group: NodeId, rule: RuleRef, topology: &Topology) -> (String, u16, Option<Span>) {
    match topology.get(group).map(|found| &found.kind) {
        Some(Kind::Nsg(nsg)) => {
            let (name, priority, written) = security::describe(nsg, rule);
            (name.to_string(), priority, written.and_then(|rule| rule.span))
        }
        _ => ("?".to_owned(), 0, None),
    }
}

fn admin_rule_of(rule: AdminRef, topology: &Topology) -> Option<&SecurityRule> {
    match &topology.get(rule.collection)?.kind {
        Kind::AdminRules(rules) => rules.rules.get(rule.rule as usize),
        _ => None,
    }
}

/// The name of the security rule, of a group or of administrators, that decided a step.
#[must_use]
pub fn rule_name(step: &Step, topology: &Topology) -> Option<String> {
    match step {
        Step::Security { group, rule, .. } => match &topology.get(*group)?.kind {
            Kind::Nsg(group) => Some(security::describe(group, *rule).0.to_string()),
            _ => None,
        },
        Step::Admin { rule, .. } => admin_rule_of(*rule, topology).map(|rule| rule.name.to_string()),
        _ => None,
    }
}

/// `rule NAME (PRIORITY) of COLLECTION`, and where it was written.
fn admin_rule(rule: AdminRef, topology: &Topology) -> (String, Option<Span>) {
    let declared = admin_rule_of(rule, topology);
    let named = declared.map_or_else(|| "rule ?".to_owned(), |it| format!("rule {} ({})", it.name, it.priority));
    (format!("{named} of {}", name_of(rule.collection, topology)), declared.and_then(|rule| rule.span))
}

/// `rule NAME of collection COLLECTION (GROUP) of HOLDER`, and where it was written.
fn firewall_rule(rule: Option<firewall::RuleRef>, topology: &Topology) -> (String, Option<Span>) {
    let Some(rule) = rule else { return ("no rule matches, so it".to_owned(), None) };
    let holder = topology.get(rule.holder);
    let Some((collection, declared)) = holder.and_then(|found| firewall::declared(&found.kind, rule)) else {
        return ("rule ?".to_owned(), None);
    };
    let group = if collection.group.is_empty() { String::new() } else { format!(" ({})", collection.group) };
    let holder = name_of(rule.holder, topology);
    let named = format!("rule {} of collection {}{group} of {holder}", declared.name, collection.name);
    (named, declared.span)
}

fn translator(by: Translation, topology: &Topology) -> (String, NodeId) {
    let (what, node) = match by {
        Translation::PublicIp(node) => ("public ip", node),
        Translation::LinkService(node) => ("private link service", node),
        Translation::NatGateway(node) => ("nat gateway", node),
        Translation::DefaultOutbound(node) => ("default outbound access of", node),
        Translation::Balancer(node) => ("load balancer", node),
        Translation::Firewall(node) => ("firewall", node),
    };
    (format!("{what} {}", name_of(node, topology)), node)
}

fn source_change(from: Tuple, to: Tuple) -> Option<String> {
    let (a, b) = ((from.src, from.src_port), (to.src, to.src_port));
    (a != b).then(|| format!("{} -> {}", socket(a), socket(b)))
}

fn destination_change(from: Tuple, to: Tuple) -> Option<String> {
    let (a, b) = ((from.dst, from.dst_port), (to.dst, to.dst_port));
    (a != b).then(|| format!("{} -> {}", socket(a), socket(b)))
}

/// What a rewriting changed, as `source -> source, destination -> destination`; `None` when nothing.
#[must_use]
pub fn rewriting(from: Tuple, to: Tuple) -> Option<String> {
    let changes: Vec<String> = [source_change(from, to), destination_change(from, to)].into_iter().flatten().collect();
    (!changes.is_empty()).then(|| changes.join(", "))
}

fn socket((address, port): (Addr, u16)) -> String {
    if address.is_v4() { format!("{address}:{port}") } else { format!("[{address}]:{port}") }
}

fn name_of(node: NodeId, topology: &Topology) -> String {
    topology.get(node).map_or_else(|| format!("deleted resource {}", node.0), |found| names::short(found, topology))
}

/// A backend is an address of a NIC; people know the NIC.
fn backend_name(backend: NodeId, topology: &Topology) -> String {
    let nic = topology.target(backend, Relation::PartOf);
    nic.map_or_else(|| name_of(backend, topology), |nic| nic.short_name().to_owned())
}

const fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    }
}

const fn level_word(level: Level) -> &'static str {
    match level {
        Level::Subnet => "subnet",
        Level::Nic => "nic",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::net::{Prefix, Protocol};
    use sim_core::source::FileId;
    use sim_core::topology::{
        BalancingRule, Destination, Distribution, Draft, LoadBalancer, Nsg, Relation, Route, RouteTable, SecurityRule,
        Setting, Sku, UserHop, Vnet,
    };

    fn span(at: usize) -> Option<Span> {
        Some(Span::new(FileId(2), at, at + 9))
    }

    fn network() -> Topology {
        let prefix: Prefix = "10.0.0.0/8".parse().unwrap();
        let deny = SecurityRule {
            name: "DenyAll".into(),
            priority: 4000,
            direction: Direction::Inbound,
            access: Access::Deny,
            protocol: None,
            source: Vec::new(),
            source_ports: Vec::new(),
            destination: Vec::new(),
            destination_ports: Vec::new(),
            span: span(100),
        };
        let route = Route {
            name: "to-nva".into(),
            destination: Destination::Prefix(prefix),
            next_hop: UserHop::None,
            span: span(200),
        };
        let balancer = LoadBalancer {
            sku: Setting::default_of(Sku::Standard),
            region: "westus2".into(),
            ..LoadBalancer::default()
        };
        let rule = BalancingRule {
            protocol: Some(Protocol::TCP),
            frontend_port: 443,
            backend_port: 8443,
            distribution: Distribution::FiveTuple,
            idle_minutes: Setting::default_of(4),
            floating_ip: false,
            disable_outbound_snat: false,
            ..BalancingRule::default()
        };
        let id = |name: &str| format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/{name}");
        let drafts = [
            Draft::new(
                id("virtualNetworks/hub"),
                Kind::Vnet(Vnet { region: "westus2".into(), space: vec![prefix], ..Vnet::default() }),
            ),
            Draft::new(id("networkSecurityGroups/guard"), Kind::Nsg(Nsg { rules: vec![deny], ..Nsg::default() })),
            Draft::new(
                id("routeTables/rt"),
                Kind::RouteTable(RouteTable { routes: vec![route], ..RouteTable::default() }),
            ),
            Draft::new(id("loadBalancers/lb"), Kind::LoadBalancer(balancer)),
            Draft::new(id("loadBalancers/lb/loadBalancingRules/r1"), Kind::BalancingRule(rule))
                .refer(Relation::PartOf, id("loadBalancers/lb")),
        ];
        let mut topology = Topology::new();
        for draft in drafts {
            topology.put(draft.at(span(0))).unwrap();
        }
        topology
    }

    const VNET: NodeId = NodeId(0);
    const NSG: NodeId = NodeId(1);
    const TABLE: NodeId = NodeId(2);
    const RULE: NodeId = NodeId(4);

    fn routed(prefix: &str, hop: Hop, source: Source) -> Step {
        Step::Routed { subnet: VNET, route: Chosen { prefix: prefix.parse().unwrap(), hop, source } }
    }

    fn security(rule: RuleRef, access: Access) -> Step {
        Step::Security { group: NSG, level: Level::Subnet, direction: Direction::Inbound, rule, access }
    }

    #[test]
    fn every_step_has_its_words() {
        // Catches: a step that names the wrong resource, loses which side was rewritten, or points beside the rule.
        let topology = network();
        let from = Tuple {
            src: Addr::v4(10, 9, 0, 4),
            dst: Addr::v4(10, 9, 0, 5),
            src_port: 49152,
            dst_port: 443,
            protocol: Protocol::TCP,
        };
        let inner = Tuple { src: Addr::v4(10, 0, 0, 6), ..from };
        let both = Tuple { dst: Addr::v4(10, 0, 0, 7), dst_port: 8443, ..inner };
        let rewritten = |by, to| Step::Rewritten { by, from, to };
        let table = [
            (security(RuleRef::User(0), Access::Deny), "nsg inbound (subnet) guard: rule DenyAll (4000) denies", 100),
            (
                security(RuleRef::Default(0), Access::Allow),
                "nsg inbound (subnet) guard: rule AllowVnetInBound (65000) allows",
                0,
            ),
            (routed("10.0.0.0/16", Hop::VnetLocal, Source::System), "route 10.0.0.0/16 -> VnetLocal (system)", 0),
            (routed("10.0.0.0/8", Hop::None, Source::User(TABLE, 0)), "route 10.0.0.0/8 -> None (to-nva of rt)", 200),
            (
                Step::Balanced { rule: RULE, backend: NSG, up: 1, pool: 2 },
                "load balancer rule r1: backend guard (1 of 2 up)",
                0,
            ),
            (
                rewritten(Translation::LinkService(NodeId(99)), inner),
                "SNAT by private link service deleted resource 99: 10.9.0.4:49152 -> 10.0.0.6:49152",
                u32::MAX,
            ),
            (
                rewritten(Translation::Balancer(NodeId(3)), both),
                "SNAT and DNAT by load balancer lb: 10.9.0.4:49152 -> 10.0.0.6:49152, 10.9.0.5:443 -> 10.0.0.7:8443",
                0,
            ),
            (Step::Unfiltered { level: Level::Nic }, "no nsg on the nic", u32::MAX),
            (Step::Stopped(Reason::NoGateway), "stopped: there is no gateway (no-gateway)", u32::MAX),
        ];
        for (done, text, at) in table {
            let told = step(&done, &topology);
            assert_eq!(told.text, text);
            assert_eq!(told.span.map_or(u32::MAX, |span| span.start), at, "{text}");
            assert_eq!(told.resource.is_some(), told.span.is_some(), "{text}");
        }
    }

    #[test]
    fn what_stopped_it_is_the_last_that_could_have() {
        // Catches: an allowing rule, or a route that had no part in it, named as what stopped a packet.
        let topology = network();
        let steps = [
            security(RuleRef::Default(0), Access::Allow),
            routed("10.0.0.0/8", Hop::None, Source::User(TABLE, 0)),
            security(RuleRef::User(0), Access::Deny),
            Step::Stopped(Reason::SecurityRule),
        ];
        let table = [
            (Reason::SecurityRule, 4, "nsg guard rule DenyAll (4000), inbound at the subnet"),
            (Reason::SecurityRule, 1, "a security rule denies it"),
            (Reason::RouteToNone, 2, "the route leads nowhere: route 10.0.0.0/8 -> None (to-nva of rt)"),
            (Reason::ForwardingOff, 4, "the NIC may carry its own packets only"),
        ];
        for (reason, count, text) in table {
            assert_eq!(blocker(reason, &steps[..count], &topology).text, text);
        }
    }
}
