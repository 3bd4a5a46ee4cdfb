//! What service tags hold, read from Microsoft's own list: the file that is published each week
//! (`ServiceTags_Public_20240826.json`) and the answer of the discovery API, which have one form (azure-dataplane 1.7).

use super::tag::other_spelling;
use crate::diagnostic::Diagnostic;
use crate::json::{self, Value};
use crate::load::Input;
use crate::source::Sources;
use sim_core::net::{Addr, Prefix};
use sim_core::set::AddrSet;
use sim_core::stage::tag::{TagTable, region_at};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most tags that are read; the public cloud has about 3,000.
const MAX_TAGS: usize = 50_000;
/// Most prefixes that are read, over all tags; the public cloud has about 100,000.
const MAX_PREFIXES: usize = 500_000;
/// After this many mistakes the rest of the file is not looked at.
const MAX_ERRORS: usize = 20;

/// The service tags of one cloud at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceTags {
    /// The file, as it was named.
    pub file: String,
    /// Microsoft's number of this state of the list; it grows.
    pub change_number: u64,
    /// The cloud: `Public`, `AzureGovernment`, ...
    pub cloud: String,
    /// By name in lower case.
    sets: BTreeMap<Arc<str>, Arc<AddrSet>>,
}

impl ServiceTags {
    /// Reads a file that must be a list of service tags.
    ///
    /// # Errors
    /// With what is wrong (`input.*`, `json.*`, `tags.*`), and the table that the places point into.
    pub fn read(input: &Input) -> Result<Self, (Vec<Diagnostic>, Sources)> {
        let mut sources = Sources::new();
        let file = match sources.add_bytes(input.name.clone(), &input.bytes) {
            Ok(file) => file,
            Err(diagnostic) => return Err((vec![diagnostic], sources)),
        };
        let document = json::parse(&sources, file);
        let Some(value) = document.value else { return Err((document.diagnostics, sources)) };
        if !is_service_tags(&value) {
            let diagnostic = Diagnostic::error("tags.other-file", format!("{} is no list of service tags", input.name))
                .at(value.span)
                .help(
                    "give Microsoft's weekly file, or what `az network list-service-tags` prints: an object with \
                     `changeNumber` and `values`",
                );
            return Err((vec![diagnostic], sources));
        }
        Self::of(&input.name, &value).map_err(|diagnostics| (diagnostics, sources))
    }

    /// Reads a list that [`is_service_tags`].
    pub(crate) fn of(file: &str, value: &Value) -> Result<Self, Vec<Diagnostic>> {
        let body = body(value);
        let mut reading = Reading::default();
        let change_number = body.get("changeNumber").and_then(Value::as_u64);
        if change_number.is_none() {
            let at = body.get("changeNumber").unwrap_or(body);
            reading.wrong(at, "tags.form", "`changeNumber` is not a number", "take the file as Microsoft publishes it");
        }
        for entry in body.get("values").map_or(&[][..], Value::items) {
            reading.tag(entry);
            if reading.full || reading.errors.len() >= MAX_ERRORS {
                break;
            }
        }
        if !reading.errors.is_empty() {
            return Err(reading.errors);
        }
        Ok(Self {
            file: file.to_owned(),
            change_number: change_number.unwrap_or_default(),
            cloud: body.get("cloud").and_then(Value::as_str).unwrap_or("unknown").to_owned(),
            sets: reading
                .tags
                .into_iter()
                .map(|(name, prefixes)| (name, Arc::new(prefixes.into_iter().collect())))
                .collect(),
        })
    }

    /// Whether there is a tag of this name, in any letter case; for a tag of a region, also whether there is the tag
    /// without it.
    #[must_use]
    pub fn names(&self, tag: &str) -> bool {
        let name = tag.to_ascii_lowercase();
        let whole = region_at(&name).map_or(&*name, |at| &name[..at]);
        self.sets.contains_key(&*name) || self.sets.contains_key(whole)
    }

    /// Puts the tags into a table. Regions with two names are found under both.
    pub fn fill(&self, table: &mut TagTable) {
        let twice = self.sets.iter().filter_map(|(name, set)| Some((other_spelling(name)?.into(), set.clone())));
        table.load(twice.chain(self.sets.iter().map(|(name, set)| (name.clone(), set.clone()))));
    }

    /// Which list it is, for people.
    #[must_use]
    pub fn summary(&self) -> String {
        format!("{}, changeNumber {}, cloud {}, {} tags", self.file, self.change_number, self.cloud, self.sets.len())
    }
}

/// Whether a JSON value is a list of service tags, whatever is wrong in it.
pub(crate) fn is_service_tags(value: &Value) -> bool {
    let body = body(value);
    body.get("changeNumber").is_some()
        && body.get("values").is_some_and(|values| matches!(values.data, json::Data::Array(_)))
}

/// The list itself; an example of the REST documentation holds it as an answer.
fn body(value: &Value) -> &Value {
    value.path(&["responses", "200", "body"]).unwrap_or(value)
}

#[derive(Default)]
struct Reading {
    /// Those of one name together: a set is made of them once.
    tags: BTreeMap<Arc<str>, Vec<Prefix>>,
    prefixes: usize,
    /// Whether a limit is reached.
    full: bool,
    errors: Vec<Diagnostic>,
}

impl Reading {
    fn wrong(&mut self, at: &Value, code: &'static str, message: impl Into<String>, help: &str) {
        self.errors.push(Diagnostic::error(code, message).at(at.span).help(help));
    }

    fn tag(&mut self, entry: &Value) {
        const FORM: &str = "a tag has `name`, and `properties` with `addressPrefixes`: a list of prefixes in quotes";
        let name = entry.get("name").or_else(|| entry.get("id")).and_then(Value::as_str).map(str::trim);
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return self.wrong(entry, "tags.form", "a service tag without a name", FORM);
        };
        let listed = entry.get("properties").unwrap_or(entry).get("addressPrefixes");
        let Some(json::Data::Array(listed)) = listed.map(|listed| &listed.data) else {
            return self.wrong(entry, "tags.form", format!("service tag {name} has no `addressPrefixes`"), FORM);
        };
        self.prefixes += listed.len();
        if self.prefixes > MAX_PREFIXES || self.tags.len() >= MAX_TAGS {
            let message = format!("more than {MAX_TAGS} tags or {MAX_PREFIXES} prefixes");
            self.full = true;
            return self.wrong(entry, "tags.too-many", message, "check that this is the file that you meant");
        }
        let prefixes = self.tags.entry(name.to_ascii_lowercase().into()).or_default();
        for value in listed {
            match prefix(value) {
                Ok(prefix) => prefixes.push(prefix),
                Err((message, help)) => {
                    let message = format!("service tag {name}: {message}");
                    self.errors.push(Diagnostic::error("tags.prefix", message).at(value.span).help(help));
                    if self.errors.len() >= MAX_ERRORS {
                        return;
                    }
                }
            }
        }
    }
}

/// One prefix; else what is wrong, and how to mend it.
fn prefix(value: &Value) -> Result<Prefix, (String, String)> {
    let help = || "write it as `20.38.64.0/19` or `2603:1000::/40`".to_owned();
    let Some(text) = value.as_str() else { return Err((format!("{} is no prefix", value.kind()), help())) };
    let prefix: Prefix = text.parse().map_err(|error| (format!("`{text}` is no prefix: {error}"), help()))?;
    if prefix.is_default() {
        return Err((format!("`{text}` holds every address"), "no service has them all; remove it".to_owned()));
    }
    let written = text.split('/').next().and_then(|address| address.parse::<Addr>().ok());
    if written != Some(prefix.first()) {
        return Err((
            format!("`{text}` has bits set beyond its length"),
            format!("`{prefix}` is meant, or a longer one"),
        ));
    }
    Ok(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;
    use std::path::Path;

    fn read(text: &str) -> Result<ServiceTags, String> {
        ServiceTags::read(&Input::new("ServiceTags_Public_20240826.json", text)).map_err(|(diagnostics, sources)| {
            let told = diagnostics.iter().map(|it| {
                let line = it.span.and_then(|span| sources.locate(span)).map_or(0, |place| place.line);
                format!("{line} {}: {}", it.code, it.message)
            });
            told.collect::<Vec<_>>().join("; ")
        })
    }

    fn listed(tags: &ServiceTags, tag: &str) -> Option<String> {
        let mut table = TagTable::default();
        tags.fill(&mut table);
        let set = table.addresses(tag)?;
        Some(set.prefixes().map(|prefix| prefix.to_string()).collect::<Vec<_>>().join(" "))
    }

    const WEEKLY: &str = r#"{"changeNumber": 329, "cloud": "Public", "values": [
        {"name": "ActionGroup", "id": "ActionGroup", "properties": {"changeNumber": 46, "region": "", "regionId": 0,
          "platform": "Azure", "systemService": "ActionGroup",
          "addressPrefixes": ["4.145.74.52/30", "2603:1050:403::10c/126"], "networkFeatures": ["API", "NSG", "UDR", "FW"]}},
        {"name": "AzureCloud.centralfrance", "properties": {"region": "centralfrance", "addressPrefixes": ["20.40.128.0/19"]}}
    ]}"#;

    /// Catches: IPv6 dropped, letter case that counts, a region of AzureCloud that is found under one of its names only,
    /// the number or the cloud of the list lost.
    #[test]
    fn the_weekly_file_is_read() {
        // Tests `tag-odd-regions`.
        let tags = read(WEEKLY).unwrap();
        assert_eq!(tags.summary(), "ServiceTags_Public_20240826.json, changeNumber 329, cloud Public, 2 tags");
        assert_eq!(listed(&tags, "actiongroup").as_deref(), Some("4.145.74.52/30 2603:1050:403::10c/126"));
        for name in ["AzureCloud.CentralFrance", "AzureCloud.FranceCentral"] {
            assert_eq!(listed(&tags, name).as_deref(), Some("20.40.128.0/19"), "{name}");
        }
        assert_eq!(listed(&tags, "Storage"), None);
        assert!(tags.names("ActionGroup.westus") && !tags.names("Storage"));
    }

    /// Catches: an answer of the discovery API that is not taken, whose number is a text.
    #[test]
    fn the_answer_of_the_discovery_api_is_read() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/rest-api-examples/ServiceTagsList.json");
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("skipped: {} is not there", path.display());
            return;
        };
        let tags = read(&text).unwrap();
        assert_eq!((tags.change_number, &*tags.cloud, tags.sets.len()), (63, "Public", 5));
        assert_eq!(listed(&tags, "SERVICEBUS.eastus2").as_deref(), Some("13.68.110.36/32 40.70.146.64/29"));
    }

    /// Catches: a hostile or broken list that is taken, or refused without saying where.
    #[test]
    fn broken_lists_are_refused_with_their_place() {
        let tag = |prefixes: &str| {
            format!(
                "{{\"changeNumber\": 1, \"values\": [\n{{\"name\": \"T\", \"properties\": {{\"addressPrefixes\": {prefixes}}}}}]}}"
            )
        };
        for (text, expected) in [
            (
                tag("[\"10.0.0.0/33\"]"),
                "2 tags.prefix: service tag T: `10.0.0.0/33` is no prefix: `33` is not a prefix length of this address family",
            ),
            (tag("[\"10.0.0.1/29\"]"), "2 tags.prefix: service tag T: `10.0.0.1/29` has bits set beyond its length"),
            (tag("[\"0.0.0.0/0\"]"), "2 tags.prefix: service tag T: `0.0.0.0/0` holds every address"),
            (tag("[7]"), "2 tags.prefix: service tag T: an integer is no prefix"),
            (tag("\"10.0.0.0/8\""), "2 tags.form: service tag T has no `addressPrefixes`"),
            ("{\"changeNumber\": {}, \"values\": []}".to_owned(), "1 tags.form: `changeNumber` is not a number"),
            ("{\"changeNumber\": 1, \"values\": [\n7]}".to_owned(), "2 tags.form: a service tag without a name"),
            (
                "{\"values\": []}".to_owned(),
                "1 tags.other-file: ServiceTags_Public_20240826.json is no list of service tags",
            ),
        ] {
            assert_eq!(read(&text).unwrap_err(), expected, "{text}");
        }
        let many = vec!["\"x\""; 1000].join(",");
        let told = read(&tag(&format!("[{many}]"))).unwrap_err();
        assert_eq!(told.matches("tags.prefix").count(), MAX_ERRORS);
    }

    /// Catches: work that grows with the square of the list. Read and filled in 0.3 s on one core of the machine that
    /// this was written on; the bound leaves room for slower ones.
    #[test]
    fn large_lists_are_read_in_no_time() {
        let mut text = String::from("{\"changeNumber\": 1, \"values\": [");
        for tag in 0..3_000u32 {
            let _ = write!(
                text,
                "{}{{\"name\": \"T{tag}.r\", \"properties\": {{\"addressPrefixes\": [",
                if tag > 0 { "," } else { "" }
            );
            let count = if tag % 300 == 0 { 10_000 } else { 150 };
            for n in 0..count {
                let sep = if n > 0 { "," } else { "" };
                let _ = write!(text, "{sep}\"{}.{}.{}.0/28\"", 20 + n % 7, n / 100, tag % 200 + n % 50);
            }
            text.push_str("]}}");
        }
        text.push_str("]}");
        assert!(text.len() > 7 << 20, "{}", text.len());
        let start = std::time::Instant::now();
        let tags = read(&text).unwrap();
        let mut table = TagTable::default();
        tags.fill(&mut table);
        assert_eq!(tags.sets.len(), 3_000);
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
        eprintln!("{} bytes in {:?}", text.len(), start.elapsed());
    }
}
