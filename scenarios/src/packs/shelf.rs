//! Where packs come from: those that the program has, and files of a user's own.

use super::form::Pack;
use crate::yaml;
use std::fs;
use std::path::Path;
use topologies::diagnostic::{Diagnostic, nearest};
use topologies::source::Sources;

/// Largest pack file, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;

/// A pack that the program has, as its file.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// What `--for` calls it.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

/// All of them.
pub const OWN: [Own; 4] = [
    Own { name: "image-builder", text: include_str!("../../packs/image-builder.yaml") },
    Own { name: "registry", text: include_str!("../../packs/registry.yaml") },
    Own { name: "machine-learning", text: include_str!("../../packs/machine-learning.yaml") },
    Own { name: "kubernetes", text: include_str!("../../packs/kubernetes.yaml") },
];

/// The packs of the program.
#[must_use]
pub fn own() -> Vec<Pack> {
    // A test reads each of them.
    OWN.iter().filter_map(|own| read(own.name, own.text.as_bytes(), &mut Sources::new()).ok()).collect()
}

/// The pack of this name, or in this file.
///
/// # Errors
/// When there is no such pack, or the file is none; its places are in `sources`.
pub fn find(wanted: &str, sources: &mut Sources) -> Result<Pack, Box<Diagnostic>> {
    if let Some(own) = OWN.iter().find(|own| own.name.eq_ignore_ascii_case(wanted)) {
        return read(own.name, own.text.as_bytes(), sources);
    }
    let path = Path::new(wanted);
    let unreadable = |text: String| Box::new(Diagnostic::error("pack.file", text));
    if !path.is_file() {
        let names = OWN.iter().map(|own| own.name);
        let known: Vec<&str> = names.clone().collect();
        let error = unreadable(format!("there is no pack `{wanted}`, and no such file"));
        let error = error.note(None, format!("packs are {}", known.join(", ")));
        return Err(Box::new(match nearest(wanted, names) {
            Some(name) => error.help(format!("did you mean `{name}`?")),
            None => error.help("`vnetsim packs NAME` prints one, to be copied and changed"),
        }));
    }
    match fs::metadata(path) {
        Ok(about) if about.len() > MAX_BYTES => {
            return Err(unreadable(format!("{wanted} is larger than the {MAX_BYTES} bytes that are read")));
        }
        Err(error) => return Err(unreadable(format!("{wanted} cannot be read: {error}"))),
        Ok(_) => {}
    }
    let bytes = fs::read(path).map_err(|error| unreadable(format!("{wanted} cannot be read: {error}")))?;
    read(wanted, &bytes, sources)
}

fn read(name: &str, bytes: &[u8], sources: &mut Sources) -> Result<Pack, Box<Diagnostic>> {
    let file = sources.add_bytes(name.to_owned(), bytes).map_err(Box::new)?;
    let text = sources.text(file);
    let pack: Pack = serde_saphyr::from_str_with_options(text, yaml::options())
        .map_err(|error| Box::new(yaml::diagnose(&error, text, file)))?;
    super::checks::check(&pack).map_err(|message| Box::new(Diagnostic::error("pack.value", message)))?;
    Ok(pack)
}
