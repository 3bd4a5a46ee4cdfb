//! Scenario files read whole, and what is said of those that are wrong.

use super::*;
use crate::render;
use crate::scenario::Action;
use proptest::prelude::*;
use serde_json::json;

fn read(text: &str) -> (Sources, Result<Loaded, Vec<Diagnostic>>) {
    let mut sources = Sources::new();
    let loaded = parse(Path::new("s.yaml"), text.as_bytes(), &mut sources);
    (sources, loaded)
}

fn shown(text: &str) -> String {
    match read(text) {
        (sources, Err(errors)) => render::diagnostics(&errors, &sources, false),
        (_, Ok(_)) => "fine".to_owned(),
    }
}

const WHOLE: &str = r#"name: relay
topology: [main.json, ../shared]
parameters: {count: 3, share: 0.5, text: '3', on: true, word: yes, none: ~, list: [1, {a: b}]}
era: 2021
actors:
  office: {kind: on-premises, address: 192.0.2.7, prefix: 192.0.2.0/24, connected-to: hub, listens: [22, 443]}
flows:
  - name: log in
    from: office
    to: "[fd00::4]:22"
    protocol: ssh
    at: 0
    repeat: 10
    expect: {verdict: disconnected, reason: security-rule}
timeline:
  - at: 1h30m
    action: {build: {expect: {outcome: failed, reason: no-outbound}}}
  - action: {set: {resource: nsg, property: properties.x, value: 1.0}}
  - action:
      put: {type: Microsoft.Network/virtualNetworks, properties: {n: -5}}
"#;

/// Catches: a place of one part given for another, an index that slips, a value that changes its type, a path resolved
/// from the wrong folder.
#[test]
fn a_scenario_is_read_with_its_places() {
    let (sources, loaded) = read(WHOLE);
    let loaded = loaded.unwrap();
    let at = |span| {
        let place = sources.locate(span).unwrap();
        (place.line, place.column)
    };
    let text = |span: sim_core::source::Span| &sources.text(span.file)[span.start as usize..span.end as usize];
    assert_eq!(loaded.topology, [Path::new("main.json"), Path::new("../shared")]);
    assert_eq!(loaded.date.to_string(), "2021-12-31");
    let flow = &loaded.places.flows[0];
    assert_eq!((at(flow.whole), text(flow.to), text(flow.name)), ((8, 5), "\"[fd00::4]:22\"", "log in"));
    assert_eq!((text(flow.reason.unwrap()), at(flow.expect.unwrap())), ("security-rule", (14, 13)));
    assert_eq!(text(loaded.places.timeline[0].reason.unwrap()), "no-outbound");
    assert_eq!(at(loaded.places.timeline[2].whole), (19, 5));
    assert_eq!(text(loaded.places.actors["office"].listens[1]), "443");
    assert_eq!(text(loaded.places.topology[1]), "../shared");
    let scenario = loaded.scenario;
    assert_eq!(scenario.flows[0].target().unwrap().name, "fd00::4");
    let parameters = json!(scenario.parameters);
    let expected = json!({"count": 3, "share": 0.5, "text": "3", "on": true, "word": "yes", "none": null,
        "list": [1, {"a": "b"}]});
    assert_eq!(parameters, expected);
    let Action::Set(set) = &scenario.timeline[1].action else { panic!("{:?}", scenario.timeline[1]) };
    assert!(set.value.is_f64());
    assert!(matches!(&scenario.timeline[2].action, Action::Put(body) if body["properties"]["n"] == -5));
}

/// Catches: places that keep pointing into the old table, so that a report shows a line of another file.
#[test]
fn places_move_to_another_table() {
    let (sources, loaded) = read(WHOLE);
    let mut loaded = loaded.unwrap();
    let mut world = Sources::new();
    world.add("main.json", "{}");
    loaded.move_to(&sources, &mut world);
    assert_eq!(world.locate(loaded.places.flows[0].to).unwrap().name, "s.yaml");
    assert!(!format!("{:?}", loaded.places).contains("FileId(0)"), "{:?}", loaded.places);
}

/// Catches: an error without its place, choices or help; a mistake that is taken for something else, or for none.
#[test]
fn mistakes_are_told() {
    let flow = "name: x\nflows:\n  - name: a\n    from: b\n    to: c:22\n";
    for (text, expected) in TABLE {
        let text = text.replace("FLOW", flow);
        assert_eq!(shown(&text).trim_end(), *expected, "of {text}");
    }
}

/// Catches: what does not fit together or into limits taken for something that can be tried, an expectation that no flow
/// of its kind can meet, a target whose port is missing or too much.
#[test]
fn flows_that_cannot_be_tried_are_refused() {
    let shown = |rest: &str| shown(&format!("name: x\nflows:\n  - {{ name: a, from: b, {rest} }}\n"));
    for (rest, wanted) in [
        ("to: \"c:7\", session: { every: 3m, for: 9m }", "fine"),
        ("to: \"c:7\", protocol: udp, session: { every: 3m, for: 9m }", "this cannot be a session"),
        ("to: \"c:7\", parallel: { flows: 2 }, session: { every: 3m, for: 9m }", "this cannot be a session"),
        ("to: \"c:7\", session: { every: 0, for: 9m }", "the session says too much"),
        ("to: \"c:7\", session: { every: 1ns, for: 9m }", "the session says too much"),
        ("to: \"c:7\", protocol: udp, parallel: { flows: 4096, ports: each }", "fine"),
        ("to: \"c:7\", protocol: ssh, parallel: { flows: 2 }", "these cannot be opened at once"),
        ("to: \"c:7\", parallel: { flows: 0 }", "0 connections are not possible"),
        ("to: \"c:7\", parallel: { flows: 4097 }", "4097 connections are not possible"),
        ("to: \"c:65535\", parallel: { flows: 2, ports: each }", "2 connections are not possible"),
        ("to: \"c:7\", source: 198.51.100.9", "fine"),
        ("to: \"c:7\", source: office", "`office` is no address"),
        ("to: \"c:7\", expect: { seen-as: nat }", "`nat` is no address"),
        ("to: \"c:7\", expect: { opened: 3 }", "flows with `parallel` only"),
        ("to: \"c:7\", expect: { session: { ends: works } }", "flows with `session` only"),
        ("to: \"c:7\", expect: { hops: [] }", "flows with `protocol: traceroute` only"),
        ("to: c, protocol: traceroute, expect: { hops: [\"*\", 10.0.0.4] }", "fine"),
        ("to: c, protocol: traceroute, expect: { hops: [c] }", "`c` is no address"),
        ("to: \"c:7\", expect: { fails: { share: 1.5, within: 0 } }", "shares go from 0 to 1"),
        ("to: c, protocol: icmp", "fine"),
        ("to: \"c:7\", protocol: icmp", "the protocol has none"),
        ("to: c", "is not `name:port`"),
    ] {
        let found = shown(rest);
        assert!(found.contains(wanted), "of {rest}: {found}");
    }
}

/// A file, FLOW standing for the start of one, and what is said about it.
const TABLE: &[(&str, &str)] = &[
    (
        "",
        r#"error[scenario.syntax]: the file is empty
 --> s.yaml:1:1
  |
1 |
  | ^
  |
  = help: the least that a scenario needs is `name:`; `vnetsim schema scenario` tells all there is"#,
    ),
    (
        "name: x\nflwos: []\n",
        r#"error[scenario.unknown-key]: `flwos` is not known here
 --> s.yaml:2:1
  |
2 | flwos: []
  | ^^^^^
  |
  = note: keys here are name, about, topology, parameters, era, assume, unsure, unregistered, seed, repeat, jitter, downloads, until, actors, name-servers, flows, timeline, findings"#,
    ),
    (
        "name: x\nseed: 1\nname: y\n",
        r#"error[scenario.duplicate-key]: `name` is here twice
 --> s.yaml:3:1
  |
3 | name: y
  | ^^^^
  |
  = help: keep one of the two: which one counts would be a guess"#,
    ),
    (
        "about: x\n",
        r#"error[scenario.missing]: `name` is missing here
 --> s.yaml:1:1
  |
1 | about: x
  | ^^^^^
  |
  = help: add `name:` beside this"#,
    ),
    (
        "name: x\nseed: -1\n",
        r#"error[scenario.value]: `-1` is not a whole number from 0 to 18446744073709551615
 --> s.yaml:2:7
  |
2 | seed: -1
  |       ^^"#,
    ),
    (
        "name: x\njitter: yes\n",
        r#"error[scenario.value]: `yes` is neither true nor false
 --> s.yaml:2:9
  |
2 | jitter: yes
  |         ^^^"#,
    ),
    (
        "FLOW    protocol: sssh\n",
        r#"error[scenario.value]: `sssh` is not known here
 --> s.yaml:6:15
  |
6 |     protocol: sssh
  |               ^^^^
  |
  = note: write one of tcp, ssh, winrm, https, http, udp, icmp, traceroute, docker-login, docker-pull, docker-push, secret-get, blob-get, blob-put, smb
  = help: did you mean `ssh`?"#,
    ),
    (
        "FLOW    at: 15\n",
        r#"error[scenario.value]: `15` is no length of time; write 250ms, 15s, 20m, 1h30m
 --> s.yaml:6:9
  |
6 |     at: 15
  |         ^^"#,
    ),
    (
        "FLOW    repeat: 0\n  - {name: a, from: b, to: c:22, repeat: 100001}\n",
        r#"error[scenario.value]: 0 attempts are not possible
 --> s.yaml:6:13
  |
6 |     repeat: 0
  |             ^
  |
  = help: write a number from 1 to 100000

error[scenario.value]: two flows are called `a`
 --> s.yaml:7:12
  |
7 |   - {name: a, from: b, to: c:22, repeat: 100001}
  |            ^
  |
note: the first one
 --> s.yaml:3:11
  |
3 |   - name: a
  |           ^
help: give each flow a name of its own: reports tell them apart by it

error[scenario.value]: 100001 attempts are not possible
 --> s.yaml:7:42
  |
7 |   - {name: a, from: b, to: c:22, repeat: 100001}
  |                                          ^^^^^^
  |
  = help: write a number from 1 to 100000"#,
    ),
    (
        "name: x\nflows:\n  - {name: a, from: b, to: web}\n",
        r#"error[scenario.value]: `web` is not `name:port`; write web:443, 10.0.0.4:22 or [fd00::4]:22
 --> s.yaml:3:28
  |
3 |   - {name: a, from: b, to: web}
  |                            ^^^"#,
    ),
    (
        "name: x\nflows:\n  - {name: a, from: b, to: fd00::4:22}\n",
        r#"error[scenario.value]: `fd00::4:22` has several colons; write an IPv6 address in brackets: [fd00::4]:22
 --> s.yaml:3:28
  |
3 |   - {name: a, from: b, to: fd00::4:22}
  |                            ^^^^^^^^^^"#,
    ),
    (
        "name: x\nflows: 3\n",
        r#"error[scenario.value]: a list (`- entry`) belongs here
 --> s.yaml:2:8
  |
2 | flows: 3
  |        ^"#,
    ),
    (
        "name: x\nera: 2019\nactors:\n  a: {kind: internet, address: 10.0.0, prefix: 10.0.0.0, listens: [0]}\n",
        r#"error[scenario.value]: `2019` is neither a date like 2024-08-26 nor an era: 2020, 2021, 2026
 --> s.yaml:2:6
  |
2 | era: 2019
  |      ^^^^

error[scenario.value]: `10.0.0` is neither an address nor a prefix
 --> s.yaml:4:32
  |
4 |   a: {kind: internet, address: 10.0.0, prefix: 10.0.0.0, listens: [0]}
  |                                ^^^^^^
  |
  = help: write 203.0.113.7, 2001:db8::7 or 203.0.113.0/24

error[scenario.value]: `10.0.0.0` is not a prefix
 --> s.yaml:4:48
  |
4 |   a: {kind: internet, address: 10.0.0, prefix: 10.0.0.0, listens: [0]}
  |                                                ^^^^^^^^
  |
  = help: write an address and a length, such as 192.168.0.0/16

error[scenario.value]: nothing can listen on port 0
 --> s.yaml:4:68
  |
4 |   a: {kind: internet, address: 10.0.0, prefix: 10.0.0.0, listens: [0]}
  |                                                                    ^
  |
  = help: ports go from 1 to 65535"#,
    ),
    (
        "name: x\ntimeline:\n  - action: {bild: {}}\n",
        r#"error[scenario.value]: `bild` is not known here
 --> s.yaml:3:14
  |
3 |   - action: {bild: {}}
  |              ^^^^
  |
  = note: write one of build, set, put, delete, reboot
  = help: did you mean `build`?"#,
    ),
    (
        "name: x\ntimeline:\n  - action: {build: {}, delete: y}\n",
        r#"error[scenario.value]: `delete` is one action too many
 --> s.yaml:3:25
  |
3 |   - action: {build: {}, delete: y}
  |                         ^^^^^^
  |
  = help: give each action an entry of its own under `timeline`"#,
    ),
    (
        "name: x\nparameters: {a: 010, b: 1_000, c: 99999999999999999999, d: '010', e: 10}\n",
        r#"error[scenario.value]: `010` may be read as one number or another
 --> s.yaml:2:17
  |
2 | parameters: {a: 010, b: 1_000, c: 99999999999999999999, d: '010', e: 10}
  |                 ^^^
  |
  = help: write a plain number of at most 64 bits, or a text in quotes

error[scenario.value]: `1_000` may be read as one number or another
 --> s.yaml:2:25
  |
2 | parameters: {a: 010, b: 1_000, c: 99999999999999999999, d: '010', e: 10}
  |                         ^^^^^
  |
  = help: write a plain number of at most 64 bits, or a text in quotes

error[scenario.value]: `99999999999999999999` may be read as one number or another
 --> s.yaml:2:35
  |
2 | parameters: {a: 010, b: 1_000, c: 99999999999999999999, d: '010', e: 10}
  |                                   ^^^^^^^^^^^^^^^^^^^^
  |
  = help: write a plain number of at most 64 bits, or a text in quotes"#,
    ),
    (
        "name: \"x\nabout: y\n",
        r#"error[scenario.syntax]: invalid indentation in multiline quoted scalar
 --> s.yaml:2:1
  |
2 | about: y
  | ^^^^^^"#,
    ),
    (
        "name: x\n---\nname: y\n",
        r#"error[scenario.syntax]: a second document starts here
 --> s.yaml:3:1
  |
3 | name: y
  | ^^^^^
  |
  = help: one file holds one scenario"#,
    ),
    (
        "name: x\nabout: *all\n",
        r#"error[scenario.syntax]: this alias has no anchor
 --> s.yaml:2:8
  |
2 | about: *all
  |        ^^^^
  |
  = help: a text that starts with `*` stands in quotes"#,
    ),
    (
        "name: x\n\"\\e[31m\": y\n",
        r#"error[scenario.unknown-key]: `\u{1b}[31m` is not known here
 --> s.yaml:2:1
  |
2 | "\e[31m": y
  | ^^^^^^^^
  |
  = note: keys here are name, about, topology, parameters, era, assume, unsure, unregistered, seed, repeat, jitter, downloads, until, actors, name-servers, flows, timeline, findings"#,
    ),
];

/// Catches: an alias bomb, deep nesting or a long list of documents that takes memory or the stack.
#[test]
fn hostile_files_are_refused() {
    let bomb: String =
        (1..12).map(|n| format!("  a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "))).collect();
    let bomb = format!("name: x\nparameters:\n  a0: &a0 [1, 2]\n{bomb}");
    assert!(shown(&bomb).starts_with("error[scenario.too-large]"), "{}", shown(&bomb));
    // Neither deep nor with many aliases: only what they stand for is too much.
    let shallow = |n: usize| format!("  a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 40].join(", "));
    let wide_bomb = format!("name: x\nparameters:\n  a0: &a0 [{}]\n{}{}", "1, ".repeat(40), shallow(1), shallow(2));
    assert!(shown(&wide_bomb).starts_with("error[scenario.too-large]"), "{}", shown(&wide_bomb));
    let deep = format!("name: x\nparameters: {{a: {}{}}}\n", "[".repeat(5_000), "]".repeat(5_000));
    assert!(shown(&deep).starts_with("error[scenario."), "{}", shown(&deep));
    let wide = format!("name: x\nparameters: {{a: [{}]}}\n", "1,".repeat(300_000));
    assert!(shown(&wide).starts_with("error[scenario.too-large]"), "{}", shown(&wide));
}

proptest! {
    /// Catches: a panic on any text; an error that cannot be shown.
    #[test]
    fn any_text_gives_a_result(text in "(?s).{0,200}") {
        shown(&text);
    }

    /// Catches: a panic on texts that are nearly scenarios: cut off, with a piece doubled, or with a character put in.
    #[test]
    fn any_damaged_scenario_gives_a_result(at in 0..WHOLE.len(), length in 0..40usize, put in "[ -~\n\té]{0,3}") {
        let end = (at + length).min(WHOLE.len());
        shown(&format!("{}{put}{}", &WHOLE[..at], &WHOLE[end..]));
        shown(&format!("{}{put}{}", &WHOLE[..end], &WHOLE[at..]));
    }
}
