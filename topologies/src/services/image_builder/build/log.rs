//! What is known of a build while it runs and afterwards.

use sim_core::fabric::Fabric;
use sim_core::host::Socket;
use sim_core::time::Nanos;
use sim_core::topology::{Refusal, Topology};
use std::sync::Arc;

/// Where a build stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Submitted: the service copies artifacts and validates.
    Submitted,
    /// Resources are being deployed.
    Deploying,
    /// Packer waits for the build VM.
    Connecting,
    /// Customizers run.
    Customizing,
    /// The image is copied to where it goes.
    Distributing,
    /// Resources are being deleted.
    Cleaning,
    /// Over.
    Over,
}

/// How a build ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// There is an image.
    Succeeded,
    /// Azure refused a resource.
    Refused(Box<Refusal>),
    /// A permission is missing: the action and where.
    Forbidden {
        /// The action.
        action: String,
        /// The scope.
        scope: String,
    },
    /// The service would not take the template after all: what the user reads.
    NotTaken(String),
    /// Packer failed, or the build took too long: what the user reads.
    Failed(String),
}

/// A resource that a build deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Its Azure type.
    pub resource_type: &'static str,
    /// Its name.
    pub name: String,
    /// Of a machine: its size.
    pub size: Option<String>,
}

/// A place that the image went to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// `ManagedImage`, `SharedImage`, `VHD`.
    pub kind: String,
    /// The region.
    pub region: Arc<str>,
    /// What left the template's region for it, in bytes.
    pub egress: u64,
}

/// A line of the build's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: Nanos,
    /// Where the build stood.
    pub phase: Phase,
    /// What.
    pub text: String,
}

/// What is known of a build, shared with whoever started it.
#[derive(Debug)]
pub struct BuildLog {
    /// Where it stands.
    pub phase: Phase,
    /// How it ended.
    pub ended: Option<Ended>,
    /// The id of the staging group.
    pub staging: Arc<str>,
    /// What it had deployed when it began to clean up.
    pub deployed: Vec<Deployed>,
    /// Where the image went.
    pub copies: Vec<Copy>,
    /// Its log.
    pub lines: Vec<LogLine>,
    /// The network when everything was in place and Packer started.
    pub in_place: Option<(Topology, Arc<Fabric>)>,
    /// Where Packer connects.
    pub target: Option<Socket>,
    /// When Packer was connected, since it started.
    pub connected: Option<Nanos>,
    /// What the input leaves open and was assumed.
    pub assumed: Vec<String>,
    /// Downloads that failed: what the machine printed.
    pub failed_downloads: Vec<String>,
    /// What the build VM downloads from: names with ports, and where they lead.
    pub downloads: Vec<(String, Socket)>,
}
