//! Types that no packet meets but others refer to: only their ids matter.

use crate::terraform::table::{Kind, child, kind};

const GALLERY: &str = "Microsoft.Compute/galleries";

pub(super) const KINDS: &[Kind] = &[
    kind("azurerm_availability_set", "Microsoft.Compute/availabilitySets", &[]),
    kind("azurerm_managed_disk", "Microsoft.Compute/disks", &[]),
    kind("azurerm_image", "Microsoft.Compute/images", &[]),
    kind("azurerm_shared_image_gallery", GALLERY, &[]),
    child("azurerm_shared_image", "Microsoft.Compute/galleries/images", (GALLERY, &["gallery_name"]), &[]),
    kind("azurerm_log_analytics_workspace", "Microsoft.OperationalInsights/workspaces", &[]),
    kind("azurerm_application_insights", "Microsoft.Insights/components", &[]),
    kind("azurerm_service_plan", "Microsoft.Web/serverfarms", &[]),
    kind("azurerm_app_service_plan", "Microsoft.Web/serverfarms", &[]),
    kind("azurerm_linux_web_app", "Microsoft.Web/sites", &[]),
    kind("azurerm_windows_web_app", "Microsoft.Web/sites", &[]),
    kind("azurerm_app_service", "Microsoft.Web/sites", &[]),
    kind("azurerm_linux_function_app", "Microsoft.Web/sites", &[]),
    kind("azurerm_windows_function_app", "Microsoft.Web/sites", &[]),
    kind("azurerm_postgresql_server", "Microsoft.DBforPostgreSQL/servers", &[]),
    kind("azurerm_postgresql_flexible_server", "Microsoft.DBforPostgreSQL/flexibleServers", &[]),
    kind("azurerm_mysql_flexible_server", "Microsoft.DBforMySQL/flexibleServers", &[]),
    kind("azurerm_data_factory", "Microsoft.DataFactory/factories", &[]),
    kind("azurerm_recovery_services_vault", "Microsoft.RecoveryServices/vaults", &[]),
    kind("azurerm_network_watcher", "Microsoft.Network/networkWatchers", &[]),
    kind("azurerm_network_ddos_protection_plan", "Microsoft.Network/ddosProtectionPlans", &[]),
];
