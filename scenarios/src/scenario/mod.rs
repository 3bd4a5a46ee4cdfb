//! Scenario files: a network, what happens to it, what is expected.

mod assume;
mod build;
mod checks;
mod duration;
mod flow;
mod laid;
mod load;
mod places;
mod target;

pub use assume::{Assumed, plain};
pub use build::{BuildAction, BuildExpectation, BuildOutcome, Carried, NamedFlow, Prints, Relayed, Repeated};
pub use duration::Span;
pub use flow::{
    Fails, Flow, FlowExpectation, FlowProtocol, FlowVerdict, Layer, MAX_PARALLEL, Parallel, Ports, Probes, Retry,
    Session, SessionEnd, SessionExpectation, Way,
};
pub use laid::parameters;
pub use load::{Loaded, find, load, parse};
pub use places::{ActorPlaces, EventPlaces, FlowPlaces, Places};
pub use target::{Target, TargetError};

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Most attempts of one flow.
pub const MAX_REPEAT: u32 = 100_000;

/// A scenario: one run, or as many attempts of its flows as it asks for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// What it shows, in a few words.
    pub name: String,
    /// More about it: what to look at, where the case comes from.
    #[serde(default)]
    pub about: Option<String>,
    /// The files that declare the network, relative to this one: templates, parameters, roles.
    #[serde(default)]
    pub topology: Vec<PathBuf>,
    /// Values for template parameters, over those of parameters files.
    #[serde(default)]
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// The date it is set in: an era (`2020`, `2021`, `2026`) or a day (`2024-08-26`). The default is the date of the data.
    #[serde(default)]
    pub era: Option<String>,
    /// What is assumed where nobody knows for certain: choices, times and sizes by the names that `vnetsim assumptions`
    /// lists.
    #[serde(default)]
    pub assume: BTreeMap<String, serde_json::Value>,
    /// Assumptions that are tried with each of their choices, by name, or `all`: a verdict that differs is unknown.
    #[serde(default)]
    pub unsure: Vec<String>,
    /// Resource providers that the subscription is not registered for, such as `Microsoft.VirtualMachineImages`.
    #[serde(default)]
    pub unregistered: Vec<String>,
    /// What random numbers start from.
    #[serde(default = "one")]
    pub seed: u64,
    /// How many attempts latencies are taken from.
    #[serde(default = "two_hundred")]
    #[schemars(range(min = 1, max = 100_000))]
    pub repeat: u32,
    /// Whether delays, boot and deployment times vary.
    #[serde(default = "yes")]
    pub jitter: bool,
    /// Whether large downloads are made in full.
    #[serde(default)]
    pub downloads: Downloads,
    /// How long the run lasts at most, in simulated time.
    #[serde(default = "Span::four_hours")]
    pub until: Span,
    /// Who takes part besides the network's own machines, by name.
    #[serde(default)]
    pub actors: BTreeMap<String, Actor>,
    /// Machines, and actors on premises, that answer questions about names, by name.
    #[serde(default)]
    pub name_servers: BTreeMap<String, NameServer>,
    /// Connections that are tried.
    #[serde(default)]
    pub flows: Vec<Flow>,
    /// What happens when.
    #[serde(default)]
    pub timeline: Vec<Event>,
    /// What Azure is expected to refuse of the declared network: these and no others.
    #[serde(default)]
    pub findings: Vec<FindingExpectation>,
}

/// Something that Azure is expected to refuse.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FindingExpectation {
    /// Azure's error code.
    pub code: String,
    /// The resource that is refused, by name or resource id.
    pub resource: String,
}

fn one() -> u64 {
    1
}

fn two_hundred() -> u32 {
    200
}

fn yes() -> bool {
    true
}

/// How large downloads are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Downloads {
    /// In full: every byte travels.
    Full,
    /// A few bytes stand for each: who can reach what shows, how long it takes does not.
    #[default]
    Token,
}

/// Somebody outside the declared network.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Actor {
    /// Where it is.
    pub kind: ActorKind,
    /// Its address, or a prefix if it stands for several hosts.
    pub address: String,
    /// The Azure region that it is in or near.
    #[serde(default)]
    pub region: Option<String>,
    /// Host names that lead to it.
    #[serde(default)]
    pub names: Vec<String>,
    /// Service tags that its address carries.
    #[serde(default)]
    pub tags: Vec<String>,
    /// For `service`: it is one that the platform trusts, and shows who it is: services that let trusted ones in take it.
    #[serde(default)]
    pub trusted: bool,
    /// For `on-premises`: its network's prefix.
    #[serde(default)]
    pub prefix: Option<String>,
    /// For `on-premises`: the virtual network it is connected to.
    #[serde(default)]
    pub connected_to: Option<String>,
    /// For `on-premises`: whom it asks about names, first to last. Without any it gets the Internet's answers.
    #[serde(default)]
    pub dns_servers: Vec<String>,
    /// Ports that it listens on, for flows towards it: SSH on 22, WinRM on 5986, the web on 80 and 443, plain TCP on others.
    #[serde(default)]
    #[schemars(inner(range(min = 1)))]
    pub listens: Vec<u16>,
}

/// What a name server answers.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NameServer {
    /// Records of its own: name and address.
    #[serde(default)]
    pub records: BTreeMap<String, String>,
    /// Whom it asks about the names of a domain, first to last: conditional forwarders.
    #[serde(default)]
    pub forwards: BTreeMap<String, Vec<String>>,
    /// Whom it asks about all others, first to last; nobody where there is none. 168.63.129.16 is Azure's own resolver.
    #[serde(default)]
    pub otherwise: Vec<String>,
}

/// Where an actor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActorKind {
    /// On the Internet.
    Internet,
    /// An Azure service with a public address.
    Service,
    /// In a network of one's own, connected to a virtual network by a gateway.
    OnPremises,
}

/// Something that happens.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Event {
    /// When.
    #[serde(default)]
    pub at: Span,
    /// What: exactly one of the following.
    pub action: Action,
    /// Of `set`, `put` and `delete`: that Azure refuses it. Builds have an expectation of their own.
    #[serde(default)]
    pub expect: Option<RefusalExpectation>,
}

/// How Azure is expected to refuse a change.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RefusalExpectation {
    /// Azure's error code.
    pub code: String,
}

/// What can happen.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Action {
    /// An image template is submitted and run.
    Build(Box<BuildAction>),
    /// A property of a resource changes.
    Set(SetAction),
    /// A resource is put, as ARM would be given it.
    Put(serde_json::Value),
    /// A resource is deleted, by name or resource id.
    Delete(String),
    /// A machine goes down and comes up again.
    Reboot(RebootAction),
}

/// A change of one property.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetAction {
    /// The resource, by name or id.
    pub resource: String,
    /// The property, as a dotted path in its body (`properties.securityRules[0].properties.access`).
    pub property: String,
    /// Its new value.
    pub value: serde_json::Value,
}

/// A reboot.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RebootAction {
    /// The machine, by name or resource id.
    pub machine: String,
    /// How long it is down.
    #[serde(default = "Span::thirty_seconds")]
    pub down: Span,
}
