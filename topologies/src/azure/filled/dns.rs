//! Names: those of record sets, and those that a private endpoint stands for.

use super::super::id::{name_of, parent, resource_type};
use super::super::read::{inner, list, text};
use crate::json::{Data, Member, Value};
use sim_core::net::Addr;
use sim_core::source::Span;
use sim_core::topology::{EndpointMember, PrivateEndpoint};

const APPROVALS: &str = include_str!("../../../data/endpoint-approvals.csv");

/// The full name of a record set: `www.contoso.com.`; `@` is the zone itself.
pub(super) fn record_name(id: &str) -> Option<String> {
    let zone = name_of(parent(id)?);
    Some(match name_of(id) {
        "@" => format!("{zone}."),
        name => format!("{name}.{zone}."),
    })
}

/// `customDnsConfigs` of a private endpoint: the names of its members, each with the member's address.
///
/// Names that do not follow from the service's own name are not known and left out.
pub(super) fn configs(endpoint: &PrivateEndpoint, span: Span) -> Option<Data> {
    let named = endpoint.members.iter().filter_map(|member| Some((member, member.address?)));
    let one = |(member, address): (&EndpointMember, Addr)| {
        member.names.iter().map(|name| config(name, address, span)).collect::<Vec<Value>>()
    };
    let configs: Vec<Value> = named.flat_map(one).collect();
    (!configs.is_empty()).then_some(Data::Array(configs))
}

/// What the service says of a connection that it approves by itself; `None` for one that is not in the table.
pub(super) fn approval(connection: &Value) -> Option<Data> {
    let connection = inner(connection);
    let row = rows(connection, text(connection, "privateLinkServiceId")?).next()?;
    let span = connection.span;
    let member =
        |key: &str, text: &str| Member { key: key.to_owned(), key_span: span, value: Value::new(span, text.into()) };
    let words = [("status", "Approved"), ("description", row[2]), ("actionsRequired", row[3])];
    Some(Data::Object(words.iter().map(|(key, text)| member(key, text)).collect()))
}

/// The rows of the table for a connection: service, group, words of approval, actions.
fn rows(connection: &Value, target: &str) -> impl Iterator<Item = [&'static str; 4]> {
    let kind = resource_type(target).to_ascii_lowercase();
    let groups: Vec<String> =
        list(connection, "groupIds").iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect();
    let rows = crate::facts::rows(APPROVALS).filter_map(|row| <[&str; 4]>::try_from(row).ok());
    rows.filter(move |row| row[0] == kind && groups.iter().any(|own| own == row[1]))
}

fn config(name: &str, address: Addr, span: Span) -> Value {
    let member = |key: &str, data| Member::new(key, Value::new(span, data));
    let addresses = Data::Array(vec![Value::new(span, address.to_string().into())]);
    Value::new(span, Data::Object(vec![member("fqdn", name.into()), member("ipAddresses", addresses)]))
}
