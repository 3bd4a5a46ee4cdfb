//! Every timing and size that is assumed, from one data file.

use serde::Deserialize;
use sim_core::fabric::{LinkClass, LinkProfile, Spread};
use sim_core::time::Nanos;
use std::sync::OnceLock;

const FILE: &str = include_str!("../../data/assumptions.json");

/// All assumptions of this version.
#[must_use]
pub fn assumptions() -> &'static Assumptions {
    static READ: OnceLock<Assumptions> = OnceLock::new();
    READ.get_or_init(|| serde_json::from_str(FILE).expect("the data file is part of the program and tested"))
}

/// The assumptions: by name, to be listed, and in typed form for those who use them.
#[derive(Clone, Debug, Deserialize)]
pub struct Assumptions {
    #[serde(rename = "assumptions")]
    entries: Vec<Entry>,
}

/// The largest value that an assumption in a unit can have: of times, some months.
fn most(unit: &str) -> f64 {
    match unit {
        "us" => 1e13,
        "ms" => 1e10,
        "s" => 1e7,
        "ppm" => 1e6,
        "percent" => 100.0,
        _ => 1e15,
    }
}

/// Why a value cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// No assumption has this name.
    #[error("there is no assumption `{0}`")]
    Name(String),
    /// The value is no number, or none that is possible.
    #[error("`{name}` is a number ({unit}) from 0 on, not `{value}`")]
    Value {
        /// The assumption.
        name: String,
        /// What was asked for.
        value: String,
        /// Its unit.
        unit: String,
    },
}

/// One assumption.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Entry {
    /// Stable name, such as `link.vnet.delay`.
    pub name: String,
    /// The value, in `unit`.
    pub value: f64,
    /// `us`, `ms`, `s`, `bytes`, `ppm` or `percent`.
    pub unit: String,
    /// Where the value is from; `assumption` when it is nobody's but ours.
    pub source: String,
    /// Why this value.
    pub why: String,
}

/// A length of time that varies: a uniform draw of at most `spread` around `typical`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// The middle.
    pub typical: Nanos,
    /// Half the width.
    pub spread: Nanos,
}

/// A guest's operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Os {
    /// Any Linux.
    Linux,
    /// Windows.
    Windows,
}

/// How long a guest takes to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// The first time, with provisioning.
    pub first: Stretch,
    /// Any other time.
    pub reboot: Stretch,
    /// With updates to finish.
    pub update_reboot: Stretch,
}

/// How long Azure takes with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// To create it.
    pub create: Stretch,
    /// To delete it.
    pub delete: Stretch,
}

/// Sizes of what is downloaded, in bytes, where the input does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downloads {
    /// A script.
    pub script: u64,
    /// A file artifact.
    pub file: u64,
    /// All packages of a Linux update.
    pub linux_update: u64,
    /// One Windows update.
    pub windows_update: u64,
    /// A container image.
    pub container_image: u64,
}

/// How long image builder itself takes, where the network does not decide it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageBuilder {
    /// From a submitted template until it is taken.
    pub validation: Stretch,
    /// Copying the image to one place.
    pub distribution: Stretch,
    /// How long the proxy machine tries to reach the build VM.
    pub relay_dial: Nanos,
    /// The size of an image in bytes: of Linux, and of Windows.
    pub image: (u64, u64),
}

impl Assumptions {
    /// All of them, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The one of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// The same with another value for one of them, in its unit.
    ///
    /// # Errors
    /// When none has this name, or the value is no number that is possible.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SetError> {
        let entry = self.entries.iter_mut().find(|entry| entry.name.eq_ignore_ascii_case(name));
        let entry = entry.ok_or_else(|| SetError::Name(name.to_owned()))?;
        let number = value.parse::<f64>().ok().filter(|number| (0.0..=most(&entry.unit)).contains(number));
        let error = || SetError::Value { name: entry.name.clone(), value: value.to_owned(), unit: entry.unit.clone() };
        entry.value = number.ok_or_else(error)?;
        Ok(())
    }

    /// The way between two ports of one region.
    #[must_use]
    pub fn link(&self, class: LinkClass) -> LinkProfile {
        let named = |what: &str| format!("link.{}.{what}", class.name());
        LinkProfile {
            delay: self.time(&named("delay")),
            spread: Spread {
                mean: self.time(&named("jitter")),
                tail_ppm: self.count(&named("tail-ppm")) as u32,
                tail: self.time(&named("tail")),
            },
            loss_ppm: self.count(&named("loss")) as u32,
        }
    }

    /// How long a guest takes to start.
    #[must_use]
    pub fn boot(&self, os: Os) -> Boot {
        let name = if os == Os::Linux { "linux" } else { "windows" };
        let stretch = |what: &str| self.stretch(&format!("boot.{name}.{what}"));
        let reboot = stretch("reboot");
        // Only Windows finishes its updates while it restarts.
        let update_reboot = if os == Os::Windows { stretch("update-reboot") } else { reboot };
        Boot { first: stretch("first"), reboot, update_reboot }
    }

    fn stretch(&self, name: &str) -> Stretch {
        Stretch { typical: self.time(name), spread: self.time(&format!("{name}.spread")) }
    }

    /// How long Azure takes to create and delete a resource of this type (`Microsoft.Network/loadBalancers`).
    #[must_use]
    pub fn lifetime(&self, resource_type: &str) -> Lifetime {
        let stretch = |what: &str| {
            let name = format!("deploy.{resource_type}.{what}");
            let name = if self.get(&name).is_some() { name } else { format!("deploy.other.{what}") };
            let typical = self.time(&name);
            Stretch { typical, spread: Nanos(typical.0 / 100 * self.count("deploy.spread")) }
        };
        Lifetime { create: stretch("create"), delete: stretch("delete") }
    }

    /// How long image builder itself takes.
    #[must_use]
    pub fn image_builder(&self) -> ImageBuilder {
        ImageBuilder {
            validation: self.stretch("image-builder.validation"),
            distribution: self.stretch("image-builder.distribution"),
            relay_dial: self.time("image-builder.relay-dial"),
            image: (self.count("image-builder.image.linux"), self.count("image-builder.image.windows")),
        }
    }

    /// How fast a site on the Internet sends to one client, bits per second.
    #[must_use]
    pub fn download_bps(&self) -> u64 {
        self.count("download.rate") * 8
    }

    /// Sizes of downloads.
    #[must_use]
    pub fn downloads(&self) -> Downloads {
        let size = |what: &str| self.count(&format!("download.{what}"));
        Downloads {
            script: size("script"),
            file: size("file"),
            linux_update: size("linux-update"),
            windows_update: size("windows-update"),
            container_image: size("container-image"),
        }
    }

    /// A time by name; zero for a name that is not there, which the tests rule out for those used here.
    pub(super) fn time(&self, name: &str) -> Nanos {
        let Some(entry) = self.get(name) else { return Nanos::ZERO };
        let unit = match entry.unit.as_str() {
            "us" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            _ => 0.0,
        };
        // Whole nanoseconds: the product is exact for every value of the file.
        Nanos((entry.value * unit) as u64)
    }

    fn count(&self, name: &str) -> u64 {
        self.get(name).map_or(0, |entry| entry.value as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a name used in code and not in the file (it would count as zero), a unit nobody understands, an entry
    /// without a reason, two entries of one name.
    #[test]
    fn every_assumption_is_there_once_with_a_reason() {
        let all = assumptions();
        for entry in all.iter() {
            assert!(["us", "ms", "s", "bytes", "ppm", "percent"].contains(&entry.unit.as_str()), "{}", entry.name);
            assert!(!entry.why.is_empty() && !entry.source.is_empty() && entry.value >= 0.0, "{}", entry.name);
            assert_eq!(all.iter().filter(|other| other.name == entry.name).count(), 1, "{}", entry.name);
        }
        use LinkClass::{Backbone, Fabric, Internet, Peering, Platform, PrivateLink, Vnet};
        for class in [Vnet, Peering, PrivateLink, Backbone, Internet, Platform, Fabric] {
            for what in ["delay", "jitter", "tail-ppm", "tail", "loss"] {
                assert!(all.get(&format!("link.{}.{what}", class.name())).is_some(), "{class:?} {what}");
            }
            assert_eq!(all.link(class).delay == Nanos::ZERO, class == Fabric, "{class:?}");
        }
        for os in [Os::Linux, Os::Windows] {
            let boot = all.boot(os);
            for stretch in [boot.first, boot.reboot, boot.update_reboot] {
                assert!(stretch.typical > stretch.spread && stretch.spread > Nanos::ZERO, "{os:?}");
            }
        }
        let service = all.image_builder();
        for stretch in [service.validation, service.distribution] {
            assert!(stretch.typical > stretch.spread && stretch.spread > Nanos::ZERO);
        }
        assert!(service.relay_dial > Nanos::ZERO && all.download_bps() > 0 && service.image.0.min(service.image.1) > 0);
        let sizes = all.downloads();
        let sizes = [sizes.script, sizes.file, sizes.linux_update, sizes.windows_update, sizes.container_image];
        assert!(sizes.iter().all(|size| *size > 1_000));
    }

    /// Catches: seconds taken for milliseconds, letter case of a type that matters, a type without an entry of its own
    /// that takes no time at all.
    #[test]
    fn deployments_take_their_time() {
        let all = assumptions();
        let machine = all.lifetime("microsoft.compute/VirtualMachines");
        assert_eq!(machine.create.typical, Nanos::secs(20));
        assert_eq!(machine.create.spread, Nanos::secs(5));
        assert_eq!(all.lifetime("Microsoft.Example/things").delete.typical, Nanos::secs(5));
    }
}
