//! What cannot be deleted because others use it.

use super::Verdict;
use crate::id::NodeId;
use crate::topology::{Kind, Refusal, Relation, Topology};

/// Azure does not delete what others use; the codes are those that image builder's cleanup meets (azure-services 2.7)
/// and their kin.
///
/// Rule `refuse-delete-in-use`: what others refer to cannot be deleted. Source: azure-services 2.7.
pub(in crate::topology) fn deletion(topology: &Topology, root: NodeId, doomed: &[NodeId]) -> Verdict {
    for id in doomed {
        let Some(resource) = topology.get(*id) else { continue };
        let uses: &[(Relation, &'static str)] = match resource.kind {
            Kind::Subnet(_) => &[(Relation::Attached, "InUseSubnetCannotBeDeleted")],
            Kind::Nsg(_) => &[(Relation::FilteredBy, "InUseNetworkSecurityGroupCannotBeDeleted")],
            Kind::PublicIp(_) => &[(Relation::Uses, "PublicIPAddressCannotBeDeleted")],
            Kind::RouteTable(_) => &[(Relation::RoutedBy, "InUseRouteTableCannotBeDeleted")],
            Kind::Frontend(_) => &[(Relation::Listens, "LoadBalancerInUseByPrivateLinkService")],
            Kind::LinkService(_) => {
                &[(Relation::Target, "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted")]
            }
            _ => &[],
        };
        for (relation, code) in uses {
            let user = topology.referrers(*id, *relation).into_iter().find(|user| !doomed.contains(&user.id));
            if let Some(user) = user {
                return Err(Box::new(Refusal {
                    code,
                    message: format!("{} is in use by {} and cannot be deleted.", resource.name, user.name),
                    resource: topology.get(root).map_or_else(|| resource.name.clone(), |root| root.name.clone()),
                    span: user.span,
                    edit: None,
                    parts: None,
                }));
            }
        }
    }
    let nic = doomed.iter().filter_map(|id| topology.get(*id)).find(|found| matches!(found.kind, Kind::Nic(_)));
    if let Some(nic) = nic
        && let Some(machine) = topology.target(nic.id, Relation::PartOf).filter(|found| !doomed.contains(&found.id))
    {
        return Err(Box::new(Refusal {
            code: "NicInUse",
            message: format!("Network Interface {} is used by existing resource {}.", nic.name, machine.name),
            resource: nic.name.clone(),
            span: machine.span,
            edit: None,
            parts: None,
        }));
    }
    Ok(())
}
