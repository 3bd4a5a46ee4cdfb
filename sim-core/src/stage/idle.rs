//! Idle times: how long state is kept, and what becomes of connections that were silent for longer (azure-dataplane 3.7,
//! 4.2).

use crate::id::NodeId;
use crate::net::Protocol;
use crate::time::Nanos;

/// Silence that never comes to an end.
pub const NEVER: Nanos = Nanos(u64::MAX);

/// How long state is kept, and what happens when it is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Silence after which rules are asked again.
    pub record: Nanos,
    /// Silence after which the state is forgotten.
    pub idle: Nanos,
    /// The same while TCP has not opened yet.
    pub half_open: Nanos,
    /// How long what it held is not given to others towards the same destination.
    pub hold: Hold,
    /// What becomes of packets that come after that.
    pub expiry: Expiry,
    /// Who remembers it, where somebody is to be named.
    pub keeper: Option<Keeper>,
}

/// Who remembers a flow, and whose setting says for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeper {
    /// The balancer, the translator.
    pub device: NodeId,
    /// The rule, the public address, the gateway.
    pub setting: NodeId,
}

/// That a connection was silent for longer than it is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Who remembered it, where somebody is to be named.
    pub keeper: Option<Keeper>,
    /// For how long at most.
    pub after: Nanos,
}

/// How long what a closed connection held is kept from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    /// After both sides have closed.
    pub fin: Nanos,
    /// After a reset.
    pub rst: Nanos,
    /// After datagrams were silent for too long.
    pub udp: Nanos,
}

/// What becomes of a connection that was silent for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// It is as if it had never been.
    Forget,
    /// What still comes is dropped, until it is opened again.
    Drop,
    /// What still comes is answered with a reset.
    Reset,
    /// Both ends get a reset at once, and whoever still sends gets another.
    ResetBoth,
}

impl Lifetime {
    /// State that is forgotten after so much silence, and that is all.
    #[must_use]
    pub const fn plain(idle: Nanos) -> Self {
        let hold = Hold { fin: Nanos::ZERO, rst: Nanos::ZERO, udp: Nanos::ZERO };
        Self { record: idle, idle, half_open: idle, hold, expiry: Expiry::Forget, keeper: None }
    }

    /// The same, remembered by somebody.
    #[must_use]
    pub const fn kept(self, device: NodeId, setting: NodeId) -> Self {
        Self { keeper: Some(Keeper { device, setting }), ..self }
    }

    /// State that is missed when it is gone.
    #[must_use]
    pub const fn missed(idle: Nanos, expiry: Expiry) -> Self {
        Self { record: NEVER, expiry, ..Self::plain(idle) }
    }

    /// What a balancer remembers of a flow that came in by `frontend`.
    ///
    /// Rule `balancer-idle-timeout`: A TCP flow through a balancing or inbound NAT rule is forgotten after the rule's idle
    /// time, or that of the frontend's public address, which comes before it; then both ends get a reset where the rule has
    /// TCP reset on, else later packets are dropped. Rules for UDP have no idle time. Source: azure-dataplane 3.7.
    #[must_use]
    pub const fn balanced(protocol: Protocol, rule: u16, public: Option<u16>, tcp_reset: bool) -> Self {
        if protocol.0 != Protocol::TCP.0 {
            return Self { record: NEVER, ..Self::plain(NEVER) };
        }
        let idle = match public {
            Some(public) => minutes(public),
            None => minutes(rule),
        };
        Self::missed(idle, if tcp_reset { Expiry::ResetBoth } else { Expiry::Drop })
    }

    /// What a NAT gateway remembers.
    ///
    /// Rule `nat-gateway-timers`: TCP is forgotten after the gateway's idle time, and half-open TCP after 30 s; UDP after 4
    /// minutes. That is silent, and later TCP is answered with a reset. A port serves the same destination again 65 s after
    /// a close, 16 s after a reset, 65 s after datagrams. Source: azure-dataplane 4.2.
    #[must_use]
    pub const fn nat_gateway(protocol: Protocol, tcp: u16) -> Self {
        let hold = Hold { fin: Nanos::secs(65), rst: Nanos::secs(16), udp: Nanos::secs(65) };
        if protocol.0 == Protocol::TCP.0 {
            Self { hold, half_open: Nanos::secs(30), ..Self::missed(minutes(tcp), Expiry::Reset) }
        } else {
            Self { record: NEVER, hold, ..Self::plain(minutes(DEFAULT_MINUTES)) }
        }
    }

    /// What is remembered of a flow that came in by a NIC's public address, which has this idle time in minutes.
    ///
    /// Rule `public-ip-idle-timeout`: A flow that comes in by a NIC's public address is remembered for the address's idle time.
    /// Source: azure-dataplane 3.7, 4.3.
    #[must_use]
    pub const fn public_ip(idle: u16) -> Self {
        Self::plain(minutes(idle))
    }

    /// What a firewall remembers of a flow between private addresses, or of one to or from the Internet.
    ///
    /// Rule `firewall-idle`: a firewall forgets a silent flow after 4 minutes on the way to or from the Internet, after 5
    /// between private addresses. Source: learn azure/firewall/tcp-session-behavior.
    #[must_use]
    pub const fn firewall(private: bool) -> Self {
        Self::plain(minutes(if private { 5 } else { 4 }))
    }

    /// What a private link remembers (azure-services 3.2).
    #[must_use]
    pub const fn private_link() -> Self {
        Self::plain(minutes(5))
    }

    /// What a balancer remembers of a flow that goes out by it, or default access (no rule says how long).
    ///
    /// Rule `snat-idle-timeout`: A TCP flow out through a balancer is forgotten after the outbound rule's idle time, and
    /// through a balancing rule or default access after 4 minutes; UDP after 4 minutes. Source: azure-dataplane 3.7.
    #[must_use]
    pub const fn outbound(protocol: Protocol, tcp: Option<u16>, tcp_reset: bool) -> Self {
        let chosen = match tcp {
            Some(tcp) if protocol.0 == Protocol::TCP.0 => tcp,
            _ => DEFAULT_MINUTES,
        };
        if protocol.0 != Protocol::TCP.0 {
            return Self { record: NEVER, ..Self::plain(minutes(chosen)) };
        }
        Self::missed(minutes(chosen), if tcp_reset { Expiry::ResetBoth } else { Expiry::Drop })
    }
}

/// Where nothing is said: of rules, of public addresses, of NAT gateways (azure-dataplane 3.7, 4.2).
pub const DEFAULT_MINUTES: u16 = 4;

/// 0 stands for nothing said.
const fn minutes(minutes: u16) -> Nanos {
    let minutes = if minutes == 0 { DEFAULT_MINUTES } else { minutes };
    Nanos::secs(minutes as u64 * 60)
}
