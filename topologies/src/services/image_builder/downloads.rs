//! What a build downloads, and what its customizers do on the machine.
//!
//! The service copies scripts and files that a template names when the template is submitted (azure-services 2.7); what
//! runs on the build VM downloads for itself: packages, updates, and addresses that inline lines name.

use super::firewall;
use super::packer::{Action, Step};
use super::template::{CustomizerKind, ImageTemplate};
use crate::facts::Downloads;
use sim_core::app::{Communicator, Download, Job};
use sim_core::net::Addr;
use sim_core::time::Nanos;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A site that a build downloads from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Site {
    pub host: Arc<str>,
    pub port: u16,
    pub tls: bool,
    /// Bytes by path.
    pub files: BTreeMap<Arc<str>, u64>,
    /// Whether it is an Azure service, and by which service tags rules name it.
    pub azure: bool,
    pub tags: &'static [&'static str],
}

/// A file at a site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Url {
    pub host: Arc<str>,
    pub port: u16,
    pub tls: bool,
    pub path: Arc<str>,
}

impl Url {
    /// Reads `https://host[:port][/path]`.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let cut = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(cut);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, if tls { 443 } else { 80 }),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '<' | '>');
        if host.is_empty() || !host.chars().all(fits) {
            return None;
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Some(Self { host: host.to_ascii_lowercase().into(), port, tls, path: path.into() })
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, tls, path } = self;
        let (scheme, usual) = if *tls { ("https", 443) } else { ("http", 80) };
        let port = if *port == usual { String::new() } else { format!(":{port}") };
        write!(f, "{scheme}://{host}{port}{path}")
    }
}

/// Where Ubuntu machines in Azure get their packages, in the clear.
const PACKAGES: (&str, &str) = ("azure.archive.ubuntu.com", "/ubuntu/pool/updates.tar");
/// Where Windows gets its updates.
const UPDATES: (&str, &str) = ("download.windowsupdate.com", "/c/msdownload/update/cumulative.cab");
/// The image of the container that Packer runs in, and the share that its files are on (azure-services 2.3, 2.4).
const CONTAINER_IMAGE: (&str, &str) = ("mcr.microsoft.com", "/oss/image-builder/packer");
pub(super) const FILE_SHARE: &str = "imagebuilderstaging.file.core.windows.net";
/// How long a download may take to connect: curl's default.
const CONNECT: Nanos = Nanos::secs(300);

/// One customizer as it runs: what the service fetches for it, what Packer does, what the machine does.
pub(super) struct Work {
    /// What the service copies when the template is submitted.
    pub artifact: Option<Asset>,
    /// What Packer does.
    pub steps: Vec<Step>,
    /// What the machine does.
    pub job: Option<Task>,
}

/// A file and its size in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asset {
    pub url: Url,
    pub bytes: u64,
}

/// A command on the machine.
pub(super) struct Task {
    /// A part of its text.
    pub command: String,
    /// What it downloads.
    pub downloads: Vec<Asset>,
    /// How long it takes besides.
    pub time: Nanos,
    /// It leaves the machine's own firewall closed for remote control.
    pub shuts_out: bool,
}

/// All customizers of a template, and the deprovisioning that ends every build.
pub(super) fn works(template: &ImageTemplate, sizes: &Downloads) -> Vec<Work> {
    let linux = template.communicator == Communicator::Ssh;
    let mut works: Vec<Work> = Vec::new();
    for (n, customizer) in template.customizers.iter().enumerate() {
        let name = customizer.name.clone();
        works.push(match &customizer.kind {
            CustomizerKind::Script { uri, inline } => script(n, &name, uri.as_deref(), inline, linux, sizes),
            CustomizerKind::File { uri } => Work {
                artifact: Url::parse(uri).map(|url| Asset { url, bytes: sizes.file }),
                steps: vec![Step { name, action: Action::Upload { name: format!("file_{n}"), size: sizes.file } }],
                job: None,
            },
            CustomizerKind::Restart { check, timeout } => Work {
                artifact: None,
                steps: vec![Step { name, action: Action::Restart { timeout: *timeout, check: check.clone() } }],
                job: None,
            },
            CustomizerKind::Update { .. } => {
                let (host, path) = UPDATES;
                let url = Url { host: host.into(), port: 443, tls: true, path: path.into() };
                command(
                    name,
                    format!("windows-update-{n}.ps1"),
                    linux,
                    vec![Asset { url, bytes: sizes.windows_update }],
                )
            }
        });
    }
    works.push(deprovision(linux));
    works
}

fn script(n: usize, name: &str, uri: Option<&str>, inline: &[String], linux: bool, sizes: &Downloads) -> Work {
    let file = if linux { format!("script_{n}.sh") } else { format!("script-{n}.ps1") };
    let inline_size = inline.iter().map(|line| line.len() as u64 + 1).sum::<u64>();
    let size = if uri.is_some() { sizes.script } else { inline_size };
    let mut work = command(name.to_owned(), file.clone(), linux, inline_downloads(inline, sizes));
    if let Some(task) = &mut work.job {
        task.shuts_out = firewall::shuts_out(inline, linux);
    }
    work.artifact = uri.and_then(Url::parse).map(|url| Asset { url, bytes: sizes.script });
    let upload = Step { name: format!("{name} (upload)"), action: Action::Upload { name: file, size } };
    work.steps.insert(0, upload);
    work
}

/// A command that runs a file on the machine, and downloads.
fn command(name: String, file: String, linux: bool, downloads: Vec<Asset>) -> Work {
    let line = if linux {
        format!("chmod 0755 /tmp/{file}; /tmp/{file}")
    } else {
        format!("powershell -executionpolicy bypass -file c:/Windows/Temp/{file}")
    };
    Work {
        artifact: None,
        steps: vec![Step { name, action: Action::Run { command: line } }],
        job: Some(Task { command: file, downloads, time: Nanos::secs(2), shuts_out: false }),
    }
}

/// azure-services 2.7: waagent on Linux, sysprep on Windows, are the last command on the channel.
fn deprovision(linux: bool) -> Work {
    let (file, work) = if linux {
        ("DeprovisioningScript.sh", Nanos::secs(5))
    } else {
        ("DeprovisioningScript.ps1", Nanos::secs(120))
    };
    let mut deprovision = command("Deprovision".to_owned(), file.to_owned(), linux, Vec::new());
    deprovision.job = Some(Task { command: file.to_owned(), downloads: Vec::new(), time: work, shuts_out: false });
    deprovision
}

/// What inline lines download: addresses that they name, and packages where they call a package manager.
fn inline_downloads(lines: &[String], sizes: &Downloads) -> Vec<Asset> {
    let mut found: Vec<Asset> = Vec::new();
    for line in lines {
        for (at, _) in line.match_indices("http") {
            let end = line[at..].find([' ', '"', '\'', ')', ';', '|', '>']).map_or(line.len(), |end| at + end);
            if let Some(url) = Url::parse(&line[at..end]) {
                found.push(Asset { url, bytes: sizes.file });
            }
        }
        let managers = ["apt-get", "apt ", "yum ", "dnf ", "zypper "];
        let acts = ["install", "upgrade", "update"];
        if managers.iter().any(|word| line.contains(word)) && acts.iter().any(|word| line.contains(word)) {
            let (host, path) = PACKAGES;
            let url = Url { host: host.into(), port: 80, tls: false, path: path.into() };
            if !found.iter().any(|known| known.url == url) {
                found.push(Asset { url, bytes: sizes.linux_update });
            }
        }
    }
    found
}

/// The image of the container that Packer runs in.
pub(super) fn container_image(bytes: u64) -> Asset {
    let (host, path) = CONTAINER_IMAGE;
    Asset { url: Url { host: host.into(), port: 443, tls: true, path: path.into() }, bytes }
}

/// The share that the container's files are on.
pub(super) fn file_share() -> Site {
    let (azure, tags) = service_of(FILE_SHARE);
    Site { host: FILE_SHARE.into(), port: 445, tls: false, files: BTreeMap::new(), azure, tags }
}

/// The sites behind all downloads, in order of their names.
pub(super) fn sites<'a>(assets: impl IntoIterator<Item = &'a Asset>) -> Vec<Site> {
    let mut sites: Vec<Site> = Vec::new();
    for Asset { url, bytes } in assets {
        let known = sites.iter_mut().find(|site| (&site.host, site.port, site.tls) == (&url.host, url.port, url.tls));
        match known {
            Some(site) => {
                site.files.insert(url.path.clone(), *bytes);
            }
            None => {
                let (azure, tags) = service_of(&url.host);
                let files = [(url.path.clone(), *bytes)].into();
                sites.push(Site { host: url.host.clone(), port: url.port, tls: url.tls, files, azure, tags });
            }
        }
    }
    sites.sort_by(|a, b| (&a.host, a.port).cmp(&(&b.host, b.port)));
    sites
}

/// Azure services by their names, with the service tags of their addresses (azure-dataplane 1.7).
fn service_of(host: &str) -> (bool, &'static [&'static str]) {
    let ends = |suffix: &str| host.ends_with(suffix);
    if ends(".blob.core.windows.net") || ends(".file.core.windows.net") {
        (true, &["Storage", "AzureCloud"])
    } else if host == "mcr.microsoft.com" || ends(".mcr.microsoft.com") {
        (true, &["MicrosoftContainerRegistry", "AzureFrontDoor.FirstParty", "AzureCloud"])
    } else if ends(".archive.ubuntu.com") && host.starts_with("azure.") {
        (true, &["AzureCloud"])
    } else {
        (false, &[])
    }
}

/// The download that a machine makes of a file.
pub(super) fn download(asset: &Asset, at: Addr) -> Download {
    let url = &asset.url;
    Download {
        host: url.host.clone(),
        to: (at, url.port).into(),
        path: url.path.clone(),
        tls: url.tls,
        timeout: CONNECT,
        bulk: asset.bytes > 1 << 20,
        flow: None,
    }
}

/// What the machine does for a command.
pub(super) fn job(work: &Work, at: impl Fn(&str) -> Option<Addr>) -> Option<Job> {
    let Task { command, downloads, time, shuts_out } = work.job.as_ref()?;
    let downloads = downloads.iter().filter_map(|asset| Some(download(asset, at(&asset.url.host)?)));
    Some(Job {
        command: command.as_str().into(),
        downloads: downloads.collect(),
        work: *time,
        output: 200,
        status: 0,
        reboot: None,
        shuts_out: *shuts_out,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_files_are_read() {
        // Catches: a port taken for the host, a missing path, text that is no address.
        for (text, expected) in [
            ("https://raw.githubusercontent.com/a/b.ps1", Some(("raw.githubusercontent.com", 443, "/a/b.ps1"))),
            ("http://Mirror.example:8080", Some(("mirror.example", 8080, "/"))),
            ("ftp://example.org/x", None),
            ("https:///x", None),
            ("https://exa mple/x", None),
        ] {
            let found = Url::parse(text);
            let found = found.as_ref().map(|url| (&*url.host, url.port, &*url.path));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn inline_lines_tell_what_they_download() {
        // Catches: a package manager overlooked, a URL swallowed with its quote, packages downloaded twice.
        let sizes = Downloads { script: 1, file: 2, linux_update: 3, windows_update: 4, container_image: 5 };
        let lines =
            ["sudo apt-get update", "sudo apt-get install -y nginx", "curl -o x 'https://example.org/x.tar.gz'"];
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let found = inline_downloads(&lines, &sizes);
        let found: Vec<_> = found.iter().map(|asset| (&*asset.url.host, asset.url.port, asset.bytes)).collect();
        assert_eq!(found, [("azure.archive.ubuntu.com", 80, 3), ("example.org", 443, 2)]);
    }
}
