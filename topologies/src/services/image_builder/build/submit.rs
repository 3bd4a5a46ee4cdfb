//! A template is submitted: permissions, the sites that the build downloads from, the artifacts that the service copies.

use super::{Build, Ended, Phase, SITES, SITES_RAISED, TOKEN_SIZE, VALIDATED, site_id, sizes};
use crate::services::image_builder::downloads;
use crate::services::image_builder::plan::Way;
use crate::services::image_builder::template::Network;
use sim_core::app::{Attempt, Dialogue, Files, Listener, Web};
use sim_core::host::Control;
use sim_core::net::Prefix;
use sim_core::time::Nanos;
use sim_core::topology::{Draft, InternetHost, Kind, Permission};
use std::sync::Arc;

impl Build {
    /// The service's own side, and the sites that the build downloads from.
    pub(super) fn submit(&mut self, control: &mut Control<'_>) {
        let name = self.template.id.rsplit('/').next().unwrap_or_default().to_owned();
        self.enter(Phase::Submitted, control, format!("template {name} submitted; {}", self.plan.way.describe()));
        if let Err(ended) = self.check_permissions(control) {
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
        if container.is_some() {
            self.sites.push(downloads::file_share());
        }
        for n in 0..self.sites.len() {
            self.raise_site(n, control);
        }
        // The sites must be there before anything is fetched from them.
        control.after(Nanos::ZERO, SITES_RAISED);
    }

    /// Puts a host for a site, unless its name leads somewhere already.
    fn raise_site(&mut self, n: usize, control: &mut Control<'_>) {
        let site = self.sites[n].clone();
        let given = self.setup.names.get(&site.host).or_else(|| self.at.get(&site.host)).copied();
        let address = given.unwrap_or_else(|| SITES.plus(n as u128));
        self.at.insert(site.host.clone(), address);
        let mut own = self.works.iter().filter_map(|work| work.job.as_ref()).flat_map(|task| &task.downloads);
        if own.any(|asset| asset.url.host == site.host && asset.url.port == site.port) {
            let name = format!("{}:{}", site.host, site.port);
            self.log.borrow_mut().downloads.push((name, (address, site.port)));
        }
        if given.is_none() {
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

    pub(super) fn fetch_artifacts(&mut self, control: &mut Control<'_>) {
        for site in &self.sites {
            let files = Files { sizes: site.files.iter().map(|(k, v)| (k.clone(), *v)).collect(), other: TOKEN_SIZE };
            if site.port == 445 {
                control.spawn(site_id(&site.host), Listener::new(445));
                continue;
            }
            let certificate = site.tls.then(|| site.host.clone());
            control.spawn(site_id(&site.host), Web::new(site.port, certificate, Arc::new(files)));
        }
        // The service copies artifacts by itself; here its own machine on the Internet does.
        let artifacts: Vec<_> = self.works.iter().filter_map(|work| work.artifact.clone()).collect();
        if let Way::PublicAddress = self.plan.way {
            for downloads::Asset { url, .. } in &artifacts {
                let Some(at) = self.at.get(&url.host).copied() else { continue };
                let dialogue = Dialogue::Web { host: url.host.clone(), path: url.path.clone(), tls: url.tls };
                let attempt = Attempt::new((at, url.port), dialogue, Nanos::secs(30), Nanos::ZERO, None);
                control.spawn(self.plan.packer.clone(), attempt);
            }
        }
        if !artifacts.is_empty() {
            self.say(
                control,
                "log",
                format!("{} script and file artifacts are copied to staging storage", artifacts.len()),
            );
        }
        let validation = self.draw(self.setup.assumptions.image_builder().validation, control);
        control.after(validation, VALIDATED);
    }

    /// azure-services 2.8: an existing network needs two actions on it.
    ///
    /// Rule `image-builder-permissions`: a template with a network of the user's needs to read that network and to join
    /// its subnet. Source: azure-services 2.8.
    fn check_permissions(&self, control: &Control<'_>) -> Result<(), Ended> {
        let subnet = match &self.template.network {
            Network::Own => return Ok(()),
            Network::Existing { subnet, .. } | Network::WithContainers { subnet, .. } => subnet,
        };
        let vnet = subnet.split("/subnets/").next().unwrap_or(subnet);
        let needed = [
            ("Microsoft.Network/virtualNetworks/read", vnet),
            ("Microsoft.Network/virtualNetworks/subnets/join/action", &**subnet),
        ];
        for (action, scope) in needed {
            match control.topology().permission(action, scope) {
                Permission::Granted => {}
                Permission::Missing => {
                    return Err(Ended::Forbidden { action: action.to_owned(), scope: scope.to_owned() });
                }
                Permission::Assumed => {
                    let text = "no role is in the input: the template's identity is assumed to have the permissions that \
                                image builder needs";
                    let mut log = self.log.borrow_mut();
                    if !log.assumed.iter().any(|known| known == text) {
                        log.assumed.push(text.to_owned());
                    }
                }
            }
        }
        Ok(())
    }
}
