//! The command line as a user meets it: the built program, its outputs and its exit codes.

use crate::{file, run, vnetsim};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

/// Catches: wrong usage that ends with 0 or 1, or is told where results go.
#[test]
fn wrong_usage_ends_with_2() {
    for arguments in [
        &[][..],
        &["replay"],
        &["replay", "x.yaml", "--repeat", "0"],
        &["replay", "x.yaml", "--repeat", "100001"],
        &["check", "x.json", "--era", "2020", "--as-of", "2024-01-01"],
        &["check", "x.json", "--era", "2019"],
        &["check", "x.json", "--as-of", "2020"],
        &["schema", "scenari"],
        &["explain", "securityrule"],
        &["replay", "no/such/file.yaml"],
        &["check", "no/such/file.json"],
        &["expand"],
        &["expand", "no/such/file.json"],
        &["expand", "x.json", "--deploy"],
        &["diff", "x.json"],
        &["diff", "no/such/file.json", "no/such/other.json"],
    ] {
        let (code, out, error) = run(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {error}");
        assert!(!error.is_empty() && !error.contains("panicked"), "{arguments:?}: {error}");
    }
}

/// Catches: a slip of one letter that is not answered with what was meant.
#[test]
fn the_nearest_name_is_suggested() {
    for (arguments, meant) in [
        (&["replai", "x.yaml"][..], "replay"),
        (&["schema", "scenari"], "scenario"),
        (&["explain", "security-rul"], "security-rule"),
        (&["assumptions", "--formt", "json"], "--format"),
    ] {
        let (code, _, error) = run(arguments);
        assert!(code == 2 && error.contains(meant), "{arguments:?}: {error}");
    }
}

/// Catches: help or the version told as errors.
#[test]
fn help_is_data() {
    for arguments in [&["--help"][..], &["replay", "--help"], &["--version"]] {
        let (code, out, error) = run(arguments);
        assert!(code == 0 && out.contains("vnetsim") && error.is_empty(), "{arguments:?}: {error}");
    }
    let (_, out, _) = run(&["check", "--help"]);
    assert!(out.contains("Example: vnetsim check"), "{out}");
}

/// Catches: a type of scenario files changed without its schema.
#[test]
fn the_schema_is_current() {
    let (code, list, _) = run(&["schema"]);
    assert_eq!(code, 0);
    for kind in list.lines().map(|line| line.split(' ').next().unwrap()) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/schema/{kind}.json"));
        let (code, now, _) = run(&["schema", kind]);
        let then = fs::read_to_string(&path).unwrap_or_default();
        let same = now == then.replace("\r\n", "\n");
        assert!(code == 0 && same, "stale: cargo run -- schema {kind} > docs/schema/{kind}.json");
        let schema: serde_json::Value = serde_json::from_str(&now).unwrap();
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    }
}

/// Catches: an assumption left out of the list, text where JSON was asked for.
#[test]
fn assumptions_are_listed() {
    let (code, out, error) = run(&["assumptions"]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(out.contains("link.vnet.delay = 250 us\n"), "{out}");
    assert!(out.contains("smtp-outbound = blocked | open\n"), "{out}");
    let (_, out, _) = run(&["assumptions", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&out).unwrap();
    let all = topologies::facts::assumptions().iter().count();
    assert_eq!(list["assumptions"].as_array().unwrap().len(), all);
    assert_eq!(list["assumptions"][0]["unit"], "us");
    let behaviours: Vec<_> = list["behaviours"].as_array().unwrap().iter().map(|it| it["name"].as_str()).collect();
    assert_eq!(behaviours, sim_core::assumption::Assumption::ALL.iter().map(|it| Some(it.name())).collect::<Vec<_>>());
}

/// Catches: a code that is told of in messages and unknown to `explain`, in any letter case.
#[test]
fn codes_are_explained() {
    for code in ["security-rule", "SECURITY-RULE", "scenario.value"] {
        let (exit, out, _) = run(&["explain", code]);
        assert!(exit == 0 && out.contains("How to mend it:"), "{out}");
    }
    let (_, out, _) = run(&["explain"]);
    assert!(out.lines().count() > 50, "{out}");
}

/// Catches: colour in a pipe, NO_COLOR that is not heeded, `--color` that is not, a message where results go.
#[test]
fn messages_are_coloured_only_where_it_is_wanted() {
    let path = file("colour", "wrong.yaml", "name: x\nflow: []\n");
    let path = path.to_str().unwrap();
    let (code, out, error) = run(&["replay", path]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.contains("did you mean `flows`?") && error.contains("wrong.yaml:2:1"), "{error}");
    assert!(!error.contains('\u{1b}'), "{error:?}");
    let always = vnetsim(&["replay", path, "--color", "always"]).env("NO_COLOR", "1").output().unwrap();
    assert!(always.stderr.contains(&0x1b), "what is asked for on the command line counts most");
    let never = vnetsim(&["--color", "never", "replay", path]).output().unwrap();
    assert!(!never.stderr.contains(&0x1b));
}

/// Catches: a list of service tags that is not taken or not named in the report, from either place; one that is broken and
/// used all the same; a day before Azure's lists that is not said to be one.
#[test]
fn service_tags_are_loaded() {
    let rule = |name: &str, priority: u16, tag: &str| {
        format!(
            "{{\"name\": \"{name}\", \"properties\": {{\"priority\": {priority}, \"direction\": \"Outbound\", \
             \"access\": \"Deny\", \"protocol\": \"*\", \"sourceAddressPrefix\": \"*\", \"sourcePortRange\": \"*\", \
             \"destinationAddressPrefix\": \"{tag}\", \"destinationPortRange\": \"*\"}}}}"
        )
    };
    let kind = "Microsoft.Network";
    let template = format!(
        "{{\"contentVersion\": \"1.0.0.0\", \"resources\": [\
         {{\"type\": \"{kind}/networkSecurityGroups\", \"name\": \"g\", \"properties\": {{\"securityRules\": [{}, {}]}}}},\
         {{\"type\": \"{kind}/virtualNetworks\", \"name\": \"v\", \"properties\": {{\
         \"addressSpace\": {{\"addressPrefixes\": [\"10.0.0.0/16\"]}}, \"subnets\": [{{\"name\": \"s\", \"properties\": {{\
         \"addressPrefix\": \"10.0.0.0/24\", \"networkSecurityGroup\": {{\"id\": \
         \"[resourceId('{kind}/networkSecurityGroups', 'g')]\"}}}}}}]}}}},\
         {{\"type\": \"{kind}/networkInterfaces\", \"name\": \"n\", \"properties\": {{\"ipConfigurations\": [{{\"name\": \"c\", \
         \"properties\": {{\"subnet\": {{\"id\": \"[resourceId('{kind}/virtualNetworks/subnets', 'v', 's')]\"}}}}}}]}}}}]}}",
        rule("a", 100, "Storage.WestUS"),
        rule("b", 101, "Sql")
    );
    let main = file("tags", "main.json", &template);
    let list = "{\"changeNumber\": 329, \"cloud\": \"Public\", \"values\": [{\"name\": \"Storage.WestUS\", \
                \"properties\": {\"addressPrefixes\": [\"20.38.64.0/19\"]}}]}";
    let list = file("tags", "ServiceTags_Public_20240826.json", list);
    let (main, list) = (main.to_str().unwrap(), list.to_str().unwrap());
    let unknown = |tag: &str| format!("the addresses of {tag} are not known, so what g says of it matches nothing");
    let (code, out, _) = run(&["check", main, "--as-of", "2016-01-01"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("none was recorded before 2017-12-01"), "{out}");
    assert!(out.contains(&unknown("Storage.WestUS")) && out.contains(&unknown("Sql")), "{out}");
    for arguments in [&["check", main, "--service-tags", list][..], &["check", main, list]] {
        let (code, out, _) = run(arguments);
        assert_eq!(code, 0, "{out}");
        assert!(out.contains("ServiceTags_Public_20240826.json, changeNumber 329"), "{out}");
        assert!(!out.contains(&unknown("Storage.WestUS")) && out.contains(&unknown("Sql")), "{out}");
    }
    for (name, text, told) in [
        ("broken", "{\"changeNumber\": 1, \"values\": [\n{\"name\": \"T\"}]}", "error[tags.form]"),
        ("other", "{}", "error[tags.other-file]"),
    ] {
        let path = file("tags", &format!("{name}.list"), text);
        let (code, out, error) = run(&["check", main, "--service-tags", path.to_str().unwrap()]);
        assert_eq!((code, out.as_str()), (2, ""), "{name}");
        assert!(error.contains(told) && error.contains(&format!("{name}.list:")), "{error}");
    }
}

/// Catches: a topology that is looked for from where the program was started, a missing one without its line, one bad file
/// that hides the errors of the next.
#[test]
fn files_of_a_scenario_are_found_from_the_scenario() {
    let path = file("files", "a.yaml", "name: x\ntopology: [b.yaml, c.json]\n");
    file("files", "b.yaml", "nam: x\n");
    let (code, _, error) = run(&["replay", path.parent().unwrap().to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(error.contains("a.yaml:2:20") && error.contains("c.json is not there"), "{error}");
    assert!(!error.contains("b.yaml is not there") && error.contains("did you mean `name`?"), "{error}");
}

/// Catches: a panic, or an error message, when the reader of a pipe goes away.
#[test]
fn a_closed_pipe_is_no_error() {
    for arguments in [&["assumptions"][..], &["schema", "scenario"], &["explain"]] {
        let mut child = vnetsim(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{arguments:?}");
    }
    // A reader that takes one line and goes, as `head` does.
    let mut child = vnetsim(&["assumptions"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(child.wait().unwrap().success() && line.ends_with('\n'));
}

fn library(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path).to_string_lossy().into_owned()
}

fn json(out: &str) -> serde_json::Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

/// Catches: alternatives that are not tried, or of what was settled; a verdict that keeps its word, an expectation that
/// counts as met, or an exit code of 0, where another choice says otherwise; outcomes that are in one form only.
#[test]
fn answers_that_hang_on_an_assumption_are_unknown() {
    let scenario = library("scenarios/library/golden/25-network-access-off.yaml");
    let settled = ["replay", &scenario, "--assume", "all", "--assume", "peering-access-off=blocks"];
    assert_eq!(run(&settled).0, 0);
    let (code, out, _) = run(&["replay", &scenario, "--assume", "all"]);
    assert!(code == 1 && out.contains("with leaves-tag: Connected"), "{out}");
    let line = "with peering-access-off=leaves-tag: a to b (a -> b:443): expected Disconnected, is Connected";
    assert!(out.contains(line) && out.contains("a to b (a -> b:443)  Unknown"), "{out}");
    let (code, out, _) = run(&["replay", &scenario, "--assume", "all", "--format", "json"]);
    let report = json(&out);
    let flow = &report["flows"][0];
    assert_eq!((code, &report["as_expected"], &flow["verdict"]), (1, &false.into(), &"Unknown".into()));
    assert_eq!(flow["hangs_on"][0]["otherwise"]["leaves-tag"], "Connected");
    let usual = json(&run(&["replay", &scenario, "--format", "json"]).1);
    assert_eq!((&usual["as_expected"], &usual["flows"][0]["verdict"]), (&true.into(), &"Disconnected".into()));
    assert_eq!(usual["flows"][0]["hangs_on"][0].get("otherwise"), None);
}

/// Catches: a build whose verdict does not hang on what its connections do, in `check`; a settled assumption tried; one that
/// nearly everything hangs on and that makes verdicts unknown without being named, or that is not told of at all.
#[test]
fn a_check_tries_what_its_builds_hang_on() {
    let world = library("topologies/library/image-builder/existing-vnet.json");
    let (code, out, error) = run(&["check", &world, "--assume", "large-packets"]);
    assert!(code == 1 && out.contains("with dropped: Disconnected"), "{out}{error}");
    let (code, out, _) = run(&["check", &world, "--assume", "all", "--assume", "large-packets", "--format", "json"]);
    assert_eq!((code, &json(&out)["builds"][0]["verdict"]), (1, &"Unknown".into()));
    let (code, out, _) = run(&["check", &world, "--assume", "all"]);
    assert!(code == 0 && out.contains("with large-packets=dropped: 1 of 1 that connect would fail"), "{out}");
    let (code, out, _) = run(&["check", &world, "--assume", "all", "--assume", "large-packets=pass"]);
    assert!(code == 0 && !out.contains("dropped"), "{out}");
}

/// Catches: a place in a scenario's own parameters that no person finds: in a file that is none, or on one long line.
#[test]
fn what_a_scenarios_parameters_say_is_placed_in_the_scenario() {
    let world = library("topologies/library/image-builder/existing-vnet.json");
    let deny = "direction: Inbound, access: Deny, protocol: '*', sourceAddressPrefix: '*', sourcePortRange: '*', \
                destinationAddressPrefix: '*', destinationPortRange: '*'";
    let text = format!(
        "name: n\ntopology: [{world:?}]\nparameters:\n  securityRules:\n\n    - name: DenyRest\n      properties: \
         {{ priority: 300, {deny} }}\ntimeline: [{{ action: {{ build: {{ expect: {{ outcome: failed }} }} }} }}]\n"
    );
    let scenario = file("placed", "own.yaml", &text);
    let (code, out, error) = run(&["replay", &scenario.to_string_lossy(), "--format", "json"]);
    let report = json(&out);
    let place = &report["builds"][0]["problems"][0]["place"];
    let name = place["file"].as_str().unwrap_or_default();
    assert!(code == 0 && name.ends_with("own.yaml") && place["line"] == 6, "{place} {out} {error}");
    assert!(place["snippet"].as_str().unwrap().contains("DenyRest"), "{place}");
}

/// Catches: attempts that are not made again, an end after the first success that is not one, words of the client that are
/// lost; an expectation about them that is not looked at.
#[test]
fn a_flow_is_tried_until_it_succeeds_or_its_time_is_over() {
    let world = library("topologies/library/stories/09-slow-windows.json");
    let flow = |lasts: &str, expect: &str| {
        let text = format!(
            "name: n\ntopology: [{world:?}]\nflows:\n  - {{ name: f, from: agent, to: 'windowsBuild:5986', protocol: tcp, \
             timeout: 5s, retry: {{ every: 15s, for: {lasts} }}, expect: {expect} }}\n\
             timeline: [{{ action: {{ reboot: {{ machine: windowsBuild, down: 5m }} }} }}]\nuntil: 40m\n"
        );
        let scenario = file("retried", "own.yaml", &text);
        let (code, out, error) = run(&["replay", &scenario.to_string_lossy(), "--format", "json"]);
        assert_eq!(code, 0, "{lasts} {out} {error}");
        json(&out)["flows"][0].clone()
    };
    let up = flow("10m", "{ prints: i/o timeout }");
    let tries = up["tries"][0]["count"].as_u64().unwrap();
    assert!((15..=40).contains(&tries) && up["verdict"] == "Connected", "{up}");
    let down = flow("2m", "{ verdict: disconnected, reason: machine-down, alone: true, prints: i/o timeout }");
    assert_eq!(down["tries"][0]["count"], 9, "{down}");
}

/// Catches: a way that fails by the size of its packets alone and does not say so.
#[test]
fn packets_that_are_too_large_are_in_the_way() {
    let scenario = library("scenarios/library/network/jump-host.yaml");
    let (code, out, _) = run(&["replay", &scenario, "--assume", "large-packets=dropped", "--format", "json"]);
    let report = json(&out);
    let flows = report["flows"].as_array().unwrap();
    let large = |flow: &&serde_json::Value| flow["problems"].to_string().contains("\"packet-too-large\"");
    let flow = flows.iter().find(large).unwrap_or_else(|| panic!("{out}"));
    assert_eq!((code, &flow["verdict"]), (1, &"Disconnected".into()));
}

/// Catches: a way whose end nobody can see that is passed over in silence, in text or JSON; one that is examined through
/// the proposed edits and said to be dark.
#[test]
fn what_nothing_leads_to_is_not_examined() {
    for (scenario, flow, behind, through) in [
        ("23-spokes-without-appliance", 0, "a / aNic (10.1.1.4)", true),
        ("20-nat-gateway-and-ping", usize::MAX, "nat", false),
    ] {
        let path = library(&format!("scenarios/library/golden/{scenario}.yaml"));
        let report = json(&run(&["replay", &path, "--format", "json"]).1);
        let flows = report["flows"].as_array().unwrap();
        let found = flows.get(flow).or_else(|| flows.iter().find(|it| it.get("not_examined").is_some())).unwrap();
        let told = serde_json::json!({"behind": behind, "on_return": false, "but_through_edits": through});
        assert_eq!(found["not_examined"], told, "{scenario}");
        let (_, out, _) = run(&["replay", &path]);
        let line = format!("Not examined: what lies behind {behind}, from where nothing leads on");
        assert!(out.contains(&line) && out.contains("; through the proposed edits it was") == through, "{out}");
    }
}

/// Catches: a parameters file beside its template that is not found, one that goes over a file that is named.
#[test]
fn parameters_lie_beside_their_template() {
    let parameter = r#"{"parameters": {"space": {"value": "PLACE"}}, "contentVersion": "1.0.0.0"}"#;
    let template = r#"{"contentVersion": "1.0.0.0", "parameters": {"space": {"type": "string"}}, "resources": [
        {"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "v", "location": "westus2",
         "properties": {"addressSpace": {"addressPrefixes": ["[parameters('space')]"]},
                        "subnets": [{"name": "s", "properties": {"addressPrefix": "[parameters('space')]"}}]}}]}"#;
    let other = file("beside", "other.json", &parameter.replace("PLACE", "10.2.0.0/24"));
    file("beside", "main.parameters.json", &parameter.replace("PLACE", "10.1.0.0/24"));
    let main = file("beside", "main.json", template);
    let [main, other] = [&main, &other].map(|path| path.to_str().unwrap());
    for (arguments, prefix) in
        [(&["check", main][..], "10.1.0.0/24"), (&["check", main, "--parameters", other], "10.2.0.0/24")]
    {
        let (code, out, error) = run(arguments);
        assert_eq!((code, error.as_str()), (0, ""), "{arguments:?}");
        assert!(out.contains(prefix) && !out.contains("has no value"), "{arguments:?}: {out}");
    }
}
