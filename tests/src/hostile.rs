//! Any bytes, given to a reader: what the fuzz targets run, and what plain tests replay. None of it may panic, run long or
//! take much memory, whatever the bytes are.
//!
//! Bytes stand for several files, or several parts of a question, where a line `%%` divides them.

use scenarios::az::{Azure, Request};
use scenarios::render;
use scenarios::scenario;
use sim_core::assumption::Choices;
use std::path::Path;
use topologies::arm::Environment;
use topologies::diagnostic::Diagnostic;
use topologies::facts::{Date, ServiceTags};
use topologies::json;
use topologies::source::Sources;
use topologies::{Input, Loading, World, expand, load, load_with};

/// Gives any bytes to a reader.
pub type Target = fn(&[u8]);

/// All readers, by the names of their fuzz targets.
pub const TARGETS: [(&str, Target); 9] = [
    ("arm", arm),
    ("edits", edits),
    ("json", json),
    ("live", live),
    ("rest", rest),
    ("scenario", scenario),
    ("snapshot", snapshot),
    ("tags", tags),
    ("terraform", terraform),
];

/// A template, and its parameters file if there is a second part.
pub fn arm(bytes: &[u8]) {
    read(bytes, &["main.json", "main.parameters.json"]);
}

/// Bodies of resources as tools print them, in one file or several; what is expanded of them is read again.
pub fn live(bytes: &[u8]) {
    let world = read(bytes, &["a.json", "b.json", "c.json"]);
    read(expand(&world).as_bytes(), &["expanded.json"]);
}

/// A plan or a state of Terraform, or a binary plan or a source.
pub fn terraform(bytes: &[u8]) {
    read(bytes, &["plan.json", "terraform.tfstate"]);
}

/// The output of `bicep snapshot`.
pub fn snapshot(bytes: &[u8]) {
    read(bytes, &["main.snapshot.json"]);
}

/// JSON alone: what is written of a value is read as the same value.
pub fn json(bytes: &[u8]) {
    let mut sources = Sources::new();
    let Ok(file) = sources.add_bytes("a.json", bytes) else { return };
    let document = json::parse(&sources, file);
    show(&document.diagnostics, &sources);
    let Some(value) = document.value else { return };
    let written = value.pretty();
    let again = json::parse_text(&written, file).value.map(|value| value.pretty());
    assert_eq!(again.as_deref(), Some(&*written), "what was written reads as something else");
}

/// Microsoft's list of service tags, named by a flag and among the inputs.
pub fn tags(bytes: &[u8]) {
    let input = Input { name: "tags.json".to_owned(), bytes: bytes.to_vec() };
    if let Err((diagnostics, sources)) = ServiceTags::read(&input) {
        show(&diagnostics, &sources);
    }
    judge(&load(&[input, network()], None, &Environment::default()));
}

/// A scenario file.
pub fn scenario(bytes: &[u8]) {
    let mut sources = Sources::new();
    match scenario::parse(Path::new("folder/a.yaml"), bytes, &mut sources) {
        Ok(mut loaded) => loaded.move_to(&sources, &mut Sources::new()),
        Err(diagnostics) => show(&diagnostics, &sources),
    }
}

/// Edits as `--set` takes them, one a part, made to a small network.
pub fn edits(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let edits: Vec<String> = text.split("\n%%\n").map(str::to_owned).collect();
    judge(&load_with(&[network()], &Loading { edits: &edits, ..Loading::default() }));
}

/// A method, an address and a body, as `az rest` takes them, asked of a small network.
pub fn rest(bytes: &[u8]) {
    thread_local! {
        static AZURE: Azure = {
            let world = load(&[network()], None, &Environment::default());
            Azure::new(world, Date::DATA, Choices::default())
        };
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut parts = text.splitn(3, "\n%%\n").map(|part| part.trim_end_matches('\n'));
    let (method, uri) = (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default().to_owned());
    let body = parts.next().and_then(|body| serde_json::from_str(body).ok());
    let answer = AZURE.with(|azure| azure.answer(&Request { method, uri, body }));
    let told = answer.map(|answer| answer.to_string()).map_err(|fault| fault.to_string());
    assert!(!told.unwrap_or_else(|fault| fault).is_empty(), "an answer without a word");
}

/// Reads the parts as files of these names, and says all there is to say of them.
fn read(bytes: &[u8], names: &[&str]) -> World {
    const DIVIDER: &[u8] = b"\n%%\n";
    let mut inputs = Vec::new();
    let mut rest = bytes;
    for (at, name) in names.iter().enumerate() {
        let last = at + 1 == names.len();
        let end = if last { None } else { rest.windows(DIVIDER.len()).position(|it| it == DIVIDER) };
        inputs.push(Input { name: (*name).to_owned(), bytes: rest[..end.unwrap_or(rest.len())].to_vec() });
        let Some(end) = end else { break };
        rest = &rest[end + DIVIDER.len()..];
    }
    let world = load(&inputs, None, &Environment::default());
    judge(&world);
    world
}

fn judge(world: &World) {
    show(&world.diagnostics, &world.sources);
    let told = render::findings(&world.findings, &world.sources, false);
    assert_eq!(told.is_empty(), world.findings.is_empty());
}

/// Messages point into the files that they are about.
fn show(diagnostics: &[Diagnostic], sources: &Sources) {
    let told = render::diagnostics(diagnostics, sources, false);
    assert_eq!(told.is_empty(), diagnostics.is_empty());
}

/// The network that is asked and edited.
fn network() -> Input {
    Input::new("network.json", include_str!("hostile/network.json"))
}
