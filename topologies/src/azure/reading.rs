//! What reading a resource gives.

use super::raw::RawResource;
use crate::arm::Assumption;
use crate::diagnostic::{Diagnostic, Severity};
use sim_core::net::Addr;
use sim_core::topology::{Draft, Edit, Kind, Relation, Route, RuleCollection, SecurityRule};
use std::sync::Arc;

/// Something Azure would refuse. The resource, or the rule, is left out of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The resource that would be refused.
    pub resource: Arc<str>,
    /// Azure's code and text as far as known, place, how to mend it. Notes name what is left out with it.
    pub diagnostic: Diagnostic,
    /// The edit that would mend it.
    pub edit: Option<Edit>,
}

/// The readings of one resource.
#[derive(Debug)]
pub(crate) struct Reading {
    /// Parts of the network.
    pub(crate) pieces: Vec<Piece>,
    /// What Azure would refuse.
    pub(crate) findings: Vec<Finding>,
    /// What is left out because the simulator does not know it; with the resource, if it is a whole one.
    pub(crate) skipped: Vec<(Option<Arc<str>>, Diagnostic)>,
    /// What was filled in because the input does not say it.
    pub(crate) assumptions: Vec<Assumption>,
    /// The region it stands in.
    pub(crate) region: Arc<str>,
}

/// A part of the network, as one resource declares it.
#[derive(Debug)]
pub(crate) enum Piece {
    /// A resource.
    Node {
        /// The resource.
        draft: Draft,
        /// Declared inside another one; a declaration of its own counts more.
        inline: bool,
    },
    /// A rule of a security group.
    Rule {
        /// The group's id.
        group: Arc<str>,
        /// The rule.
        rule: SecurityRule,
    },
    /// A route of a route table.
    Route {
        /// The table's id.
        table: Arc<str>,
        /// The route.
        route: Route,
    },
    /// Rule collections of a firewall policy.
    Collections {
        /// The policy's id.
        policy: Arc<str>,
        /// The collections.
        collections: Vec<RuleCollection>,
    },
    /// A member of a backend pool that is given by its address.
    Member {
        /// The pool's id.
        pool: Arc<str>,
        /// The VNet or subnet it is in.
        network: Arc<str>,
        /// The address.
        address: Addr,
    },
    /// A reference that is written at its other end: a machine names its NICs, a NIC the NAT rules that lead to it.
    Link {
        /// The resource that gets the reference.
        from: Arc<str>,
        /// What it says.
        relation: Relation,
        /// The resource referred to.
        to: Arc<str>,
    },
}

impl Reading {
    pub(super) fn new(region: Arc<str>) -> Self {
        Self { pieces: Vec::new(), findings: Vec::new(), skipped: Vec::new(), assumptions: Vec::new(), region }
    }

    pub(super) fn node(&mut self, draft: Draft) {
        self.pieces.push(Piece::Node { draft, inline: false });
    }

    pub(super) fn inline(&mut self, draft: Draft) {
        self.pieces.push(Piece::Node { draft, inline: true });
    }

    pub(super) fn link(&mut self, from: &Arc<str>, relation: Relation, to: &Arc<str>) {
        self.pieces.push(Piece::Link { from: from.clone(), relation, to: to.clone() });
    }

    /// A resource that no packet meets.
    pub(super) fn inert(&mut self, raw: &RawResource) {
        self.node(raw.draft(Kind::Inert { resource_type: raw.resource_type.clone() }));
    }

    pub(super) fn assume(&mut self, assumption: Assumption) {
        self.assumptions.push(assumption);
    }

    /// Says what of a resource is not modelled; the rest of it is.
    pub(super) fn warn(&mut self, diagnostic: Diagnostic) {
        self.skipped.push((None, diagnostic));
    }

    /// Leaves a resource, or a rule, out: for Azure's reasons if the diagnostic is an error, else for our own.
    pub(super) fn leave_out(&mut self, resource: &Arc<str>, diagnostic: Diagnostic) {
        if diagnostic.severity == Severity::Error {
            self.findings.push(Finding { resource: resource.clone(), diagnostic, edit: None });
        } else {
            self.skipped.push((Some(resource.clone()), diagnostic));
        }
    }
}
