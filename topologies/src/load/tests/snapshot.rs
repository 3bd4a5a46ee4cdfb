//! The output of `bicep snapshot`.

use super::{NONE, codes, world};
use sim_core::topology::{Kind, Relation};

const GROUP: &str = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/other";

fn snapshot(more: &str) -> String {
    format!(
        r#"{{"predictedResources": [
  {{"id": "{GROUP}/providers/Microsoft.Network/virtualNetworks/v", "type": "Microsoft.Network/virtualNetworks", "name": "v",
    "apiVersion": "2024-05-01", "location": "westus", "properties": {{"addressSpace": {{"addressPrefixes": ["10.0.0.0/16"]}},
      "bgpCommunities": {{"virtualNetworkCommunity": "[reference('unknown', '2020-01-01').address]"}}}}}},
  {{"id": "{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s", "type": "Microsoft.Network/virtualNetworks/subnets",
    "name": "v/s", "apiVersion": "2024-05-01", "properties": {{"addressPrefix": "10.0.0.0/24"}}}},
  {{"id": "{GROUP}/providers/Microsoft.Network/networkInterfaces/n", "type": "Microsoft.Network/networkInterfaces", "name": "n",
    "apiVersion": "2024-05-01", "location": "[resourceGroup().location]", "properties": {{"ipConfigurations": [{{"name": "c",
      "properties": {{"subnet": {{"id": "{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"}}}}}}]}}}}
  {more}], "diagnostics": []}}"#
    )
}

/// Catches: a snapshot called unreadable, ids of another group than the one written, an expression that nobody needs taken for
/// an error or evaluated to nothing.
#[test]
fn a_snapshot_is_read() {
    let world = world(&[("main.snapshot.json", &snapshot(""))]);
    assert_eq!(codes(&world), NONE, "{:?}", world.diagnostics);
    assert_eq!(world.findings.len(), 1, "the NIC is in eastus, its network in westus: {:?}", world.findings);
    let subnet = world.topology.find(&format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"));
    assert!(subnet.is_some());
    let body = world.resources.iter().next().unwrap().body.to_string();
    assert!(body.contains("<[reference('unknown', '2020-01-01').address]>"), "{body}");
    assert!(world.assumptions.iter().any(|it| it.code == "arm.residual"), "{:?}", world.assumptions);
}

/// Catches: an expression that is needed and cannot be evaluated, taken for nothing or passed over in silence; one that can be
/// evaluated from the other resources, left as it is.
#[test]
fn what_is_needed_is_told_or_evaluated() {
    let table = |hop: &str| {
        format!(
            r#", {{"id": "{GROUP}/providers/Microsoft.Network/routeTables/t", "type": "Microsoft.Network/routeTables", "name": "t",
               "apiVersion": "2024-05-01", "location": "westus", "properties": {{"routes": [{{"name": "r", "properties":
               {{"addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "{hop}"}}}}]}}}}"#
        )
    };
    let local = |text: String| text.replace("[resourceGroup().location]", "westus");
    let lost = world(&[("a.json", &local(snapshot(&table("[reference('fw').address]"))))]);
    assert_eq!(codes(&lost), ["azure.unknown-value"], "{:?}", lost.diagnostics);
    let nic = format!("{GROUP}/providers/Microsoft.Network/networkInterfaces/n");
    let hop = format!("[reference('{nic}', '2024-05-01').ipConfigurations[0].properties.privateIPAddress]");
    let found = world(&[("a.json", &local(snapshot(&table(&hop))))]);
    assert_eq!(codes(&found), NONE, "{:?}", found.diagnostics);
    let nic = found.topology.resources().find(|it| matches!(it.kind, Kind::IpConfig(_))).unwrap();
    assert_eq!(found.topology.targets(nic.id, Relation::Attached).len(), 1);
    let table = found.topology.resources().find_map(|it| match &it.kind {
        Kind::RouteTable(table) => Some(format!("{:?}", table.routes[0].next_hop)),
        _ => None,
    });
    assert!(table.as_deref().is_some_and(|hop| hop.contains("10.0.0.4")), "{table:?}");
}
