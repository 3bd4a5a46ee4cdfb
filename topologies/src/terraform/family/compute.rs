//! Machines, scale sets and container groups.

use crate::terraform::table::{Field, How, Kind, kind, row, same};

const MACHINE: &str = "Microsoft.Compute/virtualMachines";
const SCALE_SET: &str = "Microsoft.Compute/virtualMachineScaleSets";

pub(super) const KINDS: &[Kind] = &[
    kind("azurerm_linux_virtual_machine", MACHINE, machine_and!("Linux")),
    kind("azurerm_windows_virtual_machine", MACHINE, machine_and!("Windows")),
    kind("azurerm_virtual_machine", MACHINE, CLASSIC),
    kind("azurerm_linux_virtual_machine_scale_set", SCALE_SET, SCALE_SET_FIELDS),
    kind("azurerm_windows_virtual_machine_scale_set", SCALE_SET, SCALE_SET_FIELDS),
    kind("azurerm_orchestrated_virtual_machine_scale_set", SCALE_SET, ORCHESTRATED),
    kind("azurerm_virtual_machine_scale_set", SCALE_SET, CLASSIC_SCALE_SET),
    kind("azurerm_container_group", "Microsoft.ContainerInstance/containerGroups", CONTAINERS),
];

/// The rows of a machine whose operating system the type says.
macro_rules! machine_and {
    ($os:literal) => {
        &[
            same("size", "hardwareProfile/vmSize"),
            row("network_interface_ids", "networkProfile/networkInterfaces", How::Nics),
            row("", "storageProfile/osDisk/osType", How::Text($os)),
            same("source_image_id", "storageProfile/imageReference/id"),
            same("source_image_reference/publisher", "storageProfile/imageReference/publisher"),
            same("source_image_reference/offer", "storageProfile/imageReference/offer"),
            same("source_image_reference/sku", "storageProfile/imageReference/sku"),
            same("source_image_reference/version", "storageProfile/imageReference/version"),
            same("computer_name", "osProfile/computerName"),
            same("identity/type", "@identity/type"),
            same("identity/principal_id", "@identity/principalId"),
        ]
    };
}
use machine_and;

const CLASSIC: &[Field] = &[
    same("vm_size", "hardwareProfile/vmSize"),
    row("network_interface_ids", "networkProfile/networkInterfaces", How::Nics),
    same("storage_os_disk/os_type", "storageProfile/osDisk/osType"),
    same("storage_image_reference/id", "storageProfile/imageReference/id"),
    same("storage_image_reference/publisher", "storageProfile/imageReference/publisher"),
    same("storage_image_reference/offer", "storageProfile/imageReference/offer"),
    same("storage_image_reference/sku", "storageProfile/imageReference/sku"),
    same("os_profile/computer_name", "osProfile/computerName"),
    row("os_profile_windows_config", "osProfile/windowsConfiguration", How::Block(&[])),
    row("os_profile_linux_config", "osProfile/linuxConfiguration", How::Block(&[])),
    same("identity/type", "@identity/type"),
    same("identity/principal_id", "@identity/principalId"),
];

const PROFILE: &str = "virtualMachineProfile/networkProfile/networkInterfaceConfigurations";

const SCALE_SET_FIELDS: &[Field] = &[
    same("sku", "@sku/name"),
    same("instances", "@sku/capacity"),
    row("network_interface", PROFILE, How::Blocks(INTERFACE)),
];

const ORCHESTRATED: &[Field] = &[
    same("sku_name", "@sku/name"),
    same("instances", "@sku/capacity"),
    row("", "orchestrationMode", How::Text("Flexible")),
    row("network_interface", PROFILE, How::Blocks(INTERFACE)),
];

const CLASSIC_SCALE_SET: &[Field] = &[
    same("sku/name", "@sku/name"),
    same("sku/capacity", "@sku/capacity"),
    row("network_profile", PROFILE, How::Blocks(INTERFACE)),
];

const INTERFACE: &[Field] = &[
    same("name", "@name"),
    same("primary", "primary"),
    same("ip_forwarding_enabled", "enableIPForwarding"),
    same("enable_ip_forwarding", "enableIPForwarding"),
    same("ip_forwarding", "enableIPForwarding"),
    same("network_security_group_id", "networkSecurityGroup/id"),
    row("ip_configuration", "ipConfigurations", How::Blocks(CONFIGURATION)),
];

const CONFIGURATION: &[Field] = &[
    same("name", "@name"),
    same("primary", "primary"),
    same("subnet_id", "subnet/id"),
    same("version", "privateIPAddressVersion"),
    row("load_balancer_backend_address_pool_ids", "loadBalancerBackendAddressPools", How::Each("id")),
    row("load_balancer_inbound_nat_rules_ids", "loadBalancerInboundNatPools", How::Each("id")),
    row("application_security_group_ids", "applicationSecurityGroups", How::Each("id")),
    row("application_gateway_backend_address_pool_ids", "applicationGatewayBackendAddressPools", How::Each("id")),
    row(
        "public_ip_address",
        "publicIPAddressConfiguration",
        How::Block(&[
            same("name", "@name"),
            same("version", "publicIPAddressVersion"),
            same("idle_timeout_in_minutes", "idleTimeoutInMinutes"),
        ]),
    ),
];

const CONTAINERS: &[Field] = &[
    same("os_type", "osType"),
    same("ip_address_type", "ipAddress/type"),
    same("ip_address", "ipAddress/ip"),
    row("subnet_ids", "subnetIds", How::Each("id")),
    same("network_profile_id", "networkProfile/id"),
    row(
        "container",
        "containers",
        How::Blocks(&[
            same("name", "@name"),
            same("image", "image"),
            row("ports", "ports", How::Blocks(&[same("port", "@port"), same("protocol", "@protocol")])),
        ]),
    ),
];
