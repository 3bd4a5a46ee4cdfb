//! Editing a value in place, by a path as people write it: `properties.securityRules[0].properties.access`.

use super::{Data, Member, Value};
use sim_core::source::Span;

/// Why a path leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is not of that form.
    #[error("`{0}` is no path; write `properties.name` or `properties.list[0].name`")]
    Form(String),
    /// A part of it is not there.
    #[error("there is no `{0}`")]
    Missing(String),
}

impl Value {
    /// Sets what the path leads to; the last part may be new. An item of a list is named by its place, or by its `name`;
    /// `[+]` is one more, of a list that may be new. Setting null removes an item of a list, and a member of an object.
    ///
    /// # Errors
    /// When the path is none, or leads through what is not there.
    pub fn set(&mut self, path: &str, value: Self) -> Result<(), PathError> {
        let parts = split(path)?;
        let Some((last, mut through)) = parts.split_last() else { return Err(PathError::Form(path.to_owned())) };
        let more = matches!(last, Part::Item("+"));
        let list = if more { through.split_last() } else { None };
        let new_list =
            list.and_then(|(list, before)| if let Part::Key(key) = list { Some((*key, before)) } else { None });
        if let Some((_, before)) = new_list {
            through = before;
        }
        let span = self.span;
        let mut at = self;
        for part in through {
            at = step(at, part)?;
        }
        if let Some((key, _)) = new_list {
            at = at.list_at(key, span).ok_or_else(|| PathError::Missing(key.to_owned()))?;
        }
        match (last, &mut at.data) {
            (Part::Key(key), Data::Object(members)) => {
                let place = members.iter().position(|member| member.key.eq_ignore_ascii_case(key));
                match (place, value.is_null()) {
                    (Some(place), true) => drop(members.remove(place)),
                    (Some(place), false) => members[place].value = value,
                    (None, true) => {}
                    (None, false) => members.push(Member { key: (*key).to_owned(), key_span: span, value }),
                }
                Ok(())
            }
            (Part::Item("+"), Data::Array(items)) => {
                items.push(value);
                Ok(())
            }
            (Part::Item(item), Data::Array(items)) => {
                let place = place_of(items, item).ok_or_else(|| PathError::Missing(format!("[{item}]")))?;
                if value.is_null() {
                    items.remove(place);
                } else {
                    items[place] = value;
                }
                Ok(())
            }
            (Part::Key(name) | Part::Item(name), _) => Err(PathError::Missing((*name).to_owned())),
        }
    }

    /// The list in this member, made where there is none.
    fn list_at(&mut self, key: &str, span: Span) -> Option<&mut Self> {
        let Data::Object(members) = &mut self.data else { return None };
        let place = members.iter().position(|member| member.key.eq_ignore_ascii_case(key));
        let place = place.unwrap_or_else(|| {
            let value = Self::new(span, Data::Null);
            members.push(Member { key: key.to_owned(), key_span: span, value });
            members.len() - 1
        });
        let list = &mut members[place].value;
        if list.is_null() {
            list.data = Data::Array(Vec::new());
        }
        Some(list)
    }
}

/// The place of an item that is named by its place or its `name`.
fn place_of(items: &[Value], item: &str) -> Option<usize> {
    let named =
        |value: &Value| value.get("name").and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case(item));
    let place = item.parse::<usize>().ok().or_else(|| items.iter().position(named));
    place.filter(|place| *place < items.len())
}

enum Part<'p> {
    Key(&'p str),
    Item(&'p str),
}

fn split(path: &str) -> Result<Vec<Part<'_>>, PathError> {
    let wrong = || PathError::Form(path.to_owned());
    let mut parts = Vec::new();
    for piece in path.split('.') {
        let (key, mut items) = piece.find('[').map_or((piece, ""), |at| piece.split_at(at));
        if key.is_empty() {
            return Err(wrong());
        }
        parts.push(Part::Key(key));
        while !items.is_empty() {
            let end = items.find(']').ok_or_else(wrong)?;
            let item = items.strip_prefix('[').and_then(|rest| rest.get(..end - 1)).ok_or_else(wrong)?;
            parts.push(Part::Item(item));
            items = &items[end + 1..];
        }
    }
    Ok(parts)
}

fn step<'v>(at: &'v mut Value, part: &Part<'_>) -> Result<&'v mut Value, PathError> {
    match (part, &mut at.data) {
        (Part::Key(key), Data::Object(members)) => members
            .iter_mut()
            .find(|member| member.key.eq_ignore_ascii_case(key))
            .map(|member| &mut member.value)
            .ok_or_else(|| PathError::Missing((*key).to_owned())),
        (Part::Item(item), Data::Array(items)) => {
            let place = place_of(items, item);
            place.and_then(|place| items.get_mut(place)).ok_or_else(|| PathError::Missing(format!("[{item}]")))
        }
        (Part::Key(name) | Part::Item(name), _) => Err(PathError::Missing((*name).to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use sim_core::source::FileId;

    #[test]
    fn paths_lead_where_they_say() {
        // Catches: items counted from one, a key matched by case, a path that makes up what is not there.
        let parse = |text: &str| super::super::parse_text(text, FileId(0)).value.unwrap();
        for (path, expected) in [
            ("a.b", Ok(r#"{"a":{"b":9},"l":[{"name":"x"},{"name":"y"}]}"#)),
            ("A.new", Ok(r#"{"a":{"b":1,"new":9},"l":[{"name":"x"},{"name":"y"}]}"#)),
            ("l[1].name", Ok(r#"{"a":{"b":1},"l":[{"name":"x"},{"name":9}]}"#)),
            ("l[x]", Ok(r#"{"a":{"b":1},"l":[9,{"name":"y"}]}"#)),
            ("l[+]", Ok(r#"{"a":{"b":1},"l":[{"name":"x"},{"name":"y"},9]}"#)),
            ("a.new[+]", Ok(r#"{"a":{"b":1,"new":[9]},"l":[{"name":"x"},{"name":"y"}]}"#)),
            ("a.b[+]", Err("there is no `+`")),
            ("l[7]", Err("there is no `[7]`")),
            ("no.such", Err("there is no `no`")),
            ("l[", Err("`l[` is no path; write `properties.name` or `properties.list[0].name`")),
        ] {
            let mut value = parse(r#"{"a":{"b":1},"l":[{"name":"x"},{"name":"y"}]}"#);
            let result = value.set(path, parse("9")).map(|()| value.to_string()).map_err(|error| error.to_string());
            assert_eq!(result.as_deref().map_err(String::as_str), expected, "{path}");
        }
    }
    #[test]
    fn null_removes() {
        // Catches: an item or member that stays with nothing in it, a neighbour that goes instead.
        let parse = |text: &str| super::super::parse_text(text, FileId(0)).value.unwrap();
        for (path, expected) in [
            ("a.b", r#"{"a":{},"l":[{"name":"x"},{"name":"y"}]}"#),
            ("a.none", r#"{"a":{"b":1},"l":[{"name":"x"},{"name":"y"}]}"#),
            ("l[x]", r#"{"a":{"b":1},"l":[{"name":"y"}]}"#),
        ] {
            let mut value = parse(r#"{"a":{"b":1},"l":[{"name":"x"},{"name":"y"}]}"#);
            value.set(path, parse("null")).unwrap();
            assert_eq!(value.to_string(), expected, "{path}");
        }
    }
}
