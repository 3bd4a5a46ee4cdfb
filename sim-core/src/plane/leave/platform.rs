//! Questions to the platform's address.

use crate::fabric::NicPort;
use crate::plane::view::Trail;
use crate::stage::{Level, Reason, Step};
use crate::topology::{Access, Direction};

/// The port of DNS.
const DNS: u16 = 53;

/// Rules that name the platform's DNS are asked about questions to it; no others are (azure-dataplane 1.8).
///
/// Rule `nsg-platform-dns-levels`: a rule that names the platform's DNS counts at the NIC and at the subnet. Source:
/// azure-dataplane 1.8.
pub(super) fn dns(trail: &mut Trail<'_>, nic: &NicPort) -> Result<(), Reason> {
    if trail.tuple.dst_port != DNS {
        return Ok(());
    }
    for (nsg, level) in [(nic.nsg, Level::Nic), (nic.subnet.nsg, Level::Subnet)] {
        let Some(group) = trail.view.fabric.group(nsg, &nic.subnet) else { continue };
        let Some((rule, access)) = group.rules.decide_platform_dns(&trail.tuple) else { continue };
        trail.steps.push(Step::Security { group: group.node, level, direction: Direction::Outbound, rule, access });
        if access == Access::Deny {
            trail.stop(Reason::SecurityRule)?;
        }
    }
    Ok(())
}
