//! What several benchmarks need: inputs of any size, as tools would write them.

use std::fmt::Write;

/// The scope of all resources.
const GROUP: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/production";

/// A Resource Graph export of about `count` resources: for each ten a network of four subnets, a security group of eight rules, a
/// route table, a public address, two NICs, two machines and two resources that no packet meets.
#[must_use]
pub fn dump(count: usize) -> String {
    let sets: Vec<String> = (0..count.div_ceil(10)).map(set).collect();
    format!("{{\"count\": {count}, \"data\": [\n{}\n]}}\n", sets.join(",\n"))
}

fn set(n: usize) -> String {
    let network = format!("{GROUP}/providers/Microsoft.Network");
    let block = format!("10.{}.{}", n / 256 % 256, n % 256);
    let head = |kind: &str, name: &str| {
        format!(
            "{{\"id\": \"{GROUP}/providers/{kind}/{name}\", \"name\": \"{name}\", \"type\": \"{}\", \"location\": \"westeurope\", \
             \"resourceGroup\": \"production\", \"tags\": {{\"costCenter\": \"4711\", \"owner\": \"network\"}}, \"zones\": null, \
             \"managedBy\": \"\", \"plan\": null, \"identity\": null, \"kind\": \"\", \"properties\": {{\"provisioningState\": \
             \"Succeeded\", \"resourceGuid\": \"22222222-2222-2222-2222-{n:012}\"",
            kind.to_lowercase()
        )
    };
    let subnets: Vec<String> = (0..4)
        .map(|at| {
            format!(
                "{{\"name\": \"s{at}\", \"id\": \"{network}/virtualNetworks/v{n}/subnets/s{at}\", \"etag\": \"W/1\", \"properties\": \
                 {{\"addressPrefix\": \"{block}.{}/26\", \"networkSecurityGroup\": {{\"id\": \"{network}/networkSecurityGroups/g{n}\"}}, \
                 \"routeTable\": {{\"id\": \"{network}/routeTables/t{n}\"}}, \"delegations\": [], \
                 \"privateEndpointNetworkPolicies\": \"Disabled\", \"privateLinkServiceNetworkPolicies\": \"Enabled\"}}}}",
                at * 64
            )
        })
        .collect();
    let rules: Vec<String> = (0..8)
        .map(|at| {
            format!(
                "{{\"name\": \"r{at}\", \"id\": \"{network}/networkSecurityGroups/g{n}/securityRules/r{at}\", \"etag\": \"W/1\", \
                 \"type\": \"Microsoft.Network/networkSecurityGroups/securityRules\", \"properties\": {{\"priority\": {}, \
                 \"direction\": \"Inbound\", \"access\": \"Allow\", \"protocol\": \"Tcp\", \"sourceAddressPrefix\": \"10.0.0.0/8\", \
                 \"sourcePortRange\": \"*\", \"destinationAddressPrefix\": \"*\", \"destinationPortRange\": \"{}\", \
                 \"provisioningState\": \"Succeeded\", \"sourceAddressPrefixes\": [], \"destinationPortRanges\": []}}}}",
                100 + at,
                8000 + at
            )
        })
        .collect();
    let mut out = String::new();
    // A String takes everything.
    let _ = write!(
        out,
        "{}, \"addressSpace\": {{\"addressPrefixes\": [\"{block}.0/24\"]}}, \"subnets\": [{}], \"virtualNetworkPeerings\": []}}}},\n\
         {}, \"securityRules\": [{}], \"defaultSecurityRules\": []}}}},\n\
         {}, \"routes\": [{{\"name\": \"out\", \"properties\": {{\"addressPrefix\": \"172.16.0.0/12\", \"nextHopType\": \"None\"}}}}]}}}},\n\
         {}, \"ipAddress\": \"20.{}.{}.{}\", \"publicIPAllocationMethod\": \"Static\"}}, \"sku\": {{\"name\": \"Standard\"}}}},\n",
        head("Microsoft.Network/virtualNetworks", &format!("v{n}")),
        subnets.join(", "),
        head("Microsoft.Network/networkSecurityGroups", &format!("g{n}")),
        rules.join(", "),
        head("Microsoft.Network/routeTables", &format!("t{n}")),
        head("Microsoft.Network/publicIPAddresses", &format!("p{n}")),
        n / 65536 % 256,
        n / 256 % 256,
        n % 256,
    );
    for at in 0..2 {
        let public = format!("\"publicIPAddress\": {{\"id\": \"{network}/publicIPAddresses/p{n}\"}}, ");
        let _ = write!(
            out,
            "{}, \"enableIPForwarding\": false, \"virtualMachine\": {{\"id\": \"{GROUP}/providers/Microsoft.Compute/virtualMachines/m{n}-{at}\"}}, \
             \"ipConfigurations\": [{{\"name\": \"c\", \"id\": \"{network}/networkInterfaces/n{n}-{at}/ipConfigurations/c\", \"properties\": \
             {{\"privateIPAddress\": \"{block}.{}\", \"privateIPAllocationMethod\": \"Dynamic\", {}\"primary\": true, \"subnet\": {{\"id\": \
             \"{network}/virtualNetworks/v{n}/subnets/s{at}\"}}}}}}]}}}},\n\
             {}, \"hardwareProfile\": {{\"vmSize\": \"Standard_D2s_v3\"}}, \"osProfile\": {{\"computerName\": \"m{n}-{at}\", \
             \"adminUsername\": \"azureuser\", \"secrets\": []}}, \"networkProfile\": {{\"networkInterfaces\": [{{\"id\": \
             \"{network}/networkInterfaces/n{n}-{at}\"}}]}}}}}},\n\
             {}, \"diskSizeGB\": 128, \"diskState\": \"Attached\"}}}}{}",
            head("Microsoft.Network/networkInterfaces", &format!("n{n}-{at}")),
            at * 64 + 4,
            if at == 0 { public.as_str() } else { "" },
            head("Microsoft.Compute/virtualMachines", &format!("m{n}-{at}")),
            head("Microsoft.Compute/disks", &format!("d{n}-{at}")),
            if at == 0 { ",\n" } else { "" },
        );
    }
    out
}

/// A template of `count` resources, about 200 bytes each: for each ten one network, two groups, two tables and five NICs, with
/// expressions for names, places and references.
#[must_use]
pub fn template(count: usize) -> String {
    let resources: Vec<String> = (0..count).map(declared).collect();
    format!(
        "{{\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\", \"contentVersion\": \
         \"1.0.0.0\", \"parameters\": {{\"l\": {{\"type\": \"string\", \"defaultValue\": \"[resourceGroup().location]\"}}}}, \"variables\": \
         {{\"s\": \"Microsoft.Network/virtualNetworks/subnets\"}}, \"resources\": [\n{}\n]}}\n",
        resources.join(",\n")
    )
}

fn declared(n: usize) -> String {
    let (set, at) = (n / 10, n % 10);
    let (kind, properties) = match at {
        0 => (
            "virtualNetworks",
            format!(
                "\"addressSpace\":{{\"addressPrefixes\":[\"10.{0}.{1}.0/24\"]}},\"subnets\":[{{\"name\":\"a\",\"properties\":\
                 {{\"addressPrefix\":\"10.{0}.{1}.0/24\"}}}}]",
                set / 256,
                set % 256
            ),
        ),
        1 | 2 => ("networkSecurityGroups", "\"securityRules\":[]".to_owned()),
        3 | 4 => ("routeTables", "\"routes\":[]".to_owned()),
        _ => (
            "networkInterfaces",
            format!(
                "\"ipConfigurations\":[{{\"name\":\"c\",\"properties\":{{\"subnet\":{{\"id\":\"[resourceId(variables('s'),'x{}','a')]\"}}}}}}]",
                set * 10
            ),
        ),
    };
    format!(
        "{{\"type\":\"Microsoft.Network/{kind}\",\"apiVersion\":\"2024-05-01\",\"name\":\"[concat('x','{n}')]\",\"location\":\
         \"[parameters('l')]\",\"properties\":{{{properties}}}}}"
    )
}
