//! Azure's own error codes, as `docs/reasons.md` lists them from the rules that refuse.

/// The page. A test holds it against the code.
const PAGE: &str = include_str!("../../../docs/reasons.md");

/// A code of Azure's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The code.
    pub code: &'static str,
    /// What Azure wants, and where its code and text were seen.
    pub rule: &'static str,
    /// Document and section of the reference.
    pub source: &'static str,
}

/// All codes of Azure's that are given.
pub fn refused() -> impl Iterator<Item = Refused> {
    let rows = PAGE.split_once("## What Azure refuses").map_or("", |(_, rows)| rows).lines();
    rows.filter_map(|row| {
        let (code, rest) = row.strip_prefix("| `")?.split_once("` | ")?;
        let (rule, source) = rest.strip_suffix(" |")?.rsplit_once(" | ")?;
        Some(Refused { code, rule, source })
    })
}
