//! Real files: each is known for what it is, and what is written of it can be read again.

use super::{codes, drawn};
use crate::arm::Environment;
use crate::{Input, World, expand, load, read_files};
use std::path::{Path, PathBuf};

/// The files below a folder beside the workspace, or in it; none where it is not there, said aloud.
fn files(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let Ok(inputs) = read_files(std::slice::from_ref(&root)) else {
        eprintln!("skipped: {} is not there", root.display());
        return Vec::new();
    };
    inputs.into_iter().map(|input| input.name.into()).collect()
}

fn world(path: &Path) -> World {
    let inputs = read_files(&[path.to_owned()]).expect("a file");
    load(&inputs, None, &Environment::default())
}

/// Catches: a form of live resources that is not read, or read to nothing; a warning about a real file that is in order.
#[test]
fn live_resources_are_read() {
    let mut counted = Vec::new();
    for folder in ["az-exports", "resource-graph", "rest-api-examples", "oracles/network-watcher", "oracles/writes"] {
        let (mut files, mut resources, mut told) = (files(&format!("../../shared/corpus/{folder}")), 0, 0);
        // Answers about effective rules and routes, usages and the like hold no resource.
        files.retain(|path| !folder.starts_with("rest") || !is_answer(path));
        for path in &files {
            let world = world(path);
            // Some recordings start before anything is there.
            let nothing = folder.ends_with("watcher") && codes(&world) == ["!input.unknown-kind"];
            assert!(nothing || !world.has_errors(), "{}: {:?}", path.display(), world.diagnostics);
            assert!(nothing || world.resources.iter().next().is_some(), "{}", path.display());
            resources += world.resources.iter().count();
            told += codes(&world).iter().filter(|it| it.starts_with("input.")).count();
        }
        counted.push((folder, files.len(), resources, told));
    }
    eprintln!("folder, files, resources, messages about the input: {counted:?}");
}

fn is_answer(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ["Effective", "NetworkWatcher", "ListUsage", "CheckIP", "NavigationLinks", "AssociationLinks.json", "ServiceTags"]
        .iter()
        .any(|part| name.contains(part))
        && name != "VirtualNetworkGetWithServiceAssociationLink.json"
}

/// Catches: a resource or a value that is lost when it is written or read, an order that changes addresses, bytes that differ
/// the second time.
#[test]
fn what_is_written_declares_the_same_network() {
    let folders = [
        "../../shared/corpus/az-exports",
        "../../shared/corpus/resource-graph",
        "../../shared/corpus/rest-api-examples",
        "../../shared/corpus/arm-templates",
        "../../shared/corpus/arm-templates-avm",
        "../../shared/corpus/arm-templates-landing-zone",
        "../../shared/corpus/arm-templates-netsec",
        "../../shared/corpus/image-builder",
        "library",
    ];
    let mut compared = 0;
    for path in folders.iter().flat_map(|folder| files(folder)) {
        let declared = world(&path);
        if declared.resources.iter().next().is_none() {
            continue;
        }
        let text = expand(&declared);
        let again = load(&[Input::new("expanded.json", text.clone())], None, &Environment::default());
        let (first, second) = (drawn(&declared.topology), drawn(&again.topology));
        let differ = first.lines().zip(second.lines()).find(|(one, other)| one != other);
        assert!(differ.is_none(), "{}: {differ:#?}", path.display());
        assert_eq!(first.len(), second.len(), "{}", path.display());
        let twice = expand(&again);
        let differ = text.lines().zip(twice.lines()).find(|(one, other)| one != other);
        assert!(twice == text, "{}: other bytes the second time: {differ:#?}", path.display());
        compared += 1;
    }
    eprintln!("{compared} files written and read again");
}
