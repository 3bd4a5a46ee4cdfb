//! The image goes where the template says.

use super::{Build, Copy, DISTRIBUTED, Ended};
use crate::services::image_builder::template::Distribution;
use sim_core::app::Communicator;
use sim_core::host::Control;
use std::sync::Arc;

impl Build {
    /// Packer is done: the image is taken, and copied to its places, if the identity may write it.
    pub(super) fn distribute(&mut self, control: &mut Control<'_>) {
        let copies = self.copies();
        let text = format!("customized; the image goes to {} place(s)", copies.len().max(1));
        self.enter(super::Phase::Distributing, control, text);
        if let Err(ended) = self.may_write_images(control) {
            return self.end(ended, control);
        }
        self.log.borrow_mut().copies = copies;
        let distribution = self.draw(self.setup.assumptions.image_builder().distribution, control);
        control.after(distribution, DISTRIBUTED);
    }

    pub(super) fn distributed(&mut self, control: &mut Control<'_>) {
        let copies = self.log.borrow().copies.clone();
        for Copy { kind, region, egress } in copies {
            let left =
                if egress > 0 { format!(", {egress} bytes left {}", self.template.region) } else { String::new() };
            self.say(control, "log", format!("distributed as {kind} to {region}{left}"));
        }
        self.end(Ended::Succeeded, control);
    }

    /// Every place that the image goes to; without a region, that is the template's own.
    ///
    /// Rule `image-builder-egress`: a copy in another region than the template's costs the image's size in traffic that
    /// leaves the region, one in its own region none. Source: azure-services 1.B.
    fn copies(&self) -> Vec<Copy> {
        let sizes = self.setup.assumptions.image_builder().image;
        let usual = if self.template.communicator == Communicator::Ssh { sizes.0 } else { sizes.1 };
        let size = self.template.disk.unwrap_or(usual);
        let own = &self.template.region;
        let to = |distribution: &Distribution, region: &Arc<str>| Copy {
            kind: distribution.kind.clone(),
            region: region.clone(),
            egress: if region == own { 0 } else { size },
        };
        let mut copies = Vec::new();
        for distribution in &self.template.distribute {
            match &distribution.regions[..] {
                [] => copies.push(to(distribution, own)),
                regions => copies.extend(regions.iter().map(|region| to(distribution, region))),
            }
        }
        copies
    }
}
