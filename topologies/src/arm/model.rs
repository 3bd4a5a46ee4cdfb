//! What evaluating a template gives.

use sim_core::source::{FileId, Span};

use crate::diagnostic::{Diagnostic, Severity};
use crate::json::{Data, Member, Value};

/// An evaluated template: what Azure would be asked to create.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    /// The resources, those of nested deployments included, each after everything it depends on; where that leaves
    /// a choice, in the order of the file. Resources whose condition is false are left out. An id may come twice,
    /// when a nested template writes a resource again: Azure lets the later one replace the earlier.
    pub resources: Vec<Resource>,
    /// The outputs of the template, in the order of the file.
    pub outputs: Vec<Member>,
    /// Whether the template asks anything of a resource (`reference()`): the network that it makes may answer more, when
    /// it is evaluated again.
    pub asks: bool,
    /// What was filled in because the files do not say it.
    pub assumptions: Vec<Assumption>,
    /// Everything wrong with the template or the parameters.
    pub diagnostics: Vec<Diagnostic>,
    /// The values of secure parameters, as they stand in the files. In everything above a placeholder stands for each.
    pub(crate) secrets: Vec<Value>,
}

impl Deployment {
    /// The first error, to add to.
    pub(crate) fn first_error(&mut self) -> Option<&mut Diagnostic> {
        self.diagnostics.iter_mut().find(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether an error was found. The resources are then what could be evaluated all the same.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// One resource as Azure would receive it.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Full resource id, names of parents included, letter case as written.
    pub id: String,
    /// Full type, such as `Microsoft.Network/virtualNetworks/subnets`, letter case as written.
    pub resource_type: String,
    /// Full name, such as `vnet/subnet` for a child.
    pub name: String,
    /// API version; empty if the template gives none.
    pub api_version: String,
    /// The whole evaluated resource: `sku`, `tags`, `identity`, `zones`, `kind`, ...
    pub body: Value,
    /// Ids of the resources of this deployment that come first: `dependsOn` and `reference()`.
    pub depends_on: Vec<String>,
    /// The template refers to the resource but does not create it (`"existing": true`).
    pub existing: bool,
    /// The resource in the template.
    pub span: Span,
    /// Its name in the template.
    pub name_span: Span,
}

impl Resource {
    /// `properties`; null if not given.
    #[must_use]
    pub fn properties(&self) -> &Value {
        static NONE: Value = Value { span: Span { file: FileId(0), start: 0, end: 0 }, data: Data::Null };
        self.body.get("properties").unwrap_or(&NONE)
    }
}

/// Something the files leave open and that was filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// Stable name of the kind of assumption, such as `arm.parameter-placeholder`.
    pub code: &'static str,
    /// What it is about: a parameter's name, a function, a placeholder.
    pub name: String,
    /// What was assumed, in one sentence.
    pub text: String,
    /// Where it matters.
    pub span: Option<Span>,
}
