//! The rules that every security group has, after all others.

use crate::topology::{Access, Direction};

/// A default rule (azure-dataplane 1.1).
#[derive(Clone, Copy, Debug)]
pub struct DefaultRule {
    /// Azure's name for it.
    pub name: &'static str,
    /// Its priority.
    pub priority: u16,
    /// Its list.
    pub direction: Direction,
    /// What it does.
    pub access: Access,
    /// Source: a tag, or empty for any.
    pub source: &'static str,
    /// Destination: a tag, or empty for any.
    pub destination: &'static str,
}

/// The rules that every group has.
///
/// Rule `nsg-default-rules`: every group ends with six rules. Inbound, VirtualNetwork may reach itself (65000),
/// AzureLoadBalancer everything (65001), and the rest is denied (65500); outbound, VirtualNetwork may reach itself
/// (65000), everything the Internet (65001), and the rest is denied (65500). Source: azure-dataplane 1.1.
pub const DEFAULTS: [DefaultRule; 6] = {
    use Access::{Allow, Deny};
    use Direction::{Inbound, Outbound};
    const fn rule(
        name: &'static str,
        priority: u16,
        direction: Direction,
        access: Access,
        source: &'static str,
        destination: &'static str,
    ) -> DefaultRule {
        DefaultRule { name, priority, direction, access, source, destination }
    }
    [
        rule("AllowVnetInBound", 65000, Inbound, Allow, "VirtualNetwork", "VirtualNetwork"),
        rule("AllowAzureLoadBalancerInBound", 65001, Inbound, Allow, "AzureLoadBalancer", ""),
        rule("DenyAllInBound", 65500, Inbound, Deny, "", ""),
        rule("AllowVnetOutBound", 65000, Outbound, Allow, "VirtualNetwork", "VirtualNetwork"),
        rule("AllowInternetOutBound", 65001, Outbound, Allow, "", "Internet"),
        rule("DenyAllOutBound", 65500, Outbound, Deny, "", ""),
    ]
};
