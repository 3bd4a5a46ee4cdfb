//! `networkConfigurationDiagnostic`: for each question, every rule that was asked, with what of it matched
//! (azure-dataplane 6.6).

use super::body::{Body, bad};
use super::find::Place;
use super::{Ask, Azure, Fault, rules};
use serde_json::{Value, json};
use sim_core::fabric::Group;
use sim_core::net::{Prefix, Protocol};
use sim_core::set::AddrSet;
use sim_core::stage::security::RuleView;
use sim_core::topology::{Access, Direction, Kind, PortRange};

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

/// A question: traffic as a set of packets.
struct Traffic {
    direction: Direction,
    /// `None` is every protocol.
    protocol: Option<Protocol>,
    source: AddrSet,
    destination: AddrSet,
    ports: PortRange,
}

fn of_profile(ask: &Ask<'_>, place: &Place<'_>, profile: Body<'_>) -> Result<Value, Fault> {
    let traffic = Traffic {
        direction: profile.direction()?,
        protocol: if profile.required("protocol")? == "*" { None } else { Some(profile.protocol()?) },
        source: addresses(ask.azure, place, profile, "source")?,
        destination: addresses(ask.azure, place, profile, "destination")?,
        ports: profile.ports("destinationPort")?,
    };
    let mut verdict = Access::Allow;
    let mut asked = Vec::new();
    for (group, holder) in ask.azure.levels(place, traffic.direction) {
        let (access, told) = of_group(ask.azure, group, holder, &traffic);
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
fn of_group(azure: &Azure, group: Group<'_>, holder: &str, traffic: &Traffic) -> (Access, Value) {
    let (mut access, mut matched, mut results) = (Access::Deny, Value::Null, Vec::new());
    for rule in group.rules.rules(traffic.direction) {
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

/// What of a rule matches. Questions leave the source port open, so that it matches always.
struct Flags {
    protocol: bool,
    source: bool,
    destination: bool,
    ports: bool,
}

impl Flags {
    fn of(rule: &RuleView<'_>, traffic: &Traffic) -> Self {
        Self {
            protocol: rule.takes_protocol(traffic.protocol),
            source: covers(&rule.source(), &traffic.source),
            destination: covers(&rule.destination(), &traffic.destination),
            ports: rule.takes_destination_ports(traffic.ports),
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

fn covers(set: &AddrSet, wanted: &AddrSet) -> bool {
    set.union(wanted) == *set
}

/// One end of the traffic: an address, a prefix, a service tag, or `*`.
fn addresses(azure: &Azure, place: &Place<'_>, profile: Body<'_>, key: &str) -> Result<AddrSet, Fault> {
    let text = profile.required(key)?;
    if let Ok(prefix) = text.parse::<Prefix>() {
        return Ok([prefix].into_iter().collect());
    }
    let tag = azure.facts.tags.resolve(text, &place.port.subnet.tags);
    tag.ok_or_else(|| bad(key, text, "an address, a prefix, a service tag with known addresses, or *"))
}
