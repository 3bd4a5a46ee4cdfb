//! A managed service's own firewall: who is let in, once TCP and TLS are done (azure-services 6).

use crate::id::NodeId;
use crate::net::Addr;
use crate::source::Span;
use crate::topology::{AddressRule, Guard, Setting, SubnetRule};

/// Who asks, as a service sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The source address.
    pub source: Addr,
    /// The subnet whose identity came with the request, over a service endpoint.
    pub subnet: Option<NodeId>,
    /// The private endpoint that it came through.
    pub private_link: Option<NodeId>,
    /// Whether it is a service that the platform trusts, and has shown who it is.
    pub trusted: bool,
}

/// Why somebody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It comes through a private endpoint, and the connection is approved.
    Endpoint,
    /// Its subnet is listed, as the rule with this number.
    Subnet(u32),
    /// Its address is listed, by the rule with this number.
    Address(u32),
    /// The service lets trusted services in.
    Trusted,
    /// The service lets everybody in.
    Open,
}

/// Why somebody is not let in, with where the setting was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The service is reached through private endpoints only.
    NotPublic(Option<Span>),
    /// No rule names the caller, and such are not let in.
    NotListed(Option<Span>),
}

/// A guard with its subnets looked up.
#[derive(Clone, Debug)]
pub struct CompiledGuard {
    /// The service.
    pub service: NodeId,
    public: Setting<bool>,
    open: Setting<bool>,
    trusted: bool,
    /// `None` where no such subnet is in the network.
    subnets: Vec<Option<NodeId>>,
    addresses: Vec<AddressRule>,
}

impl CompiledGuard {
    /// The guard of `service`; `subnet` finds the subnet of a rule.
    #[must_use]
    pub fn new(service: NodeId, guard: &Guard, subnet: impl Fn(&SubnetRule) -> Option<NodeId>) -> Self {
        Self {
            service,
            public: guard.public,
            open: guard.open,
            trusted: guard.trusted.value,
            subnets: guard.subnets.iter().map(subnet).collect(),
            addresses: guard.addresses.clone(),
        }
    }

    /// Whether a caller is let in.
    ///
    /// Rule `service-guard-order`: a service lets in what comes through a private endpoint; else nobody where public access is
    /// off, not even a listed subnet; then listed subnets, listed addresses, trusted services, and all others as its default
    /// says. Source: azure-services 6.
    ///
    /// # Errors
    /// Why it is not.
    pub fn decide(&self, caller: &Caller) -> Result<Admitted, Denied> {
        if caller.private_link.is_some() {
            return Ok(Admitted::Endpoint);
        }
        if !self.public.value {
            return Err(Denied::NotPublic(self.public.span));
        }
        let listed = |subnet| self.subnets.iter().position(|rule| *rule == Some(subnet));
        if let Some(rule) = caller.subnet.and_then(listed) {
            return Ok(Admitted::Subnet(rule as u32));
        }
        if let Some(rule) = self.addresses.iter().position(|rule| rule.prefix.contains(caller.source)) {
            return Ok(Admitted::Address(rule as u32));
        }
        if self.trusted && caller.trusted {
            return Ok(Admitted::Trusted);
        }
        if self.open.value { Ok(Admitted::Open) } else { Err(Denied::NotListed(self.open.span)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row of azure-services 6's decision, for a caller that each later rule would let in.
    #[test]
    fn the_order_is_that_of_the_reference() {
        // Tests `service-guard-order`.
        // Catches: a listed subnet that gets in although public access is off, an address rule that counts for a private
        // endpoint, a trusted caller that needs no bypass.
        let subnet = SubnetRule { subnet: "listed".into(), span: None };
        let address = AddressRule { prefix: "203.0.113.7/32".parse().unwrap(), span: None };
        let stranger =
            Caller { source: "198.51.100.1".parse().unwrap(), subnet: None, private_link: None, trusted: false };
        let decide = |public: bool, open: bool, bypass: bool, caller: Caller| {
            let guard = Guard {
                public: Setting::default_of(public),
                open: Setting::default_of(open),
                trusted: Setting::default_of(bypass),
                subnets: vec![subnet.clone()],
                addresses: vec![address.clone()],
            };
            CompiledGuard::new(NodeId(1), &guard, |_| Some(NodeId(5))).decide(&caller)
        };
        let private = Caller { private_link: Some(NodeId(9)), ..stranger };
        let inside = Caller { subnet: Some(NodeId(5)), ..stranger };
        let beside = Caller { subnet: Some(NodeId(6)), ..stranger };
        let known = Caller { source: "203.0.113.7".parse().unwrap(), ..stranger };
        let trusted = Caller { trusted: true, ..stranger };
        let (not_public, not_listed) = (Err(Denied::NotPublic(None)), Err(Denied::NotListed(None)));
        for (caller, off, closed, bypassed, open) in [
            (private, Ok(Admitted::Endpoint), Ok(Admitted::Endpoint), Ok(Admitted::Endpoint), Ok(Admitted::Endpoint)),
            (inside, not_public, Ok(Admitted::Subnet(0)), Ok(Admitted::Subnet(0)), Ok(Admitted::Subnet(0))),
            (beside, not_public, not_listed, not_listed, Ok(Admitted::Open)),
            (known, not_public, Ok(Admitted::Address(0)), Ok(Admitted::Address(0)), Ok(Admitted::Address(0))),
            (trusted, not_public, not_listed, Ok(Admitted::Trusted), Ok(Admitted::Open)),
            (stranger, not_public, not_listed, not_listed, Ok(Admitted::Open)),
        ] {
            assert_eq!(decide(false, true, true, caller), off, "{caller:?}, public access off");
            assert_eq!(decide(true, false, false, caller), closed, "{caller:?}, closed");
            assert_eq!(decide(true, false, true, caller), bypassed, "{caller:?}, closed but for trusted services");
            assert_eq!(decide(true, true, false, caller), open, "{caller:?}, open");
        }
    }
}
