//! `az network watcher`.

use super::Translate;
use super::names::Names;
use crate::az::{Fault, Request};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

#[derive(Debug, Subcommand)]
pub(super) enum WatcherCommand {
    /// Says whether security rules let a packet of a machine pass, and which rule says so.
    TestIpFlow(FlowArgs),
    /// Says where the routes send a packet of a machine.
    ShowNextHop(HopArgs),
    /// Says whether a connection from a machine comes about, hop by hop.
    TestConnectivity(ConnectivityArgs),
    /// Shows the resources of a group and what refers to what.
    ShowTopology(TopologyArgs),
    /// Shows the security rules of a machine's network interfaces.
    ShowSecurityGroupView(ViewArgs),
    /// Shows what every security rule says of given traffic.
    RunConfigurationDiagnostic(DiagnosticArgs),
}

impl WatcherCommand {
    pub(super) fn translate(&self) -> &dyn Translate {
        match self {
            Self::TestIpFlow(arguments) => arguments,
            Self::ShowNextHop(arguments) => arguments,
            Self::TestConnectivity(arguments) => arguments,
            Self::ShowTopology(arguments) => arguments,
            Self::ShowSecurityGroupView(arguments) => arguments,
            Self::RunConfigurationDiagnostic(arguments) => arguments,
        }
    }
}

/// The machine that a question is about.
#[derive(Debug, Args)]
struct MachineArgs {
    /// Names the virtual machine, by name or resource id.
    #[arg(long)]
    vm: String,
    /// Names the resource group of the machine.
    #[arg(short = 'g', long)]
    resource_group: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct FlowArgs {
    #[command(flatten)]
    machine: MachineArgs,
    /// Names one of the machine's network interfaces, by name or resource id.
    #[arg(long)]
    nic: Option<String>,
    /// Says which way the packet goes: Inbound or Outbound.
    #[arg(long)]
    direction: String,
    /// Names the protocol: TCP or UDP.
    #[arg(long)]
    protocol: String,
    /// Gives the machine's private address and port; the port may be * where the machine is the client.
    #[arg(long, value_name = "IP:PORT")]
    local: String,
    /// Gives the other end's address and port; the port may be * where it is the client.
    #[arg(long, value_name = "IP:PORT")]
    remote: String,
}

#[derive(Debug, Args)]
pub(super) struct HopArgs {
    #[command(flatten)]
    machine: MachineArgs,
    /// Names one of the machine's network interfaces, by name or resource id.
    #[arg(long)]
    nic: Option<String>,
    /// Gives the address the packet comes from.
    #[arg(long)]
    source_ip: String,
    /// Gives the address the packet goes to.
    #[arg(long)]
    dest_ip: String,
}

#[derive(Debug, Args)]
pub(super) struct ConnectivityArgs {
    /// Names the virtual machine that connects, by name or resource id.
    #[arg(long)]
    source_resource: String,
    /// Gives the port it connects from.
    #[arg(long)]
    source_port: Option<u16>,
    /// Names the resource group.
    #[arg(short = 'g', long)]
    resource_group: Option<String>,
    /// Gives the address or the name it connects to.
    #[arg(long, conflicts_with = "dest_resource", required_unless_present = "dest_resource")]
    dest_address: Option<String>,
    /// Names the virtual machine it connects to, by name or resource id.
    #[arg(long)]
    dest_resource: Option<String>,
    /// Gives the port it connects to.
    #[arg(long)]
    dest_port: Option<u16>,
    /// Names the protocol: Tcp, Http, Https or Icmp.
    #[arg(long)]
    protocol: Option<String>,
    /// Is taken and not used: the HTTP method to ask with.
    #[arg(long)]
    method: Option<String>,
    /// Is taken and not used: headers of the HTTP request.
    #[arg(long, num_args = 1..)]
    headers: Vec<String>,
    /// Is taken and not used: HTTP statuses that count as an answer.
    #[arg(long, num_args = 1..)]
    valid_codes: Vec<u16>,
}

#[derive(Debug, Args)]
pub(super) struct TopologyArgs {
    /// Names the resource group to show.
    #[arg(short = 'g', long)]
    resource_group: Option<String>,
    /// Shows only this virtual network, by name or resource id.
    #[arg(long)]
    vnet: Option<String>,
    /// Shows only this subnet, by name in the virtual network or by resource id.
    #[arg(long)]
    subnet: Option<String>,
    /// Is taken and not used: the input says which region.
    #[arg(short, long)]
    location: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ViewArgs {
    #[command(flatten)]
    machine: MachineArgs,
}

#[derive(Debug, Args)]
pub(super) struct DiagnosticArgs {
    /// Names the virtual machine or network interface, by name or resource id.
    #[arg(long)]
    resource: String,
    /// Names the type of a resource that is named by name: virtualMachines or networkInterfaces.
    #[arg(long)]
    resource_type: Option<String>,
    /// Names the resource group.
    #[arg(short = 'g', long)]
    resource_group: Option<String>,
    /// Says which way the traffic goes: Inbound or Outbound.
    #[arg(long, required_unless_present = "queries")]
    direction: Option<String>,
    /// Names the protocol: TCP, UDP or *.
    #[arg(long, required_unless_present = "queries")]
    protocol: Option<String>,
    /// Gives the source: an address, a prefix, a service tag or *.
    #[arg(long, required_unless_present = "queries")]
    source: Option<String>,
    /// Gives the destination: an address, a prefix, a service tag or *.
    #[arg(long, required_unless_present = "queries")]
    destination: Option<String>,
    /// Gives the destination port: a port, a range or *.
    #[arg(long, required_unless_present = "queries")]
    port: Option<String>,
    /// Gives several questions at once, as a JSON array.
    #[arg(long, conflicts_with_all = ["direction", "protocol", "source", "destination", "port"])]
    queries: Option<String>,
}

const MACHINES: &str = "Microsoft.Compute/virtualMachines";
const NICS: &str = "Microsoft.Network/networkInterfaces";
const VNETS: &str = "Microsoft.Network/virtualNetworks";

impl MachineArgs {
    fn id(&self, names: &Names<'_>) -> Result<String, Fault> {
        names.id("--vm", MACHINES, &self.vm)
    }
}

fn post(names: &Names<'_>, target: &str, operation: &str, body: Value) -> Request {
    Request { method: "POST".to_owned(), uri: names.watcher(target, operation), body: Some(body) }
}

fn with_nic(mut body: Value, names: &Names<'_>, nic: Option<&str>) -> Result<Value, Fault> {
    if let Some(nic) = nic {
        body["targetNicResourceId"] = json!(names.id("--nic", NICS, nic)?);
    }
    Ok(body)
}

impl Translate for FlowArgs {
    fn group(&self) -> Option<&str> {
        self.machine.resource_group.as_deref()
    }

    fn request(&self, names: &Names<'_>) -> Result<Request, Fault> {
        let machine = self.machine.id(names)?;
        let (local, local_port) = end("--local", &self.local)?;
        let (remote, remote_port) = end("--remote", &self.remote)?;
        let body = json!({
            "targetResourceId": machine,
            "direction": self.direction,
            "protocol": self.protocol,
            "localIPAddress": local,
            "localPort": local_port,
            "remoteIPAddress": remote,
            "remotePort": remote_port,
        });
        Ok(post(names, &machine, "ipFlowVerify", with_nic(body, names, self.nic.as_deref())?))
    }
}

/// Address and port of one end.
fn end<'t>(flag: &str, text: &'t str) -> Result<(&'t str, &'t str), Fault> {
    text.rsplit_once(':').ok_or_else(|| Fault::Question {
        message: format!("{flag} is `{text}`"),
        help: format!("{flag} takes an address and a port: 10.0.0.4:22"),
    })
}

impl Translate for HopArgs {
    fn group(&self) -> Option<&str> {
        self.machine.resource_group.as_deref()
    }

    fn request(&self, names: &Names<'_>) -> Result<Request, Fault> {
        let machine = self.machine.id(names)?;
        let body = json!({
            "targetResourceId": machine,
            "sourceIPAddress": self.source_ip,
            "destinationIPAddress": self.dest_ip,
        });
        Ok(post(names, &machine, "nextHop", with_nic(body, names, self.nic.as_deref())?))
    }
}

impl Translate for ConnectivityArgs {
    fn group(&self) -> Option<&str> {
        self.resource_group.as_deref()
    }

    fn request(&self, names: &Names<'_>) -> Result<Request, Fault> {
        let machine = names.id("--source-resource", MACHINES, &self.source_resource)?;
        let mut source = json!({"resourceId": machine});
        if let Some(port) = self.source_port {
            source["port"] = json!(port);
        }
        let mut destination = Map::new();
        if let Some(resource) = &self.dest_resource {
            destination.insert("resourceId".to_owned(), json!(names.id("--dest-resource", MACHINES, resource)?));
        }
        if let Some(address) = &self.dest_address {
            destination.insert("address".to_owned(), json!(address));
        }
        if let Some(port) = self.dest_port {
            destination.insert("port".to_owned(), json!(port));
        }
        let mut body = json!({"source": source, "destination": destination});
        if let Some(protocol) = &self.protocol {
            body["protocol"] = json!(protocol);
        }
        Ok(post(names, &machine, "connectivityCheck", body))
    }
}

impl Translate for TopologyArgs {
    fn group(&self) -> Option<&str> {
        self.resource_group.as_deref()
    }

    fn request(&self, names: &Names<'_>) -> Result<Request, Fault> {
        let vnet = self.vnet.as_deref().map(|vnet| names.id("--vnet", VNETS, vnet)).transpose()?;
        let body = match (&self.subnet, vnet, &self.resource_group) {
            (Some(id), ..) if id.starts_with('/') => json!({"targetSubnet": {"id": id}}),
            (Some(name), Some(vnet), _) => json!({"targetSubnet": {"id": format!("{vnet}/subnets/{name}")}}),
            (Some(_), None, _) => {
                return Err(Fault::Question {
                    message: "--subnet needs its virtual network".to_owned(),
                    help: "add --vnet, or give the resource id of the subnet".to_owned(),
                });
            }
            (None, Some(vnet), _) => json!({"targetVirtualNetwork": {"id": vnet}}),
            (None, None, Some(group)) => json!({"targetResourceGroupName": group}),
            (None, None, None) => {
                return Err(Fault::Question {
                    message: "nothing is named to show".to_owned(),
                    help: "add -g, --vnet or --subnet".to_owned(),
                });
            }
        };
        Ok(post(names, names.any_id(), "topology", body))
    }
}

impl Translate for ViewArgs {
    fn group(&self) -> Option<&str> {
        self.machine.resource_group.as_deref()
    }

    fn request(&self, names: &Names<'_>) -> Result<Request, Fault> {
        let machine = self.machine.id(names)?;
        Ok(post(names, &machine, "securityGroupView", json!({"targetResourceId": machine})))
    }
}

impl Translate for DiagnosticArgs {
    fn group(&self) -> Option<&str> {
        self.resource_group.as_deref()
    }

    fn request(&self, names: &Names<'_>) -> Result<Request, Fault> {
        let kind = match self.resource_type.as_deref() {
            Some(word) if word.eq_ignore_ascii_case("networkInterfaces") => NICS,
            _ => MACHINES,
        };
        let target = names.id("--resource", kind, &self.resource)?;
        let profiles = match &self.queries {
            Some(text) => serde_json::from_str::<Value>(text).map_err(|error| Fault::Question {
                message: format!("--queries is no JSON: {error}"),
                help: "it takes an array of questions, each with direction, protocol, source, destination and \
                       destinationPort"
                    .to_owned(),
            })?,
            None => json!([{
                "direction": self.direction,
                "protocol": self.protocol,
                "source": self.source,
                "destination": self.destination,
                "destinationPort": self.port,
            }]),
        };
        let body = json!({"targetResourceId": target, "profiles": profiles});
        Ok(post(names, &target, "networkConfigurationDiagnostic", body))
    }
}
