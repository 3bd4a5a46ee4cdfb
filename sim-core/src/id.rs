//! Dense identities. They are given out in order, name one thing for a whole run and are never used again.

/// Declares a dense id over `u32` with its place in an array.
macro_rules! dense_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// Its place in an array of such things.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

dense_id!(
    /// A declared resource: a node of the topology.
    NodeId
);
dense_id!(
    /// A place where packets leave and arrive: an address of a NIC, a balancer's frontend, a private endpoint, ...
    PortId
);
dense_id!(
    /// A machine that runs programs: a VM's guest, a container group, a service front, the platform's prober.
    HostId
);
dense_id!(
    /// The way from one port to another.
    LinkId
);
dense_id!(
    /// One traffic flow of a scenario or a service, across all its legs.
    FlowId
);
