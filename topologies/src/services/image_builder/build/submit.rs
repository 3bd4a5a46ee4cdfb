//! A template is submitted: the sites that the build downloads from, the artifacts that the service copies.

use super::{Build, Ended, Phase, SITES, TOKEN_SIZE, VALIDATED, site_id, sizes};
use crate::services::image_builder::downloads::{self, Asset, Site, Url};
use crate::services::image_builder::plan::{SERVICE_ID, Way};
use crate::services::storage::BlobClient;
use sim_core::app::{Attempt, Dialogue, Errand, Files, Listener, Manners, Web};
use sim_core::host::Control;
use sim_core::net::{Addr, Prefix};
use sim_core::stage::outbound::is_private;
use sim_core::time::Nanos;
use sim_core::topology::{Draft, InternetHost, Kind, Relation, Resource, Topology};
use std::sync::Arc;

impl Build {
    /// The service's own side, and the sites that the build downloads from.
    pub(super) fn submit(&mut self, control: &mut Control<'_>) {
        let name = self.template.id.rsplit('/').next().unwrap_or_default().to_owned();
        self.enter(Phase::Submitted, control, format!("template {name} submitted; {}", self.plan.way.describe()));
        if let Err(ended) = self.is_registered().and_then(|()| self.may_read(control)) {
            return self.end(ended, control);
        }
        for draft in self.plan.before.drain(..) {
            control.put(draft, Nanos::ZERO);
        }
        let container = (self.plan.way == Way::ContainerSubnet)
            .then(|| downloads::container_image(sizes(&self.setup).container_image));
        let urls: Vec<_> = self
            .works
            .iter()
            .flat_map(|work| work.artifact.iter().chain(work.job.iter().flat_map(|task| &task.downloads)))
            .chain(&container)
            .cloned()
            .collect();
        self.sites = downloads::sites(&urls);
        if self.plan.way == Way::ContainerSubnet {
            let artifacts = self.artifacts().into_iter().map(|asset| asset.url);
            self.left = artifacts.filter(|url| front(control.topology(), &url.host).is_some()).collect();
        }
        if container.is_some() {
            self.sites.push(downloads::file_share());
        }
        for n in 0..self.sites.len() {
            self.raise_site(n, control);
        }
        let mut waiting = Vec::new();
        for (draft, kind) in self.plan.staged.clone() {
            let after = self.draw(self.setup.assumptions.lifetime(kind).create, control);
            waiting.push(control.put(draft, after));
        }
        self.waiting = waiting;
        let validation = self.draw(self.setup.assumptions.image_builder().validation, control);
        control.after(validation, VALIDATED);
    }

    /// What the service copies to its storage when the template is submitted.
    fn artifacts(&self) -> Vec<Asset> {
        self.works.iter().filter_map(|work| work.artifact.clone()).filter(|it| !self.left.contains(&it.url)).collect()
    }

    /// Puts a host for a site, unless its name leads somewhere already.
    fn raise_site(&mut self, n: usize, control: &mut Control<'_>) {
        let site = self.sites[n].clone();
        let literal = site.host.parse::<Addr>().ok();
        let known = self.setup.names.get(&site.host).or_else(|| self.at.get(&site.host)).copied();
        let named = known.or_else(|| front(control.topology(), &site.host).and_then(address_at));
        let address = named.or(literal).unwrap_or_else(|| SITES.plus(n as u128));
        // An address leads to who has it; a public one that nobody has is somebody's on the Internet.
        let taken = named.is_some() || is_private(address) || holder(control.topology(), address).is_some();
        self.at.insert(site.host.clone(), address);
        let mut own = self.works.iter().filter_map(|work| work.job.as_ref()).flat_map(|task| &task.downloads);
        if own.any(|asset| asset.url.host == site.host && asset.url.port == site.port) {
            let name = format!("{}:{}", site.host, site.port);
            self.log.borrow_mut().downloads.push((name, (address, site.port)));
        }
        if !taken {
            let host = InternetHost {
                region: Some(self.template.region.clone()),
                tags: site.tags.iter().map(|tag| Arc::from(*tag)).collect(),
                azure: site.azure,
                egress_bps: Some(self.setup.assumptions.download_bps()),
                ..InternetHost::at(Prefix::host(address))
            };
            control.put(Draft::new(site_id(&site.host), Kind::InternetHost(host)), Nanos::ZERO);
        }
    }

    /// The storage is there: artifacts are copied to it, one after the other. Whoever a site's name leads to serves it.
    pub(super) fn copy_artifacts(&mut self, control: &mut Control<'_>) {
        for site in &self.sites {
            let Some(server) = self.server_of(site, control.topology()) else { continue };
            let files = Files { sizes: site.files.iter().map(|(k, v)| (k.clone(), *v)).collect(), other: TOKEN_SIZE };
            if site.port == 445 {
                control.spawn(server, Listener::new(445));
                continue;
            }
            let certificate = site.tls.then(|| site.host.clone());
            control.spawn(server, Web::new(site.port, certificate, Arc::new(files)));
        }
        self.copy_next(control);
    }

    /// The machine or host that serves a site: its own; else a machine that has the address, or an actor that listens.
    fn server_of(&self, site: &Site, topology: &Topology) -> Option<Arc<str>> {
        if let Some(own) = topology.find(&site_id(&site.host)) {
            return Some(own.name.clone());
        }
        let address = *self.at.get(&site.host)?;
        let found = holder(topology, address)?;
        let listens = matches!(found.kind, Kind::Machine(_)) || self.setup.listening.contains(&(address, site.port));
        listens.then(|| found.name.clone())
    }

    fn copy_next(&mut self, control: &mut Control<'_>) {
        let artifacts = self.artifacts();
        let Some(Asset { url, .. }) = artifacts.get(self.copying.0) else {
            if !artifacts.is_empty() {
                let text = format!("{} script and file artifacts are copied to staging storage", artifacts.len());
                self.say(control, "log", text);
            }
            self.copied = true;
            return self.run(control);
        };
        let Some(at) = self.at.get(&url.host).copied() else { return };
        let dialogue = Dialogue::Web { host: url.host.clone(), path: url.path.clone(), tls: url.tls };
        // The service copies by itself; here its host on the Internet does.
        if front(control.topology(), &url.host).is_none() {
            return control.spawn(SERVICE_ID, Attempt::new((at, url.port), dialogue, COPY_DIAL, Nanos::ZERO, None));
        }
        match self.may_read_blobs(&url.host, control.topology()) {
            Ok(()) => control.spawn(SERVICE_ID, blob(url, at)),
            Err(why) => self.artifact_failed(&why, control),
        }
    }

    pub(super) fn artifact_copied(&mut self, control: &mut Control<'_>) {
        self.copying = (self.copying.0 + 1, 0);
        self.copy_next(control);
    }

    /// A storage account answered, and gave nothing.
    pub(super) fn refused_download(&mut self, status: u64, said: &str, control: &mut Control<'_>) {
        let said: Vec<&str> = said.lines().collect();
        let why = format!("StatusCode={status}, {}", said.join(", "));
        if self.log.borrow().phase == Phase::Submitted {
            self.denied = true;
            return self.artifact_failed(&why, control);
        }
        self.denied = true;
        self.end(Ended::Failed(format!("Downloading external file failed: {why}")), control);
    }

    /// Rule `image-builder-artifacts`: what a template names by address is downloaded by the service when it is
    /// submitted, with ten attempts; a template of which something cannot be downloaded is not taken. Source:
    /// azure-services 2.7, 2.9.
    pub(super) fn artifact_failed(&mut self, why: &str, control: &mut Control<'_>) {
        let (n, tried) = (self.copying.0, self.copying.1 + 1);
        let url = self.artifacts().get(n).map_or(String::new(), |asset| asset.url.to_string());
        let file = url.rsplit('/').next().unwrap_or_default();
        let text = format!(
            "Downloading external file ({file}) to local file ({n}.customizer.fp) [attempt {tried} of {COPY_ATTEMPTS}] \
             failed: Get \"{url}\": {why}"
        );
        if tried == COPY_ATTEMPTS {
            return self.end(Ended::NotTaken(text), control);
        }
        self.say(control, "log", text);
        self.copying.1 = tried;
        self.copy_next(control);
    }
}

/// Gets a blob with the identity's token.
pub(super) fn blob(url: &Url, at: Addr) -> Errand {
    let names = Arc::new([(url.host.clone(), at)].into());
    let manners = Manners { names, timeout: COPY_DIAL, after: Nanos::ZERO, bulk: false, flow: None };
    Errand::new(Box::new(BlobClient::get(url.host.clone(), url.path.clone())), manners)
}

/// The front of a declared storage account that has this host name.
pub(super) fn front<'t>(topology: &'t Topology, host: &str) -> Option<&'t Resource> {
    topology.resources().find(|found| {
        matches!(&found.kind, Kind::InternetHost(front) if front.names.iter().any(|name| name.eq_ignore_ascii_case(host)))
            && topology.target(found.id, Relation::PartOf).is_some()
    })
}

fn address_at(found: &Resource) -> Option<Addr> {
    if let Kind::InternetHost(host) = &found.kind { Some(host.prefix.first()) } else { None }
}

/// How often the service tries to download an artifact (azure-services 2.9), and how long each time it tries to connect.
const COPY_ATTEMPTS: u32 = 10;
const COPY_DIAL: Nanos = Nanos::secs(30);

/// Whoever has an address: a machine, or a host outside.
fn holder(topology: &Topology, address: Addr) -> Option<&Resource> {
    let has = |found: &&Resource| match &found.kind {
        Kind::IpConfig(config) => config.address == Some(address),
        Kind::InternetHost(host) => host.prefix.contains(address),
        Kind::OnPremisesHost(host) => host.prefix.contains(address),
        _ => false,
    };
    let found = topology.resources().find(has)?;
    if matches!(found.kind, Kind::IpConfig(_)) { topology.machine_of(found.id) } else { Some(found) }
}
