//! Tests of the network as a whole: what is put, refused, assumed.

mod corpus;

use super::World;

/// Findings, then diagnostics: `code line:column message`, one a line, notes below.
fn told(world: &World) -> String {
    let findings = world.findings.iter().map(|finding| &finding.diagnostic);
    let line = |diagnostic: &crate::diagnostic::Diagnostic| {
        let at = |span: Option<_>| {
            let found = span.and_then(|span| world.sources.locate(span));
            found.map_or("-".to_owned(), |at| format!("{}:{}", at.line, at.column))
        };
        let notes = diagnostic.notes.iter().map(|(span, text)| format!("  {} {text}\n", at(*span)));
        let head = format!("{} {} {}\n", diagnostic.code, at(diagnostic.span), diagnostic.message);
        notes.fold(head, |text, note| text + &note)
    };
    findings.chain(&world.diagnostics).map(line).collect()
}
