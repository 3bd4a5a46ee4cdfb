//! What Azure already has, as its own tools write it down: bodies of resources, one or many.
//!
//! `az resource list`, `az network ... show`, Resource Graph and lists of the REST interface all hold resource bodies,
//! each with its resource id. A file is known for one of them by its content: `envelope` finds the bodies in it, `spelling`
//! brings the names that SDKs give to members back to Azure's, `merge` makes one of several bodies of one resource.
//! `snapshot` is the output of `bicep snapshot`.

mod envelope;
mod merge;
mod snapshot;
mod spelling;
mod table;

pub(crate) use envelope::{OWNER_TAG, read};
pub(crate) use merge::merge;
pub(crate) use snapshot::{as_template, is_snapshot};
