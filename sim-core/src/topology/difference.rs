//! What leads from one network to another: puts and deletions, by resource id.

use super::change::Draft;
use super::{Relation, Resource, Topology};
use petgraph::visit::EdgeRef;
use std::sync::Arc;

/// A step from one network to another.
#[derive(Clone, Debug)]
pub enum Difference {
    /// A resource is new, or differs.
    Put(Box<Draft>),
    /// A resource is gone.
    Delete(Arc<str>),
}

impl Topology {
    /// A draft that would put this resource as it is.
    #[must_use]
    pub fn draft_of(&self, resource: &Resource) -> Draft {
        Draft {
            name: resource.name.clone(),
            span: resource.span,
            owner: resource.owner.clone(),
            kind: resource.kind.clone(),
            refers: self.references(resource),
        }
    }

    /// What a resource refers to, in a fixed order.
    fn references(&self, resource: &Resource) -> Vec<(Relation, Arc<str>)> {
        let Some(place) = self.places.get(resource.id.index()).copied().flatten() else { return Vec::new() };
        let mut edges: Vec<_> =
            self.graph.edges(place).map(|edge| (*edge.weight(), &self.graph[edge.target()])).collect();
        edges.sort_by_key(|(_, target)| target.id);
        edges.into_iter().map(|(relation, target)| (relation, target.name.clone())).collect()
    }

    /// What leads from this network to `other`: deletions of what is gone, then puts of what is new or differs, each after
    /// what it refers to.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let gone = self.resources().filter(|resource| other.find(&resource.name).is_none());
        let mut steps: Vec<Difference> = gone.map(|resource| Difference::Delete(resource.name.clone())).collect();
        // Children go with their parents, and what refers to others must go first: newest first does both.
        steps.reverse();
        for resource in other.resources() {
            let same = self.find(&resource.name).is_some_and(|old| {
                old.kind == resource.kind && same_names(&self.references(old), &other.references(resource))
            });
            if !same {
                steps.push(Difference::Put(Box::new(other.draft_of(resource))));
            }
        }
        steps
    }
}

fn same_names(one: &[(Relation, Arc<str>)], other: &[(Relation, Arc<str>)]) -> bool {
    let has = |list: &[(Relation, Arc<str>)], wanted: &(Relation, Arc<str>)| {
        list.iter().any(|(relation, name)| *relation == wanted.0 && name.eq_ignore_ascii_case(&wanted.1))
    };
    one.len() == other.len() && one.iter().all(|reference| has(other, reference))
}
