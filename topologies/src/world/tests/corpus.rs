//! Real templates, through everything.

use super::told;
use crate::arm::Environment;
use crate::{Input, World, load};
use sim_core::topology::Kind;
use std::fs;
use std::path::{Path, PathBuf};

fn corpus(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus").join(folder);
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

fn read(path: &Path) -> Input {
    Input { name: path.file_name().unwrap().to_string_lossy().into_owned(), bytes: fs::read(path).unwrap() }
}

/// A template with the parameters beside it.
fn world(template: &Path) -> World {
    let name = template.file_stem().unwrap().to_string_lossy().into_owned();
    let parameters = template.with_file_name(format!("{name}.parameters.json"));
    let parameters = parameters.exists().then(|| read(&parameters));
    load(&[read(template)], parameters.as_ref(), &Environment::default())
}

fn quickstart(name: &str) -> Option<World> {
    Some(world(&corpus("arm-templates")?.join(name).join("azuredeploy.json")))
}

fn templates(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                open.push(path);
            } else if name.ends_with(".json") && !name.contains(".parameters.") && !name.contains("settings.json") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Loads all; prints what became of each, and gives how many have findings, of how many.
fn survey(folder: &str) -> Option<(usize, usize)> {
    let root = corpus(folder)?;
    let (mut refused, mut all) = (0, 0);
    for path in templates(&root) {
        let world = world(&path);
        all += 1;
        refused += usize::from(!world.findings.is_empty());
        let resources = world.resources.iter().count();
        let inert = world.topology.resources().filter(|it| matches!(it.kind, Kind::Inert { .. })).count();
        let modelled = world.topology.resources().count() - inert;
        eprintln!(
            "{}: {resources} resources, {modelled} nodes, {inert} inert, {} assumptions, {} findings",
            path.strip_prefix(&root).unwrap().display(),
            world.assumptions.len(),
            world.findings.len()
        );
        eprint!("{}", told(&world));
    }
    eprintln!("{folder}: findings in {refused} of {all}");
    Some((refused, all))
}

/// Catches: a panic on any real template, and a reading that makes Azure refuse what it takes: these were all deployed.
#[test]
fn quickstarts_are_not_refused() {
    let Some((refused, all)) = survey("arm-templates") else { return };
    assert!(refused <= 2 && all >= 40, "{refused} of {all}");
}

/// Catches: the same for compiled Bicep, landing zones, samples.
#[test]
fn other_templates_are_not_refused() {
    for folder in ["arm-templates-avm", "arm-templates-landing-zone", "arm-templates-netsec"] {
        let Some((refused, all)) = survey(folder) else { continue };
        assert!(refused <= 2, "{folder}: {refused} of {all}");
    }
}
