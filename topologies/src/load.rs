//! From files of any kind to one [`World`]: what a file is, its content says.

use crate::arm::{self, Assumption, Deployment, Environment};
use crate::azure::{self, RawResource, Resources};
use crate::diagnostic::Diagnostic;
use crate::facts::{ServiceTags, is_service_tags};
use crate::json::{self, Member, Value};
use crate::live;
use crate::rounds;
use crate::source::{MAX_FILE_BYTES, Sources};
use crate::world::{Output, World};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

/// Most files read from folders.
pub const MAX_FILES: usize = 10_000;

/// An input file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name, for messages; templates find their parameters by it.
    pub name: String,
    /// Its content: UTF-8, or UTF-16 with a byte order mark.
    pub bytes: Vec<u8>,
}

impl Input {
    /// An input from text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), bytes: text.into().into_bytes() }
    }
}

/// Reads all inputs: ARM templates, parameters files, bodies of resources (one, an array, or a list as REST answers it),
/// role definitions as `az role definition create` takes them, Microsoft's lists of service tags. What is read as a body
/// exists already: it counts more than what a template says of the same resource. A template is deployed with the
/// parameters file among the inputs that has its name (`main.parameters.json` for
/// `main.json`), or with the only one there is for the only template; values of `parameters` go over those.
///
/// What cannot be read is an error among the world's diagnostics, and the rest is read all the same.
#[must_use]
pub fn load(inputs: &[Input], parameters: Option<&Input>, environment: &Environment) -> World {
    load_with(inputs, &Loading { parameters, environment, ..Loading::default() })
}

/// How inputs are read.
#[derive(Clone, Copy, Debug)]
pub struct Loading<'a> {
    /// Parameters that go over those among the inputs.
    pub parameters: Option<&'a Input>,
    /// What templates are deployed to.
    pub environment: &'a Environment,
    /// What service tags hold; counts more than a list among the inputs.
    pub tags: Option<&'a Arc<ServiceTags>>,
    /// Edits to try, each as `ID.property=value`, one after the other.
    pub edits: &'a [String],
}

impl Default for Loading<'_> {
    fn default() -> Self {
        static USUAL: LazyLock<Environment> = LazyLock::new(Environment::default);
        Self { parameters: None, environment: &USUAL, tags: None, edits: &[] }
    }
}

/// The same, read in a certain way.
#[must_use]
pub fn load_with(inputs: &[Input], loading: &Loading<'_>) -> World {
    let Loading { parameters, environment, tags, edits } = *loading;
    let mut files = Files::default();
    for input in inputs {
        files.add(input);
    }
    let given = parameters.and_then(|input| files.parse(input));
    let mut resources = Vec::new();
    let mut assumptions = Vec::new();
    let mut outputs = Vec::new();
    let region = environment.location.as_str();
    let deployments = rounds::settled(
        |known| files.deployments(given.as_ref(), environment, known),
        |made| World::with_service_tags(files.with_bodies(made, edits), region, tags.cloned().or_else(|| files.tags())),
    );
    for ((name, template), mut deployment) in files.templates.iter().zip(deployments) {
        let refused = arm::refused(template, &deployment, &files.sources);
        if let (Some(refused), Some(first)) = (refused, deployment.first_error()) {
            first.notes.push((None, format!("Azure answers {}: {}", refused.code, refused.message)));
        }
        assumptions.extend(deployment.assumptions);
        files.diagnostics.extend(deployment.diagnostics);
        let output = |it: Member| Output { template: name.clone(), name: it.key, value: it.value };
        outputs.extend(deployment.outputs.into_iter().map(output));
        // What a template only refers to is somebody else's to declare.
        resources.extend(deployment.resources.into_iter().filter(|it| !it.existing).map(RawResource::from));
    }
    resources.append(&mut files.roles);
    resources.append(&mut files.bodies);
    let resources = files.edited(resources, edits);
    let tags = tags.cloned().or_else(|| files.tags());
    assumptions.extend(tags.as_ref().map(|tags| Assumption {
        code: "tags.file",
        name: "service tags".to_owned(),
        text: tags.summary(),
        span: None,
    }));
    let mut world = World::with_service_tags(resources, &environment.location, tags);
    assumptions.append(&mut world.assumptions);
    files.diagnostics.append(&mut world.diagnostics);
    (world.sources, world.diagnostics, world.assumptions) = (files.sources, files.diagnostics, assumptions);
    world.outputs = outputs;
    world
}

/// The input files, by kind.
#[derive(Default)]
struct Files {
    sources: Sources,
    templates: Vec<(String, Value)>,
    parameters: Vec<(String, Value)>,
    roles: Vec<RawResource>,
    bodies: Vec<RawResource>,
    tags: Option<ServiceTags>,
    diagnostics: Vec<Diagnostic>,
}

impl Files {
    fn add(&mut self, input: &Input) {
        let Some(value) = self.parse(input) else { return };
        if arm::is_template(&value) {
            self.templates.push((input.name.clone(), value));
        } else if arm::is_parameters(&value) {
            self.parameters.push((input.name.clone(), value));
        } else if azure::is_definition(&value) {
            self.roles.push(azure::definition_of(&value));
        } else if is_service_tags(&value) {
            match ServiceTags::of(&input.name, &value) {
                Ok(tags) => self.take_tags(tags, &value),
                Err(diagnostics) => self.diagnostics.extend(diagnostics),
            }
        } else if live::is_bodies(&value) {
            let (mut bodies, strange) = live::resources(&value);
            self.bodies.append(&mut bodies);
            self.diagnostics.extend(strange);
        } else {
            let message = format!("{} is JSON, but of no kind that is read here", input.name);
            let help = "read are ARM templates (with `$schema`, or `contentVersion` and `resources`), their parameters \
                        files, bodies of resources with their `id` (one, or an array), role definitions, and Microsoft's \
                        lists of service tags";
            self.diagnostics.push(Diagnostic::error("input.unknown-kind", message).at(value.span).help(help));
        }
    }

    /// The templates, evaluated once; what they ask of resources is answered from the network `known`.
    fn deployments(
        &self,
        given: Option<&Value>,
        environment: &Environment,
        known: Option<&Rc<World>>,
    ) -> Vec<Deployment> {
        let deploy = |(name, template): &(String, Value)| {
            let parameters = arm::layer(self.parameters_of(name), given);
            arm::deploy_into(template, parameters.as_ref(), environment, known.cloned())
        };
        self.templates.iter().map(deploy).collect()
    }

    /// What templates make, with what exists already, after these edits; what is wrong with one is said elsewhere.
    fn with_bodies(&self, made: Vec<RawResource>, edits: &[String]) -> Vec<RawResource> {
        let mut list = made;
        list.extend(self.roles.iter().chain(&self.bodies).cloned());
        let mut scratch = Self {
            sources: if edits.is_empty() { Sources::default() } else { self.sources.clone() },
            ..Self::default()
        };
        scratch.edited(list, edits)
    }

    fn tags(&self) -> Option<Arc<ServiceTags>> {
        self.tags.clone().map(Arc::new)
    }

    /// The resources after these edits. What is wrong with one is an error, and the others are made all the same.
    fn edited(&mut self, list: Vec<RawResource>, edits: &[String]) -> Vec<RawResource> {
        if edits.is_empty() {
            return list;
        }
        let mut resources = Resources::default();
        list.into_iter().for_each(|raw| resources.insert(raw));
        for text in edits {
            let made = azure::parse_edit(text, &resources).and_then(|edit| resources.edit(&edit, &mut self.sources));
            self.diagnostics.extend(made.err());
        }
        resources.into_iter().collect()
    }

    /// Of several lists the newest counts: they are states of one list.
    fn take_tags(&mut self, tags: ServiceTags, value: &Value) {
        let Some(known) = &self.tags else {
            self.tags = Some(tags);
            return;
        };
        let newer = tags.change_number > known.change_number;
        let (taken, left) = if newer { (&tags, known) } else { (known, &tags) };
        let message = format!("two lists of service tags: {} counts, {} does not", taken.summary(), left.summary());
        self.diagnostics.push(
            Diagnostic::warning("tags.several", message)
                .at(value.span)
                .help("name the one you mean with --service-tags"),
        );
        if newer {
            self.tags = Some(tags);
        }
    }

    fn parse(&mut self, input: &Input) -> Option<Value> {
        match self.sources.add_bytes(input.name.clone(), &input.bytes) {
            Ok(file) => {
                let document = json::parse(&self.sources, file);
                self.diagnostics.extend(document.diagnostics);
                document.value
            }
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn parameters_of(&self, template: &str) -> Option<&Value> {
        let stem = template.strip_suffix(".json").unwrap_or(template);
        let named =
            |name: &str| name.strip_prefix(stem).is_some_and(|rest| rest.eq_ignore_ascii_case(".parameters.json"));
        let by_name = self.parameters.iter().find(|(name, _)| named(name));
        let only = (self.templates.len() == 1 && self.parameters.len() == 1).then(|| self.parameters.first()).flatten();
        by_name.or(only).map(|(_, value)| value)
    }
}

/// Why a file could not be read from disk.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system says why.
    #[error("{path}: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// A file is larger than what is read.
    #[error("{0} is larger than the {MAX_FILE_BYTES} bytes that are read")]
    TooLarge(PathBuf),
    /// Folders hold more files than are read.
    #[error("more than {MAX_FILES} files below {0}")]
    TooMany(PathBuf),
}

/// Reads files, and all `.json` files below folders, in the order of their names. Links to folders are not followed.
///
/// # Errors
/// For what is not there or too much; what a file holds is [`load`]'s business.
pub fn read_files(paths: &[PathBuf]) -> Result<Vec<Input>, ReadError> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let start = found.len();
            walk(path, &mut found)?;
            found[start..].sort();
        } else {
            found.push(path.clone());
        }
    }
    found.into_iter().map(read_file).collect()
}

fn read_file(path: PathBuf) -> Result<Input, ReadError> {
    let failed = |error| ReadError::Io { path: path.clone(), error };
    let length = fs::metadata(&path).map_err(failed)?.len();
    if usize::try_from(length).is_ok_and(|length| length <= MAX_FILE_BYTES) {
        let bytes = fs::read(&path).map_err(failed)?;
        return Ok(Input { name: path.display().to_string(), bytes });
    }
    Err(ReadError::TooLarge(path))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let failed = |error| ReadError::Io { path: folder.clone(), error };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
            if kind.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
                found.push(path);
            }
            if found.len() + open.len() > MAX_FILES {
                return Err(ReadError::TooMany(folder));
            }
        }
    }
    Ok(())
}
