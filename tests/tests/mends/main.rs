//! Edits that are proposed: they open what they are said to open, in the form in which they are printed, and are the same
//! edit whether they are made on the network or fed to `--set`.

mod cases;

use cases::{Case, GOVERNED, GROUP, NETWORK_RULE, POLICY, cases, in_group, walled};
use scenarios::trace::{self, Ends, Options, Trace};
use scenarios::verdict::Verdict;
use sim_core::explain::{Mend, Question, walk};
use sim_core::fabric::Fabric;
use sim_core::id::{NodeId, PortId};
use sim_core::net::{Addr, Prefix, Protocol, Tuple};
use sim_core::topology::{Draft, InternetHost, Kind, Topology};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use topologies::azure::edits_of;
use topologies::facts::Date;
use topologies::{Loading, World, load_with, read_files};
use vnetsim_tests::net::prefix;
use vnetsim_tests::worlds::edited;

fn traced(world: World, ends: (&str, &str)) -> Trace {
    let ends = Ends::new(ends.0, ends.1).expect("ends");
    trace::run(world, &ends, &Options::default()).unwrap_or_else(|error| panic!("{error:?}"))
}

#[test]
fn what_is_closed_is_opened_by_the_edits_as_they_are_printed() {
    // Catches: a kind of obstacle without an edit, an edit behind what denies or in a form that `--set` does not take, one
    // that opens on a copy of the network and not in the input, an edit too many.
    let wrong: Vec<String> = cases().iter().filter_map(|case| opened(case).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Whether the edits that are proposed are the expected ones, and open the way.
fn opened(case: &Case) -> Result<(), String> {
    let Case { name, lines, ends, edits } = case;
    let world = edited(lines, &[]);
    let sound = world.findings.is_empty() && world.diagnostics.is_empty();
    if !sound {
        return Err(format!("{name}: {:#?} {:#?}", world.findings, world.diagnostics));
    }
    let before = traced(world, *ends);
    let wrong = |what: &str, trace: &Trace| Err(format!("{name}: {what}\n{}", trace.text()));
    if before.verdict != Verdict::Disconnected {
        return wrong("is open", &before);
    }
    let Some(remedy) = &before.remedy else { return wrong("has no remedy", &before) };
    let as_expected = remedy.edits.iter().zip(*edits).all(|(edit, part)| edit.contains(part));
    if !remedy.opens || remedy.edits.len() != edits.len() || !as_expected {
        return wrong("has another remedy", &before);
    }
    let after = traced(edited(lines, &remedy.edits), *ends);
    if after.is_fine() { Ok(()) } else { wrong("stays closed", &after) }
}

#[test]
fn hosts_that_are_known_by_name_get_application_rules() {
    // Catches: an address in a rule where a name would do, one behind a network rule that denies, in a collection of
    // another kind.
    let world = |more: &[&str]| edited(&walled(GOVERNED, more), &[]);
    let host = |world: &mut World| {
        let kind =
            InternetHost { names: vec!["www.example.com".into()], ..InternetHost::at(prefix("93.184.215.14/32")) };
        world.topology.put(Draft::new("site", Kind::InternetHost(kind))).expect("a host");
    };
    let all = NETWORK_RULE.replace("'UDP'", "'Any'").replace("'53'", "'*'");
    let denying = format!("{GROUP}{}]", in_group("deny", 150, "Deny", &all));
    for (more, part) in [
        (
            vec![POLICY],
            "\"ruleType\":\"ApplicationRule\",\"sourceAddresses\":[\"10.0.1.4\"],\"targetFqdns\":[\"www.example.com\"]",
        ),
        (vec![POLICY, &denying], "\"ruleType\":\"NetworkRule\""),
    ] {
        let mut world = world(&more);
        host(&mut world);
        let trace = traced(world, ("x", "93.184.215.14:443"));
        let remedy = trace.remedy.as_ref().unwrap_or_else(|| panic!("{}", trace.text()));
        assert!(remedy.opens && remedy.edits.len() == 1 && remedy.edits[0].contains(part), "{}", trace.text());
    }
}

#[test]
fn an_edit_is_the_same_made_and_written() {
    // Catches: an edit whose printed form gives another network than the one it was tried on, or is not taken; one that
    // Azure refuses in one form alone.
    let mut seen = Seen::default();
    for case in cases() {
        compare(case.name, &|edits| edited(&case.lines, edits), &mut seen);
    }
    for file in library() {
        let inputs = read_files(std::slice::from_ref(&file)).expect("a world");
        let load = |edits: &[String]| load_with(&inputs, &Loading { edits, ..Loading::default() });
        compare(&file.display().to_string(), &load, &mut seen);
    }
    let Seen { kinds, tried, wrong } = seen;
    assert!(wrong.is_empty(), "{} of {tried}\n{}", wrong.len(), wrong.join("\n\n"));
    let all = ["AllowRule", "OpenRule", "DropRule", "DropRoute", "Switch", "Admit", "Declare", "Make"];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), BTreeSet::from(all).into_iter().collect::<Vec<_>>());
    assert!(tried > 150, "{tried}");
}

fn library() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../topologies/library");
    let mut files: Vec<PathBuf> = ["golden", "image-builder"]
        .iter()
        .flat_map(|name| std::fs::read_dir(folder.join(name)).expect("a folder"))
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .filter(|path| !path.to_string_lossy().contains(".parameters."))
        .collect();
    files.sort();
    files
}

/// What was tried.
#[derive(Default)]
struct Seen {
    kinds: BTreeSet<String>,
    tried: usize,
    wrong: Vec<String>,
}

/// Makes every edit that is proposed for what is in the way in a world both ways, and compares what comes of it.
fn compare(name: &str, load: &dyn Fn(&[String]) -> World, seen: &mut Seen) {
    let world = load(&[]);
    // Of what Azure would refuse as a whole it is a matter of order which part is left out.
    if !world.findings.is_empty() {
        return;
    }
    for mend in proposed(&world).into_values() {
        let word = format!("{mend:?}");
        seen.kinds.insert(word.split([' ', '{']).next().unwrap_or_default().to_owned());
        seen.tried += 1;
        let edits: Vec<String> = edits_of(&mend, &world.topology).iter().map(ToString::to_string).collect();
        let written = load(&edits);
        let mut made = world.topology.clone();
        let refused = mend.apply(&mut made).is_err();
        let failed = written.diagnostics.iter().any(|it| it.code == "input.edit");
        let (left, right) = (told(&made), told(&written.topology));
        if failed || refused != (written.findings.len() > world.findings.len()) {
            seen.wrong.push(format!("{name}: {edits:#?}\n{:?}\n{:?}", written.diagnostics, written.findings));
        } else if !refused && left != right {
            let only = |one: &BTreeSet<String>, other| one.difference(other).cloned().collect::<Vec<_>>().join("\n  ");
            seen.wrong.push(format!("{name}: {edits:#?}\n- {}\n+ {}", only(&left, &right), only(&right, &left)));
        }
    }
}

/// Edits for what is in the way between any two in a world, by what they say.
fn proposed(world: &World) -> BTreeMap<String, Mend> {
    let mut topology = world.topology.clone();
    let outside =
        topology.put(Draft::new("outside", Kind::InternetHost(InternetHost::at(Prefix::ALL_V4)))).expect("a host");
    let facts = world.facts(Date::default(), sim_core::assumption::Choices::default(), false);
    let fabric = Arc::new(Fabric::compile(&topology, &facts, 0));
    let mut ends: Vec<(NodeId, Addr)> = vec![(outside, Addr::v4(203, 0, 113, 77))];
    for found in topology.resources() {
        ends.extend(match &found.kind {
            Kind::IpConfig(config) => config.address.map(|address| (found.id, address)),
            Kind::OnPremisesHost(host) => Some((found.id, host.prefix.first().plus(9))),
            _ => None,
        });
    }
    let targets = ends.iter().map(|(_, address)| *address).chain(topology.resources().filter_map(target));
    let nobody = Addr::v4(192, 168, 77, 7);
    let targets: BTreeSet<Addr> = targets.chain([nobody]).collect();
    let mut found = BTreeMap::new();
    for (from, src) in &ends {
        for dst in targets.iter().filter(|dst| dst.is_v4() == src.is_v4()) {
            for dst_port in [22, 443] {
                let tuple = Tuple { src: *src, dst: *dst, src_port: 49152, dst_port, protocol: Protocol::TCP };
                let question = Question { from: PortId(from.0), tuple };
                let walked = walk(&fabric, question, |probe| topology.probe_port(probe));
                let mends = walked.all_blockers().flat_map(|it| Mend::alternatives(it, &fabric, &topology));
                found.extend(mends.map(|mend| (format!("{mend:?}"), mend)));
            }
        }
    }
    found
}

/// The addresses of what is no end, and can be asked.
fn target(found: &sim_core::topology::Resource) -> Option<Addr> {
    match &found.kind {
        Kind::Frontend(frontend) => frontend.address,
        Kind::PrivateEndpoint(endpoint) => endpoint.address(),
        Kind::PublicIp(public) => public.address,
        _ => None,
    }
}

/// A network in words, without the places where things were written.
fn told(topology: &Topology) -> BTreeSet<String> {
    let line = |resource| {
        let Draft { name, kind, refers, .. } = topology.draft_of(resource);
        let mut refers: Vec<String> =
            refers.iter().map(|(relation, to)| format!("{relation:?} {}", to.to_lowercase())).collect();
        refers.sort();
        format!("{} {} {refers:?}", name.to_lowercase(), placeless(&format!("{kind:?}")))
    };
    // What no packet meets stands for itself.
    topology.resources().filter(|found| !matches!(found.kind, Kind::Inert { .. })).map(line).collect()
}

fn placeless(text: &str) -> String {
    let mut parts = text.split("span: ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut out, part| {
        let rest = part.strip_prefix("None").or_else(|| part.split_once("})").map(|(_, rest)| rest));
        out.push_str(rest.unwrap_or(part));
        out
    })
}
