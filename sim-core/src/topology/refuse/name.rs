//! Names of network resources, and of the rules and routes in them.

use super::{Case, Verdict};
use crate::source::Span;
use crate::topology::Kind;
use std::ops::Range;

/// Longest name (azure-dataplane 1.2).
const LONGEST: usize = 80;

/// Rule `refuse-name`: names have up to 80 characters, word characters with `.` and `-` among them; the first is a word
/// character, the last one or `_`. Source: azure-dataplane 1.2.
///
/// Code and text were seen in programs that look for them.
///
/// Only ids of Azure's form are held to it, and what a service makes is not.
pub(super) fn check(case: Case<'_>) -> Verdict {
    let draft = case.draft;
    // Zones and what is in them have names of DNS.
    let of_dns = matches!(draft.kind, Kind::DnsZone(_) | Kind::RecordSet(_));
    if of_dns || draft.owner.is_some() || !draft.name.to_ascii_lowercase().contains("/providers/microsoft.network/") {
        return Ok(());
    }
    valid(case, case.short(), draft.span, None)?;
    match &draft.kind {
        Kind::Nsg(group) => {
            group.rules.iter().enumerate().try_for_each(|(n, it)| valid(case, &it.name, it.span, Some(n..n + 1)))
        }
        Kind::RouteTable(table) => {
            table.routes.iter().enumerate().try_for_each(|(n, it)| valid(case, &it.name, it.span, Some(n..n + 1)))
        }
        _ => Ok(()),
    }
}

fn valid(case: Case<'_>, name: &str, span: Option<Span>, parts: Option<Range<usize>>) -> Verdict {
    let word = |letter: char| letter.is_alphanumeric() || letter == '_';
    // What stands for a value that only Azure knows is no name.
    let unknown = name.contains(['<', '[', '{']);
    let inside = name.chars().count() <= LONGEST && name.chars().all(|letter| word(letter) || ".-".contains(letter));
    if unknown || (inside && name.starts_with(char::is_alphanumeric) && name.ends_with(word)) {
        return Ok(());
    }
    let message = format!(
        "Resource name {name} is invalid. The name can be up to {LONGEST} characters long. It must begin with a word \
         character, and it must end with a word character or with '_'. The name may contain word characters or '.', \
         '-', '_'."
    );
    case.refuse_parts(parts, span, "InvalidResourceName", message)
}
