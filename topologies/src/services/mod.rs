//! Managed services: what each deploys and how it behaves, one module each.

mod fronts;
pub mod image_builder;
pub mod registry;
pub mod smb;
pub mod storage;
pub mod vault;
mod web;

pub use fronts::{Fronts, programs};

/// Whether a resource type, though no packet meets it by itself, has a model here.
#[must_use]
pub fn is_modelled(resource_type: &str) -> bool {
    resource_type.eq_ignore_ascii_case(image_builder::RESOURCE_TYPE)
}
