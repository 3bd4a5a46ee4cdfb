//! Azure Container Registry as clients meet it: who they ask for what, and what they are told (azure-services 7).

mod client;
mod server;

pub use client::{Login, Pull, Push};
pub use server::{Data, LoginServer};

use std::fmt;
use std::sync::Arc;

/// Its type.
pub const RESOURCE_TYPE: &str = "Microsoft.ContainerRegistry/registries";

/// The host that holds layers of the registries of a region which have no data endpoints of their own. Its name is made up
/// after those that were seen (`weumanaged15`, MicrosoftDocs/azure-docs 116188).
#[must_use]
pub fn managed_store(region: &str) -> String {
    format!("{region}managed.blob.core.windows.net")
}

/// An image in a registry: `hello-world:v1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The repository.
    pub repository: Arc<str>,
    /// The tag.
    pub tag: Arc<str>,
}

impl Image {
    /// An image from `REPOSITORY:TAG`; without a tag, `latest`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (repository, tag) = text.rsplit_once(':').unwrap_or((text, "latest"));
        Self { repository: repository.into(), tag: tag.into() }
    }

    /// What it is made of, its configuration first. A registry of the model has every image it is asked for: `hello-world`
    /// in its own sizes, any other as three layers.
    #[must_use]
    pub fn blobs(&self) -> Vec<Blob> {
        let sizes: &[u64] =
            if &*self.repository == "hello-world" { &[581, 2380] } else { &[7_000, 65_536, 32_768, 4_096] };
        (0u64..).zip(sizes).map(|(n, size)| Blob::new(&self.repository, n, *size)).collect()
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.repository, self.tag)
    }
}

/// Content of a registry, known by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// 64 hexadecimal digits; the first 16 are the size, so that whoever holds layers knows how large each is.
    pub digest: String,
    /// Bytes.
    pub size: u64,
}

impl Blob {
    fn new(repository: &str, n: u64, size: u64) -> Self {
        let seed = repository.bytes().fold(n + 1, |sum, byte| sum.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte));
        let rest = [seed, seed.rotate_left(21), seed.wrapping_mul(31)].map(|part| format!("{part:016x}")).concat();
        Self { digest: format!("{size:016x}{rest}"), size }
    }

    /// The size of the blob whose digest is in a path.
    fn size_in(path: &str) -> Option<u64> {
        let digest = path.split(['/', ':']).find(|part| part.len() == 64)?;
        u64::from_str_radix(digest.get(..16)?, 16).ok()
    }
}
