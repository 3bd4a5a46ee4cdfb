//! The networks that a template names, in the forms that it had over the years.

use super::template::{Network, Submission};
use crate::diagnostic::Diagnostic;
use crate::facts::Date;
use crate::json::Value;

/// Proxy machines are of this size unless the template says otherwise (azure-services 1.A A23).
const PROXY_SIZE: &str = "Standard_A1_v2";
/// Since then a template may choose the proxy's size. The day is not published: that of the first version of the API that
/// has the field (azure-services 2.5).
const PROXY_SIZE_SINCE: Date = Date { year: 2021, month: 10, day: 1 };
/// Until then the page wrote the network under another key (azure-services 11 row 4).
const OLD_KEY_UNTIL: Date = Date { year: 2020, month: 12, day: 31 };

/// Where a template names its network: under `vnetConfig`, or under the key that the page of 2020 shows.
pub(super) fn config<'b>(properties: &'b Value, submission: Submission<'_>) -> Option<&'b Value> {
    let profile = properties.get("vmProfile")?;
    let old = || profile.get("virtualNetworkConfig").filter(|_| submission.date <= OLD_KEY_UNTIL);
    profile.get("vnetConfig").or_else(old)
}

/// azure-services 2.5 and 2.1: the old form names VNet, subnet and group; the new one ids. Both or neither of the old
/// names; never a container subnet alone, nor a proxy size beside it.
///
/// Rule `image-builder-vnet-config`: a template names all of its network or none, a container subnet only beside the
/// build subnet, in the same VNet and another one, and then no proxy size. Source: azure-services 2.4, 2.5.
///
/// Rule `image-builder-old-names`: name, subnetName and resourceGroupName mean a network of the template's own
/// subscription; in 2020 they may stand under VirtualNetworkConfig. Source: azure-services 1.A, 11.
///
/// Rule `image-builder-proxy-size`: the proxy's size cannot be chosen in 2020. Source: azure-services 1.A, 2.5, 11.
///
/// Rule `image-builder-container-version`: containerInstanceSubnetId counts from API version 2024-02-01 on; before it
/// is ignored. Source: azure-services 2.1.
pub(super) fn read(id: &str, config: &Value, submission: Submission<'_>) -> Result<Network, Box<Diagnostic>> {
    let text = |key: &str| config.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (old_name, old_subnet, old_group) = (text("name"), text("subnetName"), text("resourceGroupName"));
    let containers = text("containerInstanceSubnetId").filter(|_| submission.knows_containers());
    let refuse = |code, message: &str| Err(Box::new(Diagnostic::error(code, message).at(config.span)));
    if submission.date < PROXY_SIZE_SINCE && text("proxyVmSize").is_some() {
        return refuse(
            "image-template.proxy-size",
            "vnetConfig gives proxyVmSize: the proxy's size cannot be chosen yet",
        );
    }
    let subnet = match (text("subnetId"), old_name) {
        (Some(id), _) => Some(id.to_owned()),
        (None, Some(name)) => {
            let (Some(subnet), Some(group)) = (old_subnet, old_group) else {
                return refuse(
                    "image-template.vnet-config",
                    "vnetConfig has `name`: `subnetName` and `resourceGroupName` must be there too",
                );
            };
            let subscription = segment_after(id, "subscriptions").unwrap_or("<subscriptionID>");
            Some(format!(
                "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}\
                 /subnets/{subnet}"
            ))
        }
        (None, None) if old_subnet.is_some() || old_group.is_some() => {
            return refuse(
                "image-template.vnet-config",
                "vnetConfig has `subnetName` or `resourceGroupName` without `name`: give all three, or none",
            );
        }
        (None, None) => None,
    };
    match (subnet, containers) {
        (None, None) => Ok(Network::Own),
        (None, Some(_)) => refuse(
            "image-template.only-container-subnet",
            "vnetConfig gives containerInstanceSubnetId without subnetId: image builder takes the container subnet only \
             together with the build VM's subnet",
        ),
        (Some(subnet), None) => Ok(Network::Existing {
            subnet: subnet.into(),
            proxy_size: text("proxyVmSize").unwrap_or(PROXY_SIZE).into(),
        }),
        (Some(_), Some(_)) if text("proxyVmSize").is_some() => refuse(
            "image-template.proxy-size",
            "vnetConfig gives proxyVmSize together with containerInstanceSubnetId: there is no proxy machine then",
        ),
        (Some(subnet), Some(containers)) if same_vnet(&subnet, containers) => {
            Ok(Network::WithContainers { subnet: subnet.into(), containers: containers.into() })
        }
        (Some(_), Some(_)) => refuse(
            "image-template.container-subnet",
            "containerInstanceSubnetId must be another subnet of the same virtual network as subnetId",
        ),
    }
}

/// The segment of an id that follows this one.
pub(super) fn segment_after<'i>(id: &'i str, word: &str) -> Option<&'i str> {
    let mut parts = id.split('/');
    parts.find(|part| part.eq_ignore_ascii_case(word))?;
    parts.next()
}

fn same_vnet(one: &str, other: &str) -> bool {
    let vnet = |id: &str| id.to_ascii_lowercase().rsplit_once("/subnets/").map(|(vnet, _)| vnet.to_owned());
    vnet(one) == vnet(other) && !one.eq_ignore_ascii_case(other)
}
