//! `ipFlowVerify`: whether security rules let a packet of a machine pass, and which rule says so (azure-dataplane 6.1).

use super::find::{Attached, Place};
use super::{Ask, Azure, Fault, rules};
use serde_json::{Value, json};
use sim_core::fabric::Group;
use sim_core::net::Tuple;
use sim_core::stage::security::RuleRef;
use sim_core::topology::{Access, Direction};

pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    let body = ask.body;
    let machine = body.required("targetResourceId")?;
    let direction = body.direction()?;
    let protocol = body.protocol()?;
    let (local, remote) = (body.address("localIPAddress")?, body.address("remoteIPAddress")?);
    let (src, dst, [from, to]) = match direction {
        Direction::Inbound => (remote, local, ["remotePort", "localPort"]),
        Direction::Outbound => (local, remote, ["localPort", "remotePort"]),
    };
    let tuple = Tuple { src, dst, src_port: body.client_port(from)?, dst_port: body.port(to)?, protocol };
    let place = ask.azure.place_of(machine, body.text("targetNicResourceId"), Some(local))?;
    let Some((group, rule, access)) = decide(ask.azure, &place, direction, &tuple) else {
        // azure-dataplane 1.3: without any group everything passes, and no rule says so.
        return Ok(json!({"access": "Allow"}));
    };
    let name = rules::Name::of(ask.azure, group.node, rule);
    let mut answer = json!({"access": rules::access(access), "ruleName": name.by_collection()});
    if ask.shape.since("2018-02-01") {
        answer["ruleId"] = json!(name.id());
    }
    Ok(answer)
}

/// The groups in the order in which they are asked; the first that denies decides, else the last (azure-dataplane 1.3).
fn decide<'a>(
    azure: &'a Azure,
    place: &Place<'a>,
    direction: Direction,
    tuple: &Tuple,
) -> Option<(Group<'a>, RuleRef, Access)> {
    let mut decided = None;
    for Attached { group, .. } in azure.groups_met(place, direction) {
        let (rule, access) = group.rules.decide(direction, tuple);
        decided = Some((group, rule, access));
        if access == Access::Deny {
            break;
        }
    }
    decided
}
