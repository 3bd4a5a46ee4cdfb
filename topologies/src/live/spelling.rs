//! Names of members as SDKs write them, brought back to Azure's: Python's `address_space`, PowerShell's lists under names that
//! mean one.

use crate::json::{Data, Member, Value};

/// What PowerShell writes as a list under the name of a single value.
const SINGULAR: [(&str, &str); 5] = [
    ("addressprefix", "addressPrefixes"),
    ("sourceaddressprefix", "sourceAddressPrefixes"),
    ("destinationaddressprefix", "destinationAddressPrefixes"),
    ("sourceportrange", "sourcePortRanges"),
    ("destinationportrange", "destinationPortRanges"),
];

/// The body with Azure's names. Values, and the names of tags, stay as they are.
pub(super) fn azure(mut body: Value) -> Value {
    // Python's own form is flattened; in Azure's, such names are the user's.
    let python = body.get("properties").is_none() && body.members().iter().any(|member| is_snake(&member.key));
    if python || has_lists(&body) {
        respell(&mut body, python);
    }
    body
}

/// Whether there is a list where Azure has one value.
fn has_lists(value: &Value) -> bool {
    value.items().iter().any(has_lists)
        || value.members().iter().any(|member| plural(member).is_some() || has_lists(&member.value))
}

fn respell(value: &mut Value, python: bool) {
    match &mut value.data {
        Data::Array(items) => items.iter_mut().for_each(|item| respell(item, python)),
        Data::Object(members) => {
            for at in 0..members.len() {
                if is_free(&members[at]) {
                    continue;
                }
                respell(&mut members[at].value, python);
                if python && is_snake(&members[at].key) {
                    let camel = camel(&members[at].key);
                    // A name that is there already keeps its value.
                    if !members.iter().any(|other| other.key.eq_ignore_ascii_case(&camel)) {
                        members[at].key = camel;
                    }
                }
                if let Some(plural) = plural(&members[at]) {
                    unfold(&mut members[at], plural);
                }
            }
        }
        _ => {}
    }
}

fn is_snake(name: &str) -> bool {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.contains('_') && name.chars().all(plain)
}

/// Members whose names are the user's own.
fn is_free(member: &Member) -> bool {
    member.key.eq_ignore_ascii_case("tags") || member.key.eq_ignore_ascii_case("tag")
}

fn plural(member: &Member) -> Option<&'static str> {
    // Cheap first, for every member of every body is asked.
    if !matches!(member.value.data, Data::Array(_)) {
        return None;
    }
    SINGULAR.iter().find(|(one, _)| member.key.eq_ignore_ascii_case(one)).map(|(_, many)| *many)
}

/// A list of one is that one; a longer list gets the name for lists.
fn unfold(member: &mut Member, plural: &str) {
    let Data::Array(items) = &mut member.value.data else { return };
    match items.len() {
        1 => member.value = items.remove(0),
        _ => member.key = plural.to_owned(),
    }
}

/// `private_ip_address` as `privateIpAddress`.
fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut raise = false;
    for character in name.chars() {
        match character {
            '_' => raise = true,
            _ if raise => {
                out.push(character.to_ascii_uppercase());
                raise = false;
            }
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_text;
    use sim_core::source::FileId;

    /// Catches: a name of Python's left as it is, a tag's name changed, a list of PowerShell's that no reader finds, a body of
    /// Azure's own changed.
    #[test]
    fn names_of_sdks_are_azures() {
        for (written, meant) in [
            (
                r#"{"address_space":{"address_prefixes":["a"]},"tags":{"cost_center":"x"}}"#,
                r#"{"addressSpace":{"addressPrefixes":["a"]},"tags":{"cost_center":"x"}}"#,
            ),
            (r#"{"id":"x","properties":{"map":{"my_name":1}}}"#, r#"{"id":"x","properties":{"map":{"my_name":1}}}"#),
            (r#"{"Subnets":[{"AddressPrefix":["a"]}]}"#, r#"{"Subnets":[{"AddressPrefix":"a"}]}"#),
            (r#"{"SourcePortRange":["1","2"]}"#, r#"{"sourcePortRanges":["1","2"]}"#),
            (r#"{"sourcePortRange":"1","sourcePortRanges":[]}"#, r#"{"sourcePortRange":"1","sourcePortRanges":[]}"#),
        ] {
            let value = parse_text(written, FileId(0)).value.unwrap();
            assert_eq!(azure(value).to_string(), meant);
        }
    }
}
