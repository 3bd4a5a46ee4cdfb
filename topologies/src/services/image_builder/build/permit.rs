//! What must be permitted before the service does anything: providers of the subscription, actions of the identity.

use super::submit::front;
use super::{Build, Ended};
use crate::services::image_builder::plan::Way;
use crate::services::image_builder::template::{Distribution, Network, Source};
use sim_core::host::Control;
use sim_core::topology::{Kind, Permission, Refusal, Relation, Topology};
use std::sync::Arc;

const PROVIDER: &str = "Microsoft.VirtualMachineImages";
const CONTAINERS: &str = "Microsoft.ContainerInstance";

impl Build {
    /// Rule `refuse-unregistered-provider`: a template in a subscription that is not registered for
    /// Microsoft.VirtualMachineImages is refused, and one that is built from a container in a subscription that is not
    /// registered for Microsoft.ContainerInstance. Source: azure-services 1.B, 2.9.
    ///
    /// Code and text: learn azure/azure-resource-manager/troubleshooting/error-register-resource-provider.
    pub(super) fn is_registered(&self) -> Result<(), Ended> {
        let contained = matches!(self.plan.way, Way::OwnNetwork | Way::ProxyFromContainer | Way::ContainerSubnet);
        let is_missing = |provider: &str| self.setup.unregistered.iter().any(|one| one.eq_ignore_ascii_case(provider));
        if is_missing(PROVIDER) {
            let message = format!("The subscription is not registered to use namespace '{PROVIDER}'.");
            return Err(self.not_registered(message));
        }
        if contained && is_missing(CONTAINERS) {
            let message = "Azure Container Instances provider not registered for your subscription.";
            return Err(self.not_registered(message.to_owned()));
        }
        Ok(())
    }

    fn not_registered(&self, message: String) -> Ended {
        Ended::Refused(Box::new(Refusal {
            code: "MissingSubscriptionRegistration",
            message,
            resource: self.template.id.clone(),
            span: Some(self.template.span),
            edit: None,
            parts: None,
        }))
    }

    /// azure-services 2.8: an existing network needs two actions on it, an image as source those to read it.
    ///
    /// Rule `image-builder-permissions`: a template with a network of the user's needs to read that network and to join
    /// its subnet, one with a source image to read that, and to make images it needs to write them where they go. Source:
    /// azure-services 2.8.
    pub(super) fn may_read(&self, control: &Control<'_>) -> Result<(), Ended> {
        let subnet = match &self.template.network {
            Network::Own => None,
            Network::Existing { subnet, .. } | Network::WithContainers { subnet, .. } => Some(subnet),
        };
        if let Some(subnet) = subnet {
            let vnet = subnet.split("/subnets/").next().unwrap_or(subnet);
            self.may("Microsoft.Network/virtualNetworks/read", vnet, control)?;
            self.may("Microsoft.Network/virtualNetworks/subnets/join/action", subnet, control)?;
        }
        match &self.template.source {
            Source::Marketplace => Ok(()),
            Source::Managed(image) => self.may("Microsoft.Compute/images/read", image, control),
            Source::Gallery(version) => self.may_all(&GALLERY[..3], version, control),
        }
    }

    /// The same, of where the image goes.
    pub(super) fn may_write_images(&self, control: &Control<'_>) -> Result<(), Ended> {
        for Distribution { kind, target, .. } in &self.template.distribute {
            let Some(target) = target else { continue };
            match kind.to_ascii_lowercase().as_str() {
                "managedimage" => self.may_all(&MANAGED, target, control)?,
                "sharedimage" => self.may_all(&GALLERY, target, control)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Rule `image-builder-artifact-role`: what is in a storage account is read with the identity's right on its data, Storage
    /// Blob Data Reader or more; without it the account answers 403. Source: azure-services 1.B, 2.8.
    pub(super) fn may_read_blobs(&self, host: &str, topology: &Topology) -> Result<(), String> {
        let account = front(topology, host).and_then(|front| topology.target(front.id, Relation::PartOf));
        let Some(account) = account else { return Ok(()) };
        let assigned = topology.resources().filter_map(|found| match &found.kind {
            Kind::RoleAssignment(assignment) => Some(assignment),
            _ => None,
        });
        let mut assigned = assigned.peekable();
        if assigned.peek().is_none() {
            self.assume_roles();
            return Ok(());
        }
        let lower = |text: &str| text.to_ascii_lowercase();
        let reads = assigned.into_iter().any(|it| {
            BLOB_ROLES.iter().any(|role| lower(&it.role).ends_with(role))
                && lower(&account.name).starts_with(&lower(&it.scope))
        });
        if reads { Ok(()) } else { Err(NO_ROLE.to_owned()) }
    }

    fn assume_roles(&self) {
        let text = "no role is in the input: the template's identity is assumed to have the permissions that image builder \
                    needs";
        let mut log = self.log.borrow_mut();
        if !log.assumed.iter().any(|known| known == text) {
            log.assumed.push(text.to_owned());
        }
    }

    fn may_all(&self, actions: &[&str], scope: &str, control: &Control<'_>) -> Result<(), Ended> {
        actions.iter().try_for_each(|action| self.may(action, scope, control))
    }

    fn may(&self, action: &str, scope: &str, control: &Control<'_>) -> Result<(), Ended> {
        match control.topology().permission(action, scope) {
            Permission::Granted => {}
            Permission::Missing => {
                return Err(Ended::Forbidden { action: action.to_owned(), scope: scope.to_owned() });
            }
            Permission::Assumed => self.assume_roles(),
        }
        Ok(())
    }
}

/// What Azure says to a change of a template that is there.
///
/// Rule `refuse-template-update`: an image template that is there is not changed. Source: azure-services 1.B.
///
/// Code and text: learn azure/virtual-machines/linux/image-builder-troubleshoot, and public reports.
#[must_use]
pub fn update_refused(template: Arc<str>) -> Box<Refusal> {
    Box::new(Refusal {
        code: "Conflict",
        message:
            "Update/Upgrade of image templates is currently not supported. Please change the name of the template \
                  you are submitting."
                .to_owned(),
        resource: template,
        span: None,
        edit: None,
        parts: None,
    })
}

/// Storage Blob Data Reader, Contributor and Owner, as Azure numbers its roles.
const BLOB_ROLES: [&str; 3] = [
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
];
/// What a storage account says to an identity without one of them.
const NO_ROLE: &str = "StatusCode=403, ErrorCode=AuthorizationPermissionMismatch, This request is not authorized to perform \
                       this operation using this permission.";

/// What writing a managed image takes, and what a version of an image in a gallery does; its first three are what reading
/// one takes (azure-services 2.8).
const MANAGED: [&str; 3] =
    ["Microsoft.Compute/images/write", "Microsoft.Compute/images/read", "Microsoft.Compute/images/delete"];
const GALLERY: [&str; 4] = [
    "Microsoft.Compute/galleries/read",
    "Microsoft.Compute/galleries/images/read",
    "Microsoft.Compute/galleries/images/versions/read",
    "Microsoft.Compute/galleries/images/versions/write",
];
