//! Security admin rules, as they govern a VNet.

use super::Compiler;
use crate::assumption::Assumption;
use crate::fabric::ContextId;
use crate::id::NodeId;
use crate::stage::admin::CompiledAdmin;
use crate::stage::tag::TagContext;
use crate::topology::{Kind, Relation};
use std::sync::Arc;

/// Services that guard their network by intent policies: who a subnet is delegated to shows them (azure-dataplane 1.3
/// names SQL Managed Instance).
const GUARDED: [&str; 1] = ["Microsoft.Sql/managedInstances"];

impl Compiler<'_> {
    /// The admin rules of a VNet; computed once for each meaning of the tags.
    pub(super) fn admin(&mut self, vnet: NodeId, context: ContextId, tags: &TagContext) -> Option<Arc<CompiledAdmin>> {
        if let Some(known) = self.admins.get(&(vnet, context)) {
            return known.clone();
        }
        let in_force = self.facts.choices.is_default(Assumption::AdminRulesDeployed);
        let found = self.topology.referrers(vnet, Relation::Governs).into_iter();
        let collections: Vec<_> = found
            .filter_map(|found| match &found.kind {
                Kind::AdminRules(attributes) if in_force => Some((found.id, attributes)),
                _ => None,
            })
            .collect();
        let guarded = self.topology.referrers(vnet, Relation::PartOf).into_iter().any(|part| match &part.kind {
            Kind::Subnet(subnet) => {
                subnet.delegation.as_ref().is_some_and(|to| GUARDED.iter().any(|name| name.eq_ignore_ascii_case(to)))
            }
            _ => false,
        });
        let compiled =
            (!collections.is_empty()).then(|| Arc::new(CompiledAdmin::new(collections, guarded, &self.tags, tags)));
        self.admins.insert((vnet, context), compiled.clone());
        compiled
    }
}
