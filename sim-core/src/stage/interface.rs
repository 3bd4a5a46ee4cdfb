//! What a network interface lets pass before any rule is asked: IP forwarding, a machine that would hear itself, public
//! addresses that are closed without a security group.

use super::Reason;
use super::checks::Checks;
use crate::net::Addr;
use crate::set::{AddrSet, Cube};

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
    /// Whether they were sent to a Standard public address, of this NIC or of the frontend.
    pub exposed: bool,
    /// Whether the NIC or its subnet has a security group.
    pub filtered: bool,
    /// Whether the NIC may carry what is not its own.
    pub ip_forwarding: bool,
    /// Whether the guest passes on what is not its own.
    pub guest_forwards: bool,
    /// The other addresses of the same machine, which its guest takes without forwarding.
    pub siblings: &'a AddrSet,
}

impl Arrival<'_> {
    /// Stops what does not get in, in this order: what a balancer sent back to its sender (azure-dataplane 3.10), what is
    /// for others where nobody forwards it (2.3), and all that comes to a Standard public address while no group says
    /// otherwise (3.9).
    ///
    /// Rule `balancer-hairpin`: what an internal balancer sends back to the machine that sent it is lost, for the
    /// machine does not take a packet from itself. Source: azure-dataplane 3.10.
    ///
    /// Rule `forwarding-arrival`: a NIC takes what is for another address only with IP forwarding, and it goes on only
    /// where the guest forwards, too. Source: azure-dataplane 2.3.
    ///
    /// Rule `public-ip-closed`: a Standard public address or frontend takes nothing from outside while neither NIC nor
    /// subnet has a security group; Basic ones and internal frontends do. Source: azure-dataplane 3.9.
    #[must_use]
    pub fn checks(&self) -> Checks {
        let own_voice = if self.balanced.is_some() { AddrSet::point(self.address) } else { AddrSet::empty() };
        let closed = if self.exposed && !self.filtered { AddrSet::all() } else { AddrSet::empty() };
        Checks::default()
            .and_stop(Cube { src: own_voice, ..Cube::all() }.into(), Reason::Hairpin)
            .and_stop(Cube { dst: self.taken().complement(), ..Cube::all() }.into(), Reason::ForwardingOff)
            .and_stop(Cube { src: closed, ..Cube::all() }.into(), Reason::ClosedByDefault)
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
