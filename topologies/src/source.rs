//! The input files of one run, and where in them a span lies.

use sim_core::source::{FileId, Span};

use crate::diagnostic::Diagnostic;
use crate::secret;

/// Largest input file, in bytes. A larger one is refused before it is read; Azure itself takes templates up to 4 MB.
pub const MAX_FILE_BYTES: usize = 32 << 20;
/// Characters are counted once for each block of so many bytes, so that a column far out in a line is found soon.
const BLOCK: usize = 4096;

/// All input files of a run. Spans point into the texts kept here.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

#[derive(Clone, Debug)]
struct SourceFile {
    name: String,
    text: String,
    /// Byte offset of the start of each line.
    lines: Vec<u32>,
    /// Characters before each block.
    blocks: Vec<u32>,
}

/// A place in a file, as people count: lines and columns from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location<'s> {
    /// Name of the file as it was given.
    pub name: &'s str,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Sources {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file that is text already. A byte order mark is dropped, so that spans count from the first real byte.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let starts = text.match_indices('\n').map(|(at, _)| clip(at + 1));
        let lines = std::iter::once(0).chain(starts).collect();
        let id = FileId(clip(self.files.len()));
        let counted = text.as_bytes().chunks(BLOCK).scan(0, |count, block| {
            let before = *count;
            *count += characters(block);
            Some(clip(before))
        });
        let blocks = counted.collect();
        self.files.push(SourceFile { name: name.into(), text, lines, blocks });
        id
    }

    /// Adds a file as it came from disk: UTF-8, or UTF-16 with a byte order mark (what PowerShell's `>` writes).
    ///
    /// # Errors
    /// `input.too-large` above [`MAX_FILE_BYTES`]; `input.not-text` where the bytes are neither.
    pub fn add_bytes(&mut self, name: impl Into<String>, bytes: &[u8]) -> Result<FileId, Diagnostic> {
        let name = name.into();
        if bytes.len() > MAX_FILE_BYTES {
            let message = format!("{name} has {} bytes, more than the {MAX_FILE_BYTES} that are read", bytes.len());
            return Err(Diagnostic::error("input.too-large", message));
        }
        let text = match bytes {
            [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
            [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
            _ => std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| error.valid_up_to()),
        };
        match text {
            Ok(text) => Ok(self.add(name, text)),
            Err(at) => Err(Diagnostic::error("input.not-text", format!("{name} is not text: byte {at} is not UTF-8"))
                .help("save the file as UTF-8, or check that this is the file you meant")),
        }
    }
    /// The text of a file; empty for an id of another table.
    #[must_use]
    pub fn text(&self, file: FileId) -> &str {
        self.file(file).map_or("", |file| &file.text)
    }

    /// The name a file was added under; empty for an id of another table.
    #[must_use]
    pub fn name(&self, file: FileId) -> &str {
        self.file(file).map_or("", |file| &file.name)
    }

    /// File, line and column where a span starts; `None` for a file of another table.
    #[must_use]
    pub fn locate(&self, span: Span) -> Option<Location<'_>> {
        let file = self.file(span.file)?;
        let line = file.line_of(span.start);
        let start = file.lines[line] as usize;
        let inside = file.text.get(start..span.start as usize).is_some();
        let before =
            if inside { file.characters_before(span.start) - file.characters_before(file.lines[line]) } else { 0 };
        Some(Location { name: &file.name, line: line + 1, column: before + 1 })
    }

    /// The line on which a span starts, without its line end.
    #[must_use]
    pub fn line(&self, span: Span) -> Option<&str> {
        let file = self.file(span.file)?;
        let line = file.line_of(span.start);
        let start = file.lines[line] as usize;
        let end = file.lines.get(line + 1).map_or(file.text.len(), |next| *next as usize);
        file.text.get(start..end).map(|text| text.trim_end_matches(['\r', '\n']))
    }

    /// Covers what stands at these places: one sign for each character, so that every other place stays what it is.
    pub(crate) fn cover(&mut self, places: &[Span]) {
        for place in places {
            let Some(file) = usize::try_from(place.file.0).ok().and_then(|at| self.files.get_mut(at)) else { continue };
            let (start, end) = (place.start as usize, (place.end as usize).min(file.text.len()));
            let Some(text) = file.text.get(start..end) else { continue };
            let quoted = text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
            let inner = if quoted { start + 1..end - 1 } else { start..end };
            let covered: String = file.text[inner.clone()].chars().map(cover).collect();
            file.text.replace_range(inner, &covered);
        }
    }

    /// Covers all texts of a file that cannot be read, but for keys.
    pub(crate) fn cover_texts(&mut self, file: FileId) {
        let place = |(start, end)| Span::new(file, start, end);
        let places: Vec<Span> = secret::quoted(self.text(file)).into_iter().map(place).collect();
        self.cover(&places);
    }

    /// Ids of all files, in the order they were added.
    pub fn ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..clip(self.files.len())).map(FileId)
    }

    fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(usize::try_from(id.0).ok()?)
    }
}

impl SourceFile {
    fn line_of(&self, offset: u32) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// How many characters stand before a byte of the text.
    fn characters_before(&self, offset: u32) -> usize {
        let (text, offset) = (self.text.as_bytes(), offset as usize);
        let block = offset / BLOCK;
        let known = self.blocks.get(block).map_or(0, |count| *count as usize);
        match text.get(block * BLOCK..offset) {
            // At the end of a text that fills its last block there is no count for the next.
            Some([]) if block > 0 && block == self.blocks.len() => {
                self.blocks[block - 1] as usize + characters(&text[offset - BLOCK..])
            }
            rest => known + characters(rest.unwrap_or_default()),
        }
    }
}

/// How many characters start in a piece of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xc0) != 0x80).count()
}

/// A sign as long as the character, in bytes; ends of lines stay.
fn cover(character: char) -> char {
    match character.len_utf8() {
        1 if character == '\n' || character == '\r' => character,
        1 => '*',
        2 => '\u{b7}',
        3 => '\u{2022}',
        _ => '\u{1f512}',
    }
}

fn clip(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, usize> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(bytes.len() + 1);
    }
    String::from_utf16(&pairs.iter().map(|pair| unit(*pair)).collect::<Vec<_>>()).map_err(|_| 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: columns counted in bytes, a line found one too early, a byte order mark counted as a column.
    #[test]
    fn a_span_is_found_by_line_and_column() {
        let mut sources = Sources::new();
        let file = sources.add("a.json", "\u{feff}{\n  \"é\": 1\r\n}");
        let at = sources.text(file).find('1').unwrap();
        let span = Span::new(file, at, at + 1);
        assert_eq!(sources.locate(span), Some(Location { name: "a.json", line: 2, column: 8 }));
        assert_eq!(sources.line(span), Some("  \"é\": 1"));
        let start = sources.locate(Span::new(file, 0, 1)).unwrap();
        assert_eq!((start.line, start.column), (1, 1));
    }

    /// Catches: a span beyond the text, or of a file that is not in the table, making the look-up panic.
    #[test]
    fn a_span_from_elsewhere_is_harmless() {
        let mut sources = Sources::new();
        let file = sources.add("a.json", "{}");
        assert_eq!(sources.locate(Span::new(file, 900, 901)).unwrap().line, 1);
        assert_eq!(sources.locate(Span::new(FileId(7), 0, 1)), None);
        assert_eq!(sources.line(Span::new(FileId(7), 0, 1)), None);
    }

    /// Catches: refusing the UTF-16 files that PowerShell writes, or taking arbitrary bytes for text.
    #[test]
    fn bytes_are_decoded_or_refused() {
        let mut sources = Sources::new();
        let file = sources.add_bytes("w.json", &[0xff, 0xfe, b'{', 0, b'}', 0]).unwrap();
        assert_eq!(sources.text(file), "{}");
        assert_eq!(sources.add_bytes("x.bin", &[b'{', 0xc3, 0x28]).unwrap_err().code, "input.not-text");
        assert_eq!(sources.add_bytes("y.bin", &[0xff, 0xfe, b'{']).unwrap_err().code, "input.not-text");
    }
}
