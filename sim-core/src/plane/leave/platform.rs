//! Traffic of the platform: what only rules with its tag touch.

use crate::fabric::NicPort;
use crate::plane::view::Trail;
use crate::set::AddrSet;
use crate::stage::platform;
use crate::stage::security::PlatformTag;
use crate::stage::{Level, Reason, Step};
use crate::topology::{Access, Direction};

/// Whether a packet is Windows activation that passes the groups.
pub(super) fn is_licensing(trail: &Trail<'_>, nic: &NicPort) -> bool {
    // The hosts are looked up last: nearly nothing is of this port.
    if !platform::licensing(AddrSet::all()).contains(&trail.tuple) {
        return false;
    }
    let hosts = || trail.view.fabric.tag(PlatformTag::Licensing.name(), &nic.subnet);
    !nic.subnet.routes.replaces_default() && hosts().is_some_and(|hosts| hosts.contains(trail.tuple.dst))
}

/// Asks the rules that name this traffic.
///
/// Rule `nsg-platform-dns-levels`: a rule that names a tag of the platform counts at the NIC and at the subnet. Source:
/// azure-dataplane 1.8.
pub(super) fn ask(trail: &mut Trail<'_>, nic: &NicPort, tag: PlatformTag) -> Result<(), Reason> {
    for (nsg, level) in [(nic.nsg, Level::Nic), (nic.subnet.nsg, Level::Subnet)] {
        let Some(group) = trail.view.fabric.group(nsg, &nic.subnet) else { continue };
        let Some((rule, access)) = group.rules.decide_platform(tag, &trail.tuple) else { continue };
        trail.steps.push(Step::Security { group: group.node, level, direction: Direction::Outbound, rule, access });
        if access == Access::Deny {
            trail.stop(Reason::SecurityRule)?;
        }
    }
    trail.steps.push(Step::Platform);
    Ok(())
}
