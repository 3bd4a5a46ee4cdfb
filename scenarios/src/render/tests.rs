//! What people see of a diagnostic.

use super::*;
use topologies::source::Sources;

fn span(sources: &Sources, file: sim_core::source::FileId, what: &str) -> Span {
    let start = sources.text(file).find(what).unwrap();
    Span::new(file, start, start + what.len())
}

/// Catches: a message without its code, place, line, note or help, or with them in another form.
#[test]
fn a_message_shows_what_where_and_how_to_mend_it() {
    let mut sources = Sources::new();
    let file = sources.add("main.json", "{\n  \"naem\": \"é\",\n  \"name\": 1\n}\n");
    let error = Diagnostic::error("json.example", "this is wrong")
        .at(span(&sources, file, "\"naem\""))
        .note(None, "names are short")
        .note(Some(span(&sources, file, "1")), "the value")
        .help("write it otherwise");
    let plain = diagnostics([&error], &sources, false);
    let expected = r#"error[json.example]: this is wrong
 --> main.json:2:3
  |
2 |   "naem": "é",
  |   ^^^^^^
  |
  = note: names are short
note: the value
 --> main.json:3:11
  |
3 |   "name": 1
  |           ^
help: write it otherwise

"#;
    assert_eq!(plain, expected);
    let coloured = diagnostics([&error], &sources, true);
    assert!(coloured.contains("\u{1b}[1m") && coloured.contains("json.example"), "{coloured:?}");
}

/// Catches: a resource's name lost from what Azure would refuse, a message without a place that panics.
#[test]
fn a_finding_names_its_resource() {
    let diagnostic = Diagnostic::error("InvalidResourceReference", "there is no such subnet").help("add it");
    let finding = Finding { resource: "/subscriptions/0/x".into(), diagnostic, edit: None };
    let expected = "error[InvalidResourceReference]: there is no such subnet
 |
 = note: the resource is /subscriptions/0/x
 = help: add it

";
    assert_eq!(findings([&finding], &Sources::new(), false), expected);
}

/// Catches: a minified file printed whole, a place that is cut off with the line, a caret under something else.
#[test]
fn a_long_line_is_cut_around_the_place() {
    let mut sources = Sources::new();
    let text = format!("{{{}\"wrong\":1,{}}}", "\"é\":0,".repeat(50_000), "\"b\":0,".repeat(50_000));
    let file = sources.add("main.json", text);
    let error = Diagnostic::error("a.b", "wrong").at(span(&sources, file, "\"wrong\""));
    let shown = diagnostics([&error], &sources, false);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[1], " --> main.json:1:300002");
    assert!(lines[3].starts_with("1 | ...") && lines[3].ends_with("...") && lines[3].chars().count() < 140, "{shown}");
    // Byte for character: the caret's line is ASCII, and what stands above it is found by counting characters.
    let column = lines[4].find('^').unwrap();
    assert_eq!(lines[3].chars().skip(column).take(7).collect::<String>(), "\"wrong\"");
    assert_eq!(lines[4].trim_end().len(), column + 7);
    let whole = Diagnostic::error("a.b", "wrong").at(Span::new(file, 0, 600_000));
    assert!(diagnostics([&whole], &sources, false).len() < 500);
}

/// Catches: a terminal steered by a file's content, its name, or a message that repeats either.
#[test]
fn control_characters_do_not_reach_the_terminal() {
    let mut sources = Sources::new();
    let text = "a\u{1b}[31m\tb\u{202e}\u{7}\u{9b}\r\u{0} x\r\n";
    let file = sources.add("evil\u{1b}]0;x\u{7}.json", text);
    let error = Diagnostic::error("a.b", text)
        .at(Span::new(file, 1, 12))
        .note(Some(Span::new(file, 0, 3)), text)
        .note(None, text)
        .help(text);
    let shown = diagnostics([&error], &sources, false);
    assert!(!shown.contains(|it: char| steers(it) && it != '\n'), "{shown:?}");
}

/// Catches: a place beyond the text, of another table, within a character or upside down that panics.
#[test]
fn odd_places_are_harmless() {
    let mut sources = Sources::new();
    let file = sources.add("a", "ab\u{1f600}\n\ncd");
    let empty = sources.add("b", "");
    for file in [file, empty, sim_core::source::FileId(9)] {
        for start in 0..12 {
            for end in 0..12 {
                let error = Diagnostic::error("a.b", "wrong").at(Span::new(file, start, end));
                assert!(diagnostics([&error], &sources, false).starts_with("error[a.b]: wrong"));
            }
        }
        let error = Diagnostic::error("a.b", "wrong").at(Span::new(file, usize::MAX, usize::MAX));
        assert!(diagnostics([&error], &sources, false).starts_with("error[a.b]: wrong"));
    }
}
