//! Edits that let somebody in at a managed service.

use serde_json::{Value, json};
use sim_core::explain::Unlock;
use sim_core::id::NodeId;
use sim_core::topology::{Edit, Kind, Topology};

/// The edits, each as `--set` takes it.
pub(super) fn unlocked(service: NodeId, change: &Unlock, topology: &Topology) -> Vec<Edit> {
    let Some(found) = topology.get(service) else { return Vec::new() };
    let Kind::Service(attributes) = &found.kind else { return Vec::new() };
    // Registries call their firewall otherwise than all others.
    let registry = attributes.resource_type.eq_ignore_ascii_case("Microsoft.ContainerRegistry/registries");
    let rules = if registry { "properties.networkRuleSet" } else { "properties.networkAcls" };
    let edit = |resource: &str, property: String, value: &Value| Edit {
        resource: resource.into(),
        property,
        value: value.to_string(),
    };
    let own = |property: String, value: Value| edit(&found.name, property, &value);
    match change {
        Unlock::Public => vec![own("properties.publicNetworkAccess".to_owned(), json!("Enabled"))],
        Unlock::Everybody => vec![own(format!("{rules}.defaultAction"), json!("Allow"))],
        Unlock::Address(prefix) => {
            let text = prefix.to_string();
            let text = text.strip_suffix("/32").unwrap_or(&text);
            vec![own(format!("{rules}.ipRules[+]"), json!({ "value": text, "action": "Allow" }))]
        }
        Unlock::Subnet { subnet, endpoint } => {
            let subnet = topology.get(*subnet).map_or("", |found| &found.name);
            let wanted = endpoint.iter().map(|service| {
                let value = json!({ "service": &**service, "locations": ["*"] });
                edit(subnet, "properties.serviceEndpoints[+]".to_owned(), &value)
            });
            let rule = own(format!("{rules}.virtualNetworkRules[+]"), json!({ "id": subnet, "action": "Allow" }));
            wanted.chain([rule]).collect()
        }
    }
}
