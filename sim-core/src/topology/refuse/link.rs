//! Private link services.

use super::{Case, Verdict, refusal, same_region};
use crate::topology::{Edit, Kind, LinkService, Refusal, Relation, Sku};

pub(super) fn check(case: Case<'_>, service: &LinkService) -> Verdict {
    same_region(case, &service.region)?;
    policies(case)?;
    tier(case)
}

/// azure-services 4.3: that builds fail so is reported; the code is from memory, by its private-endpoint twin.
///
/// Rule `refuse-link-service-policies`: a private link service takes its addresses only where the subnet's policy for
/// it is off. Source: azure-services 4.3.
fn policies(case: Case<'_>) -> Verdict {
    let Some(subnet) = case.target(Relation::Attached) else { return Ok(()) };
    let Kind::Subnet(attributes) = &subnet.kind else { return Ok(()) };
    if !attributes.link_service_policies.value {
        return Ok(());
    }
    let message = format!(
        "Private link service {} cannot be created in a subnet {} since it has private link service network policies \
         enabled.",
        case.draft.name, subnet.name
    );
    Err(Box::new(Refusal {
        span: attributes.link_service_policies.span.or(subnet.span),
        edit: Some(Edit {
            resource: subnet.name.clone(),
            property: "properties.privateLinkServiceNetworkPolicies".into(),
            value: "\"Disabled\"".into(),
        }),
        ..*refusal(case.draft, "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled", message)
    }))
}

/// The code was not seen; it is by its kin, which refuses balancers of plain addresses.
///
/// Rule `refuse-link-service-tier`: a private link service stands in front of Standard balancers alone. Source:
/// azure-services 3.1.
fn tier(case: Case<'_>) -> Verdict {
    for balancer in case.targets(Relation::Listens).filter_map(|front| case.topology.target(front.id, Relation::PartOf))
    {
        let Kind::LoadBalancer(attributes) = &balancer.kind else { continue };
        if attributes.sku.value == Sku::Standard {
            continue;
        }
        let message = format!(
            "Private link service {} is not supported for load balancer {} of the Basic tier. A Standard load balancer \
             is required.",
            case.draft.name, balancer.name
        );
        return Err(Box::new(Refusal {
            span: attributes.sku.span.or(balancer.span).or(case.draft.span),
            edit: Some(Edit {
                resource: balancer.name.clone(),
                property: "sku.name".into(),
                value: "\"Standard\"".into(),
            }),
            ..*refusal(case.draft, "PrivateLinkServiceIsNotSupportedForBasicLoadBalancer", message)
        }));
    }
    Ok(())
}
