//! Azure's own questions about a network, and its own answers: the operations of its REST interface that ask what gets
//! through, asked of a network that exists only on paper.
//!
//! One module for each operation, from the compiled network and a request to the JSON that Azure would answer. What is
//! decided is decided by the stages that packets meet; here it is only told. [`Azure::answer`] is the way in;
//! `vnetsim az` translates the commands of `az` to requests and gives them to it.

mod address;
mod available;
mod backend_health;
mod body;
mod connectivity;
mod declared;
mod diagnostic;
mod effective_routes;
mod effective_rules;
mod fault;
mod find;
mod flow_verify;
mod gateway_routes;
mod group_view;
mod hops;
mod nat_ports;
mod next_hop;
mod rules;
mod shape;
#[cfg(test)]
mod tests;
mod topology;
mod usages;

pub use address::Address;
pub use fault::Fault;

use crate::naming;
use body::Body;
use serde_json::Value;
use shape::Shape;
use sim_core::assumption::Choices;
use sim_core::fabric::Fabric;
use std::sync::Arc;
use topologies::World;
use topologies::facts::Date;

/// A request as REST knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// `GET` or `POST`, in any letter case.
    pub method: String,
    /// The address, with or without the host in front.
    pub uri: String,
    /// The body, if there is one.
    pub body: Option<Value>,
}

/// Azure, as far as an input holds it, at a date.
#[derive(Debug)]
pub struct Azure {
    world: World,
    fabric: Arc<Fabric>,
    date: Date,
}

impl Azure {
    /// Azure with the resources of this world, as it was on that day.
    #[must_use]
    pub fn new(mut world: World, date: Date, choices: Choices) -> Self {
        let facts = world.facts(date, choices, false);
        naming::add_everybody(&mut world.topology);
        let fabric = Arc::new(Fabric::compile(&world.topology, &facts, 0));
        Self { world, fabric, date }
    }

    /// What the input declares.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What Azure would answer.
    ///
    /// # Errors
    /// What Azure would refuse, what cannot be read, and what is not modelled.
    pub fn answer(&self, request: &Request) -> Result<Value, Fault> {
        let address = Address::parse(&request.uri)?;
        let (method, operation) = operation(&address)?;
        if !request.method.eq_ignore_ascii_case(method) {
            let message = format!("{} asks with {method}, not {}", address.operation, request.method);
            return Err(Fault::question(message, format!("use --method {method}")));
        }
        let ask = Ask {
            azure: self,
            address: &address,
            body: Body::new(request.body.as_ref().unwrap_or(&Value::Null)),
            shape: Shape::new(&address.version, self.date),
        };
        operation(&ask)
    }
}

/// A request on its way to an answer.
struct Ask<'a> {
    azure: &'a Azure,
    address: &'a Address,
    body: Body<'a>,
    shape: Shape<'a>,
}

type Operation = fn(&Ask<'_>) -> Result<Value, Fault>;

/// The operation that an address names, with the method it is asked by.
fn operation(address: &Address) -> Result<(&'static str, Operation), Fault> {
    let found = OPERATIONS.iter().find(|(kind, name, ..)| {
        address.kind == kind.to_ascii_lowercase() && address.operation == name.to_ascii_lowercase()
    });
    found.map(|(_, _, method, operation)| (*method, *operation)).ok_or_else(|| {
        let known: Vec<String> = OPERATIONS.iter().map(|(kind, name, ..)| format!("{kind}/*/{name}")).collect();
        Fault::question(
            format!("{} on {} is not answered here", address.operation, address.kind),
            format!("answered are {}", known.join(", ")),
        )
    })
}

/// Types of resources, operations on them, how they are asked, and who answers.
const OPERATIONS: [(&str, &str, &str, Operation); 18] = [
    ("networkWatchers", "ipFlowVerify", "POST", flow_verify::answer),
    ("networkWatchers", "nextHop", "POST", next_hop::answer),
    ("networkWatchers", "connectivityCheck", "POST", connectivity::answer),
    ("networkWatchers", "topology", "POST", topology::answer),
    ("networkWatchers", "securityGroupView", "POST", group_view::answer),
    ("networkWatchers", "networkConfigurationDiagnostic", "POST", diagnostic::answer),
    ("networkInterfaces", "effectiveRouteTable", "POST", effective_routes::answer),
    ("networkInterfaces", "effectiveNetworkSecurityGroups", "POST", effective_rules::answer),
    ("virtualNetworks", "CheckIPAddressAvailability", "GET", available::answer),
    ("virtualNetworks", "usages", "GET", usages::answer),
    ("loadBalancers/backendAddressPools", "queryInboundNatRulePortMapping", "POST", nat_ports::answer),
    ("virtualNetworkGateways", "getLearnedRoutes", "POST", gateway_routes::learned),
    ("virtualNetworkGateways", "getAdvertisedRoutes", "POST", gateway_routes::advertised),
    ("virtualNetworkGateways", "getBgpPeerStatus", "POST", gateway_routes::peers),
    ("virtualHubs/bgpConnections", "learnedRoutes", "POST", gateway_routes::hub),
    ("virtualHubs/bgpConnections", "advertisedRoutes", "POST", gateway_routes::hub),
    ("applicationGateways", "backendHealth", "POST", backend_health::answer),
    ("applicationGateways", "getBackendHealthOnDemand", "POST", backend_health::on_demand),
];
