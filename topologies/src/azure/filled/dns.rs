//! Names: those of record sets, and those that a private endpoint stands for.

use super::super::id::{name_of, parent, resource_type};
use super::super::read::{inner, list, text};
use super::around::Around;
use crate::json::{Data, Member, Value};
use sim_core::net::Addr;
use sim_core::source::Span;

const NAMES: &str = include_str!("../../../data/endpoint-names.csv");

/// The full name of a record set: `www.contoso.com.`; `@` is the zone itself.
pub(super) fn record_name(id: &str) -> Option<String> {
    let zone = name_of(parent(id)?);
    Some(match name_of(id) {
        "@" => format!("{zone}."),
        name => format!("{name}.{zone}."),
    })
}

/// `customDnsConfigs` of a private endpoint: names of its service, each with an address. Their addresses follow the
/// endpoint's first one.
///
/// Names that do not follow from the service's own name are not known and left out.
pub(super) fn configs(around: &Around<'_>, id: &str, body: &Value) -> Option<Data> {
    let first = around.address(id)?;
    let properties = inner(body);
    let connection = list(properties, "privateLinkServiceConnections").first().map(inner)?;
    let target = text(connection, "privateLinkServiceId")?;
    let place = around.declared(target).and_then(|service| service.location.clone());
    let place = place.or_else(|| text(body, "location").map(crate::facts::region::short))?;
    let names = rows(connection, target).map(|row| row[2]).filter(|names| !names.is_empty());
    let named = |form: &str| form.replace("{name}", name_of(target)).replace("{location}", &place);
    let all = names.flat_map(|names| names.split(' ')).map(named).enumerate();
    let one = |(n, names): (usize, String)| {
        let share = |name: &str| config(name, first.plus(n as u128), body.span);
        names.split('+').map(share).collect::<Vec<Value>>()
    };
    let configs: Vec<Value> = all.flat_map(one).collect();
    (!configs.is_empty()).then_some(Data::Array(configs))
}

/// What the service says of a connection that it approves by itself; `None` for one that is not in the table.
pub(super) fn approval(connection: &Value) -> Option<Data> {
    let connection = inner(connection);
    let row = rows(connection, text(connection, "privateLinkServiceId")?).next()?;
    let span = connection.span;
    let member =
        |key: &str, text: &str| Member { key: key.to_owned(), key_span: span, value: Value::new(span, text.into()) };
    let words = [("status", "Approved"), ("description", row[3]), ("actionsRequired", row[4])];
    Some(Data::Object(words.iter().map(|(key, text)| member(key, text)).collect()))
}

/// The rows of the table for a connection: service, group, names, words of approval, actions.
fn rows(connection: &Value, target: &str) -> impl Iterator<Item = [&'static str; 5]> {
    let kind = resource_type(target).to_ascii_lowercase();
    let groups: Vec<String> =
        list(connection, "groupIds").iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect();
    let lines = NAMES.lines().filter(|line| !line.starts_with('#'));
    let rows = lines.filter_map(|line| <[&str; 5]>::try_from(line.split(',').collect::<Vec<_>>()).ok());
    rows.filter(move |row| row[0] == kind && groups.iter().any(|own| own == row[1]))
}

fn config(name: &str, address: Addr, span: Span) -> Value {
    let member = |key: &str, data| Member::new(key, Value::new(span, data));
    let addresses = Data::Array(vec![Value::new(span, address.to_string().into())]);
    Value::new(span, Data::Object(vec![member("fqdn", name.into()), member("ipAddresses", addresses)]))
}
