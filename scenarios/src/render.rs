//! Messages about input, as people read them: what, where, the line itself, notes, and how to mend it.
//!
//! ```text
//! error[scenario.unknown-key]: `flwos` is not known here
//!  --> builds.yaml:2:1
//!   |
//! 2 | flwos: []
//!   | ^^^^^
//!   |
//!   = help: did you mean `flows`?
//! ```

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use sim_core::source::Span;
use topologies::azure::Finding;
use topologies::diagnostic::{Diagnostic, Severity};
use topologies::source::Sources;

/// Longest line that is shown whole, in columns.
const WIDTH: usize = 120;
/// Longest part of a place that is shown, in characters.
const LONGEST_PLACE: usize = 60;
/// Most bytes that stand before places on their lines, over all messages of a call: the columns are counted in them each
/// time. Beyond it messages name the line and the column and do not show them; only lines of megabytes get there.
const MAX_BEFORE: usize = 4 << 20;
/// Stands for the rest of a longer place.
const CUT: &str = "...";

/// Renders messages, one below the other, in their order.
#[must_use]
pub fn diagnostics<'d>(
    diagnostics: impl IntoIterator<Item = &'d Diagnostic>,
    sources: &Sources,
    colour: bool,
) -> String {
    let mut room = MAX_BEFORE;
    diagnostics.into_iter().map(|it| message(it, None, sources, &mut room, colour)).collect()
}

/// Renders what Azure would refuse, one below the other, in their order, each with its resource.
#[must_use]
pub fn findings<'f>(findings: impl IntoIterator<Item = &'f Finding>, sources: &Sources, colour: bool) -> String {
    let mut room = MAX_BEFORE;
    findings.into_iter().map(|it| message(&it.diagnostic, Some(&it.resource), sources, &mut room, colour)).collect()
}

fn message(
    diagnostic: &Diagnostic,
    resource: Option<&str>,
    sources: &Sources,
    room: &mut usize,
    colour: bool,
) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut main = Group::with_title(level.primary_title(clean(&diagnostic.message)).id(clean(diagnostic.code)));
    if let Some(excerpt) = diagnostic.span.and_then(|span| Excerpt::of(sources, span, room)) {
        main = excerpt.put(main);
    }
    let (placed, unplaced): (Vec<_>, Vec<_>) = diagnostic
        .notes
        .iter()
        .map(|(span, text)| (span.and_then(|span| Excerpt::of(sources, span, room)), clean(text)))
        .partition(|(excerpt, _)| excerpt.is_some());
    let resource = resource.map(|it| format!("the resource is {}", clean(it)));
    for text in unplaced.into_iter().map(|(_, text)| text).chain(resource) {
        main = main.element(Level::NOTE.message(text));
    }
    let help = diagnostic.help.as_deref().map(clean);
    let mut groups = Vec::new();
    if placed.is_empty() {
        groups.push(match help {
            Some(help) => main.element(Level::HELP.message(help)),
            None => main,
        });
    } else {
        groups.push(main);
        for (excerpt, text) in placed {
            let note = Group::with_title(Level::NOTE.secondary_title(text));
            groups.extend(excerpt.map(|excerpt| excerpt.put(note)));
        }
        groups.extend(help.map(|help| Group::with_title(Level::HELP.secondary_title(help))));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    format!("{}\n\n", renderer.term_width(WIDTH).render(&groups))
}

/// The line of a place, cleaned. What stands before the place is whole, since columns are counted in it; the renderer cuts
/// it down to the width.
struct Excerpt {
    file: String,
    line: usize,
    column: usize,
    /// Whether there was room to show it.
    shown: bool,
    text: String,
    /// The place, in bytes of `text`.
    start: usize,
    end: usize,
}

impl Excerpt {
    /// Of a place that takes several lines, the first.
    fn of(sources: &Sources, span: Span, room: &mut usize) -> Option<Self> {
        let location = sources.locate(span)?;
        let line = sources.line(span)?;
        let all = sources.text(span.file);
        // Both are slices of one text, so their distance is the line's place in it.
        let line_start = (line.as_ptr() as usize).checked_sub(all.as_ptr() as usize)?;
        let inside = |at: u32| line.floor_char_boundary((at as usize).saturating_sub(line_start));
        let (from, to) = (inside(span.start), inside(span.end).max(inside(span.start)));
        let (name, number, column) = (clean(location.name), location.line, location.column);
        let Some(left) = room.checked_sub(from) else {
            return Some(Self {
                file: name,
                line: number,
                column,
                shown: false,
                text: String::new(),
                start: 0,
                end: 0,
            });
        };
        *room = left;
        let place = first_chars(&line[from..to], LONGEST_PLACE);
        let tail = if from + place.len() == to { first_chars(&line[to..], WIDTH) } else { CUT };

        let mut text: String = line[..from].chars().map(visible).collect();
        let start = text.len();
        text.extend(place.chars().map(visible));
        let end = text.len();
        text.extend(tail.chars().map(visible));
        Some(Self { file: name, line: number, column, shown: true, text, start, end })
    }

    fn put<'a>(self, group: Group<'a>) -> Group<'a> {
        if !self.shown {
            return group.element(Origin::path(self.file).line(self.line).char_column(self.column));
        }
        let place = AnnotationKind::Primary.span(self.start..self.end);
        group.element(Snippet::source(self.text).path(self.file).line_start(self.line).annotation(place))
    }
}

fn first_chars(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(at, _)| &text[..at])
}

/// Text of the input on one line, without characters that steer a terminal or turn the direction of writing.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => out.push(' '),
            it if steers(it) => out.extend(it.escape_unicode()),
            it => out.push(it),
        }
    }
    out
}

/// One character for one character, so that places stay what they are.
fn visible(character: char) -> char {
    match character {
        '\t' => ' ',
        it if steers(it) => char::REPLACEMENT_CHARACTER,
        it => it,
    }
}

fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests;
