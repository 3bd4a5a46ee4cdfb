//! What Azure already has, as its own tools write it down: bodies of resources, one or many.
//!
//! `az resource list`, `az network ... show`, Resource Graph and lists of the REST interface all hold resource bodies,
//! each with its resource id. A file is known for one of them by its content.

mod bodies;

pub(crate) use bodies::{is_bodies, resources};
