//! Azure Image Builder: what a template asks for, what the service deploys for it, and the build itself.

mod build;
mod downloads;
mod packer;
mod plan;
mod template;

pub use build::{Build, BuildLog, Ended, LogLine, Phase, Setup, address_of};
pub use plan::{Leg, Plan, Way};
pub use template::{Customizer, CustomizerKind, Distribution, ImageTemplate, Network, RESOURCE_TYPE, read};
