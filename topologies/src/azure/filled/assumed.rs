//! The bodies of resources that nobody declared and that are taken to exist.

use crate::json::{Data, Member, Value};
use sim_core::net::Prefix;
use sim_core::source::{FileId, Span};
use sim_core::topology::{Kind, Resource};

/// What a network, subnet or public address would have been declared as, as far as a packet can tell; `None` for the rest.
pub(crate) fn body_of(resource: &Resource) -> Option<Value> {
    let span = resource.span.unwrap_or(Span::new(FileId(0), 0, 0));
    let member = |key: &str, data| Member::new(key, Value::new(span, data));
    let list = |prefixes: &[Prefix]| {
        Data::Array(prefixes.iter().map(|prefix| Value::new(span, prefix.to_string().into())).collect())
    };
    let properties = match &resource.kind {
        Kind::Vnet(vnet) => {
            vec![member("addressSpace", Data::Object(vec![member("addressPrefixes", list(&vnet.space))]))]
        }
        Kind::Subnet(subnet) => match &subnet.prefixes[..] {
            [only] => vec![member("addressPrefix", only.to_string().into())],
            several => vec![member("addressPrefixes", list(several))],
        },
        Kind::PublicIp(_) => vec![member("publicIPAllocationMethod", "Static".into())],
        _ => return None,
    };
    Some(Value::new(span, Data::Object(vec![member("properties", Data::Object(properties))])))
}
