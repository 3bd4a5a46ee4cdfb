//! Image builds of a scenario, and what is expected of them.

use super::FlowExpectation;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// An image build.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BuildAction {
    /// The image template, by name or resource id; the only one there is when it is not given.
    #[serde(default)]
    pub template: Option<String>,
    /// What is expected.
    #[serde(default)]
    pub expect: BuildExpectation,
}

/// What a build is expected to do.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BuildExpectation {
    /// How it ends.
    #[serde(default)]
    pub outcome: BuildOutcome,
    /// Azure's error code.
    #[serde(default)]
    pub code: Option<String>,
    /// A reason code that must be among those in the way.
    #[serde(default)]
    pub reason: Option<String>,
    /// A rule, or other setting, that must be among those in the way, by its name.
    #[serde(default)]
    pub rule: Option<String>,
    /// Whether nothing else is in the way than what `reason` and `rule` name.
    #[serde(default)]
    pub alone: bool,
    /// A text that the build's log must hold, or several: each in a line after that of the one before.
    #[serde(default)]
    pub prints: Option<Prints>,
    /// Texts, and how many lines of the log hold each.
    #[serde(default)]
    pub repeated: Vec<Repeated>,
    /// Connections that it needs, by the names they have in the report, and what is expected of each.
    #[serde(default)]
    pub flows: Vec<NamedFlow>,
    /// How many resources of a type it deploys. Types that are not named are not looked at.
    #[serde(default)]
    pub deploys: Option<BTreeMap<String, u64>>,
    /// The sizes of machines that it deploys, by name.
    #[serde(default)]
    pub sizes: Option<BTreeMap<String, String>>,
    /// The resource group that it deploys to; `*` stands for anything.
    #[serde(default)]
    pub group: Option<String>,
    /// The types of what is left in that group when the run is over: these and no others.
    #[serde(default)]
    pub leaves: Option<Vec<String>>,
    /// How many places the image goes to.
    #[serde(default)]
    pub distributed: Option<u64>,
    /// How much its connections carry.
    #[serde(default)]
    pub carried: Option<Carried>,
}

/// How a build ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BuildOutcome {
    /// With an image.
    #[default]
    Succeeded,
    /// The service or Azure would not take the template or a resource.
    Refused,
    /// It ran and failed.
    Failed,
}

/// One text, or several in their order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Prints {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// A text that lines of a log hold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Repeated {
    /// The text.
    pub text: String,
    /// How many lines hold it.
    pub times: u64,
}

/// A connection that a build needs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NamedFlow {
    /// Its name in the report, such as `proxy VM -> build VM:22`.
    pub name: String,
    /// What is expected of it.
    #[serde(flatten)]
    pub expect: FlowExpectation,
}

/// What the connections of a build carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Carried {
    /// Bytes of Packer's connection on the Internet.
    #[serde(default)]
    pub internet: Option<u64>,
    /// Whether the proxy machine passes on what it gets, each way.
    #[serde(default)]
    pub relayed: Option<Relayed>,
    /// How often the image leaves its region, in images.
    #[serde(default)]
    pub egress_images: Option<u64>,
}

/// How two legs of a connection compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Relayed {
    /// As many bytes on one as on the other, each way, and some.
    Equal,
}
