//! What a reader has to say about its input: a code, a sentence, a place, and how to mend it.

use sim_core::source::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The input cannot be used as it is, or Azure would refuse it.
    Error,
    /// Do not trust the result before you have looked.
    Warning,
    /// Good to know.
    Note,
}

/// One message about the input. Printing it, with the line it points at, is the business of the program on top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable name, such as `arm.unknown-function`; scripts may rely on it.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where.
    pub span: Option<Span>,
    /// What else matters, each with its place if it has one.
    pub notes: Vec<(Option<Span>, String)>,
    /// How to mend it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), span: None, notes: Vec::new(), help: None }
    }

    /// A warning without a place yet.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Points at a place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, span: Option<Span>, text: impl Into<String>) -> Self {
        self.notes.push((span, text.into()));
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

/// The name among `known` that is nearest to `wanted`, if one is near enough to be what was meant.
/// Letter case counts for nothing; about one letter in three may be wrong.
pub fn nearest<'n>(wanted: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    /// Longer names are not compared: the work grows with the square, and nobody mistypes those.
    const LONGEST: usize = 80;
    let wanted: Vec<char> = wanted.to_lowercase().chars().take(LONGEST + 1).collect();
    if wanted.len() > LONGEST {
        return None;
    }
    let near = |name: &&'n str| name.len() <= LONGEST;
    let scored = known.into_iter().filter(near).map(|name| (distance(&wanted, &name.to_lowercase()), name));
    let (score, name) = scored.min_by_key(|(score, _)| *score)?;
    (score <= (wanted.len() / 3).max(1) && score < wanted.len()).then_some(name)
}

/// Edit distance (insert, delete, replace).
fn distance(left: &[char], right: &str) -> usize {
    let mut row: Vec<usize> = (0..=left.len()).collect();
    for (line, character) in right.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in left.iter().enumerate() {
            let replaced = diagonal + usize::from(*other != character);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[left.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: suggesting something unrelated, or missing a slip of one letter or of letter case.
    #[test]
    fn the_nearest_name_is_suggested_only_when_near() {
        let known = ["subnetName", "vnetName", "location"];
        assert_eq!(nearest("subnetname", known), Some("subnetName"));
        assert_eq!(nearest("vnetNam", known), Some("vnetName"));
        assert_eq!(nearest("adminPassword", known), None);
        assert_eq!(nearest("x", []), None);
        assert_eq!(nearest("b", ["a"]), None);
    }
}
