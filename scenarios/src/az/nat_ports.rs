//! `queryInboundNatRulePortMapping`: which frontend port leads to a member of a pool (azure-dataplane 3.8).

use super::declared::{list, port, properties, reference, text};
use super::{Ask, Fault};
use serde_json::{Value, json};
use sim_core::net::Addr;
use sim_core::topology::{IpConfig, Kind, Relation, Resource};
use topologies::json::Value as Json;

pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    let topology = &ask.azure.world.topology;
    let pool = ask.azure.resource(&ask.address.resource)?;
    let members: Vec<&Resource> = topology.referrers(pool.id, Relation::MemberOf);
    let wanted = Wanted::of(ask)?;
    let Some(place) = members.iter().position(|member| wanted.is(member)) else {
        let message = format!("{} is no member of {}", wanted.text(), pool.short_name());
        return Err(Fault::question(message, "name an IP configuration of the pool, or its address"));
    };
    let whole = ask.address.resource.rsplitn(3, '/').nth(2).unwrap_or_default();
    let balancer = ask.azure.world.resources.get(whole).ok_or_else(|| Fault::missing(whole))?;
    let rules = list(balancer.properties(), "inboundNatRules");
    let mappings: Vec<Value> = rules.iter().filter_map(|rule| mapping(rule, &pool.name, place)).collect();
    Ok(json!({ "inboundNatRulePortMappings": mappings }))
}

/// The member that is asked about.
enum Wanted<'a> {
    Config(&'a str),
    Address(Addr),
}

impl<'a> Wanted<'a> {
    fn of(ask: &Ask<'a>) -> Result<Self, Fault> {
        match ask.body.get("ipConfiguration").and_then(|it| it.text("id")) {
            Some(id) => Ok(Self::Config(id)),
            None => ask.body.address("ipAddress").map(Self::Address),
        }
    }

    fn is(&self, member: &Resource) -> bool {
        match (self, &member.kind) {
            (Self::Config(id), _) => member.name.eq_ignore_ascii_case(id),
            (Self::Address(wanted), Kind::IpConfig(IpConfig { address, .. })) => *address == Some(*wanted),
            _ => false,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Config(id) => (*id).to_owned(),
            Self::Address(address) => address.to_string(),
        }
    }
}

/// The port of a rule over a pool for its member at `place`: the first member has the first port of the range, the next
/// one the next (a recorded answer shows the first).
fn mapping(rule: &Json, pool: &str, place: usize) -> Option<Value> {
    let properties = properties(rule);
    let own = reference(properties, "backendAddressPool")?;
    let first = usize::from(port(properties, "frontendPortRangeStart")?);
    let last = usize::from(port(properties, "frontendPortRangeEnd")?);
    let given = first.checked_add(place).filter(|port| *port <= last && own.eq_ignore_ascii_case(pool))?;
    Some(json!({
        "inboundNatRuleName": text(rule, "name")?,
        "protocol": text(properties, "protocol").unwrap_or("Tcp"),
        "frontendPort": given,
        "backendPort": port(properties, "backendPort")?,
    }))
}
