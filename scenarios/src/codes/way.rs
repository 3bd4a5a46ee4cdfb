//! What each reason means for the packet's way: where it arises, what the client sees, where the rule is from.

/// Where a reason stops packets, and what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The reason's code.
    pub code: &'static str,
    /// Where on the way it arises.
    pub arises: &'static str,
    /// What the client sees.
    pub seen: &'static str,
    /// Document and section of the reference, or that it is no rule of Azure's.
    pub source: &'static str,
    /// The edit that is proposed; empty where none is.
    pub edit: &'static str,
}

/// One for each reason.
pub const WAYS: &[Way] = &[
    way(
        "security-rule",
        "Where a packet leaves a NIC (its own group, then the subnet's), where it arrives at one (the subnet's, then its \
         own), and at a private endpoint whose subnet's policy lets rules count.",
        SILENCE,
        "azure-dataplane 1.3, 5.4",
    )
    .proposes("A rule for this protocol, source, destination and port, with a smaller number than the rule that denies."),
    way("admin-rule", "Before the security groups, where a packet leaves or arrives.", SILENCE, "azure-dataplane 1.3")
        .proposes("A rule of the same collection ahead of the rule that denies, which allows or always allows."),
    way(
        "closed-by-default",
        "At a NIC, for what came to a Standard public address or frontend.",
        SILENCE,
        "azure-dataplane 3.9",
    )
    .proposes("A security group on the NIC or its subnet, with a rule that allows the traffic."),
    way("no-route", "In the sender's subnet, when the route is chosen.", SILENCE, "azure-dataplane 2.2"),
    way(
        "route-to-none",
        "In the sender's subnet, when the route is chosen. Private ranges outside of the network lead there by Azure's own \
         routes.",
        SILENCE,
        "azure-dataplane 2.1, 2.3",
    ),
    way(
        "no-such-address",
        "Behind the route: in the network, in a peer, at the next hop, on the Internet.",
        SILENCE,
        "azure-dataplane 2.3",
    ),
    way(
        "forwarded-not-allowed",
        "On a peering, for packets whose source is not in the network that sends them.",
        SILENCE,
        "azure-dataplane 2.7",
    )
    .proposes("`allowForwardedTraffic` on the peering of the network that should take the packet."),
    way("peering-access-off", "On a peering.", SILENCE, "azure-dataplane 2.7")
        .proposes("`allowVirtualNetworkAccess` on the peering where it is off."),
    way("subnet-not-peered", "On a peering of subnets.", SILENCE, "azure-dataplane 2.7"),
    way(
        "basic-over-global-peering",
        "On a peering of networks of two regions, for a balancer's frontend on the other side.",
        SILENCE,
        "azure-dataplane 2.7",
    ),
    way(
        "no-outbound",
        "Behind a route to the Internet, in a private subnet or behind a Standard internal balancer alone.",
        SILENCE,
        "azure-dataplane 3.11, 4.4",
    )
    .proposes("A NAT gateway on the subnet."),
    way(
        "smtp-blocked",
        "Behind a route to the Internet, for TCP port 25.",
        SILENCE,
        "azure-dataplane 1.8",
    ),
    way(
        "outbound-protocol",
        "Behind a route to the Internet, where sources are translated.",
        "No answer to a ping; TCP and UDP pass, unless the balancer has rules for the other one alone.",
        "azure-dataplane 3.11, 4.2, 4.4",
    ),
    way("endpoint-protocol", "Behind the route of a service endpoint.", "No answer to a ping.", "azure-dataplane 2.5"),
    way(
        "firewall-rule",
        "At an Azure Firewall that a route leads to.",
        "Nothing: TCP times out. Application rules answer HTTP with an error and end TLS.",
        "learn azure/firewall/rule-processing",
    )
    .proposes("A network rule ahead of what denies, or an application rule for a host that is known by its name."),
    way(
        "ports-exhausted",
        "Where sources are translated: a NAT gateway, a balancer's outbound address, a private link service.",
        "New connections time out while open ones go on.",
        "azure-dataplane 3.11, 4.2",
    ),
    way("link-not-approved", "At a private endpoint.", SILENCE, "azure-services 3.1")
        .proposes("The connection's state set to `Approved`."),
    way("no-balancer-rule", "At a balancer's frontend.", SILENCE, "azure-dataplane 3.3"),
    way(
        "no-healthy-backend",
        "At a balancer's frontend, for new flows.",
        "New connections time out; open TCP connections of a Standard balancer go on.",
        "azure-dataplane 3.4",
    ),
    way("no-answer", "In the subnet that the address is of.", "No answer to a ping.", "azure-dataplane 1.8, 5.4"),
    way(
        "hairpin",
        "At a NIC behind an internal balancer that asks the balancer's frontend itself.",
        "A time-out, of as large a part of the connections as the machine is of the healthy members.",
        "azure-dataplane 3.10",
    ),
    way(
        "forwarding-off",
        "At the NIC of an appliance: where others' packets arrive and where they leave.",
        SILENCE,
        "azure-dataplane 2.3",
    )
    .proposes("`enableIPForwarding` on the NIC. That the guest forwards as well is no setting of Azure's."),
    way("not-carried", "Where a packet leaves a NIC.", SILENCE, "azure-dataplane 1.8"),
    way(
        "packet-too-large",
        "Where a packet is sent on inside a network or over a peering, with `--assume large-packets=dropped` alone.",
        "Connections open and hang with the first large answer.",
        "azure-dataplane 5.3, 9 (13)",
    ),
    way(
        "unknown-flow",
        "Where sources are translated, for packets from the other side; and where an answer comes to a client in another \
         name than it asked for.",
        "Nothing: who asked from outside times out. A late packet to a NAT gateway is answered with a reset.",
        "azure-dataplane 2.4, 4.2",
    ),
    way(
        "flow-expired",
        "Where a flow was remembered: at a balancer's frontend, a translation, a machine's security record.",
        "The connection hangs, or ends with a reset where the rule has TCP reset on.",
        "azure-dataplane 1.4, 3.7, 4.2",
    ),
    way("no-gateway", "Behind a route to the gateway.", SILENCE, "azure-dataplane 2.3")
    .proposes("The route that leads to the gateway taken out; the side that a connection of two gateways lacks."),
    way(
        "port-deleted",
        "On the way to what was deleted meanwhile.",
        "Open connections hang until they time out.",
        "none: it follows from the deletion",
    ),
    way(
        "flow-table-full",
        "Where a machine's connections are counted.",
        "New connections time out while open ones go on.",
        "azure-dataplane 5.2",
    ),
    way(
        "queue-full",
        "At the machine that sends.",
        "TCP slows down and sends again; UDP is lost.",
        "azure-dataplane 5.1",
    ),
    way("lost", "On a link.", "TCP sends again, which takes time; UDP is lost.", "none: an assumed rate"),
    way(
        "ttl-expired",
        "At appliances whose routes lead back to them.",
        "Nothing: TCP times out. A traceroute shows the same appliances again and again.",
        "azure-dataplane 2.3, 5.4",
    )
    .proposes("The route that leads back taken out."),
    way(
        "machine-down",
        "At the NIC that packets arrive at.",
        SILENCE,
        "none: it follows from the machine's state",
    ),
    way(
        "service-not-public",
        "At a front of a managed service, for requests that come by no private endpoint.",
        REFUSED,
        "azure-services 6, 7, 8.5",
    )
    .proposes("`publicNetworkAccess` set to `Enabled`."),
    way(
        "service-not-listed",
        "At a front of a managed service, for requests that come by no private endpoint.",
        REFUSED,
        "azure-services 6, 7, 8.5",
    )
    .proposes("A rule for the client's subnet, with a service endpoint on it; one for its public address; `defaultAction`."),
    way(
        "certificate-name",
        "In the client, in the TLS handshake.",
        "`x509: certificate is valid for` the service's names, `not` the one asked for.",
        "Azure/acr issues 360, 425",
    ),
];

/// What a managed service that does not let a client in does.
const REFUSED: &str = "The connection opens, TLS too; the service answers 403, in words of its own.";

/// Azure drops packets without a word.
const SILENCE: &str = "Nothing: TCP times out, for Azure drops packets without a reset or an ICMP message.";

const fn way(code: &'static str, arises: &'static str, seen: &'static str, source: &'static str) -> Way {
    Way { code, arises, seen, source, edit: "" }
}

impl Way {
    const fn proposes(self, edit: &'static str) -> Self {
        Self { edit, ..self }
    }
}
