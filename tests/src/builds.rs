//! Image builds on a network made by hand, by all the ways that the service connects (azure-services 2.1).

use crate::net::Net;
use sim_core::app::Communicator;
use sim_core::id::FlowId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use topologies::facts::{Date, assumptions};
use topologies::json;
use topologies::services::image_builder::{ImageTemplate, Setup, Submission, Way, read};
use topologies::source::Sources;

/// The VNet of the user's.
pub const VNET: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";
/// The flow of Packer's connections.
pub const CONTROL: FlowId = FlowId(0);

/// All ways, each for Linux and for Windows.
pub const CASES: [(Way, Communicator); 10] = {
    use Communicator::{Ssh, WinRm};
    use Way::{ContainerSubnet, OwnNetwork, ProxyFromContainer, ProxyFromService, PublicAddress};
    [
        (PublicAddress, Ssh),
        (PublicAddress, WinRm),
        (ProxyFromService, Ssh),
        (ProxyFromService, WinRm),
        (OwnNetwork, Ssh),
        (OwnNetwork, WinRm),
        (ProxyFromContainer, Ssh),
        (ProxyFromContainer, WinRm),
        (ContainerSubnet, Ssh),
        (ContainerSubnet, WinRm),
    ]
};

/// The user's VNet with a subnet for build VMs, `subnets/build`, and one for containers, `subnets/containers`.
#[must_use]
pub fn network() -> Net {
    let mut net = Net::new();
    net.vnet(VNET, "10.0.0.0/16");
    net.subnet(VNET, "subnets/build", "10.0.0.0/24", None);
    net.subnet(VNET, "subnets/containers", "10.0.1.0/24", None);
    net
}

/// A template that is built in such a way. Linux images are of generation 1, Windows images of generation 2; either runs
/// a script that is given, one that is fetched, and Windows restarts.
///
/// # Panics
/// Never: the template is one that the service takes.
#[must_use]
pub fn template(way: Way, communicator: Communicator) -> ImageTemplate {
    let build = format!(r#""subnetId": "{VNET}/subnets/build""#);
    let network = match way {
        Way::PublicAddress | Way::OwnNetwork => String::new(),
        Way::ProxyFromService | Way::ProxyFromContainer => format!(r#""vnetConfig": {{{build}}}"#),
        Way::ContainerSubnet => {
            format!(r#""vnetConfig": {{{build}, "containerInstanceSubnetId": "{VNET}/subnets/containers"}}"#)
        }
    };
    let (source, customize) = match communicator {
        Communicator::Ssh => (
            r#""publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts""#,
            r#"{"type": "Shell", "name": "setup", "inline": ["sudo apt-get update", "sudo apt-get install -y nginx"]},
               {"type": "Shell", "name": "script", "scriptUri": "https://raw.githubusercontent.com/x/y.sh"}"#,
        ),
        Communicator::WinRm => (
            r#""publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2""#,
            r#"{"type": "PowerShell", "name": "setup", "inline": ["Get-Service"]},
               {"type": "WindowsRestart", "restartTimeout": "15m"},
               {"type": "PowerShell", "name": "script", "scriptUri": "https://raw.githubusercontent.com/x/y.ps1"}"#,
        ),
    };
    let body = format!(
        r#"{{"properties": {{
            "vmProfile": {{{network}}},
            "source": {{"type": "PlatformImage", {source}}},
            "customize": [{customize}],
            "distribute": [{{"type": "ManagedImage", "location": "westus2", "runOutputName": "o", "imageId": "i"}}]
        }}}}"#
    );
    let mut sources = Sources::new();
    let file = sources.add("template.json", body);
    let value = json::parse(&sources, file).value.expect("a template");
    let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.VirtualMachineImages/imageTemplates/t";
    let submission = Submission { date: Date::DATA, api_version: "2024-02-01" };
    read(id, "westus2", &value, submission).expect("a template that the service takes")
}

/// A build at a time when the service connects in such a way, without large downloads; times vary, if `spread`.
#[must_use]
pub fn setup(way: Way, spread: bool) -> Setup {
    let old = matches!(way, Way::PublicAddress | Way::ProxyFromService);
    Setup {
        date: if old { Date { year: 2021, month: 6, day: 1 } } else { Date::DATA },
        assumptions: Arc::new(assumptions().clone()),
        spread,
        bulk: false,
        names: BTreeMap::new(),
        listening: BTreeSet::new(),
        unregistered: Vec::new(),
        flow: CONTROL,
    }
}
