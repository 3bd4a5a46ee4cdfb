//! Why a packet did not go on: the reasons of `sim_core::stage::Reason`.

use super::{Explanation, row};

/// Every reason, in the order of the engine's list. Where a rule is Azure's, the reason names its source.
pub const REASONS: &[Explanation] = &[
    row(
        "security-rule",
        "A rule of a network security group denies the packet. Both the group of the subnet and that of the NIC \
         must allow it.",
        "Add a rule with a smaller priority number that allows the traffic, or change the rule that is named. \
         Answers to \
         allowed packets need no rule of their own.",
    ),
    row(
        "admin-rule",
        "A security admin rule of a network manager denies the packet before any security group is asked.",
        "Change the rule in the network manager's configuration and deploy it again; a rule with a smaller priority \
         number may allow the traffic ahead of it.",
    ),
    row(
        "closed-by-default",
        "A Standard public address or frontend takes nothing from outside while neither subnet nor NIC has a \
         security group.",
        "Attach a network security group with a rule that allows the traffic.",
    ),
    row(
        "no-route",
        "No route of the subnet matches the destination.",
        "Add a route for the destination, or a peering or gateway that brings one.",
    ),
    row(
        "route-to-none",
        "The longest matching route has `None` as its next hop: the packet is dropped on purpose.",
        "Remove the route, or add a more specific one that leads where the traffic should go.",
    ),
    row(
        "no-such-address",
        "The destination, or the appliance that a route names as next hop, is an address that nobody has.",
        "Check the address in the flow or in the route's `nextHopIpAddress`. The resource may have been deleted, or \
         left out of the input.",
    ),
    row(
        "forwarded-not-allowed",
        "A peering drops a packet that does not come from the network next to it.",
        "Set `allowForwardedTraffic` on the peering of the network that should take it.",
    ),
    row(
        "peering-access-off",
        "A peering has `allowVirtualNetworkAccess` switched off.",
        "Set `allowVirtualNetworkAccess` to true on the peering that is named.",
    ),
    row(
        "subnet-not-peered",
        "The peering joins subnets, and that of the sender or of the receiver is not among them. The route is there, \
         and the packet is dropped all the same.",
        "Add the subnet to the peering on both sides, or peer the whole networks.",
    ),
    row(
        "basic-over-global-peering",
        "The destination is the frontend of a Basic balancer in a peered network of another region. Basic balancers are \
         reached over peerings inside a region only.",
        "Use a Standard balancer.",
    ),
    row(
        "no-outbound",
        "The machine has no way to the Internet: no NAT gateway, public address or outbound rule, and no default \
         outbound \
         access.",
        "Attach a NAT gateway to the subnet, or give the machine a public address or a balancer with an outbound rule.",
    ),
    row(
        "smtp-blocked",
        "Most types of subscription may not send mail (TCP port 25) to the Internet by themselves.",
        "Send through a relay on port 587. For a subscription that may, such as one of an Enterprise Agreement, ask with \
         `--assume smtp-outbound=open`.",
    ),
    row(
        "outbound-protocol",
        "The way out does not carry this protocol: address translation carries TCP and UDP.",
        "Use TCP or UDP, or give the machine a public address of its own.",
    ),
    row(
        "endpoint-protocol",
        "The route leads over a service endpoint, which carries TCP only.",
        "Use TCP, or reach the service from a subnet without the endpoint.",
    ),
    row(
        "firewall-rule",
        "The Azure Firewall on the way has no rule that lets the packet pass, or one that denies it.",
        "Add a network or application rule for the traffic to the firewall's policy; of translations, one for the \
         address and port that is asked for.",
    ),
    row(
        "ports-exhausted",
        "All ports of the outbound address towards this destination are in use.",
        "Add public addresses to the NAT gateway or the outbound rule, use connections again, or reach Azure \
         services by \
         private endpoint.",
    ),
    row(
        "link-not-approved",
        "The connection of the private endpoint waits for approval, or was rejected.",
        "Approve it at the resource that the endpoint leads to.",
    ),
    row(
        "no-balancer-rule",
        "The balancer has no rule for this frontend and port.",
        "Add a load-balancing or inbound NAT rule, or use the port of one that is there.",
    ),
    row(
        "no-healthy-backend",
        "No member of the balancer's backend pool answers its probe, or the pool is empty.",
        "Put machines into the pool, let something listen on the probe's port, and allow `AzureLoadBalancer` in the \
         security \
         groups.",
    ),
    row(
        "no-answer",
        "The address is kept by Azure and answers nobody, such as the gateway at the second address of each subnet.",
        "Ask another address. That a gateway does not answer says nothing about the network.",
    ),
    row(
        "hairpin",
        "A member of the pool asked its own balancer's internal frontend, and the balancer chose that same member: the \
         packet comes back with the machine's own address as source, and no socket takes it. It happens to about one \
         flow in as many as there are healthy members.",
        "Ask another member, or the service on the machine itself, directly; or put clients and servers into \
         different pools.",
    ),
    row(
        "forwarding-off",
        "A packet that is not for this NIC, or not from it, reached a NIC without IP forwarding.",
        "Set `enableIPForwarding` on the NIC of the appliance, and let its operating system forward too.",
    ),
    row(
        "not-carried",
        "Azure's network does not carry this kind of packet: multicast, broadcast, GRE, IP in IP and some reserved \
         ports.",
        "Use unicast TCP, UDP or ICMP.",
    ),
    row(
        "packet-too-large",
        "An IP packet of more than 1,400 bytes that may not be cut. Azure's network cuts packets at 1,400 bytes, and \
         nobody says what becomes of those that may not be; they pass, unless `--assume large-packets=dropped` has \
         them dropped between machines of a virtual network and its peers.",
        "Lower the MTU of the machines to 1,400 bytes, or the segment size of TCP to 1,350.",
    ),
    row(
        "unknown-flow",
        "A packet from outside reached a translated address that holds no connection for it.",
        "Open connections from the inside, or publish a port with a balancer rule. If it worked before, it was idle \
         too long.",
    ),
    row(
        "flow-expired",
        "The connection was silent for longer than the balancer, the translation or the record remembers it, and this \
         packet comes too late.",
        "Let the client or the server send TCP keep-alives more often than the idle time, or set a longer \
         `idleTimeoutInMinutes` on the rule, the public address or the NAT gateway. TCP reset lets both ends know.",
    ),
    row(
        "no-gateway",
        "The way leads through a gateway, or into a network on premises, that the input does not hold.",
        "Add the gateway to the input, or an actor of kind `on-premises` with `prefix` and `connected-to`.",
    ),
    row(
        "port-deleted",
        "The NIC or endpoint was deleted while the packet was on its way.",
        "Look at the timeline for what deletes it, and when.",
    ),
    row(
        "flow-table-full",
        "The machine has as many connections as Azure keeps for one NIC.",
        "Spread the connections over more machines, or close them sooner.",
    ),
    row(
        "queue-full",
        "The machine sends faster than its size allows, and the queue before that limit is full.",
        "Choose a larger size, or send less at once.",
    ),
    row(
        "lost",
        "The packet was lost on the way, by the assumed loss of the link.",
        "Nothing is to be mended: TCP sends again. `vnetsim assumptions` shows the rates.",
    ),
    row(
        "ttl-expired",
        "The packet was forwarded until its hop limit was used up: routes lead in a circle.",
        "Look at the routes of the subnets that the packet came through, those of the appliances' own above all.",
    ),
    row(
        "machine-down",
        "The machine is off, still booting, or rebooting.",
        "Start the flow later, or look at the timeline for what restarts it.",
    ),
    row(
        "service-not-public",
        "The managed service takes requests through private endpoints only: its `publicNetworkAccess` is off, which no \
         listed subnet or address gets around. TCP and TLS work; the requests are refused.",
        "Ask through a private endpoint, by a name that leads to its address; or set `publicNetworkAccess` to `Enabled`.",
    ),
    row(
        "service-not-listed",
        "The managed service's own firewall denies by default, and none of its rules names the caller: neither its \
         subnet, which only a service endpoint tells the service, nor its public address. TCP and TLS work; the \
         requests are refused.",
        "List the subnet, and give it the service endpoint; list the caller's public address; ask through a private \
         endpoint; or set `defaultAction` to `Allow`.",
    ),
    row(
        "certificate-name",
        "The client reached the service by a name that the service's certificate is not for, such as one of a \
         `privatelink` zone. It hangs up in the TLS handshake.",
        "Ask for the service by its own name; where it has a private endpoint, that name leads to it by way of the zone.",
    ),
];
