//! Changes to the network: a resource is put (created, or replaced as a whole, as ARM's PUT does) or deleted. Either may
//! be refused, with Azure's code; a refused change leaves the network as it was.

use super::{Kind, Relation, Resource, Topology, Way, allocate, refuse};
use crate::id::NodeId;
use crate::net::Addr;
use crate::source::Span;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A resource as it is put.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its Azure resource id.
    pub name: Arc<str>,
    /// Where it was declared.
    pub span: Option<Span>,
    /// The managed service that makes it.
    pub owner: Option<Arc<str>>,
    /// What it is.
    pub kind: Kind,
    /// What it refers to, by resource id.
    pub refers: Vec<(Relation, Arc<str>)>,
}

impl Draft {
    /// A resource without references, owner or place in a file.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, kind: Kind) -> Self {
        Self { name: name.into(), span: None, owner: None, kind, refers: Vec::new() }
    }

    /// With a reference.
    #[must_use]
    pub fn refer(mut self, relation: Relation, target: impl Into<Arc<str>>) -> Self {
        self.refers.push((relation, target.into()));
        self
    }

    /// Made by this managed service.
    #[must_use]
    pub fn owned_by(mut self, owner: &str) -> Self {
        self.owner = Some(owner.into());
        self
    }

    /// Declared here.
    #[must_use]
    pub fn at(mut self, span: Option<Span>) -> Self {
        self.span = span;
        self
    }
}

/// An edit of the input that would mend a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The resource to change, or to make.
    pub resource: Arc<str>,
    /// The property, as a dotted path in the resource's body; empty for the resource as a whole.
    pub property: String,
    /// Its new value, as JSON; `null` takes it away.
    pub value: String,
}

/// As `--set` takes it.
impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.property.is_empty() { "" } else { "." };
        write!(f, "{}{dot}{}={}", self.resource, self.property, self.value)
    }
}

/// Why Azure would not take a change.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// Azure's error code.
    pub code: &'static str,
    /// What Azure would say, as far as it is known.
    pub message: String,
    /// The resource that was put or deleted.
    pub resource: Arc<str>,
    /// The setting in the way, where it was written.
    pub span: Option<Span>,
    /// What would mend it.
    pub edit: Option<Edit>,
    /// The places of the rules or routes that are refused, where the group or table would do without them.
    pub parts: Option<Range<usize>>,
}

impl Topology {
    /// Puts a resource: creates it, or replaces the one with this id as a whole. Gives out addresses where none were
    /// asked for.
    ///
    /// # Errors
    /// What Azure would refuse; the network is then as before.
    pub fn put(&mut self, draft: Draft) -> Result<NodeId, Box<Refusal>> {
        let mut draft = draft;
        let mut edges = Vec::with_capacity(draft.refers.len());
        for (relation, name) in &draft.refers {
            let Some(target) = self.find(name) else { return Err(refuse::missing(&draft, name)) };
            edges.push((*relation, target.id));
        }
        refuse::check(self, &draft, &edges)?;
        let existing = self.find(&draft.name).map(|resource| resource.id);
        allocate::addresses(self, &mut draft, &edges, existing)?;
        let left = existing.map(|id| pools_of(self, id)).unwrap_or_default();
        if let Some(id) = existing {
            self.release(id);
        }
        let id = self.place(draft, existing);
        let place = self.places[id.index()].expect("just placed");
        for (relation, target) in edges {
            if let Some(target) = self.places[target.index()] {
                self.graph.add_edge(place, target, relation);
            }
        }
        self.held.extend(held_by(self, id));
        let joined = pools_of(self, id);
        allocate::nat_ports(self, left.into_iter().chain(joined));
        Ok(id)
    }

    /// Writes the node and drops the references it had; references to it stay.
    fn place(&mut self, draft: Draft, existing: Option<NodeId>) -> NodeId {
        let id = existing.unwrap_or(NodeId(u32::try_from(self.places.len()).unwrap_or(u32::MAX)));
        let resource =
            Resource { id, name: draft.name.clone(), span: draft.span, owner: draft.owner, kind: draft.kind };
        if let Some(place) = existing.and_then(|id| self.places[id.index()]) {
            self.graph[place] = resource;
            let old: Vec<_> = self.graph.edges(place).map(|edge| petgraph::visit::EdgeRef::id(&edge)).collect();
            for edge in old {
                self.graph.remove_edge(edge);
            }
        } else {
            self.names.insert(draft.name.to_ascii_lowercase().into(), id);
            self.places.push(Some(self.graph.add_node(resource)));
        }
        id
    }

    /// Deletes a resource and its children. Deleting what is not there is no error, as in ARM.
    ///
    /// # Errors
    /// Azure refuses to delete what others use.
    pub fn delete(&mut self, name: &str) -> Result<Vec<NodeId>, Box<Refusal>> {
        let Some(found) = self.find(name) else { return Ok(Vec::new()) };
        let of_service = match &found.kind {
            Kind::LoadBalancer(balancer) => balancer.of_service,
            Kind::ScaleSet | Kind::PrivateEndpoint(_) => true,
            Kind::Machine(_) => {
                self.targets(found.id, Relation::PartOf).iter().any(|it| matches!(it.kind, Kind::ScaleSet))
            }
            _ => false,
        };
        let root = found.id;
        let mut doomed = vec![root];
        let mut next = 0;
        while next < doomed.len() {
            // A NIC is part of its machine but outlives it, unless it is a service's or a scale set's; all other parts go
            // with the whole.
            let children = self.referrers(doomed[next], Relation::PartOf).into_iter();
            let goes = |child: &&Resource| of_service || !matches!(child.kind, Kind::Nic(_));
            doomed.extend(children.filter(goes).map(|child| child.id));
            next += 1;
        }
        refuse::deletion(self, root, &doomed)?;
        let left: Vec<NodeId> = doomed.iter().flat_map(|id| pools_of(self, *id)).collect();
        doomed.iter().for_each(|id| self.release(*id));
        for id in &doomed {
            if let Some(place) = self.places[id.index()].take() {
                let gone = self.graph.remove_node(place);
                if let Some(gone) = gone {
                    self.names.remove(gone.name.to_ascii_lowercase().as_str());
                }
            }
        }
        allocate::nat_ports(self, left.into_iter());
        Ok(doomed)
    }

    /// Gives back the private addresses and ranges of a resource.
    fn release(&mut self, id: NodeId) {
        for held in held_by(self, id) {
            self.held.remove(&held);
        }
    }
}

/// The private addresses that a resource holds: subnet, address, itself; of a subnet its ranges: VNet, first address, itself.
fn held_by(topology: &Topology, id: NodeId) -> Vec<(NodeId, Addr, NodeId)> {
    let Some(found) = topology.get(id) else { return Vec::new() };
    if let Kind::Subnet(subnet) = &found.kind {
        let vnet = topology.neighbours(id, Relation::PartOf, Way::Outgoing);
        return vnet.flat_map(|vnet| subnet.prefixes.iter().map(move |it| (vnet.id, it.first(), id))).collect();
    }
    let addresses: Vec<Addr> = match &found.kind {
        Kind::LinkService(service) => service.nat.iter().flatten().copied().collect(),
        Kind::PrivateEndpoint(endpoint) => endpoint.members.iter().filter_map(|member| member.address).collect(),
        kind => kind.address().into_iter().collect(),
    };
    let subnets = topology.neighbours(id, Relation::Attached, Way::Outgoing);
    subnets.flat_map(|subnet| addresses.iter().map(move |address| (subnet.id, *address, id))).collect()
}

/// The pools that a resource is a member of, or sends to.
fn pools_of(topology: &Topology, id: NodeId) -> Vec<NodeId> {
    let relation = match topology.get(id).map(|found| &found.kind) {
        Some(Kind::IpConfig(_)) => Relation::MemberOf,
        Some(Kind::InboundNatRule(_)) => Relation::Sends,
        _ => return Vec::new(),
    };
    let targets = topology.targets(id, relation).into_iter();
    targets.filter(|found| matches!(found.kind, Kind::BackendPool(_))).map(|found| found.id).collect()
}
