//! From files of any kind to one [`World`]: what a file is, its content says.

use crate::arm::{self, Assumption, Deployment, Environment};
use crate::azure::{self, RawResource, Resources};
use crate::diagnostic::Diagnostic;
use crate::facts::{Date, ServiceTags, is_service_tags};
use crate::json::{self, Member, Value};
use crate::live;
use crate::rounds;
use crate::secret::Secrets;
use crate::source::{MAX_FILE_BYTES, Sources};
use crate::terraform;
use crate::world::{Output, World};
use std::fs::{self, FileType};
use std::io::{self, Read};
use std::iter;
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

/// Reads all inputs: ARM templates, parameters files, the output of `bicep snapshot`, bodies of resources in whatever Azure's
/// tools put around them, plans and states of Terraform, role definitions as `az role definition create` takes them,
/// Microsoft's lists of service tags. What is read as a body exists already: it counts more than what a plan says of the
/// same resource, and that more than what a template says; of several bodies of one resource the fullest counts. A template
/// is deployed with the
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
    /// The day that the input is set in: Azure refused other things then.
    pub date: Date,
}

impl Default for Loading<'_> {
    fn default() -> Self {
        static USUAL: LazyLock<Environment> = LazyLock::new(Environment::default);
        Self { parameters: None, environment: &USUAL, tags: None, edits: &[], date: Date::DATA }
    }
}

/// The same, read in a certain way.
#[must_use]
pub fn load_with(inputs: &[Input], loading: &Loading<'_>) -> World {
    let Loading { parameters, environment, tags, edits, date } = *loading;
    let mut files = Files::default();
    for input in inputs {
        files.add(input);
    }
    let given = parameters.and_then(|input| files.parse(input));
    let mut assumptions = Vec::new();
    let mut declared = terraform::read(&files.terraform, environment);
    assumptions.append(&mut declared.assumptions);
    files.diagnostics.append(&mut declared.diagnostics);
    files.stand(std::mem::take(&mut declared.resources));
    let tags = tags.cloned().or_else(|| files.tags.take().map(Arc::new));
    let deployments = rounds::settled(
        |known| files.deployments(given.as_ref(), environment, known),
        |made| World::on(date, files.with_standing(made, edits), &environment.location, tags.clone()),
    );
    let (mut resources, outputs) = files.deployed(deployments, &mut assumptions);
    resources.append(&mut files.standing);
    let mut resources = files.edited(resources, edits);
    resources.iter_mut().for_each(|raw| files.secrets.redact(raw));
    assumptions.extend(tags.as_ref().map(|tags| Assumption {
        code: "tags.file",
        name: "service tags".to_owned(),
        text: tags.summary(),
        span: None,
    }));
    let mut world = World::on(date, resources, &environment.location, tags);
    assumptions.append(&mut world.assumptions);
    let findings = world.findings.iter_mut().map(|finding| &mut finding.diagnostic);
    findings.chain(&mut world.diagnostics).for_each(|diagnostic| declared.name(diagnostic));
    files.diagnostics.append(&mut world.diagnostics);
    files.secrets.clean(&mut files.diagnostics, &mut assumptions);
    world.findings.iter_mut().for_each(|it| files.secrets.clean(std::slice::from_mut(&mut it.diagnostic), &mut []));
    files.secrets.cover(&mut files.sources);
    (world.sources, world.diagnostics, world.assumptions) = (files.sources, files.diagnostics, assumptions);
    world.outputs = outputs;
    world
}

/// The input files, by kind.
#[derive(Default)]
struct Files {
    sources: Sources,
    templates: Vec<(String, Rc<Value>)>,
    /// Output of `bicep snapshot`, as templates.
    snapshots: Vec<Rc<Value>>,
    parameters: Vec<(String, Value)>,
    roles: Vec<RawResource>,
    bodies: Vec<RawResource>,
    standing: Vec<RawResource>,
    terraform: Vec<Value>,
    tags: Option<ServiceTags>,
    secrets: Secrets,
    diagnostics: Vec<Diagnostic>,
}

impl Files {
    fn add(&mut self, input: &Input) {
        if let Some(answer) = terraform::to_bytes(&input.name, &input.bytes) {
            self.diagnostics.push(answer);
            return;
        }
        let Some(mut value) = self.parse(input) else { return };
        if let Some(most) = most_values(&value).filter(|most| value.count() > *most) {
            let message = format!("{}: more than the {most} values that are read of such a file", input.name);
            let help = "split it into several, or leave out what is not about the network";
            self.diagnostics.push(Diagnostic::error("json.too-large", message).help(help));
        } else if arm::is_template(&value) {
            self.templates.push((input.name.clone(), Rc::new(value)));
        } else if arm::is_parameters(&value) {
            self.parameters.push((input.name.clone(), value));
        } else if azure::is_definition(&value) {
            self.roles.push(azure::definition_of(&value));
        } else if is_service_tags(&value) {
            match ServiceTags::of(&input.name, &value) {
                Ok(tags) => self.take_tags(tags, &value),
                Err(diagnostics) => self.diagnostics.extend(diagnostics),
            }
        } else if terraform::is_terraform(&value) {
            self.sources.cover(&terraform::hide(&mut value));
            self.terraform.push(value);
        } else if let Some(answer) = terraform::to_json(&input.name, &value) {
            self.diagnostics.push(answer);
        } else if live::is_snapshot(&value) {
            self.snapshots.push(Rc::new(live::as_template(&value)));
        } else {
            self.add_bodies(&input.name, value);
        }
    }

    fn add_bodies(&mut self, name: &str, value: Value) {
        let span = value.span;
        if let Some(found) = live::read(value) {
            self.bodies.extend(found.resources);
            self.diagnostics.extend(found.diagnostics);
        } else {
            let message = format!("{name} is JSON, but of no kind that is read here");
            let help = "read are ARM templates (with `$schema`, or `contentVersion` and `resources`), their parameters \
                        files, output of `bicep snapshot`, bodies of resources with their `id` (as az, REST and Resource \
                        Graph give them), plans and states of Terraform (`terraform show -json`, or a state file of \
                        version 4), role definitions, and Microsoft's lists of service tags";
            self.diagnostics.push(Diagnostic::error("input.unknown-kind", message).at(span).help(help));
        }
    }

    /// What is there beside the templates: roles, what plans and states of Terraform declare, bodies.
    fn stand(&mut self, declared: Vec<RawResource>) {
        let (bodies, contradictions) = live::merge(std::mem::take(&mut self.bodies));
        self.diagnostics.extend(contradictions);
        self.standing = std::mem::take(&mut self.roles);
        self.standing.extend(declared.into_iter().chain(bodies));
    }

    /// The templates, then the snapshots, evaluated once; what they ask of resources is answered from the network `known`.
    fn deployments(
        &self,
        given: Option<&Value>,
        environment: &Environment,
        known: Option<&Rc<World>>,
    ) -> Vec<Deployment> {
        let templates = self.templates.iter().map(|(name, template)| {
            let parameters = arm::layer(self.parameters_of(name), given);
            arm::deploy_into(Rc::clone(template), parameters.as_ref(), environment, known.cloned())
        });
        let residual = |it: &Rc<Value>| arm::deploy_residual(Rc::clone(it), environment, known.cloned());
        templates.chain(self.snapshots.iter().map(residual)).collect()
    }

    /// What templates make, beside what stands there already, after these edits; what is wrong with one is said elsewhere.
    fn with_standing(&self, made: Vec<RawResource>, edits: &[String]) -> Vec<RawResource> {
        let mut list = made;
        list.extend(self.standing.iter().cloned());
        let mut scratch = Self {
            sources: if edits.is_empty() { Sources::default() } else { self.sources.clone() },
            ..Self::default()
        };
        scratch.edited(list, edits)
    }

    /// The resources and outputs of all deployments. What was said of them is kept, with Azure's own words for a refusal.
    fn deployed(
        &mut self,
        deployments: Vec<Deployment>,
        assumptions: &mut Vec<Assumption>,
    ) -> (Vec<RawResource>, Vec<Output>) {
        let (mut resources, mut outputs) = (Vec::new(), Vec::new());
        let templates = self.templates.iter().map(Some).chain(iter::repeat(None));
        for (template, mut deployment) in templates.zip(deployments) {
            let refused = template.and_then(|(_, it)| arm::refused(it, &deployment, &self.sources));
            if let (Some(refused), Some(first)) = (refused, deployment.first_error()) {
                first.notes.push((None, format!("Azure answers {}: {}", refused.code, refused.message)));
            }
            assumptions.extend(deployment.assumptions);
            self.diagnostics.extend(deployment.diagnostics);
            deployment.secrets.iter().for_each(|secret| self.secrets.note(secret, true));
            let name = template.map_or("", |(name, _)| name);
            let output = |it: Member| Output { template: name.to_owned(), name: it.key, value: it.value };
            outputs.extend(deployment.outputs.into_iter().map(output));
            // What a template only refers to is somebody else's to declare.
            resources.extend(deployment.resources.into_iter().filter(|it| !it.existing).map(RawResource::from));
        }
        (resources, outputs)
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
        resources.iter().for_each(|raw| self.secrets.find(&raw.body, false));
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
                let mut document = json::parse(&self.sources, file);
                match &document.value {
                    Some(value) => {
                        json::settle_keys(value, &mut document.diagnostics);
                        self.secrets.find(value, arm::is_template(value) || arm::is_parameters(value));
                    }
                    None => self.sources.cover_texts(file),
                }
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

/// The limit for what takes more when it is evaluated or translated than when it is read.
fn most_values(value: &Value) -> Option<usize> {
    if arm::is_template(value) || arm::is_parameters(value) || live::is_snapshot(value) {
        return Some(arm::MAX_VALUES);
    }
    terraform::is_terraform(value).then_some(terraform::MAX_VALUES)
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

/// Reads files, and all `.json` and `.tfstate` files below folders but for `.terraform`, in the order of their names. Of a
/// folder that has none, a source of Terraform or Bicep, which is answered with the command that makes what is read. Links to folders are not
/// followed, nor links that lead out of the folder.
///
/// # Errors
/// For what is not there or too much; what a file holds is [`load`]'s business.
pub fn read_files(paths: &[PathBuf]) -> Result<Vec<Input>, ReadError> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let start = found.len();
            walk(path, &["json", "tfstate"], &mut found)?;
            found[start..].sort();
            if found.len() == start {
                walk(path, &["tf", "bicep", "tfplan"], &mut found)?;
                found[start..].sort();
                found.truncate(start + 1);
            }
        } else {
            found.push(path.clone());
        }
    }
    found.into_iter().map(read_file).collect()
}

fn read_file(path: PathBuf) -> Result<Input, ReadError> {
    let failed = |error| ReadError::Io { path: path.clone(), error };
    let mut bytes = Vec::new();
    // What is no plain file may have no length, or no end.
    let read = fs::File::open(&path).and_then(|file| file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes));
    read.map_err(failed)?;
    if bytes.len() <= MAX_FILE_BYTES {
        return Ok(Input { name: path.display().to_string(), bytes });
    }
    Err(ReadError::TooLarge(path))
}

/// Finds the files with one of these extensions.
fn walk(root: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        let failed = |error| ReadError::Io { path: folder.clone(), error };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
            if kind.is_dir() {
                // What Terraform has downloaded.
                if entry.file_name() != ".terraform" {
                    open.push(path);
                }
            } else if has_extension(&path, extensions) && is_within(&path, kind, root) {
                found.push(path);
            }
            if found.len() + open.len() > MAX_FILES {
                return Err(ReadError::TooMany(folder));
            }
        }
    }
    Ok(())
}

/// Whether an entry of a folder is a plain file, or a link to one below the same folder.
#[must_use]
pub fn is_within(path: &Path, kind: FileType, folder: &Path) -> bool {
    let below = || Some(path.canonicalize().ok()?.starts_with(folder.canonicalize().ok()?));
    kind.is_file() || kind.is_symlink() && path.is_file() && below() == Some(true)
}

fn has_extension(path: &Path, known: &[&str]) -> bool {
    let is = |extension: &std::ffi::OsStr| known.iter().any(|known| extension.eq_ignore_ascii_case(known));
    path.extension().is_some_and(is)
}
#[cfg(test)]
mod tests;
