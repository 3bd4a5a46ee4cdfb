//! A scenario's own parameter values as a parameters file, laid out so that every value stands on the line that it has in
//! the scenario: what is said of a value points there.

use super::places::Lines;
use super::{Loaded, Scenario};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The text of the parameters file.
#[must_use]
pub fn parameters(loaded: &Loaded) -> String {
    let Scenario { parameters, .. } = &loaded.scenario;
    let mut sheet = Sheet { text: String::new(), line: 1 };
    sheet.text.push_str(r#"{"contentVersion":"1.0.0.0","parameters":{"#);
    let known = loaded.places.parameters.iter().map(|(name, lines)| (Some(name), lines));
    sheet.entries(known, |name| parameters.get(name), r#"{"value":"#, "}");
    sheet.text.push_str("}}");
    sheet.text
}

struct Sheet {
    text: String,
    line: u64,
}

impl Sheet {
    /// Lines before this one are past.
    fn go_to(&mut self, line: u64) {
        while self.line < line {
            self.text.push('\n');
            self.line += 1;
        }
    }

    fn value(&mut self, value: &Value, lines: &Lines) {
        self.go_to(lines.line);
        let inner = lines.inner.iter().map(|(key, lines)| (key.as_ref(), lines));
        match value {
            Value::Object(map) => {
                self.text.push('{');
                self.entries(inner, |key| map.get(key), "", "");
                self.text.push('}');
            }
            Value::Array(items) => {
                self.text.push('[');
                for (n, (item, (_, lines))) in items.iter().zip(inner).enumerate() {
                    self.text.push_str(if n > 0 { "," } else { "" });
                    self.value(item, lines);
                }
                self.text.push(']');
            }
            // A String takes everything.
            scalar => drop(write!(self.text, "{scalar}")),
        }
    }

    /// The entries of a map, each key once.
    fn entries<'l, 'v>(
        &mut self,
        known: impl Iterator<Item = (Option<&'l String>, &'l Lines)>,
        value: impl Fn(&str) -> Option<&'v Value>,
        before: &str,
        after: &str,
    ) {
        let mut seen = BTreeSet::new();
        for (key, lines) in known {
            let Some((key, value)) = key.and_then(|key| Some((key, value(key)?))) else { continue };
            if !seen.insert(key) {
                continue;
            }
            let comma = if seen.len() > 1 { "," } else { "" };
            self.go_to(lines.line);
            let _ = write!(self.text, "{comma}{}:{before}", Value::from(key.as_str()));
            self.value(value, lines);
            self.text.push_str(after);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use topologies::source::Sources;

    /// Catches: a value on another line than the scenario has it on, one that is lost or changed on the way, a parameter
    /// written twice where an alias repeats it.
    #[test]
    fn every_value_stands_on_its_line() {
        let text = "name: n\nparameters:\n  z: { b: 1, a: \"t\u{e9}xt\" }\n  rules:\n    - name: One\n      ports:\n        - 22\n\n    - name: Two\n  a: [true, null]\n";
        let mut sources = Sources::new();
        let loaded = parse("s.yaml".as_ref(), text.as_bytes(), &mut sources).unwrap();
        let laid = parameters(&loaded);
        let lines: Vec<&str> = laid.lines().collect();
        for (line, part) in [(3, "\"b\":1"), (5, "\"One\""), (7, "22"), (9, "\"Two\""), (10, "true,null")] {
            assert!(lines[line - 1].contains(part), "{line}: {laid}");
        }
        let read: Value = serde_json::from_str(&laid).unwrap();
        for (name, value) in &loaded.scenario.parameters {
            assert_eq!(read["parameters"][name]["value"], *value);
        }
        assert_eq!(read["parameters"].as_object().unwrap().len(), 3);
    }
}
