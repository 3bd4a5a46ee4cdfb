//! What a scenario tries, and what it expects of it.

use super::{Span, Target, TargetError};
use schemars::JsonSchema;
use serde::Deserialize;

/// Most connections that one flow opens at once.
pub const MAX_PARALLEL: u32 = 4096;

/// A connection that is tried.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Flow {
    /// What it is called in the report.
    pub name: String,
    /// Who opens it: an actor, or a machine by name or resource id.
    pub from: String,
    /// Where it goes: `name:port`, with an actor, a machine, a frontend, an endpoint, a managed service, a resource id, a
    /// host name or an address as name. A host name that is no actor's is looked up by whoever opens it; a managed service
    /// stands for its host name. For `icmp` and `traceroute` the name alone, which also does for clients of managed services.
    #[schemars(with = "Target")]
    pub to: String,
    /// What is said.
    #[serde(default)]
    pub protocol: FlowProtocol,
    /// For clients of managed services: what they ask for. An image (`hello-world:v1`), a secret, a blob
    /// (`container/blob`).
    #[serde(default)]
    pub path: Option<String>,
    /// When the first attempt is made.
    #[serde(default)]
    pub at: Span,
    /// How many attempts are made; the scenario's `repeat` where it is not given.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100_000))]
    pub repeat: Option<u32>,
    /// How long an attempt waits for a connection, or for an answer.
    #[serde(default = "Span::fifteen_seconds")]
    pub timeout: Span,
    /// Attempts one after the other, as image builders make them, until one succeeds or the time is over.
    #[serde(default)]
    pub retry: Option<Retry>,
    /// For `tcp` and `ssh`: the connection stays open, and something is said again and again.
    #[serde(default)]
    pub session: Option<Session>,
    /// For `tcp` and `udp`: so many are opened at once and kept.
    #[serde(default)]
    pub parallel: Option<Parallel>,
    /// For a machine that forwards: the packet's source address where that is somebody else's. Nothing is sent; the
    /// network alone is asked, and only for the way there.
    #[serde(default)]
    pub source: Option<String>,
    /// What is expected.
    #[serde(default)]
    pub expect: FlowExpectation,
}

impl Flow {
    /// Where it goes, taken apart; the port is 0 for protocols without ports.
    ///
    /// # Errors
    /// When `to` is no target, which the loader has ruled out for flows of files.
    pub fn target(&self) -> Result<Target, TargetError> {
        match self.protocol {
            FlowProtocol::Icmp | FlowProtocol::Traceroute => Target::without_port(&self.to),
            _ => match self.protocol.usual_port() {
                Some(port) if !self.to.contains(':') => Target::without_port(&self.to).map(|it| Target { port, ..it }),
                _ => self.to.parse(),
            },
        }
    }
}

/// What is said on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FlowProtocol {
    /// Nothing: the handshake is all.
    #[default]
    Tcp,
    /// Log in and run a command.
    Ssh,
    /// Log in.
    Winrm,
    /// GET over TLS.
    Https,
    /// GET in the clear.
    Http,
    /// One datagram, and the same one back.
    Udp,
    /// One echo request, and its reply.
    Icmp,
    /// Echo requests of a growing time to live, until one is answered by the target.
    Traceroute,
    /// `az acr login`: the challenge, a token, Docker's login.
    DockerLogin,
    /// `docker pull` and `docker run`: a token, the manifest, each layer from where the registry sends for it.
    DockerPull,
    /// `docker push`.
    DockerPush,
    /// A secret of a key vault is got.
    SecretGet,
    /// A blob of a storage account is got.
    BlobGet,
    /// A blob is put.
    BlobPut,
    /// A file share of a storage account is mounted.
    Smb,
}

impl FlowProtocol {
    /// The port of a managed service that its clients ask when none is given.
    const fn usual_port(self) -> Option<u16> {
        match self {
            Self::DockerLogin
            | Self::DockerPull
            | Self::DockerPush
            | Self::SecretGet
            | Self::BlobGet
            | Self::BlobPut => Some(443),
            Self::Smb => Some(445),
            _ => None,
        }
    }

    /// Whether the client prints something, or is answered with a status.
    pub(super) const fn is_told(self) -> bool {
        matches!(self, Self::Https | Self::Http) || self.usual_port().is_some()
    }
}

/// Attempts one after the other. Each begins when the one before has failed, and at least `every` after that one began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Retry {
    /// The least time from one beginning to the next.
    pub every: Span,
    /// How long it goes on: no attempt begins later, counted from the first.
    #[serde(rename = "for")]
    pub lasts: Span,
}

/// A connection that stays open: what is said on it is said at once, and again after every pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Session {
    /// How long both sides are silent in between.
    pub every: Span,
    /// How long it goes on; what is due then is still said.
    #[serde(rename = "for")]
    pub lasts: Span,
}

/// Several connections at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Parallel {
    /// How many.
    #[schemars(range(min = 1, max = 4096))]
    pub flows: u32,
    /// Which ports they go to.
    #[serde(default)]
    pub ports: Ports,
}

/// The ports of several connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ports {
    /// All to one.
    #[default]
    Same,
    /// Each to the port after that of the one before.
    Each,
}

/// What a flow is expected to do.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FlowExpectation {
    /// Whether it connects.
    #[serde(default)]
    pub verdict: FlowVerdict,
    /// The first layer that fails.
    #[serde(default)]
    pub layer: Option<Layer>,
    /// A reason code that must be among those in the way.
    #[serde(default)]
    pub reason: Option<String>,
    /// A rule, or other setting, that must be among those in the way, by its name.
    #[serde(default)]
    pub rule: Option<String>,
    /// The resource that `reason` and `rule` are of, by name or resource id.
    #[serde(default)]
    pub resource: Option<String>,
    /// Whether what `reason`, `rule` and `resource` name is in the way of the question or of the answer.
    #[serde(default)]
    pub way: Option<Way>,
    /// Whether nothing else is in the way than what `reason`, `rule`, `resource` and `way` name.
    #[serde(default)]
    pub alone: bool,
    /// What it passes between its two ends, in this order and nothing else: appliances, frontends (`balancer/frontend`
    /// or the frontend alone), endpoints, gateways. `[]` for nothing.
    #[serde(default)]
    pub through: Option<Vec<String>>,
    /// The same for the answer.
    #[serde(default)]
    pub back_through: Option<Vec<String>>,
    /// For a host name: the address that it leads to.
    #[serde(default)]
    pub resolves_to: Option<String>,
    /// For a host name: the names that it leads over, in this order.
    #[serde(default)]
    pub answer: Option<Vec<String>>,
    /// The source address that the far end sees.
    #[serde(default)]
    pub seen_as: Option<String>,
    /// A security rule that must be among those that let it pass on the way there.
    #[serde(default)]
    pub admitted_by: Option<String>,
    /// What the health probes say that it depends on.
    #[serde(default)]
    pub probes: Option<Probes>,
    /// The share of attempts that fail.
    #[serde(default)]
    pub fails: Option<Fails>,
    /// For a `session`: how it ends.
    #[serde(default)]
    pub session: Option<SessionExpectation>,
    /// For `parallel`: how many are opened.
    #[serde(default)]
    pub opened: Option<u32>,
    /// A part of what the client prints: any client when an attempt fails, those of managed services, `https` and `http`
    /// always.
    #[serde(default)]
    pub prints: Option<String>,
    /// For clients of managed services, `https` and `http`: the status of the last answer that the client got.
    #[serde(default)]
    pub status: Option<u16>,
    /// For `traceroute`: the lines, an address or `*` each.
    #[serde(default)]
    pub hops: Option<Vec<String>>,
}

/// Whether a flow connects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FlowVerdict {
    /// Every attempt does.
    #[default]
    Connected,
    /// Some do.
    Degraded,
    /// None does.
    Disconnected,
    /// It hangs on an assumption that was tried both ways, as `unsure` and `--assume NAME` ask for.
    Unknown,
}

/// A layer of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Azure would not take it.
    Deployment,
    /// The name does not lead there.
    Name,
    /// Packets, or their answers, do not arrive.
    Transport,
    /// The service does not do what it is asked.
    Service,
}

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// That of the question.
    There,
    /// That of the answer.
    Back,
}

/// What health probes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Probes {
    /// All of them reach their backends.
    Up,
    /// None of them does.
    Down,
}

/// A share of attempts.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fails {
    /// The share, from 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub share: f64,
    /// How far off it may be.
    #[schemars(range(min = 0, max = 1))]
    pub within: f64,
}

/// How a session is expected to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SessionExpectation {
    /// How.
    pub ends: SessionEnd,
    /// When the client notices, counted from the opening: then, or within one `timeout` more.
    #[serde(default)]
    pub after: Option<Span>,
}

/// How a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SessionEnd {
    /// All that was said was answered.
    Works,
    /// By a reset.
    Reset,
    /// No answer comes any more.
    Silent,
    /// The other side closes it.
    Closed,
}
