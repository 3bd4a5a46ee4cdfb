//! Azure Image Builder: what a template asks for, what the service deploys for it, and the build itself.

mod build;
mod downloads;
mod fields;
mod firewall;
mod network;
mod packer;
mod plan;
mod template;

pub use build::{Build, BuildLog, Copy, Deployed, Ended, LogLine, Phase, Setup, address_of, update_refused};
pub use plan::{Leg, Plan, Way, staging_group};
pub use template::{
    Customizer, CustomizerKind, Distribution, ImageTemplate, Network, RESOURCE_TYPE, Source, Submission, read,
};
