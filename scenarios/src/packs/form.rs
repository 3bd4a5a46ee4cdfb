//! What a requirement pack is, as people write it.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a service needs from the network around it: a page's checklist that can be tried.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pack {
    /// What `--for` calls it.
    pub name: String,
    /// What it is about, in a few words.
    pub title: String,
    /// Where its lines come from.
    pub source: String,
    /// The Azure types that call for it: one report for each resource of these types.
    pub services: Vec<String>,
    /// The subnets that lines speak of, by a name of one's own.
    #[serde(default)]
    pub places: BTreeMap<String, PlaceForm>,
    /// The checklist.
    pub lines: Vec<Line>,
}

/// Subnets.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum PlaceForm {
    /// Those that properties name.
    Named(Named),
    /// All in which the input has machines.
    Machines,
    /// All that have private endpoints of the service.
    Endpoints,
}

/// Properties that hold ids of subnets.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Named {
    /// The types of the resources that have them: the service's own, or those of its children.
    pub of: Vec<String>,
    /// The properties, as dotted paths; `[]` after a name stands for every entry of a list.
    pub properties: Vec<String>,
}

/// One requirement.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Line {
    /// Its name in the report, such as the row of a checklist.
    pub id: String,
    /// What is required, in a sentence.
    pub say: String,
    /// The first day on which it is (`2023-04-14`, or an era).
    #[serde(default)]
    pub since: Option<String>,
    /// The first day on which it is no more.
    #[serde(default)]
    pub until: Option<String>,
    /// Only for services of which this is so.
    #[serde(default, rename = "if")]
    pub condition: Option<Condition>,
    /// Whether the service works without it: then it is good to know and no finding.
    #[serde(default)]
    pub optional: bool,
    /// How it is tried.
    pub test: Test,
}

/// What must be so of a service for a line to count.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Condition {
    /// Whether it has a private endpoint.
    #[serde(default)]
    pub endpoint: Option<bool>,
    /// A property of the service, or of one of its children of the type `of`.
    #[serde(default)]
    pub property: Option<String>,
    /// A type of children.
    #[serde(default)]
    pub of: Option<String>,
    /// Its value; with none it must be there.
    #[serde(default)]
    pub is: Option<serde_json::Value>,
    /// Turns it round.
    #[serde(default)]
    pub not: bool,
}

/// How a line is tried.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Test {
    /// A connection.
    Connect(Connect),
    /// Where host names lead.
    Resolves(Resolves),
    /// A property of the subnets of a place.
    Setting(SettingTest),
    /// The subnets of a place stand in the service's region.
    SameRegion(String),
    /// All subnets of a place are in one virtual network.
    SameNetwork(String),
    /// Roles permit these actions on the virtual networks of a place.
    Permits(Permits),
}

/// A connection that the service needs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Connect {
    /// Who opens it.
    pub from: End,
    /// To whom.
    pub to: End,
    /// The ports, each of which must be open.
    pub ports: Vec<u16>,
    /// Over what.
    #[serde(default)]
    pub over: Over,
}

/// Where host names must lead.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Resolves {
    /// Who looks them up.
    pub from: End,
    /// Whose names.
    pub to: End,
    /// What they must lead to.
    pub address: AddressKind,
}

/// Kinds of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AddressKind {
    /// That of a private endpoint.
    Endpoint,
    /// A public one.
    Public,
}

/// Transports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// An end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum End {
    /// A machine in each subnet of a place.
    Place(String),
    /// The same with a public address.
    PublicPlace(String),
    /// A host of this name, looked up from where the connection opens.
    Name(HostName),
    /// Somebody whose address carries this service tag; `{region}` is the service's.
    Tag(String),
    /// A part of the service itself, as private endpoints name it; a `*` at the end stands for anything.
    Own(String),
    /// A part of another service that a property of this one names by its id.
    Other(Other),
    /// The platform's health probes, which carry the tag `AzureLoadBalancer`, in the network of the other end.
    Platform,
    /// Anybody on the Internet.
    Internet,
}

/// A host outside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HostName {
    /// Its name; `{region}` is the service's.
    pub host: String,
    /// The service tags that its address carries.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// A part of another service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Other {
    /// The property of this service that holds the other one's id.
    pub property: String,
    /// The part of it.
    pub part: String,
}

/// What a property of subnets must be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SettingTest {
    /// The place.
    pub of: String,
    /// The property of its subnets, as Azure would answer it; `[]` after a name stands for every entry of a list.
    pub property: String,
    /// The value that one of them must have; with none there must be nothing.
    #[serde(default)]
    pub is: Option<serde_json::Value>,
}

/// What roles must permit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Permits {
    /// On the virtual networks of this place.
    pub on: String,
    /// Actions.
    pub actions: Vec<String>,
}
