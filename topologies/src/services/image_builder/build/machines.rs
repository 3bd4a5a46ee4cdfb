//! The machines of a build: when they boot, what runs on them, and Packer's start.

use super::submit::blob;
use super::{Build, Ended, PROXY_UP, Phase, SSH_WAIT, WINRM_WAIT, address_of};
use crate::facts::Os;
use crate::services::image_builder::downloads::{self, Url};
use crate::services::image_builder::packer::{Packer, Step, Target};
use crate::services::image_builder::plan::Way;
use crate::services::image_builder::template::CustomizerKind;
use sim_core::app::{Attempt, Communicator, Dialogue, Guest, Job, Relay};
use sim_core::host::{Control, Socket};
use sim_core::time::Nanos;

/// What a container needs before it runs.
struct Needed {
    what: String,
    from: Socket,
    dialogue: Dialogue,
    /// The blob that it is, in a storage account that must let the container in.
    blob: Option<Url>,
}

/// How long a container tries to reach what it needs.
const CONTAINER_DIAL: Nanos = Nanos::secs(127);

impl Build {
    /// The port that Packer connects to: the proxy's, or the build VM's own.
    fn through(&self) -> u16 {
        let port = self.template.communicator.port();
        self.plan.proxy.as_ref().and(self.plan.legs.first()).map_or(port, |leg| leg.port)
    }

    /// Machines boot as soon as they are deployed, while the rest still is.
    pub(super) fn boot_machines(&mut self, control: &mut Control<'_>) {
        let build = address_of(control.topology(), &self.plan.build.1);
        if self.booting || build.is_none() {
            return;
        }
        self.booting = true;
        let guest = self.guest(control);
        control.spawn(self.plan.build.0.clone(), guest);
        if self.plan.proxy.is_some() {
            let boot = self.draw(self.setup.assumptions.boot(Os::Linux).first, control);
            control.after(boot, PROXY_UP);
        }
    }

    pub(super) fn start_relay(&self, control: &mut Control<'_>) {
        let build = address_of(control.topology(), &self.plan.build.1);
        if let (Some((proxy, _)), Some(build)) = (&self.plan.proxy, build) {
            let target = (build, self.template.communicator.port());
            let dial = self.setup.assumptions.image_builder().relay_dial;
            control.spawn(proxy.clone(), Relay::new(self.through(), target, dial));
        }
    }

    /// Everything is deployed. A container in the user's subnet must first get its image and its files from there
    /// (azure-services 2.4); what runs in a network of the service's own has them.
    pub(super) fn everything_is_there(&mut self, control: &mut Control<'_>) {
        let needed: Vec<Needed> =
            if self.plan.way == Way::ContainerSubnet { self.container_needs() } else { Vec::new() };
        if self.log.borrow().in_place.is_none() {
            let fabric = control.fabric();
            self.log.borrow_mut().in_place = Some((control.topology().clone(), fabric));
        }
        match needed.into_iter().nth(self.fetched) {
            Some(needed) => {
                self.fetched += 1;
                self.say(control, "log", format!("the container fetches {}", needed.what));
                match needed.blob {
                    Some(url) => control.spawn(self.plan.packer.clone(), blob(&url, needed.from.0)),
                    None => {
                        let attempt = Attempt::new(needed.from, needed.dialogue, CONTAINER_DIAL, Nanos::ZERO, None);
                        control.spawn(self.plan.packer.clone(), attempt);
                    }
                }
            }
            None => self.start_packer(control),
        }
    }

    /// Rule `image-builder-container-needs`: a container in the user's subnet needs the Internet at 443 for its image
    /// and at 445 for its files. Source: azure-services 2.3, 2.4.
    fn container_needs(&self) -> Vec<Needed> {
        let image = downloads::container_image(0);
        let share = downloads::FILE_SHARE;
        let at = |host: &str| self.at.get(host).copied();
        let web = Dialogue::Web { host: image.url.host.clone(), path: image.url.path.clone(), tls: true };
        let image = at(&image.url.host).map(|at| Needed {
            what: format!("its image from {}:443", image.url.host),
            from: (at, 443),
            dialogue: web,
            blob: None,
        });
        let files = at(share).map(|at| Needed {
            what: format!("its files from {share}:445"),
            from: (at, 445),
            dialogue: Dialogue::Tcp,
            blob: None,
        });
        let left = self.left.iter().filter_map(|url| {
            let what = format!("the artifact {url}");
            Some(Needed { what, from: (at(&url.host)?, 443), dialogue: Dialogue::Tcp, blob: Some(url.clone()) })
        });
        image.into_iter().chain(files).chain(left).collect()
    }

    fn start_packer(&mut self, control: &mut Control<'_>) {
        let topology = control.topology();
        let address = |name: &str| address_of(topology, name);
        let (Some(target), Some(build)) = (address(&self.plan.target), address(&self.plan.build.1)) else {
            return self.end(Ended::Failed("the build VM has no address".to_owned()), control);
        };
        let through = self.through();
        let port = self.template.communicator.port();
        self.log.borrow_mut().target = Some((target, through));
        let communicator = self.template.communicator;
        let wait = if communicator == Communicator::Ssh { SSH_WAIT } else { WINRM_WAIT };
        let target = Target {
            communicator,
            to: (target, through),
            shown: (build, port),
            timeout: wait,
            flow: Some(self.setup.flow),
        };
        let steps: Vec<Step> = self.works.iter().flat_map(|work| work.steps.clone()).collect();
        control.spawn(self.plan.packer.clone(), Packer::new(target, steps.into()));
        self.enter(Phase::Connecting, control, "resources are deployed; Packer connects");
    }

    fn guest(&self, control: &mut Control<'_>) -> Guest {
        let os = if self.template.communicator == Communicator::Ssh { Os::Linux } else { Os::Windows };
        let boot = self.setup.assumptions.boot(os);
        let at = |host: &str| self.at.get(host).copied();
        let mut jobs: Vec<Job> = self.works.iter().filter_map(|work| downloads::job(work, at)).collect();
        let reboot = self.draw(if self.restarts_after_updates() { boot.update_reboot } else { boot.reboot }, control);
        if self.template.customizers.iter().any(|it| matches!(it.kind, CustomizerKind::Restart { .. })) {
            jobs.push(Job {
                command: "packer restart".into(),
                // `shutdown /r /f /t 10`; the machine is down for half of the reboot, then starts its services.
                reboot: Some((Nanos::secs(10), Nanos(reboot.0 / 2))),
                ..Job::default()
            });
        }
        let first = self.draw(boot.first, control);
        Guest::new(self.template.communicator, first, Nanos(reboot.0 / 2), jobs.into())
    }

    /// Whether Windows has updates to finish when it restarts.
    fn restarts_after_updates(&self) -> bool {
        let mut kinds = self.template.customizers.iter().map(|customizer| &customizer.kind);
        let update = kinds.clone().position(|kind| matches!(kind, CustomizerKind::Update { .. }));
        let restart = kinds.rposition(|kind| matches!(kind, CustomizerKind::Restart { .. }));
        matches!((update, restart), (Some(update), Some(restart)) if update < restart)
    }
}
