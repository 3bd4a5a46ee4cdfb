//! Managed services: what each deploys and how it behaves, one module each.

pub mod image_builder;
