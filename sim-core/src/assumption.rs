//! What nobody outside Azure knows for certain: each uncertainty has a name, a default and its alternatives.
//!
//! The list is that of azure-dataplane section 9 and of the places marked UNSURE. Code asks [`Choices`] and notes in its
//! provenance ([`crate::stage::Step::Assumed`]) that it did, so that an answer can list what it hangs on.

use crate::stage::Step;
use std::fmt;

/// Declares the assumptions: variant, name, choices (the default first), source, effect.
macro_rules! assumptions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, [$($choice:literal),+], $source:literal, $effect:literal;)+) => {
        /// A named uncertainty.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Assumption {
            $($(#[$doc])* $variant,)+
        }

        impl Assumption {
            /// All of them, in a fixed order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What can be assumed; the first is the default.
            #[must_use]
            pub const fn choices(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($choice),+],)+ }
            }

            /// Where the uncertainty is described.
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $(Self::$variant => $source,)+ }
            }

            /// What hangs on it.
            #[must_use]
            pub const fn effect(self) -> &'static str {
                match self { $(Self::$variant => $effect,)+ }
            }
        }
    };
}

assumptions! {
    /// When a default route of a user or gateway makes the `VirtualNetwork` tag hold every address.
    VirtualNetworkUnderDefaultRoute = "virtual-network-under-default-route", ["appliance-or-gateway", "any", "never"],
        "azure-dataplane 1.7, 9 (1)",
        "whether default rules admit everything where a 0.0.0.0/0 route leads to an appliance or a gateway";
    /// Whether `Internet` still holds public addresses once `VirtualNetwork` holds every address.
    InternetUnderDefaultRoute = "internet-under-default-route", ["empty", "unchanged"],
        "azure-dataplane 1.7, 9 (1)",
        "whether rules for the Internet tag match where the VirtualNetwork tag holds every address";
    /// Whether `Internet` holds the public addresses that a gateway leads to.
    InternetOnPremises = "internet-on-premises", ["with-virtual-network", "left-out"],
        "failure-stories S21 (MicrosoftDocs/azure-docs issue 81801), against azure-dataplane 1.7",
        "whether rules for the Internet tag match public ranges on premises, which the VirtualNetwork tag holds as well";
    /// Which default routes withdraw the system's `None` routes.
    NoneRoutesUnderDefaultRoute = "none-routes-under-default-route", ["withdrawn-by-user", "withdrawn-by-any", "kept"],
        "azure-dataplane 2.1, 9 (2)",
        "whether private destinations outside the VNet follow a 0.0.0.0/0 route or are dropped";
    /// What a peering without `allowVirtualNetworkAccess` does.
    PeeringAccessOff = "peering-access-off", ["blocks", "leaves-tag"],
        "azure-dataplane 2.7, 9 (3); recorded as unreachable both ways",
        "whether rules that name the peer's prefixes let its traffic pass all the same";
    /// Which side's `allowForwardedTraffic` counts.
    ForwardedTrafficSide = "forwarded-traffic-side", ["receiving", "sending", "both"],
        "azure-dataplane 2.7, 9 (4), 10",
        "whether forwarded packets cross a peering whose two flags differ";
    /// Which destination inbound rules see for a rule with floating IP.
    FloatingIpDestination = "floating-ip-destination", ["frontend", "backend"],
        "azure-dataplane 1.3, 9 (5)",
        "whether rules on a backend must name the frontend's address or the backend's";
    /// Whether the idle time of a rule with floating IP counts.
    FloatingIpIdle = "floating-ip-idle", ["counts", "ignored"],
        "MicrosoftDocs/azure-docs issue 86536 asks to document that it does not; azure-dataplane 3.7 knows no exception",
        "whether a balancer forgets silent connections of rules with floating IP";
    /// How replies to flows that came in by a public address leave where there is a NAT gateway.
    InboundReplyPath = "inbound-reply-path", ["as-it-came", "nat-gateway"],
        "azure-dataplane 4.1, 9 (6)",
        "whether a machine behind a NAT gateway can be reached by its own public address or balancer";
    /// What a machine answers that networks name as their DNS server, where nothing is said of what it does.
    CustomNameServer = "custom-name-server", ["asks-azure", "silent"],
        "azure-services 5.1, 5.6",
        "whether names are answered by a machine that a network names as its DNS server";
    /// How long the record of a flow is kept where the VNet's `flowTimeoutInMinutes` does not say.
    FlowRecordIdle = "flow-record-idle", ["four-minutes", "never"],
        "azure-dataplane 1.4, 9 (7)",
        "whether the rules are asked again about a connection that was silent for more than 4 minutes";
    /// What a packet in the middle of a TCP connection meets that no record knows.
    MidStreamTcp = "mid-stream-tcp", ["new-flow", "dropped"],
        "azure-dataplane 1.4, 9 (7)",
        "whether a connection goes on after a silence longer than its record";
    /// Whether `*` as protocol covers ESP and AH.
    AnyProtocol = "any-protocol", ["every", "tcp-udp-icmp"],
        "azure-dataplane 1.2, 9 (8)",
        "whether rules for any protocol, default rules among them, decide ESP and AH";
    /// Whether security admin configurations of the input are deployed: templates declare them, and a commit that is no
    /// resource puts them in force.
    AdminRulesDeployed = "admin-rules-deployed", ["deployed", "declared-only"],
        "azure-dataplane 1.3",
        "whether security admin rules of the input decide anything";
    /// Whether the subscription may send mail to the Internet by itself.
    SmtpOutbound = "smtp-outbound", ["blocked", "open"],
        "azure-dataplane 1.8",
        "whether TCP port 25 reaches the Internet: most types of subscription are blocked, Enterprise Agreements are not";
    /// Whether a user's /32 route diverts traffic to a private endpoint whose subnet's policy is off.
    EndpointHostRoute = "endpoint-host-route", ["diverts", "ignored"],
        "azure-dataplane 2.6, 9 (9)",
        "whether a /32 route sends traffic for a private endpoint to an appliance";
    /// What becomes of a private endpoint's answers that do not pass the appliance that the question came by.
    EndpointReplies = "endpoint-replies", ["arrive", "lost"],
        "failure-stories S29: MicrosoftDocs/azure-docs 106930 and 113749 against 102599 and 95164",
        "whether traffic to a private endpoint by way of an appliance needs source translation there";
    /// What rules for all ports do with ICMP.
    HaPortsIcmp = "ha-ports-icmp", ["dropped", "balanced"],
        "azure-dataplane 3.6, 9 (12)",
        "whether a ping crosses appliances behind a balancer with a rule for all ports";
    /// What happens to packets of more than 1,400 bytes that may not be cut; none here may.
    LargePackets = "large-packets", ["pass", "dropped"],
        "azure-dataplane 5.3, 9 (13)",
        "whether packets of more than 1,400 bytes that may not be cut cross a virtual network or a peering";
    /// Whether a NAT gateway takes flows that a user's route sends to the Internet.
    UserInternetRouteNat = "user-internet-route-nat", ["applies", "bypassed"],
        "azure-dataplane 9 (16)",
        "which address flows have that a 0.0.0.0/0 route with next hop Internet sends out beside a NAT gateway";
    /// Whether a backend reaches the public frontend it stands behind.
    PublicHairpin = "public-hairpin", ["with-outbound", "never"],
        "azure-dataplane 3.10",
        "whether a machine reaches its own public balancer";
    /// Whether `AzureLoadBalancer` holds the addresses that private link services translate to.
    LinkServiceTag = "pls-carries-balancer-tag", ["yes", "no"],
        "azure-services 2.2",
        "whether the documented rule for image builds admits what its private link service sends";
}

impl Assumption {
    /// Whether nearly every answer hangs on it, whatever it is about: what comes of it is told of a run as a whole, and not
    /// of each answer, unless it is asked for by name.
    #[must_use]
    pub const fn is_general(self) -> bool {
        matches!(self, Self::LargePackets)
    }

    /// The one of this name, in any letter case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What is assumed in a run: for each assumption, one of its choices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choices([u8; Assumption::ALL.len()]);

/// Why an assumption cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// No assumption has this name.
    #[error("there is no assumption `{0}`")]
    Name(String),
    /// The assumption has no such choice.
    #[error("`{name}` can be {}, not `{value}`", .choices.join(", "))]
    Value {
        /// The assumption.
        name: &'static str,
        /// What was asked for.
        value: String,
        /// What there is.
        choices: &'static [&'static str],
    },
}

impl Choices {
    /// What is assumed, as its place among the choices: 0 is the default.
    #[must_use]
    pub const fn of(&self, assumption: Assumption) -> u8 {
        self.0[assumption as usize]
    }

    /// What is assumed, by name.
    #[must_use]
    pub fn name_of(&self, assumption: Assumption) -> &'static str {
        assumption.choices()[usize::from(self.of(assumption))]
    }

    /// Whether the default is assumed.
    #[must_use]
    pub const fn is_default(&self, assumption: Assumption) -> bool {
        self.of(assumption) == 0
    }

    /// Assumes something else.
    ///
    /// # Errors
    /// When there is no such assumption or choice.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ChoiceError> {
        let Some(assumption) = Assumption::named(name) else { return Err(ChoiceError::Name(name.to_owned())) };
        let (name, choices) = (assumption.name(), assumption.choices());
        let Some(place) = choices.iter().position(|choice| choice.eq_ignore_ascii_case(value)) else {
            return Err(ChoiceError::Value { name, value: value.to_owned(), choices });
        };
        // No assumption has more than a handful of choices.
        self.0[assumption as usize] = place as u8;
        Ok(())
    }

    /// Every choice but the one assumed now, as what would be assumed with it.
    pub fn alternatives(self, assumption: Assumption) -> impl Iterator<Item = Self> {
        let places = 0..assumption.choices().len();
        places.filter(move |place| *place != usize::from(self.of(assumption))).map(move |place| {
            let mut other = self;
            other.0[assumption as usize] = place as u8;
            other
        })
    }
}

/// A set of assumptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AssumptionSet(u64);

impl AssumptionSet {
    /// Those that these steps name.
    #[must_use]
    pub fn of_steps<'s>(steps: impl IntoIterator<Item = &'s Step>) -> Self {
        steps.into_iter().fold(Self::default(), |set, step| match step {
            Step::Assumed(assumption) => set.with(*assumption),
            _ => set,
        })
    }

    /// With one more.
    #[must_use]
    pub const fn with(self, assumption: Assumption) -> Self {
        Self(self.0 | 1 << assumption as u64)
    }

    /// Everything in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Assumption::ALL.iter().copied().fold(Self::default(), Self::with)
    }

    /// What is in both.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Without one.
    #[must_use]
    pub const fn without(self, assumption: Assumption) -> Self {
        Self(self.0 & !(1 << assumption as u64))
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it is in it.
    #[must_use]
    pub const fn has(self, assumption: Assumption) -> bool {
        self.0 >> assumption as u64 & 1 == 1
    }

    /// Those in it, in the fixed order.
    pub fn iter(self) -> impl Iterator<Item = Assumption> {
        Assumption::ALL.iter().copied().filter(move |it| self.has(*it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: two assumptions of one name, a name or choice that cannot be typed, a set that mixes neighbours up.
    #[test]
    fn every_assumption_can_be_named_and_chosen() {
        assert!(Assumption::ALL.len() <= 64);
        for (n, one) in Assumption::ALL.iter().enumerate() {
            assert_eq!(*one as usize, n);
            assert!(Assumption::ALL[..n].iter().all(|other| other.name() != one.name()), "{one}");
            assert!(one.choices().len() > 1 && !one.source().is_empty() && !one.effect().is_empty(), "{one}");
            let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            assert!(plain(one.name()) && one.choices().iter().all(|choice| plain(choice)), "{one}");
            let set = AssumptionSet::default().with(*one);
            assert_eq!(set.iter().collect::<Vec<_>>(), [*one]);
            for (place, choice) in one.choices().iter().enumerate() {
                let mut choices = Choices::default();
                choices.set(&one.name().to_uppercase(), choice).unwrap();
                assert_eq!((choices.name_of(*one), choices.is_default(*one)), (*choice, place == 0));
                assert_eq!(choices.alternatives(*one).count(), one.choices().len() - 1);
                assert!(choices.alternatives(*one).all(|other| other.of(*one) != choices.of(*one)));
            }
        }
        assert!(matches!(Choices::default().set("nope", "x"), Err(ChoiceError::Name(_))));
        assert!(matches!(Choices::default().set("any-protocol", "x"), Err(ChoiceError::Value { .. })));
    }
}
