//! Fills in what a plan leaves open because it is known after apply.

use super::body::put;
use super::resolve::Resolver;
use super::table::{How, known};
use crate::diagnostic::Diagnostic;
use crate::json::{Data, Value};

/// What the id in an attribute is of, where its name says so: an expression may refer to other things beside.
const TYPES: [(&str, &str); 14] = [
    ("subnet_id", "/subnets/"),
    ("virtual_network_id", "/virtualnetworks/"),
    ("network_security_group_id", "/networksecuritygroups/"),
    ("security_group", "/networksecuritygroups/"),
    ("application_security_group_id", "/applicationsecuritygroups/"),
    ("route_table_id", "/routetables/"),
    ("nat_gateway_id", "/natgateways/"),
    ("public_ip_address_id", "/publicipaddresses/"),
    ("public_ip_prefix_id", "/publicipprefixes/"),
    ("network_interface_id", "/networkinterfaces/"),
    ("backend_address_pool_id", "/backendaddresspools/"),
    ("loadbalancer_id", "/loadbalancers/"),
    ("probe_id", "/probes/"),
    ("firewall_policy_id", "/firewallpolicies/"),
];

/// The attributes of an instance, with those filled in that the configuration tells. What it does not tell is a warning
/// where it is an id, else a text in angle brackets.
pub(super) fn values(resolver: &Resolver<'_, '_>, place: usize, out: &mut Vec<Diagnostic>) -> Value {
    let entry = &resolver.entries[place];
    let mut values = entry.values.clone();
    let Some(unknown) = entry.unknown else { return values };
    let written = resolver.configuration.resource(entry).and_then(|resource| resource.get("expressions"));
    if let Some(written) = written {
        Completing { resolver, place, out }.block(&mut values, unknown, written, "");
    }
    values
}

struct Completing<'c, 'p, 'f> {
    resolver: &'c Resolver<'p, 'f>,
    place: usize,
    out: &'c mut Vec<Diagnostic>,
}

impl<'f> Completing<'_, '_, 'f> {
    /// The attributes of a block.
    fn block(&mut self, values: &mut Value, unknown: &Value, written: &'f Value, path: &str) {
        for member in unknown.members() {
            let key = member.key.as_str();
            let Some(expression) = written.get(key) else { continue };
            match &member.value.data {
                Data::Bool(true) => self.attribute(values, key, expression, path),
                Data::Array(masks) if masks.iter().any(|mask| mask.as_bool() == Some(true)) => {
                    self.attribute(values, key, expression, path);
                }
                Data::Array(masks) => self.blocks(values, key, masks, expression),
                _ => {}
            }
        }
    }

    /// Blocks of one name. Those of the configuration have the order of the file, and values of a set their own: names
    /// tell which is which.
    fn blocks(&mut self, values: &mut Value, key: &str, masks: &[Value], written: &'f Value) {
        let Some(value) = member_mut(values, key) else { return };
        let Data::Array(items) = &mut value.data else { return };
        for (place, (item, mask)) in items.iter_mut().zip(masks).enumerate() {
            let name = item.get("name").and_then(Value::as_str);
            let named = |block: &&Value| {
                name.is_some() && block.path(&["name", "constant_value"]).and_then(Value::as_str) == name
            };
            let listed = written.items();
            let block = listed.iter().find(named).or_else(|| listed.get(place)).or_else(|| listed.first());
            if let Some(block) = block {
                self.block(item, mask, block, key);
            }
        }
    }

    /// An attribute that is not known, or not wholly.
    fn attribute(&mut self, values: &mut Value, key: &str, expression: &'f Value, path: &str) {
        let entry = &self.resolver.entries[self.place];
        let found = suitable(key, self.resolver.expression(entry, expression, key));
        if found.is_empty() {
            return self.not_told(values, key, expression, path);
        }
        let value = if is_list(key) {
            let flat = found.into_iter().flat_map(|value| match value.data {
                Data::Array(items) => items,
                data => vec![Value::new(value.span, data)],
            });
            let mut distinct: Vec<Value> = Vec::new();
            flat.for_each(|value| {
                // Lists may be long; ids in them are told apart only next to each other.
                if distinct.last() != Some(&value) {
                    distinct.push(value);
                }
            });
            Value::new(expression.span, Data::Array(distinct))
        } else {
            if found.iter().any(|other| *other != found[0]) {
                let message =
                    format!("{}: {} may be one of several; {} is taken", entry.address, within(path, key), found[0]);
                let help = "a plan does not say what a condition comes to; after apply the state does";
                let warning = Diagnostic::warning("terraform.several-references", message);
                self.out.push(warning.at(expression.span).help(help));
            }
            found[0].clone()
        };
        set(values, key, value);
    }

    /// Says what is not known, if it would have mattered.
    fn not_told(&mut self, values: &mut Value, key: &str, expression: &Value, path: &str) {
        let entry = &self.resolver.entries[self.place];
        let from: Vec<&str> = expression
            .get("references")
            .map(Value::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let Some(first) = from.first() else { return };
        let matters = known(entry.kind).is_some_and(|known| {
            let fields = known.fields().iter();
            fields.into_iter().any(|field| match field.how {
                How::Blocks(inner) | How::BlocksIf(_, _, inner) if !path.is_empty() => {
                    field.from == path && inner.iter().any(|inner| inner.from == key)
                }
                _ => path.is_empty() && field.from == key,
            }) || path.is_empty() && known.named_by().contains(&key)
        });
        if !matters {
            return;
        }
        if is_id(key) || known(entry.kind).is_some_and(|known| known.named_by().contains(&key)) {
            let message = format!(
                "{}: {} is known after apply only; it is made of {}",
                entry.address,
                within(path, key),
                from.join(", ")
            );
            let help =
                "give the state after apply too, or a plan with fewer unknown values (`terraform apply -target`)";
            let warning = Diagnostic::warning("terraform.known-after-apply", message);
            self.out.push(warning.at(expression.span).help(help));
        } else {
            let text = Value::new(expression.span, format!("<{first}>").into());
            let value = if is_list(key) { Value::new(text.span, Data::Array(vec![text])) } else { text };
            set(values, key, value);
        }
    }
}

/// Of what references lead to, what the attribute can take.
fn suitable(key: &str, found: Vec<Value>) -> Vec<Value> {
    let texts = |value: &Value| value.as_str().is_some() || value.items().iter().any(|item| item.as_str().is_some());
    let holds = |value: &Value, part: &str| {
        let has = |value: &Value| value.as_str().is_some_and(|id| id.to_ascii_lowercase().contains(part));
        has(value) || value.items().iter().any(has)
    };
    let singular = key.strip_suffix('s').filter(|_| key.ends_with("_ids")).unwrap_or(key);
    // `backend_address_pools_ids` of old.
    let singular = singular.replace("pools_id", "pool_id").replace("rules_id", "rule_id");
    match TYPES.iter().find(|(suffix, _)| singular.ends_with(suffix)) {
        Some((_, part)) => found.into_iter().filter(|value| holds(value, part)).collect(),
        None if is_id(key) && found.iter().any(|value| holds(value, "/")) => {
            found.into_iter().filter(|value| holds(value, "/")).collect()
        }
        None if is_id(key) => found.into_iter().filter(texts).collect(),
        None => found,
    }
}

fn is_id(key: &str) -> bool {
    key.ends_with("_id") || key.ends_with("_ids") || matches!(key, "scope" | "security_group")
}

/// Whether the provider has a list under this name.
fn is_list(key: &str) -> bool {
    key.ends_with('s') && !key.ends_with("ss") || key == "address_space"
}

fn within(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn set(values: &mut Value, key: &str, value: Value) {
    if let Some(old) = member_mut(values, key) {
        old.data = Data::Null;
    }
    put(values, std::iter::once(key), value);
}

fn member_mut<'v>(value: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    let Data::Object(members) = &mut value.data else { return None };
    members.iter_mut().find(|member| member.key == key).map(|member| &mut member.value)
}
