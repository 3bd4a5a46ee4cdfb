//! YAML, read strictly: its errors, in our words and with places.

use serde_saphyr::{
    DuplicateKeyPolicy, Error, Location, MergeKeyPolicy, MessageFormatter, NonFiniteFloatPolicy, Options,
    UserMessageFormatter,
};
use sim_core::source::{FileId, Span};
use topologies::diagnostic::{Diagnostic, nearest};

/// Deepest nesting.
const MAX_DEPTH: usize = 48;
/// Most values of one file.
const MAX_NODES: usize = 250_000;
/// Most values that aliases stand for, all in all: an alias of an alias must not multiply.
const MAX_ALIASED: usize = 10_000;

/// How scenario files are read. `yes` and `on` are texts as in YAML 1.2; a key twice, a merge key, an unknown tag and a
/// number that is none are errors.
pub(crate) fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_documents: 2,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_buffered_comment_events: 10_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_ALIASED,
            max_replay_stack_depth: 8,
        },
        emit_comments: false,
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::Reject,
        with_snippet: false,
    }
}

/// The bytes of a place that the reader gives. A place without width is that of the word that starts there, or, at the end
/// of a line, of the last thing before it.
pub(crate) fn span(text: &str, file: FileId, location: Location) -> Span {
    let place = location.span();
    let (start, end) = match (place.byte_offset(), place.byte_len()) {
        (Some(start), Some(length)) => {
            let start = usize::try_from(start).unwrap_or(text.len());
            (start, start.saturating_add(usize::try_from(length).unwrap_or(0)))
        }
        _ => {
            let start = offset(text, location.line(), location.column());
            (start, start)
        }
    };
    let start = text.floor_char_boundary(start);
    let end = text.floor_char_boundary(end).max(start);
    if start < end {
        // A key's place may take in what blanks follow it.
        let trimmed = text[start..end].trim_end().len();
        return Span::new(file, start, start + trimmed.max(1));
    }
    let rest = &text[start..];
    if !rest.lines().next().unwrap_or_default().trim().is_empty() {
        let blank = rest.len() - rest.trim_start().len();
        let word = rest[blank..].find(char::is_whitespace).unwrap_or(rest.len() - blank);
        return Span::new(file, start + blank, start + blank + word);
    }
    let before = text[..start].trim_end();
    let last = before.chars().next_back().map_or(0, char::len_utf8);
    Span::new(file, before.len() - last, before.len())
}

/// The byte at which a line's column, both from 1, in characters, starts.
fn offset(text: &str, line: u64, column: u64) -> usize {
    let count = |from_one: u64| usize::try_from(from_one.saturating_sub(1)).unwrap_or(usize::MAX);
    let start: usize = text.split_inclusive('\n').take(count(line)).map(str::len).sum();
    start + text[start..].chars().take(count(column)).map(char::len_utf8).sum::<usize>()
}

/// What is wrong with a file that is no scenario.
pub(crate) fn diagnose(error: &Error, text: &str, file: FileId) -> Diagnostic {
    let error = error.without_snippet();
    if let Error::AliasError { error: inner, locations, .. } = error {
        let at = span(text, file, locations.reference_location);
        return plain(inner, text, file).note(Some(at), "reached by this alias");
    }
    plain(error, text, file)
}

fn plain(error: &Error, text: &str, file: FileId) -> Diagnostic {
    let place = error.location().map(|location| span(text, file, location));
    let written = place.and_then(|place| text.get(place.start as usize..place.end as usize)).unwrap_or_default();
    let diagnostic = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let diagnostic = Diagnostic::error("scenario.unknown-key", format!("`{field}` is not known here"));
            choices(diagnostic, field, expected, "keys here are")
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            let diagnostic = Diagnostic::error("scenario.value", format!("`{variant}` is not known here"));
            choices(diagnostic, variant, expected, "write one of")
        }
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or(written);
            Diagnostic::error("scenario.duplicate-key", format!("`{key}` is here twice"))
                .help("keep one of the two: which one counts would be a guess")
        }
        Error::SerdeMissingField { field, .. } => {
            Diagnostic::error("scenario.missing", format!("`{field}` is missing here"))
                .help(format!("add `{field}:` beside this"))
        }
        Error::Eof { .. } if text.trim().is_empty() || only_comments(text) => {
            Diagnostic::error("scenario.syntax", "the file is empty")
                .help("the least that a scenario needs is `name:`; `vnetsim schema scenario` tells all there is")
        }
        Error::Message { msg, .. } => Diagnostic::error("scenario.value", msg.clone()),
        _ => typed(error, written).unwrap_or_else(|| other(error)),
    };
    match place {
        Some(place) => diagnostic.at(place),
        None => diagnostic,
    }
}

/// A value of another type than the one that belongs here.
fn typed(error: &Error, written: &str) -> Option<Diagnostic> {
    let value = |message: String| Some(Diagnostic::error("scenario.value", message));
    match error {
        Error::InvalidScalar { ty, .. } => value(format!("`{written}` is not {}", number(ty))),
        Error::InvalidBooleanStrict { .. } => value(format!("`{written}` is neither true nor false")),
        Error::NullIntoString { .. } => value("a text belongs here, and there is nothing".to_owned()),
        Error::NonFiniteFloat { value: number, .. } => {
            value(format!("`{number}` is no number that JSON can hold"))?.help("write a text in quotes").into()
        }
        Error::Unexpected { expected, .. } => {
            let expected = match *expected {
                "mapping start" => "keys and values (`key: value`) belong here",
                "sequence start" => "a list (`- entry`) belongs here",
                "string scalar" | "scalar" => "a single text or number belongs here",
                _ => return None,
            };
            value(expected.to_owned())
        }
        Error::ExpectedMappingEndAfterEnumVariantValue { .. } => value(format!("`{written}` is one action too many"))?
            .help("give each action an entry of its own under `timeline`")
            .into(),
        Error::ExternallyTaggedEnumExpectedScalarOrMapping { .. } => value("a single word belongs here".to_owned()),
        _ => None,
    }
}

/// A mistake of form, or a limit.
fn other(error: &Error) -> Diagnostic {
    match error {
        Error::MultipleDocuments { .. } => {
            Diagnostic::error("scenario.syntax", "a second document starts here").help("one file holds one scenario")
        }
        Error::MergeKeyNotAllowed { .. } => {
            Diagnostic::error("scenario.syntax", "merge keys (`<<`) are not read").help("write the keys out")
        }
        Error::UnknownAnchor { .. } => Diagnostic::error("scenario.syntax", "this alias has no anchor")
            .help("a text that starts with `*` stands in quotes"),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            let message = "the file is larger or deeper than a scenario may be";
            let help =
                format!("at most {MAX_NODES} values, {MAX_DEPTH} levels, and {MAX_ALIASED} values through aliases");
            Diagnostic::error("scenario.too-large", message).help(help)
        }
        // The reader's own words, which do not say the place.
        _ => Diagnostic::error("scenario.syntax", UserMessageFormatter.format_message(error)),
    }
}

fn number(ty: &str) -> &'static str {
    match ty {
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" => "a whole number from 0 to 18446744073709551615",
        "boolean" => "true or false",
        _ => "a number",
    }
}

/// Adds what would be right: the name that was meant, if one is near, and all there are.
pub(crate) fn choices(diagnostic: Diagnostic, wanted: &str, known: &[&str], lead: &str) -> Diagnostic {
    let diagnostic = diagnostic.note(None, format!("{lead} {}", known.join(", ")));
    match nearest(wanted, known.iter().copied()) {
        Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
        None => diagnostic,
    }
}

fn only_comments(text: &str) -> bool {
    text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}
