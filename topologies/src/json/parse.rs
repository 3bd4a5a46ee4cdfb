//! From text to values, within limits.

use sim_core::source::{FileId, Span};

use super::Value;
use super::reader::{self, Wrong};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{MAX_FILE_BYTES, Sources};

/// Deepest nesting of arrays and objects that is read. Real templates stay under 40.
pub const MAX_DEPTH: usize = 128;

/// Most signs of a text that part its values (commas, colons, opening brackets), and with them the memory that reading it
/// takes. An export of 20,000 resources has about 1,700,000, Microsoft's list of service tags 175,000.
pub const MAX_SIGNS: usize = 2_000_000;

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
    let refused = match check_size(text, file).map(|()| reader::read(text, file, &mut diagnostics)) {
        Ok(Ok(Some(value))) => {
            let broken = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
            return Document { value: (!broken).then_some(value), diagnostics };
        }
        Ok(Ok(None)) => {
            Diagnostic::error("json.empty", "the file holds no JSON value").help("is this the file you meant?")
        }
        Ok(Err(wrong)) => syntax_error(&wrong, text, file),
        Err(diagnostic) => diagnostic,
    };
    Document { value: None, diagnostics: vec![refused] }
}

fn syntax_error(wrong: &Wrong, text: &str, file: FileId) -> Diagnostic {
    let start = wrong.range.start.min(text.len());
    let span = Span::new(file, start, wrong.range.end.clamp(start, text.len()));
    let diagnostic = Diagnostic::error("json.syntax", format!("not JSON: {}", wrong.what)).at(span);
    match text.trim_start().chars().next() {
        Some('<') => diagnostic.help("this looks like XML or HTML; was an error page saved in place of the file?"),
        Some('{' | '[' | '/') if wrong.what.contains("comma") => {
            diagnostic.help("put a comma between this and what stands before it")
        }
        Some('{' | '[' | '/') => diagnostic,
        _ => diagnostic.help("a Bicep file has to be compiled first: `az bicep build --file main.bicep`"),
    }
}

/// Refuses deep nesting and too many values before the parser, which recurses and keeps them all, sees the text.
fn check_size(text: &str, file: FileId) -> Result<(), Diagnostic> {
    if text.len() > MAX_FILE_BYTES {
        let message = format!("{} bytes, more than the {MAX_FILE_BYTES} that are read", text.len());
        return Err(Diagnostic::error("json.too-large", message));
    }
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
