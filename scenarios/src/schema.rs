//! JSON Schemas of the files that are read and written, made from the types that read and write them.

use crate::check::Check;
use crate::nslookup::Lookup;
use crate::packs::Pack;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::trace::Trace;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

/// A kind of file that has a schema.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name on the command line. The schema is checked in as `docs/schema/NAME.json`.
    pub name: &'static str,
    /// What such a file is.
    pub about: &'static str,
    make: fn() -> schemars::Schema,
}

/// Every kind there is.
pub const KINDS: &[Kind] = &[
    Kind { name: "scenario", about: "A scenario file, for `vnetsim replay`.", make: draft_07::<Scenario> },
    Kind { name: "pack", about: "A requirement pack, for `vnetsim check --for`.", make: draft_07::<Pack> },
    Kind { name: "report", about: "What `vnetsim replay --format json` prints.", make: draft_07::<Report> },
    Kind { name: "trace", about: "What `vnetsim trace --format json` prints.", make: draft_07::<Trace> },
    Kind { name: "nslookup", about: "What `vnetsim nslookup --format json` prints.", make: draft_07::<Lookup> },
    Kind { name: "check", about: "What `vnetsim check --format json` prints.", make: draft_07::<Check> },
];

impl Kind {
    /// The schema (draft-07), as indented JSON that ends in a line break.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:#}\n", (self.make)().as_value())
    }
}

fn draft_07<T: JsonSchema>() -> schemars::Schema {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<T>()
}
