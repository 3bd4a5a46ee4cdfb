//! A version of the data plane that follows from the one before is the one that compiling from nothing gives.

use proptest::prelude::*;
use sim_core::fabric::{Fabric, NicPort, PortKind};
use sim_core::id::NodeId;
use sim_core::topology::{Access, Direction, Draft, IpConfig, Kind, Machine, Nic, Relation, Topology};
use vnetsim_tests::net::{facts, rule};
use vnetsim_tests::random::plan;

/// A change, of the resource that the number points at among those it can be made to.
#[derive(Clone, Debug)]
enum Step {
    /// Delete any resource, if Azure lets one.
    Delete(u8),
    /// Put any resource again as it is.
    Again(u8),
    /// Put another rule into a security group.
    Rule(u8, Access),
    /// Turn IP forwarding of a NIC over.
    Forwarding(u8),
    /// Take all security groups, pools and application groups from an address, its NIC or its subnet.
    Strip(u8),
    /// Add a machine to a subnet, guarded like, and beside, an address that is there.
    Add(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => any::<u8>().prop_map(Step::Delete),
        1 => any::<u8>().prop_map(Step::Again),
        3 => (any::<u8>(), prop_oneof![Just(Access::Allow), Just(Access::Deny)]).prop_map(|(n, access)| Step::Rule(n, access)),
        1 => any::<u8>().prop_map(Step::Forwarding),
        2 => any::<u8>().prop_map(Step::Strip),
        2 => any::<u8>().prop_map(Step::Add),
    ]
}

/// Makes a change; gives what it touched.
fn change(net: &mut Topology, step: &Step, number: usize) -> Vec<NodeId> {
    let pick = |n: u8, wanted: &dyn Fn(&Kind) -> bool| {
        let all: Vec<Draft> = net.resources().filter(|it| wanted(&it.kind)).map(|it| net.draft_of(it)).collect();
        (!all.is_empty()).then(|| all[usize::from(n) % all.len()].clone())
    };
    let drafts = match step {
        Step::Delete(n) => {
            let Some(draft) = pick(*n, &|_| true) else { return Vec::new() };
            return net.delete(&draft.name).unwrap_or_default();
        }
        Step::Again(n) => pick(*n, &|_| true).into_iter().collect(),
        Step::Rule(n, access) => {
            let mut draft = pick(*n, &|kind| matches!(kind, Kind::Nsg(_)));
            if let Some(Kind::Nsg(group)) = draft.as_mut().map(|draft| &mut draft.kind) {
                group.rules.retain(|rule| rule.priority != 150);
                group.rules.push(rule("changed", 150, Direction::Inbound, *access, Some((22, 22))));
            }
            draft.into_iter().collect()
        }
        Step::Forwarding(n) => {
            let mut draft = pick(*n, &|kind| matches!(kind, Kind::Nic(_)));
            if let Some(Kind::Nic(nic)) = draft.as_mut().map(|draft| &mut draft.kind) {
                nic.ip_forwarding = !nic.ip_forwarding;
            }
            draft.into_iter().collect()
        }
        Step::Strip(n) => {
            let mut draft = pick(*n, &|kind| matches!(kind, Kind::IpConfig(_) | Kind::Nic(_) | Kind::Subnet(_)));
            if let Some(draft) = &mut draft {
                draft.refers.retain(|(relation, _)| !matches!(relation, Relation::FilteredBy | Relation::MemberOf));
            }
            draft.into_iter().collect()
        }
        Step::Add(n) => pick(*n, &|kind| matches!(kind, Kind::IpConfig(_))).map_or(Vec::new(), |model| {
            let name = format!("added-{number}");
            let nic = format!("{name}-nic");
            let config = IpConfig { primary: true, ..IpConfig::default() };
            let mut config =
                Draft::new(format!("{nic}/config"), Kind::IpConfig(config)).refer(Relation::PartOf, nic.as_str());
            let kept = |relation: &Relation| matches!(relation, Relation::Attached | Relation::MemberOf);
            config.refers.extend(model.refers.iter().filter(|(relation, _)| kept(relation)).cloned());
            let region = "westus2".into();
            vec![
                Draft::new(name.as_str(), Kind::Machine(Machine::default())),
                Draft::new(nic.as_str(), Kind::Nic(Nic { region, ..Nic::default() }))
                    .refer(Relation::PartOf, name.as_str()),
                config,
            ]
        }),
    };
    drafts.into_iter().filter_map(|draft| net.put(draft).ok()).collect()
}

/// All that a version says, but for the numbers of tag contexts.
fn told(fabric: &Fabric) -> Vec<String> {
    let mut told = vec![format!("{:?}", fabric.names())];
    for port in fabric.ports() {
        let text = format!("{port:?}");
        // `context: ContextId(3)` in the middle of a subnet's text.
        let cut: Vec<&str> = text
            .split("ContextId(")
            .map(|part| {
                part.split_once(')').map_or(part, |(number, rest)| {
                    if number.bytes().all(|byte| byte.is_ascii_digit()) { rest } else { part }
                })
            })
            .collect();
        told.push(cut.concat());
        let PortKind::Nic(NicPort { nsg, subnet, address, .. }) = &port.kind else { continue };
        for group in [*nsg, subnet.nsg] {
            told.push(format!("{:?}", fabric.group(group, subnet)));
        }
        told.push(format!("{:?}", fabric.private(subnet.vnet, *address)));
        for n in 0..=255 {
            told.push(format!("{:?}", fabric.private(subnet.vnet, address.plus(n))));
        }
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// Catches: a port, an address, a frontend's backends or a group's members left as they were when something they are
    /// made of changes; an address that outlives its NIC; a deletion that is taken for no change.
    #[test]
    fn a_version_that_follows_is_the_one_compiled_anew(plan in plan(), steps in prop::collection::vec(step(), 1..12)) {
        let mut net = plan.build().net.topology.clone();
        let facts = facts();
        let mut fabric = Fabric::compile(&net, &facts, 0);
        for (number, step) in steps.iter().enumerate() {
            let changed = change(&mut net, step, number);
            fabric = fabric.next(&net, &changed);
            let (next, anew) = (told(&fabric), told(&Fabric::compile(&net, &facts, fabric.epoch)));
            let differs = next.iter().zip(&anew).find(|(next, anew)| next != anew);
            prop_assert!(differs.is_none() && next.len() == anew.len(), "{:?} changed {:?}: {:#?}", step, changed, differs);
        }
    }
}
