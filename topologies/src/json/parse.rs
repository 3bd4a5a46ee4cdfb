//! From text to values, within limits.

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::ParseError;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use sim_core::source::{FileId, Span};

use super::{Data, Member, Number, Value};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{MAX_FILE_BYTES, Sources};

/// Deepest nesting of arrays and objects that is read. Real templates stay under 40.
pub const MAX_DEPTH: usize = 128;

/// Most signs of a text that part its values (commas, colons, opening brackets), and with them the memory that reading it
/// takes. Microsoft's list of service tags has about 150,000.
pub const MAX_SIGNS: usize = 750_000;

/// What came of reading a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The value; `None` if there is an error among the diagnostics.
    pub value: Option<Value>,
    /// Errors (`json.*`), and warnings about keys that differ only in letter case.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a file of the table.
#[must_use]
pub fn parse(sources: &Sources, file: FileId) -> Document {
    let mut document = parse_text(sources.text(file), file);
    for diagnostic in &mut document.diagnostics {
        if diagnostic.span.is_none() {
            diagnostic.message = format!("{}: {}", sources.name(file), diagnostic.message);
        }
    }
    document
}

/// Reads a text; spans are within `file`.
#[must_use]
pub fn parse_text(text: &str, file: FileId) -> Document {
    let mut diagnostics = Vec::new();
    let value = match read(text, file) {
        Ok(tree) => {
            let value = convert(&tree, file, &mut diagnostics);
            let broken = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
            (!broken).then_some(value)
        }
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            None
        }
    };
    Document { value, diagnostics }
}

fn read(text: &str, file: FileId) -> Result<ast::Value<'_>, Diagnostic> {
    if text.len() > MAX_FILE_BYTES {
        let message = format!("{} bytes, more than the {MAX_FILE_BYTES} that are read", text.len());
        return Err(Diagnostic::error("json.too-large", message));
    }
    check_size(text, file)?;
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    match parse_to_ast(text, &CollectOptions::default(), &options) {
        Ok(result) => result.value.ok_or_else(|| {
            Diagnostic::error("json.empty", "the file holds no JSON value").help("is this the file you meant?")
        }),
        Err(error) => Err(syntax_error(&error, text, file)),
    }
}

fn syntax_error(error: &ParseError, text: &str, file: FileId) -> Diagnostic {
    let range = error.range();
    let start = range.start.min(text.len());
    let span = Span::new(file, start, range.end.clamp(start, text.len()));
    let diagnostic = Diagnostic::error("json.syntax", format!("not JSON: {}", error.kind())).at(span);
    match text.trim_start().chars().next() {
        Some('<') => diagnostic.help("this looks like XML or HTML; was an error page saved in place of the file?"),
        Some('{' | '[' | '/') if error.kind().to_string().contains("comma") => {
            diagnostic.help("put a comma between this and what stands before it")
        }
        Some('{' | '[' | '/') => diagnostic,
        _ => diagnostic.help("a Bicep file has to be compiled first: `az bicep build --file main.bicep`"),
    }
}

/// Refuses deep nesting and too many values before the parser, which recurses and keeps them all, sees the text.
fn check_size(text: &str, file: FileId) -> Result<(), Diagnostic> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut signs) = (0, 0_usize, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => (depth, signs) = (depth + 1, signs + 1),
            b',' | b':' => signs += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = end_of_string(bytes, at),
            b'/' => at = end_of_comment(bytes, at),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Diagnostic::error("json.too-deep", format!("nested deeper than {MAX_DEPTH} levels"))
                .at(Span::new(file, at, at + 1)));
        }
        if signs > MAX_SIGNS {
            let message = format!("more than the {MAX_SIGNS} commas, colons and brackets that are read in one file");
            let help = "split it into several files, or leave out what is not about the network";
            return Err(Diagnostic::error("json.too-large", message).at(Span::new(file, at, at + 1)).help(help));
        }
        at += 1;
    }
    Ok(())
}

/// Index of the closing quote of the string that opens at `at`, or the last index.
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))) {
        at += found;
        if bytes[at] == b'"' {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

/// Index of the last byte of the comment that opens at `at`; `at` itself if none does.
fn end_of_comment(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let length = match rest.get(1) {
        Some(b'/') => rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')),
        Some(b'*') => rest[2..].windows(2).position(|pair| pair == b"*/").map(|found| found + 3),
        _ => return at,
    };
    length.map_or(bytes.len(), |length| at + length)
}

fn convert(value: &ast::Value<'_>, file: FileId, diagnostics: &mut Vec<Diagnostic>) -> Value {
    let range = value.range();
    let data = match value {
        ast::Value::NullKeyword(_) => Data::Null,
        ast::Value::BooleanLit(literal) => Data::Bool(literal.value),
        ast::Value::StringLit(literal) => Data::String(literal.value.to_string()),
        ast::Value::NumberLit(literal) => Data::Number(
            literal.value.parse().map_or_else(|_| Number::Decimal(literal.value.to_owned()), Number::Integer),
        ),
        ast::Value::Array(array) => {
            Data::Array(array.elements.iter().map(|item| convert(item, file, diagnostics)).collect())
        }
        ast::Value::Object(object) => {
            let member = |property: &ast::ObjectProp<'_>| {
                let key = property.name.range();
                Member {
                    key: property.name.as_str().to_owned(),
                    key_span: Span::new(file, key.start, key.end),
                    value: convert(&property.value, file, diagnostics),
                }
            };
            let members: Vec<Member> = object.properties.iter().map(member).collect();
            check_keys(&members, diagnostics);
            Data::Object(members)
        }
    };
    Value::new(Span::new(file, range.start, range.end), data)
}

fn check_keys(members: &[Member], diagnostics: &mut Vec<Diagnostic>) {
    /// In smaller objects each key is held against all others; most objects are.
    const SMALL: usize = 16;
    if members.len() <= SMALL {
        for (at, second) in members.iter().enumerate() {
            if let Some(first) = members[..at].iter().rev().find(|first| first.key.eq_ignore_ascii_case(&second.key)) {
                diagnostics.push(equal_keys(first, second));
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
            diagnostics.push(equal_keys(first, second));
        }
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
