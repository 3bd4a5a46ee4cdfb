//! A balancer's NAT pools: one NAT rule for each instance of a scale set.

use super::super::balancer::{nat_rule, rules_of_pool};
use super::super::id::{child, name_of, parent};
use super::super::raw::RawResource;
use super::super::read::{inner, list, not_modelled, references, text};
use super::super::reading::Reading;
use super::Set;
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::topology::{Draft, InboundNatRule, Kind, PortRange, Relation};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The rules of the NAT pools that the profile's configurations name.
///
/// Rule `scale-set-nat-pool`: of a NAT pool each instance has a NAT rule `POOL.NUMBER`, at the frontend port that is as
/// far from the first one as its number says, to the pool's backend port. Source: recorded answers of az vmss create
/// (cli.test_vmss_create_with_nat_rule_v2).
pub(super) fn rules(set: &Set<'_>, profile: &Value, instances: &[String], out: &mut Reading) {
    for nic in list(profile, "networkInterfaceConfigurations") {
        for config in list(inner(nic), "ipConfigurations") {
            for pool in references(inner(config), "loadBalancerInboundNatPools") {
                of_pool(set, (nic, config), &pool, instances, out);
            }
        }
    }
}

fn of_pool(set: &Set<'_>, at: (&Value, &Value), pool: &Arc<str>, instances: &[String], out: &mut Reading) {
    let Some(found) = parent(pool).and_then(|id| set.all.get(id)).and_then(|it| Pool::of(it, name_of(pool))) else {
        return out.warn(not_modelled(at.1, "a NAT pool that the input does not hold"));
    };
    let rule = match nat_rule(inner(found.part)) {
        Ok(rule) => rule,
        Err(diagnostic) => return out.leave_out(pool, diagnostic),
    };
    // What was read back has the rules already; they say their ports.
    if rules_of_pool(found.balancer, set.all, found.name) {
        return;
    }
    let ports = rule.frontend_ports;
    let mut free: BTreeSet<u16> = (ports.first..=ports.last).collect();
    for instance in instances {
        let own = instance.parse::<u16>().ok().and_then(|number| ports.first.checked_add(number));
        let Some(port) = own.filter(|port| free.contains(port)).or_else(|| free.first().copied()) else {
            let count = usize::from(ports.last - ports.first) + 1;
            let message =
                format!("NAT pool {} has {count} frontend ports for {} instances", found.name, instances.len());
            let diagnostic = Diagnostic::warning("azure.nat-pool-used-up", message).at(found.part.span);
            return out.warn(diagnostic.help("widen the range of frontend ports"));
        };
        free.remove(&port);
        let kind = Kind::InboundNatRule(InboundNatRule { frontend_ports: PortRange::one(port), ..rule.clone() });
        let id = child(&found.balancer.id, "inboundNatRules", &format!("{}.{instance}", found.name));
        let config = child(&set.nic_id(at.0, instance), "ipConfigurations", text(at.1, "name").unwrap_or_default());
        let draft = Draft { span: Some(found.part.span), ..set.made(&id, kind) };
        let draft = draft.refer(Relation::PartOf, found.balancer.id.clone()).refer(Relation::Sends, config);
        let frontend = super::super::read::reference(inner(found.part), "frontendIPConfiguration");
        out.inline(frontend.into_iter().fold(draft, |draft, frontend| draft.refer(Relation::Listens, frontend)));
    }
}

/// A NAT pool in the input.
struct Pool<'a> {
    balancer: &'a RawResource,
    name: &'a str,
    part: &'a Value,
}

impl<'a> Pool<'a> {
    fn of(balancer: &'a RawResource, name: &str) -> Option<Self> {
        let named = |part: &&Value| text(part, "name").is_some_and(|own| own.eq_ignore_ascii_case(name));
        let part = list(balancer.properties(), "inboundNatPools").iter().find(named)?;
        Some(Self { balancer, name: text(part, "name")?, part })
    }
}
