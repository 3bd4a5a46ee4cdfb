//! Names, as they lead to addresses: zones, links and rules compiled for questions, and one function that answers them.
//!
//! [`Names::resolve`] is what Azure's resolver says inside a VNet, or any resolver on the Internet says; the programs in
//! [`crate::app`] put it on the wire, and explanations ask it directly. What travels is [`crate::protocol::dns`].

mod resolve;
mod serve;
mod zone;

pub use serve::{Role, Served};
pub(crate) use zone::{Set, Zone};

use crate::assumption::Assumption;
use crate::id::NodeId;
use crate::net::Addr;
use crate::topology::{ForwardingRule, RecordData, RecordKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The port of DNS.
pub const PORT: u16 = 53;

/// Where hosts on the Internet ask, if somebody stands there: an address of documentation (RFC 5737), so that it is nobody
/// else's.
pub const PUBLIC_RESOLVER: Addr = Addr::v4(192, 0, 2, 53);

/// Most names that an answer leads over.
pub const MAX_CHAIN: usize = 16;

/// All that is known of names, in one version of the network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    /// Private zones, by resource.
    pub(crate) zones: BTreeMap<NodeId, Zone>,
    /// By VNet and name: the zones that are linked.
    pub(crate) linked: BTreeMap<NodeId, BTreeMap<Arc<str>, Linked>>,
    /// By VNet: the rules that send questions elsewhere.
    pub(crate) rules: BTreeMap<NodeId, Vec<Rule>>,
    /// By VNet: the names of its machines' addresses.
    pub(crate) reverse: BTreeMap<NodeId, Zone>,
    /// Public zones, by name.
    pub(crate) public: BTreeMap<Arc<str>, (NodeId, Zone)>,
    /// Public names that no zone of the input holds, below the root.
    pub(crate) published: Zone,
    /// Whom machines ask.
    pub(crate) asked: BTreeMap<NodeId, Arc<[Addr]>>,
    /// Who answers.
    pub(crate) roles: BTreeMap<NodeId, Role>,
}

/// A private zone as a VNet sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Linked {
    pub zone: NodeId,
    pub link: NodeId,
    pub fallback: bool,
}

/// A rule that sends questions elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub ruleset: NodeId,
    pub place: usize,
    pub rule: ForwardingRule,
    /// The machine that asks: an outbound endpoint.
    pub by: Option<NodeId>,
}

/// From where the names are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// As Azure's resolver answers in this VNet.
    Vnet(NodeId),
    /// As the Internet does.
    Public,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name, in lower case, without a dot at the end.
    pub name: Arc<str>,
    /// What is wanted of it.
    pub kind: RecordKind,
}

impl Question {
    /// A question about a name in any letter case, with or without a dot at the end.
    #[must_use]
    pub fn new(name: &str, kind: RecordKind) -> Self {
        Self { name: name.trim_end_matches('.').to_ascii_lowercase().into(), kind }
    }
}

/// A record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose.
    pub name: Arc<str>,
    /// What kind.
    pub kind: RecordKind,
    /// How long it may be kept, in seconds.
    pub ttl: u32,
    /// What it says.
    pub data: RecordData,
}

/// How a question ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Code {
    /// The name exists; it may have no such record.
    #[default]
    NoError,
    /// There is no such name.
    NxDomain,
    /// Nobody could be asked, or the names lead in a circle.
    ServFail,
}

/// An answer, with the way it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub code: Code,
    /// The records, in the order they lead on.
    pub records: Vec<Record>,
    /// Who said what, in order.
    pub via: Vec<Via>,
    /// Somebody else has to be asked for the rest.
    pub forward: Option<Forward>,
}

impl Answer {
    /// The addresses that it gives.
    #[must_use]
    pub fn addresses(&self) -> Vec<Addr> {
        addresses(&self.records)
    }
}

/// The addresses among records.
#[must_use]
pub fn addresses(records: &[Record]) -> Vec<Addr> {
    let address = |record: &Record| match record.data {
        RecordData::Address(address) => Some(address),
        _ => None,
    };
    records.iter().filter_map(address).collect()
}

/// A question that a rule sends elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// What is asked there.
    pub question: Question,
    /// Who is asked, first to last.
    pub targets: Vec<(Addr, u16)>,
    /// The machine that asks; `None` where the rule set has no outbound endpoint, so that nobody does.
    pub by: Option<NodeId>,
}

/// A part of the way of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// A private zone that is linked to the VNet spoke for this name.
    Zone {
        /// The name.
        name: Arc<str>,
        /// The zone.
        zone: NodeId,
        /// Its link to the VNet.
        link: NodeId,
        /// What it said.
        said: Said,
    },
    /// The zone has no such name, and its link lets the Internet be asked.
    Fallback {
        /// The link.
        link: NodeId,
    },
    /// The Internet's zones spoke for this name.
    Public {
        /// The name.
        name: Arc<str>,
        /// What they said.
        said: Said,
    },
    /// The names that the VNet's own machines have.
    Machines {
        /// What they said.
        said: Said,
    },
    /// A rule sends the question elsewhere.
    Rule {
        /// The name.
        name: Arc<str>,
        /// The rule set.
        ruleset: NodeId,
        /// The rule, by its place in the set.
        rule: usize,
    },
    /// A name server spoke from its own records.
    Own {
        /// Its machine.
        server: NodeId,
    },
    /// A name server asked on.
    Asked {
        /// Its machine.
        server: NodeId,
        /// By a forwarder for this domain; `None` for all names.
        domain: Option<Arc<str>>,
    },
    /// Something that nobody knows for certain had a say.
    Assumed(Assumption),
}

/// What a zone says of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It has these records, by what keeps them: a record set, a zone group, a machine, a host.
    Records(NodeId),
    /// It is another name for this one.
    Alias(NodeId, Arc<str>),
    /// It is there, and has no such record.
    NoData,
    /// It is not there.
    Missing,
}

impl Names {
    /// Whom the machine of `node` asks, first to last. Empty where it is told nobody: on premises, where the network's own
    /// way to the Internet is not modelled.
    #[must_use]
    pub fn asked_by(&self, node: NodeId) -> &[Addr] {
        self.asked.get(&node).map_or(&[], |servers| servers)
    }

    /// What the machine of `node` answers, if it does.
    #[must_use]
    pub fn role(&self, node: NodeId) -> Option<&Role> {
        self.roles.get(&node)
    }

    /// All who answer, in order.
    pub fn answering(&self) -> impl Iterator<Item = NodeId> {
        self.roles.keys().copied()
    }
}
