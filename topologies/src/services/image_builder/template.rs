//! `Microsoft.VirtualMachineImages/imageTemplates`: what a template asks for (azure-services 2.5, 1.A, 1.B).

use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::app::Communicator;
use sim_core::source::Span;
use sim_core::time::Nanos;
use std::sync::Arc;

/// The resource type.
pub const RESOURCE_TYPE: &str = "Microsoft.VirtualMachineImages/imageTemplates";
/// Proxy machines are of this size unless the template says otherwise (azure-services 1.A A23).
const PROXY_SIZE: &str = "Standard_A1_v2";
/// Build machines by generation (azure-services 1.B B30).
const GEN1_SIZE: &str = "Standard_D1_v2";
const GEN2_SIZE: &str = "Standard_D2ds_v4";
/// The build time-out of a template that gives none, and the values it may give, in minutes (azure-services 2.5).
const DEFAULT_TIMEOUT: u64 = 240;
const TIMEOUTS: std::ops::RangeInclusive<u64> = 6..=960;

/// An image template.
#[derive(Clone, Debug)]
pub struct ImageTemplate {
    /// Its resource id.
    pub id: Arc<str>,
    /// Its region, in short form.
    pub region: Arc<str>,
    /// Where it is declared.
    pub span: Span,
    /// How the build VM is controlled: SSH for Linux, WinRM for Windows.
    pub communicator: Communicator,
    /// The build VM's size.
    pub vm_size: String,
    /// The networks it names.
    pub network: Network,
    /// Where the networks are named.
    pub network_span: Span,
    /// What is done to the image.
    pub customizers: Vec<Customizer>,
    /// How many images it is distributed to, with their regions.
    pub distribute: Vec<Distribution>,
    /// The whole build must be over by then.
    pub timeout: Nanos,
}

/// The networks that a template names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// None: the service makes its own.
    Own,
    /// A subnet for the build VM.
    Existing {
        /// Its id.
        subnet: Arc<str>,
        /// Size of the proxy machine.
        proxy_size: String,
    },
    /// A subnet for the build VM and one for the container that Packer runs in.
    WithContainers {
        /// The build VM's.
        subnet: Arc<str>,
        /// The container's.
        containers: Arc<str>,
    },
}

/// One customizer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customizer {
    /// Its name, or its type and place.
    pub name: String,
    /// What it does.
    pub kind: CustomizerKind,
    /// Where it is declared.
    pub span: Span,
}

/// What a customizer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomizerKind {
    /// Runs a shell or PowerShell script, from an address or given line by line.
    Script {
        /// Where the script comes from.
        uri: Option<String>,
        /// Its lines, when it is given here.
        inline: Vec<String>,
    },
    /// Copies a file to the machine.
    File {
        /// Where it comes from.
        uri: String,
    },
    /// Reboots Windows.
    Restart {
        /// What to run afterwards.
        check: String,
        /// How long to wait.
        timeout: Nanos,
    },
    /// Installs Windows updates.
    Update {
        /// How many at most.
        limit: u64,
    },
}

/// Where an image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// `ManagedImage`, `SharedImage`, `VHD`.
    pub kind: String,
    /// The regions it is copied to.
    pub regions: Vec<String>,
}

/// Reads a template from its evaluated resource body. What Azure would refuse, or what cannot be read, is a diagnostic.
///
/// # Errors
/// The diagnostics, when the service would not take the template.
///
/// Rule `image-builder-timeout`: a build ends after 240 minutes, or after those that its template gives, 6 to 960.
/// Source: azure-services 2.5.
///
/// Rule `image-builder-sizes`: without a size the proxy is a Standard_A1_v2, the build VM a Standard_D1_v2 of
/// generation 1 or a Standard_D2ds_v4 of generation 2. Source: azure-services 1.A, 1.B, 2.5.
pub fn read(id: &str, region: &str, body: &Value) -> Result<ImageTemplate, Vec<Diagnostic>> {
    let mut refused = Vec::new();
    let properties = body.get("properties").unwrap_or(body);
    let customizers = read_customizers(properties, &mut refused);
    let communicator = communicator(properties);
    let network = match read_network(properties) {
        Ok(network) => network,
        Err(diagnostic) => {
            refused.push(*diagnostic);
            Network::Own
        }
    };
    let timeout = match properties.get("buildTimeoutInMinutes").and_then(Value::as_u64) {
        None | Some(0) => DEFAULT_TIMEOUT,
        Some(minutes) => {
            if !TIMEOUTS.contains(&minutes) {
                let span = properties.get("buildTimeoutInMinutes").map_or(body.span, |value| value.span);
                let text = format!("buildTimeoutInMinutes is {minutes}; image builder takes 0 or 6 to 960");
                refused.push(Diagnostic::error("image-template.timeout", text).at(span));
            }
            minutes
        }
    };
    if !refused.is_empty() {
        return Err(refused);
    }
    let profile = properties.get("vmProfile");
    let named =
        profile.and_then(|profile| profile.get("vmSize")).and_then(Value::as_str).filter(|size| !size.is_empty());
    let usual = if generation(properties) == 2 { GEN2_SIZE } else { GEN1_SIZE };
    Ok(ImageTemplate {
        id: id.into(),
        region: region.into(),
        span: body.span,
        communicator,
        vm_size: named.unwrap_or(usual).to_owned(),
        network_span: profile.and_then(|profile| profile.get("vnetConfig")).map_or(body.span, |value| value.span),
        network,
        customizers,
        distribute: read_distribution(properties),
        timeout: Nanos::secs(timeout * 60),
    })
}

/// azure-services 2.5 and 2.1: the old form names VNet, subnet and group; the new one ids. Both or neither of the old
/// names; never a container subnet alone, nor a proxy size beside it.
///
/// Rule `image-builder-vnet-config`: a template names all of its network or none, a container subnet only beside the
/// build subnet, in the same VNet and another one, and then no proxy size. Source: azure-services 2.4, 2.5.
fn read_network(properties: &Value) -> Result<Network, Box<Diagnostic>> {
    let Some(config) = properties.path(&["vmProfile", "vnetConfig"]) else { return Ok(Network::Own) };
    let text = |key: &str| config.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (old_name, old_subnet, old_group) = (text("name"), text("subnetName"), text("resourceGroupName"));
    let containers = text("containerInstanceSubnetId");
    let refuse = |code, message: &str| Err(Box::new(Diagnostic::error(code, message).at(config.span)));
    let subnet = match (text("subnetId"), old_name) {
        (Some(id), _) => Some(id.to_owned()),
        (None, Some(name)) => {
            let (Some(subnet), Some(group)) = (old_subnet, old_group) else {
                return refuse(
                    "image-template.vnet-config",
                    "vnetConfig has `name`: `subnetName` and `resourceGroupName` must be there too",
                );
            };
            Some(format!(
                "/subscriptions/<subscriptionID>/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}\
                 /subnets/{subnet}"
            ))
        }
        (None, None) if old_subnet.is_some() || old_group.is_some() => {
            return refuse(
                "image-template.vnet-config",
                "vnetConfig has `subnetName` or `resourceGroupName` without `name`: give all three, or none",
            );
        }
        (None, None) => None,
    };
    match (subnet, containers) {
        (None, None) => Ok(Network::Own),
        (None, Some(_)) => refuse(
            "image-template.only-container-subnet",
            "vnetConfig gives containerInstanceSubnetId without subnetId: image builder takes the container subnet only \
             together with the build VM's subnet",
        ),
        (Some(subnet), None) => Ok(Network::Existing {
            subnet: subnet.into(),
            proxy_size: text("proxyVmSize").unwrap_or(PROXY_SIZE).into(),
        }),
        (Some(_), Some(_)) if text("proxyVmSize").is_some() => refuse(
            "image-template.proxy-size",
            "vnetConfig gives proxyVmSize together with containerInstanceSubnetId: there is no proxy machine then",
        ),
        (Some(subnet), Some(containers)) if same_vnet(&subnet, containers) => {
            Ok(Network::WithContainers { subnet: subnet.into(), containers: containers.into() })
        }
        (Some(_), Some(_)) => refuse(
            "image-template.container-subnet",
            "containerInstanceSubnetId must be another subnet of the same virtual network as subnetId",
        ),
    }
}

fn same_vnet(one: &str, other: &str) -> bool {
    let vnet = |id: &str| id.to_ascii_lowercase().rsplit_once("/subnets/").map(|(vnet, _)| vnet.to_owned());
    vnet(one) == vnet(other) && !one.eq_ignore_ascii_case(other)
}

fn read_customizers(properties: &Value, refused: &mut Vec<Diagnostic>) -> Vec<Customizer> {
    let items = properties.get("customize").map_or(&[][..], Value::items);
    let mut found = Vec::with_capacity(items.len());
    for (n, item) in items.iter().enumerate() {
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        let kind = text("type").to_owned();
        let name = if text("name").is_empty() { format!("{kind} {}", n + 1) } else { text("name").to_owned() };
        let inline = item.get("inline").map_or(&[][..], Value::items);
        let kind = match kind.to_ascii_lowercase().as_str() {
            "shell" | "powershell" => CustomizerKind::Script {
                uri: Some(text("scriptUri").to_owned()).filter(|uri| !uri.is_empty()),
                inline: inline.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            },
            "file" => CustomizerKind::File { uri: text("sourceUri").to_owned() },
            "windowsrestart" => CustomizerKind::Restart {
                check: text("restartCheckCommand").to_owned(),
                timeout: minutes(text("restartTimeout")).unwrap_or(Nanos::secs(300)),
            },
            "windowsupdate" => {
                CustomizerKind::Update { limit: item.get("updateLimit").and_then(Value::as_u64).unwrap_or(1000) }
            }
            _ => {
                let message = format!("image builder has no customizer of type `{kind}`");
                let help = "Shell, PowerShell, File, WindowsRestart or WindowsUpdate";
                refused.push(Diagnostic::error("image-template.customizer", message).at(item.span).help(help));
                continue;
            }
        };
        found.push(Customizer { name, kind, span: item.span });
    }
    found
}

/// `5m`, `10m0s`, `300s`: the durations that templates write.
fn minutes(text: &str) -> Option<Nanos> {
    let mut total = 0u64;
    let mut number = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let factor = match c {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
        number.clear();
    }
    (number.is_empty() && total > 0).then(|| Nanos::secs(total))
}

fn read_distribution(properties: &Value) -> Vec<Distribution> {
    let items = properties.get("distribute").map_or(&[][..], Value::items);
    let read = |item: &Value| {
        let regions = item.get("replicationRegions").map_or(&[][..], Value::items);
        let named = regions.iter().filter_map(Value::as_str).chain(item.get("location").and_then(Value::as_str));
        Distribution {
            kind: item.get("type").and_then(Value::as_str).unwrap_or("?").to_owned(),
            regions: named.map(str::to_owned).collect(),
        }
    };
    items.iter().map(read).collect()
}

/// Windows by the source's publisher, or by customizers that only Windows has; else Linux (azure-services 1.B B2, B16).
fn communicator(properties: &Value) -> Communicator {
    let source = |key: &str| properties.path(&["source", key]).and_then(Value::as_str).unwrap_or_default();
    let words = format!("{} {} {}", source("publisher"), source("offer"), source("sku")).to_ascii_lowercase();
    let types = properties.get("customize").map_or(&[][..], Value::items);
    let windows_step = types.iter().filter_map(|item| item.get("type").and_then(Value::as_str)).any(|kind| {
        let kind = kind.to_ascii_lowercase();
        kind == "powershell" || kind.starts_with("windows")
    });
    if words.contains("windows") || windows_step { Communicator::WinRm } else { Communicator::Ssh }
}

/// Generation 2 by the source's SKU, which says so by convention (`22_04-lts-gen2`, `2022-datacenter-g2`).
fn generation(properties: &Value) -> u8 {
    let sku = properties.path(&["source", "sku"]).and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    if sku.contains("gen2") || sku.ends_with("-g2") { 2 } else { 1 }
}
