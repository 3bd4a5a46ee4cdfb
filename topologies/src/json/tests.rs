//! Tests of the JSON reader.

use proptest::prelude::*;
use sim_core::source::FileId;

use super::*;
use crate::diagnostic::Severity;
use crate::source::Sources;

fn value(text: &str) -> Value {
    let document = parse_text(text, FileId(0));
    document.value.unwrap_or_else(|| panic!("{text}: {:?}", document.diagnostics))
}

fn code(text: &str) -> &'static str {
    parse_text(text, FileId(0)).diagnostics.first().map_or("none", |diagnostic| diagnostic.code)
}

/// Catches: refusing what real files hold: comments, trailing commas, raw line ends in strings, a byte order mark.
#[test]
fn json_as_people_write_it() {
    let mut sources = Sources::new();
    let file = sources.add("a.json", "\u{feff}// head\n{\"a\": [1, 2,], /* x */ \"b\": \"one\ntwo\ttab\",}");
    let read = parse(&sources, file).value.unwrap();
    assert_eq!(read.to_string(), r#"{"a":[1,2],"b":"one\ntwo\ttab"}"#);
    let place = sources.locate(read.get("b").unwrap().span).unwrap();
    assert_eq!((place.line, place.column), (2, 29));
}

/// Catches: accessors that are strict about letter case or about numbers and booleans in quotes.
#[test]
fn accessors_forgive_what_real_files_do() {
    let read = value(
        r#"{"Properties": {"SubNet": {"Id": "x"}}, "port": "80 ", "big": 4.0, "flag": "False", "n": null, "neg": -1}"#,
    );
    assert_eq!(read.path(&["properties", "subnet", "id"]).and_then(Value::as_str), Some("x"));
    assert_eq!(read.get("port").and_then(Value::as_u64), Some(80));
    assert_eq!(read.get("big").and_then(Value::as_u64), Some(4));
    assert_eq!(read.get("flag").and_then(Value::as_bool), Some(false));
    assert_eq!(read.get("neg").and_then(Value::as_u64), None);
    assert!(read.get("n").is_some_and(Value::is_null));
    assert!(read.get("none").is_none());
    assert!(read.items().is_empty());
}

/// Catches: an exact match losing to one in another letter case.
#[test]
fn an_exact_key_goes_first() {
    let document = parse_text(r#"{"Name": 1, "name": 2}"#, FileId(0));
    let read = document.value.unwrap();
    assert_eq!(read.get("name").and_then(Value::as_u64), Some(2));
    assert_eq!(read.get("NAME").and_then(Value::as_u64), Some(1));
    let warning = &document.diagnostics[0];
    assert_eq!((warning.code, warning.severity), ("json.keys-differ-in-case", Severity::Warning));
}

/// Catches: numbers changed on the way, such as a port turned into a float or digits of a large number lost.
#[test]
fn numbers_keep_their_text() {
    for text in ["0", "-7", "9223372036854775807", "18446744073709551616", "1.50", "1e3"] {
        assert_eq!(value(text).to_string(), text);
    }
    assert!(matches!(value("80").data, Data::Number(Number::Integer(80))));
}

/// Catches: a broken file taken as it is, or blamed for the wrong reason.
#[test]
fn broken_files_are_refused_with_their_reason() {
    assert_eq!(code(""), "json.empty");
    assert_eq!(code(" // only a comment\n"), "json.empty");
    assert_eq!(code("param location string"), "json.syntax");
    assert_eq!(code("<html></html>"), "json.syntax");
    assert_eq!(code("{\"a\": }"), "json.syntax");
    assert_eq!(code("{\"a\": 1 \"b\": 2}"), "json.syntax");
    assert_eq!(code("{'a': 1}"), "json.syntax");
    assert_eq!(code("{} {}"), "json.syntax");
    assert_eq!(code("{\"a\": \"x"), "json.syntax");
}

/// Catches: the last of two equal keys silently winning; a place missing.
#[test]
fn equal_keys_are_an_error_at_both_places() {
    let document = parse_text(r#"{"a": 1, "b": 2, "a": 3}"#, FileId(0));
    assert!(document.value.is_none());
    let diagnostic = &document.diagnostics[0];
    assert_eq!(diagnostic.code, "json.duplicate-key");
    assert_eq!(diagnostic.span.map(|span| span.start), Some(17));
    assert_eq!(diagnostic.notes[0].0.map(|span| span.start), Some(1));
}

/// Catches: a message for each of a million equal keys; a file whose keys are no longer looked at taken as whole.
#[test]
fn equal_keys_are_told_some_times() {
    let text = format!("[{}1]", "{\"k\": 1, \"K\": 2},".repeat(1_000));
    let document = parse_text(&text, FileId(0));
    assert!(document.value.is_none());
    assert_eq!(document.diagnostics.len(), 201);
}

/// Catches: a message at another place than that of the mistake, or for another reason.
#[test]
fn mistakes_are_told_where_they_are() {
    for (text, place, what) in [
        ("{\"a\": 1 \"b\": 2}", 7..7, "comma"),
        ("[1 [2]]", 2..2, "comma"),
        ("[1, }", 4..5, "close brace"),
        ("{\"a\": 1]", 7..8, "in object"),
        ("{\"a\" 1}", 5..6, "colon"),
        ("{a: 1}", 1..2, "string for object property"),
        ("[1, x]", 4..5, "word"),
        ("[1, [2, 3", 4..9, "array"),
        ("{} {}", 3..4, "more than one"),
        ("{\"a\":", 5..6, "value after colon"),
    ] {
        let told = &parse_text(text, FileId(0)).diagnostics[0];
        let span = told.span.unwrap();
        assert!(told.message.to_lowercase().contains(what), "{text}: {}", told.message);
        assert_eq!(span.start as usize..span.end as usize, place, "{text}");
    }
}

/// Catches: a stack overflow on deep nesting, also behind strings and comments that hold brackets; a limit too low.
#[test]
fn nesting_is_limited() {
    for open in ["[", "{\"a\":", "[\"\\\"]\",", "[/*]*/"] {
        assert_eq!(code(&open.repeat(100_000)), "json.too-deep", "{open}");
    }
    let deep = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(parse_text(&deep, FileId(0)).value.is_some());
    assert_eq!(value(r#"["[[[[", "]"]"#).items().len(), 2);
}

/// Catches: a file of a few megabytes whose values take gigabytes; signs inside texts counted.
#[test]
fn values_are_limited() {
    for value in ["[],", "{},", "1,"] {
        assert_eq!(code(&format!("[{}1]", value.repeat(MAX_SIGNS))), "json.too-large", "{value}");
    }
    assert!(parse_text(&format!("[{}1]", "1,".repeat(MAX_SIGNS - 1)), FileId(0)).value.is_some());
    assert!(parse_text(&format!("\"{}\"", ",:[{".repeat(MAX_SIGNS)), FileId(0)).value.is_some());
}

proptest! {
    /// Catches: a panic on any bytes, and spans outside of the text.
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut sources = Sources::new();
        if let Ok(file) = sources.add_bytes("x", &bytes) {
            for diagnostic in parse(&sources, file).diagnostics {
                if let Some(span) = diagnostic.span {
                    prop_assert!(span.start <= span.end && span.end as usize <= sources.text(file).len());
                }
            }
        }
    }

    /// Catches: the same for text made of JSON's own characters, which gets further; and a value that does not come
    /// back when it is written and read again.
    #[test]
    fn json_like_text_is_read_or_refused(text in r#"([\[\]{}:,"\\/*]|"a"|1|-|\.|e|true|null| |\n|é){0,40}"#) {
        if let Some(read) = parse_text(&text, FileId(0)).value {
            prop_assert_eq!(value(&read.to_string()), read);
        }
    }
}
