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
    let kind = resource_type(target).to_ascii_lowercase();
    let groups: Vec<String> =
        list(connection, "groupIds").iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect();
    let rows = NAMES.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(','));
    let names = rows.filter_map(|mut row| {
        let (service, group, names) = (row.next()?, row.next()?, row.next()?);
        (service == kind && groups.iter().any(|own| own == group)).then_some(names)
    });
    let named = |form: &str| form.replace("{name}", name_of(target)).replace("{location}", &place);
    let all = names.flat_map(|names| names.split(' ')).map(named).enumerate();
    let configs: Vec<Value> = all.map(|(n, name)| config(&name, first.plus(n as u128), body.span)).collect();
    (!configs.is_empty()).then_some(Data::Array(configs))
}

fn config(name: &str, address: Addr, span: Span) -> Value {
    let member = |key: &str, data| Member { key: key.to_owned(), key_span: span, value: Value::new(span, data) };
    let addresses = Data::Array(vec![Value::new(span, address.to_string().into())]);
    Value::new(span, Data::Object(vec![member("fqdn", name.into()), member("ipAddresses", addresses)]))
}
