//! `networkConfigurationDiagnostic`: for each question, every rule that was asked, with what of it matched
//! (azure-dataplane 6.6).

use super::body::{Body, bad};
use super::find::{Attached, Place};
use super::{Ask, Azure, Fault, rules};
use serde_json::{Value, json};
use sim_core::fabric::Group;
use sim_core::net::Prefix;
use sim_core::set::{AddrSet, Cube, PortSet, ProtocolSet};
use sim_core::stage::security::RuleView;
use sim_core::topology::{Access, Direction, Kind};

/// Most questions that are asked at once.
const MOST: usize = 1000;

pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    let place = target(ask)?;
    let profiles: Vec<Body<'_>> = ask.body.get("profiles").map(|all| all.items().collect()).unwrap_or_default();
    if profiles.is_empty() || profiles.len() > MOST {
        let message = format!("`profiles` holds {} questions", profiles.len());
        return Err(Fault::question(message, format!("ask from 1 to {MOST} at once")));
    }
    let results =
        profiles.into_iter().map(|profile| of_profile(ask, &place, profile)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "results": results }))
}

/// The machine, or the NIC, that is asked about.
fn target<'a>(ask: &Ask<'a>) -> Result<Place<'a>, Fault> {
    let id = ask.body.required("targetResourceId")?;
    match &ask.azure.resource(id)?.kind {
        Kind::Nic(_) => {
            let nic = ask.azure.nic(id)?;
            ask.azure.places_of(nic).first().copied().ok_or_else(|| {
                let message = format!("{} has no address in a virtual network", nic.short_name());
                Fault::question(message, "the input has to hold the subnet that it is in")
            })
        }
        _ => ask.azure.place_of(id, None, None),
    }
}

fn of_profile(ask: &Ask<'_>, place: &Place<'_>, profile: Body<'_>) -> Result<Value, Fault> {
    let direction = profile.direction()?;
    let ports = profile.ports("destinationPort")?;
    let any = profile.required("protocol")? == "*";
    // Questions leave the source port open.
    let traffic = Cube {
        src: addresses(ask.azure, place, profile, "source")?,
        dst: addresses(ask.azure, place, profile, "destination")?,
        src_ports: PortSet::all(),
        dst_ports: PortSet::span(ports.first, ports.last),
        protocols: if any { ProtocolSet::all() } else { ProtocolSet::point(profile.protocol()?) },
    };
    let mut verdict = Access::Allow;
    let mut asked = Vec::new();
    for Attached { group, holder, .. } in ask.azure.groups_met(place, direction) {
        let (access, told) = of_group(ask.azure, group, (holder, direction), &traffic);
        if access == Access::Deny {
            verdict = Access::Deny;
        }
        asked.push(told);
    }
    Ok(json!({
        "profile": profile.value(),
        "networkSecurityGroupResult": {
            "securityRuleAccessResult": rules::access(verdict),
            "evaluatedNetworkSecurityGroups": asked,
        },
    }))
}

/// The rules of a group in their order, up to the one that takes all of the traffic.
fn of_group(
    azure: &Azure,
    group: Group<'_>,
    (holder, direction): (&str, Direction),
    traffic: &Cube,
) -> (Access, Value) {
    let (mut access, mut matched, mut results) = (Access::Deny, Value::Null, Vec::new());
    for rule in group.rules.rules(direction) {
        let name = rules::Name::of(azure, group.node, rule.reference()).by_origin();
        let flags = Flags::of(&rule, traffic);
        results.push(flags.told(&name));
        if flags.all() {
            access = rule.access();
            matched = json!({"ruleName": name, "action": rules::access(access)});
            break;
        }
    }
    let told = json!({
        "networkSecurityGroupId": azure.name(group.node),
        "appliedTo": holder,
        "matchedRule": matched,
        "rulesEvaluationResult": results,
    });
    (access, told)
}

/// What of a rule takes all of the traffic. Azure tells the source port as matched in every recorded answer; no question can
/// name one.
struct Flags {
    protocol: bool,
    source: bool,
    destination: bool,
    ports: bool,
}

impl Flags {
    fn of(rule: &RuleView<'_>, traffic: &Cube) -> Self {
        let taken = rule.packets();
        Self {
            protocol: traffic.protocols.difference(&taken.protocols).is_empty(),
            source: traffic.src.difference(&taken.src).is_empty(),
            destination: traffic.dst.difference(&taken.dst).is_empty(),
            ports: traffic.dst_ports.difference(&taken.dst_ports).is_empty(),
        }
    }

    fn all(&self) -> bool {
        self.protocol && self.source && self.destination && self.ports
    }

    fn told(&self, name: &str) -> Value {
        json!({
            "name": name,
            "protocolMatched": self.protocol,
            "sourceMatched": self.source,
            "sourcePortMatched": true,
            "destinationMatched": self.destination,
            "destinationPortMatched": self.ports,
        })
    }
}

/// One end of the traffic: an address, a prefix, a service tag, or `*`.
fn addresses(azure: &Azure, place: &Place<'_>, profile: Body<'_>, key: &str) -> Result<AddrSet, Fault> {
    let text = profile.required(key)?;
    if let Ok(prefix) = text.parse::<Prefix>() {
        return Ok([prefix].into_iter().collect());
    }
    let tag = azure.fabric.facts().tags.resolve(text, &place.port.subnet.tags);
    tag.ok_or_else(|| bad(key, text, "an address, a prefix, a service tag with known addresses, or *"))
}
