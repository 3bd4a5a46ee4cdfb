//! What comments say: the rules of Azure that the code implements, and the tests that would catch their loss.

use crate::comments::Comment;

/// A rule, as the comment of the code that implements it states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its stable name; the first word is its topic.
    pub id: String,
    /// The rule in a sentence or two.
    pub statement: String,
    /// Where it is from: document and sections.
    pub source: String,
    /// What is said after the source, such as where a text of Azure's was seen.
    pub note: String,
    /// The line it stands in.
    pub line: usize,
}

/// Names of rules that a test would catch the loss of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The rules.
    pub rules: Vec<String>,
    /// The test's name, and whether it is one; nothing in a file that is a test as a whole.
    pub test: Option<(String, bool)>,
    /// The line it stands in.
    pub line: usize,
}

/// The rules of a comment: ``Rule `id`: statement. Source: document N.N.`` at the beginning of a line, up to an empty line,
/// the next rule, or the end.
pub fn rules(comment: &Comment) -> Vec<Rule> {
    let mut found = Vec::new();
    for (n, line) in comment.lines.iter().enumerate() {
        let Some((id, start)) = line.strip_prefix("Rule `").and_then(|rest| rest.split_once("`: ")) else { continue };
        let more = comment.lines[n + 1..].iter().take_while(|line| !line.is_empty() && !line.starts_with("Rule `"));
        let text: Vec<&str> = std::iter::once(start).chain(more.map(String::as_str)).map(str::trim).collect();
        let text = text.join(" ");
        let (statement, rest) = text.rsplit_once("Source: ").unwrap_or((&text, ""));
        let (source, note) = rest.split_once(". ").unwrap_or((rest, ""));
        found.push(Rule {
            id: id.to_owned(),
            statement: capital(statement.trim()),
            source: source.trim_end_matches('.').to_owned(),
            note: note.to_owned(),
            line: comment.line + n,
        });
    }
    found
}

/// The marks of a comment: ``Tests `id`, `id` `` at the beginning of a sentence. The list may go on in the next line after a
/// comma.
pub fn marks(comment: &Comment) -> Vec<Mark> {
    let mut found = Vec::new();
    for (n, line) in comment.lines.iter().enumerate() {
        let begins = |at: &usize| *at == 0 || line[..*at].ends_with(". ") || line[..*at].ends_with(": ");
        let Some(at) = line.find("Tests `").filter(begins) else { continue };
        let rest: Vec<&str> =
            std::iter::once(&line[at + 6..]).chain(comment.lines[n + 1..].iter().map(String::as_str)).collect();
        let test = comment.function.as_ref().map(|it| (it.name.clone(), it.is_test));
        found.push(Mark { rules: list(&rest.join(" ")), test, line: comment.line + n });
    }
    found
}

/// The names in backticks that a text begins with, with commas between.
fn list(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.trim_start().strip_prefix('`').and_then(|it| it.split_once('`')) {
        names.push(name.to_owned());
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    names
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::{marks, rules};
    use crate::comments::{of_rust, of_yaml};

    #[test]
    fn a_rule_wraps_over_lines_and_ends() {
        // Catches: a rule cut at the end of its line, the text of the next paragraph or rule taken for it, a dot inside a
        // section's number taken for the end of the source.
        let text = "/// Does it.\n///\n/// Rule `nsg-x`: all of it,\n/// and more. Source:\n/// azure-dataplane 1.2, 3.4. The code was\n\
                    /// not seen.\n/// Rule `nsg-y`: Short. Source: learn page.\n///\n/// Tail. Source: none.\nfn f() {}\n\
                    // a Rule `nsg-z`: in a sentence.\n";
        let found: Vec<_> = of_rust(text).iter().flat_map(rules).collect();
        let told: Vec<_> = found.iter().map(|it| (it.id.as_str(), it.statement.as_str(), it.line)).collect();
        assert_eq!(told, [("nsg-x", "All of it, and more.", 3), ("nsg-y", "Short.", 7)]);
        assert_eq!(
            (found[0].source.as_str(), found[0].note.as_str()),
            ("azure-dataplane 1.2, 3.4", "The code was not seen.")
        );
        assert_eq!((found[1].source.as_str(), found[1].note.as_str()), ("learn page", ""));
    }

    #[test]
    fn a_marker_in_a_string_is_none() {
        // Catches: the examples of these very tests in the table.
        let text = "const A: &str = \"\n/// Rule `a-b`: c. Source: d 1.1.\n// Tests `a-b`.\n\";\n";
        assert_eq!(of_rust(text).iter().flat_map(rules).count(), 0);
        assert_eq!(of_rust(text).iter().flat_map(marks).count(), 0);
    }

    #[test]
    fn a_test_names_several_rules() {
        // Catches: a list that ends with its line, words in backticks after the list taken for rules, marks in the middle of
        // a sentence.
        let text = "#[test]\nfn t() {\n    // Golden 1, 1.3. Tests `a-b`, `c-d`,\n    // `e-f`. Catches: `not-this`, `nor-this`.\n    \
                    // It Tests `nothing`.\n}\n";
        let found: Vec<_> = of_rust(text).iter().flat_map(marks).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].rules, ["a-b", "c-d", "e-f"]);
        assert_eq!(found[0].test, Some(("t".to_owned(), true)));
        let found: Vec<_> = of_yaml("# Tests `a-b`.\nname: x\n").iter().flat_map(marks).collect();
        assert_eq!((found[0].rules.as_slice(), &found[0].test), (["a-b".to_owned()].as_slice(), &None));
    }
}
