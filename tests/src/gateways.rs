//! Gateways, networks on premises and service endpoints of small networks.

use crate::net::{Net, prefix};
use sim_core::id::PortId;
use sim_core::topology::{
    Bgp, Connection, Draft, Gateway, GatewayKind, InternetHost, Kind, OnPremises, OnPremisesHost, Peering, Relation,
    ServiceEndpoint, Setting,
};

impl Net {
    /// A gateway `name` in the subnet `VNET/GatewaySubnet` of this range.
    pub fn gateway(&mut self, name: &str, vnet: &str, range: &str, kind: GatewayKind) {
        self.subnet(vnet, "GatewaySubnet", range, None);
        let gateway = Gateway { region: self.region(), kind, ..Gateway::default() };
        self.put(Draft::new(name, Kind::Gateway(gateway)).refer(Relation::Attached, format!("{vnet}/GatewaySubnet")));
    }

    /// Gives a gateway a number of its own for BGP.
    pub fn speaks_bgp(&mut self, gateway: &str, asn: u32) {
        self.edit(gateway, |kind| {
            let Kind::Gateway(gateway) = kind else { panic!("no gateway") };
            gateway.bgp = Some(Bgp { asn, address: None });
        });
    }

    /// A connection `FROM-to-TO` of the gateway `from`.
    pub fn connect(&mut self, from: &str, to: &str, bgp: bool) {
        let kind = Kind::Connection(Connection { bgp, ..Connection::default() });
        let draft = Draft::new(format!("{from}-to-{to}"), kind).refer(Relation::PartOf, from);
        self.put(draft.refer(Relation::Remote, to));
    }

    /// Connections of two gateways to each other.
    pub fn connect_both(&mut self, a: &str, b: &str, bgp: bool) {
        self.connect(a, b, bgp);
        self.connect(b, a, bgp);
    }

    /// A network on premises with one range and, in it, the host `NAME-host` at `.9`.
    pub fn site(&mut self, name: &str, range: &str, bgp: Option<Bgp>) -> PortId {
        let range = prefix(range);
        let site = OnPremises { prefixes: vec![range], bgp, ..OnPremises::default() };
        self.put(Draft::new(name, Kind::OnPremises(site)));
        let host = range.first().plus(9);
        let host = OnPremisesHost::at(sim_core::net::Prefix::host(host));
        let draft = Draft::new(format!("{name}-host"), Kind::OnPremisesHost(host));
        PortId(self.put(draft.refer(Relation::PartOf, name)).0)
    }

    /// Edits a peering.
    pub fn edit_peering(&mut self, peering: &str, edit: impl FnOnce(&mut Peering)) {
        self.edit(peering, |kind| {
            let Kind::Peering(peering) = kind else { panic!("no peering") };
            edit(peering);
        });
    }

    /// Lets the spoke of a peering use the hub's gateway.
    pub fn use_gateway(&mut self, hub: &str, spoke: &str) {
        self.edit_peering(&format!("{hub}/to-{spoke}"), |it| it.gateway_transit = Setting::default_of(true));
        self.edit_peering(&format!("{spoke}/to-{hub}"), |it| it.remote_gateways = Setting::default_of(true));
    }

    /// Keeps gateways' routes out of the subnets of a table.
    pub fn no_propagation(&mut self, table: &str) {
        self.edit(table, |kind| {
            let Kind::RouteTable(table) = kind else { panic!("no table") };
            table.no_propagation = Setting::default_of(true);
        });
    }

    /// An Azure service at a public address, with tags.
    pub fn service(&mut self, name: &str, address: &str, region: &str, tags: &[&str]) -> PortId {
        let host = InternetHost {
            region: Some(region.into()),
            tags: tags.iter().map(|tag| (*tag).into()).collect(),
            azure: true,
            ..InternetHost::at(prefix(address))
        };
        PortId(self.put(Draft::new(name, Kind::InternetHost(host))).0)
    }

    /// A service endpoint on a subnet.
    pub fn service_endpoint(&mut self, subnet: &str, service: &str, locations: &[&str]) {
        self.edit(subnet, |kind| {
            let Kind::Subnet(subnet) = kind else { panic!("no subnet") };
            let locations = locations.iter().map(|region| (*region).into()).collect();
            subnet.service_endpoints.push(ServiceEndpoint { service: service.into(), locations });
        });
    }
}
