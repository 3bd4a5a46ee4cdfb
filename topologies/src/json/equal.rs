//! Keys that stand twice in one object.

use super::value::Member;
use crate::diagnostic::Diagnostic;

/// Most pairs of equal keys that are told; beyond them a file is refused.
const MAX_TOLD: usize = 200;

/// Tells of the keys that are equal, or equal but for letter case.
pub(super) fn check_keys(members: &[Member], diagnostics: &mut Vec<Diagnostic>) {
    /// In smaller objects each key is held against all others; most objects are.
    const SMALL: usize = 16;
    if members.len() <= SMALL {
        for (at, second) in members.iter().enumerate() {
            if let Some(first) = members[..at].iter().rev().find(|first| first.key.eq_ignore_ascii_case(&second.key)) {
                tell(first, second, diagnostics);
            }
        }
        return;
    }
    let mut sorted: Vec<(String, &Member)> =
        members.iter().map(|member| (member.key.to_ascii_lowercase(), member)).collect();
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    for pair in sorted.windows(2) {
        if let [(first_key, first), (second_key, second)] = pair
            && first_key == second_key
        {
            tell(first, second, diagnostics);
        }
    }
}

fn tell(first: &Member, second: &Member, diagnostics: &mut Vec<Diagnostic>) {
    match diagnostics.len() {
        0..MAX_TOLD => diagnostics.push(equal_keys(first, second)),
        MAX_TOLD => {
            let message = format!("more than {MAX_TOLD} keys stand twice in their objects; the rest is not told");
            diagnostics.push(Diagnostic::error("json.duplicate-key", message).at(second.key_span));
        }
        _ => {}
    }
}

fn equal_keys(first: &Member, second: &Member) -> Diagnostic {
    let diagnostic = if first.key == second.key {
        Diagnostic::error("json.duplicate-key", format!("the key {:?} stands twice in one object", second.key))
            .help("remove one: which of the two counts depends on the program that reads the file")
    } else {
        let message = format!("the keys {:?} and {:?} differ only in letter case", first.key, second.key);
        Diagnostic::warning("json.keys-differ-in-case", message).help("Azure takes them for the same key")
    };
    diagnostic.at(second.key_span).note(Some(first.key_span), "it stands here first")
}
