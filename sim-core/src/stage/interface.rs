//! What a network interface lets pass before any rule is asked: IP forwarding, a machine that would hear itself, public
//! addresses that are closed without a security group.

use super::Reason;
use super::checks::Checks;
use crate::net::Addr;
use crate::set::{AddrSet, Cube, PacketSet};

/// Stops what a NIC may not send: without IP forwarding it sends from its own address only (azure-dataplane 2.3 and 7,
/// step 1).
///
/// Rule `forwarding-departure`: a NIC without IP forwarding sends from its own address alone. Source: azure-dataplane
/// 2.3, 7.
#[must_use]
pub fn departure(address: Addr, ip_forwarding: bool) -> Checks {
    let foreign = if ip_forwarding { AddrSet::empty() } else { AddrSet::point(address).complement() };
    Checks::default().and_stop(Cube { src: foreign, ..Cube::all() }.into(), Reason::ForwardingOff)
}

/// How packets arrive at a NIC, after their destination was translated to a private address.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The NIC's address.
    pub address: Addr,
    /// The address of the frontend they came through. A rule that floats leaves it as their destination.
    pub balanced: Option<Addr>,
    /// Whether the NIC may carry what is not its own.
    pub ip_forwarding: bool,
    /// Whether the guest passes on what is not its own.
    pub guest_forwards: bool,
    /// The other addresses of the same machine, which its guest takes without forwarding.
    pub siblings: &'a AddrSet,
}

impl Arrival<'_> {
    /// Stops what does not get in, whatever any rule says, in this order: what a balancer sent back to its sender, and what
    /// is for others where nobody forwards it.
    ///
    /// Rule `balancer-hairpin`: what an internal balancer sends back to the machine that sent it is lost, for the
    /// machine does not take a packet from itself. Source: azure-dataplane 3.10.
    ///
    /// Rule `forwarding-arrival`: a NIC takes what is for another address only with IP forwarding, and it goes on only
    /// where the guest forwards, too. Source: azure-dataplane 2.3.
    #[must_use]
    pub fn checks(&self) -> Checks {
        let own_voice = if self.balanced.is_some() { AddrSet::point(self.address) } else { AddrSet::empty() };
        Checks::default()
            .and_stop(Cube { src: own_voice, ..Cube::all() }.into(), Reason::Hairpin)
            .and_stop(Cube { dst: self.taken().complement(), ..Cube::all() }.into(), Reason::ForwardingOff)
    }

    /// Destinations that the NIC takes.
    fn taken(&self) -> AddrSet {
        let own = [Some(self.address), self.balanced].into_iter().flatten().map(|addr| (addr, addr)).collect();
        match (self.ip_forwarding, self.guest_forwards) {
            (true, true) => AddrSet::all(),
            (true, false) => self.siblings.union(&own),
            (false, _) => own,
        }
    }
}

/// Whether packets come to a Standard public address, and what guards the NIC.
#[derive(Clone, Copy, Debug)]
pub struct Exposure {
    /// Whether they were sent to a Standard public address, of this NIC or of the frontend they came through.
    pub exposed: bool,
    /// Whether the NIC or its subnet has a security group.
    pub filtered: bool,
}

impl Exposure {
    /// Stops all that comes to a Standard public address while no group says otherwise. It is asked where the groups would
    /// be: a security admin rule that passes them by passes this by, too.
    ///
    /// Rule `public-ip-closed`: a Standard public address or frontend takes nothing from outside while neither NIC nor
    /// subnet has a security group; Basic ones and internal frontends do. Source: azure-dataplane 3.9.
    #[must_use]
    pub fn checks(&self) -> Checks {
        let closed = if self.exposed && !self.filtered { PacketSet::all() } else { PacketSet::empty() };
        Checks::default().and_stop(closed, Reason::ClosedByDefault)
    }
}
