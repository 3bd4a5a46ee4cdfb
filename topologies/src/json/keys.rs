//! Keys of one object that differ only in letter case: for Azure they are one, except where a user's own names stand.

use super::Value;
use crate::diagnostic::{Diagnostic, Severity};
use sim_core::source::Span;

/// Members whose names are somebody's own, or of languages that tell cases apart.
const FREE: [&str; 7] = [
    "metadata",
    "definition",
    "policyrule",
    "appsettings",
    "environmentvariables",
    "addonprofiles",
    "additionalproperties",
];
/// Providers whose bodies Azure reads without regard to letter case, as it does the parts of a template.
const KNOWN: [&str; 3] = ["microsoft.network/", "microsoft.compute/", "microsoft.resources/"];

/// Makes errors of warnings about such keys, where Azure takes the two for one.
pub(crate) fn settle_keys(value: &Value, diagnostics: &mut [Diagnostic]) {
    let differ = |it: &&mut Diagnostic| it.code == "json.keys-differ-in-case" && it.severity == Severity::Warning;
    let mut open: Vec<&mut Diagnostic> = diagnostics.iter_mut().filter(differ).collect();
    if open.is_empty() {
        return;
    }
    let mut free = Vec::new();
    collect(value, &mut free);
    for diagnostic in &mut open {
        let inside = |place: &&Span| {
            diagnostic.span.is_some_and(|at| at.file == place.file && place.start <= at.start && at.end <= place.end)
        };
        if free.iter().find(inside).is_none() {
            diagnostic.severity = Severity::Error;
            diagnostic.help = Some("Azure takes them for the same key; remove one".to_owned());
        }
    }
}

/// The places where names are free: such members, and bodies of providers that are not known here.
fn collect(value: &Value, free: &mut Vec<Span>) {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let other = kind.split('/').next().is_some_and(|provider| provider.contains('.') && kind.contains('/'))
        && !KNOWN.iter().any(|known| kind.starts_with(known));
    for member in value.members() {
        if FREE.iter().any(|name| member.key.eq_ignore_ascii_case(name))
            || other && member.key.eq_ignore_ascii_case("properties")
        {
            free.push(member.value.span);
        } else {
            collect(&member.value, free);
        }
    }
    value.items().iter().for_each(|item| collect(item, free));
}
