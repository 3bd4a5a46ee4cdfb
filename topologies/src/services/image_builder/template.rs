//! `Microsoft.VirtualMachineImages/imageTemplates`: what a template asks for (azure-services 2.5, 1.A, 1.B).

use super::{fields, network};
use crate::diagnostic::Diagnostic;
use crate::facts::{Date, region};
use crate::json::Value;
use sim_core::app::Communicator;
use sim_core::source::Span;
use sim_core::time::Nanos;
use std::sync::Arc;

/// The resource type.
pub const RESOURCE_TYPE: &str = "Microsoft.VirtualMachineImages/imageTemplates";
/// Build machines by generation (azure-services 1.B B30).
const GEN1_SIZE: &str = "Standard_D1_v2";
const GEN2_SIZE: &str = "Standard_D2ds_v4";
/// The build time-out of a template that gives none, and the values it may give, in minutes (azure-services 2.5).
const DEFAULT_TIMEOUT: u64 = 240;
const TIMEOUTS: std::ops::RangeInclusive<u64> = 6..=960;

/// In the 2020 and 2021 editions of its page the service was in these regions only (azure-services 1.B B14).
const FIRST_REGIONS: [&str; 13] = [
    "eastus",
    "eastus2",
    "westcentralus",
    "westus",
    "westus2",
    "southcentralus",
    "northeurope",
    "westeurope",
    "southeastasia",
    "australiasoutheast",
    "australiaeast",
    "uksouth",
    "ukwest",
];
/// Until then the list of regions is known to be complete.
const REGIONS_KNOWN_UNTIL: Date = Date { year: 2021, month: 12, day: 31 };
/// The version of the API that knows container subnets, and takes only what it knows (azure-services 2.1, 2.5).
const STRICT_VERSION: &str = "2024-02-01";

/// When a template is submitted, and by which version of the API.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// The day.
    pub date: Date,
    /// The version, such as `2024-02-01`; empty where it is not known.
    pub api_version: &'a str,
}

impl Submission<'_> {
    /// Whether the API takes only the fields that it knows, in their letter case.
    fn is_strict(self) -> bool {
        self.api_version >= STRICT_VERSION
    }

    /// Whether the API knows a subnet for containers.
    pub(super) fn knows_containers(self) -> bool {
        self.api_version.is_empty() || self.is_strict()
    }
}

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
    /// What the image is made of.
    pub source: Source,
    /// The size of the build VM's disk in bytes, where the template gives one.
    pub disk: Option<u64>,
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

/// What an image is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An image of the Marketplace, which everybody may read.
    Marketplace,
    /// A managed image, by its id.
    Managed(Arc<str>),
    /// A version of an image in a gallery, by its id.
    Gallery(Arc<str>),
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
    /// The regions it is copied to, in short form.
    pub regions: Vec<Arc<str>>,
    /// The image, or the image definition of a gallery, that it becomes; none for a VHD.
    pub target: Option<Arc<str>>,
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
///
/// Rule `image-builder-regions`: in 2020 and 2021 the service takes templates in 13 regions; which those are today is
/// not checked. Source: azure-services 1.B, 11.
///
/// Rule `image-builder-fields`: from API version 2024-02-01 on a field that the service does not know, letter case
/// included, is refused; before it is ignored. Source: azure-services 2.5.
pub fn read(
    id: &str,
    region: &str,
    body: &Value,
    submission: Submission<'_>,
) -> Result<ImageTemplate, Vec<Diagnostic>> {
    let mut refused = Vec::new();
    let properties = body.get("properties").unwrap_or(body);
    if submission.is_strict()
        && let Some(unknown) = fields::unknown(properties)
    {
        refused.push(unknown);
    }
    let known = submission.date > REGIONS_KNOWN_UNTIL || FIRST_REGIONS.contains(&&*region::short(region));
    if !known {
        let text = format!("image builder is not in {region} on {}", submission.date);
        let help = format!("it is in {}", FIRST_REGIONS.join(", "));
        refused.push(Diagnostic::error("image-template.region", text).at(body.span).help(help));
    }
    let customizers = read_customizers(properties, &mut refused);
    let communicator = communicator(properties);
    let config = network::config(properties, submission);
    let network = match config.map_or(Ok(Network::Own), |config| network::read(id, config, submission)) {
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
        network_span: config.map_or(body.span, |value| value.span),
        network,
        source: read_source(properties),
        disk: profile.and_then(|profile| profile.get("osDiskSizeGB")).and_then(Value::as_u64).map(|size| size << 30),
        customizers,
        distribute: read_distribution(properties),
        timeout: Nanos::secs(timeout * 60),
    })
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

fn read_source(properties: &Value) -> Source {
    let text = |key: &str| properties.path(&["source", key]).and_then(Value::as_str).unwrap_or_default();
    match text("type").to_ascii_lowercase().as_str() {
        "managedimage" => Source::Managed(text("imageId").into()),
        "sharedimageversion" => Source::Gallery(text("imageVersionId").into()),
        _ => Source::Marketplace,
    }
}

fn read_distribution(properties: &Value) -> Vec<Distribution> {
    let items = properties.get("distribute").map_or(&[][..], Value::items);
    let read = |item: &Value| {
        let list = |key: &str| item.get(key).map_or(&[][..], Value::items);
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        let targets = list("targetRegions").iter().filter_map(|target| target.get("name"));
        let named = list("replicationRegions").iter().chain(targets).filter_map(Value::as_str).chain(text("location"));
        Distribution {
            kind: text("type").unwrap_or("?").to_owned(),
            regions: named.map(region::short).collect(),
            target: text("imageId").or_else(|| text("galleryImageId")).map(Arc::from),
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
