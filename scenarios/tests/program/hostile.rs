//! Input that means harm, through the built program: each is refused by a limit, in 256 MiB.
//!
//! What counts is work that is counted; the bound on the time is there to end what would not end.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Kibibytes of memory that the program may ask for.
const MEMORY: usize = 256 << 10;
/// Seconds of a processor; the program as tests build it is several times slower than the one that people run.
const SECONDS: usize = 20;
const G: &str = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/g/providers/Microsoft.Network";

/// Runs a command within the limits: exit code and all output.
fn run(arguments: &[&str]) -> (i32, String) {
    let limits = format!("ulimit -d {MEMORY}; ulimit -t {SECONDS}; exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limits, "sh", env!("CARGO_BIN_EXE_vnetsim")]).args(arguments).env("RUST_BACKTRACE", "0");
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code().unwrap_or(-1), text)
}

/// A folder of this test's own.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn check_with(test: &str, command: &str, name: &str, content: &[u8]) -> (i32, String) {
    let path = folder(test).join(name);
    fs::write(&path, content).unwrap();
    run(&[command, path.to_str().unwrap()])
}

/// The file is refused (exit code 2), and one of its messages has the code.
fn refused(test: &str, content: impl AsRef<[u8]>, code: &str) {
    let (exit, told) = check_with(test, "check", "main.json", content.as_ref());
    let start: String = told.chars().take(600).collect();
    assert!(exit == 2 && told.contains(&format!("[{code}]")), "{test}: {exit}, {start}");
}

/// The file is read: nothing ends the program before its time.
fn survived(test: &str, content: impl AsRef<[u8]>) -> String {
    let (exit, told) = check_with(test, "check", "main.json", content.as_ref());
    assert!((0..=2).contains(&exit), "{test}: {exit}, {}", told.chars().take(600).collect::<String>());
    told
}

fn template(resources: &str) -> String {
    format!("{{\"contentVersion\": \"1.0.0.0\", \"resources\": [{resources}]}}")
}

fn output(variables: &str, expression: &str) -> String {
    format!(
        "{{\"contentVersion\": \"1.0.0.0\", \"variables\": {{{variables}}}, \"resources\": [], \
         \"outputs\": {{\"o\": {{\"type\": \"array\", \"value\": \"[{expression}]\"}}}}}}"
    )
}

/// What `item` makes of each number, with commas between.
fn many(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(",")
}

/// Catches: a stack that overflows on brackets, memory that goes to values nobody needs, bytes taken for text.
#[test]
fn json_bombs() {
    refused("brackets", "[".repeat(1_000_000), "json.too-deep");
    refused("objects", "{\"a\":".repeat(1_000_000), "json.too-deep");
    refused("comments", "/*".repeat(1_000_000), "json.syntax");
    refused("arrays", format!("[{}1]", "[],".repeat(10_000_000)), "json.too-large");
    refused("numbers", format!("[{}1]", "1,".repeat(15_000_000)), "json.too-large");
    refused("keys", format!("{{{}}}", many(2_000_000, |at| format!("\"k{at}\":1"))), "json.too-large");
    refused("large", format!("\"{}\"", "x".repeat(40 << 20)), "input.file");
    refused("text", format!("\"{}\"", "x".repeat(31 << 20)), "input.unknown-kind");
    refused("lines", format!("{}7", "\n".repeat(31 << 20)), "input.unknown-kind");
    refused("bytes", b"{\"a\": \"\xff\xfe\x80\"}", "input.not-text");
    refused("half", b"\xff\xfe{\x00a", "input.not-text");
    survived(
        "digits",
        template(&format!("{{\"type\": \"A.B/c\", \"name\": \"n\", \"x\": 1{}}}", "0".repeat(1_000_000))),
    );
}

/// Catches: loops, strings and values that grow without a limit.
#[test]
fn template_bombs() {
    let network = "\"type\": \"Microsoft.Network/virtualNetworks\", \"apiVersion\": \"2024-05-01\"";
    let copied = format!(
        "{{{network}, \"name\": \"[concat('x', copyIndex())]\", \"copy\": {{\"name\": \"l\", \"count\": 1000000000}}}}"
    );
    refused("copy", template(&copied), "arm.copy-count");
    let list = "\"copy\": [{\"name\": \"v\", \"count\": 1000000000, \"input\": \"x\"}]";
    refused("copy-variable", output(list, "variables('v')"), "arm.copy-count");
    refused("range", output("", "range(0, 2147483647)"), "arm.bad-argument");
    refused("ranges", output("", "map(range(0, 10000), lambda('a', range(0, 10000)))"), "arm.too-much-work");
    refused("pad", output("", "padLeft('', 2000000000, 'x')"), "arm.bad-argument");
    for (test, double, code) in
        [("strings", "concat($, $)", "arm.string-too-long"), ("arrays-grow", "createArray($, $)", "arm.too-much-work")]
    {
        let mut variables = "\"v0\": \"0123456789\"".to_owned();
        for at in 1..60 {
            let value = double.replace('$', &format!("variables('v{}')", at - 1));
            write!(variables, ", \"v{at}\": \"[{value}]\"").unwrap();
        }
        refused(test, output(&variables, "variables('v59')"), code);
    }
    let strings = "join(map(range(0, 10000), lambda('a', padLeft('', 100000, 'x'))), 'y')";
    refused("join", output("", strings), "arm.too-much-work");
    let parts = "map(range(0, 10000), lambda('a', split(padLeft('', 100000, ','), ',')))";
    refused("split", output("", parts), "arm.too-much-work");
    refused("values", template(&format!("{{\"x\": [{}1]}}", "[1],".repeat(300_000))), "json.too-large");
    refused("huge-sum", output("", "add(9223372036854775807, 1)"), "arm.bad-argument");
    refused("huge-quotient", output("", "div(sub(-9223372036854775807, 1), -1)"), "arm.bad-argument");
}

/// Catches: a parser of expressions that recurses as deep as it is told to.
#[test]
fn deep_expressions() {
    let calls = format!("{}'a'{}", "concat(".repeat(3_000), ")".repeat(3_000));
    refused("calls", output("", &calls), "arm.syntax");
    refused("parentheses", output("", &format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000))), "arm.syntax");
    refused(
        "indexes",
        output("\"v\": []", &format!("variables('v'){}", "[0]".repeat(6_000))),
        "arm.index-out-of-range",
    );
    refused("indices-inside", output("\"v\": []", &"variables('v')[".repeat(1_000)), "arm.syntax");
}

fn nested(name: &str, more: &str, template: &str) -> String {
    format!(
        "{{\"type\": \"Microsoft.Resources/deployments\", \"apiVersion\": \"2022-09-01\", \"name\": \"{name}\", {more} \
         \"properties\": {{\"mode\": \"Incremental\", \"expressionEvaluationOptions\": {{\"scope\": \"inner\"}}, \
         \"template\": {template}}}}}"
    )
}

/// Catches: deployments in deployments without end: written out, by loops, by a value that holds itself.
#[test]
fn nested_deployments() {
    let deep = (0..60).fold(template(""), |inner, _| template(&nested("d", "", &inner)));
    refused("nested", deep, "json.too-deep");
    let looped = (0..5).fold(template(""), |inner, _| {
        template(&nested("[concat('d', copyIndex())]", "\"copy\": {\"name\": \"c\", \"count\": 800},", &inner))
    });
    refused("nested-loops", looped, "arm.too-much-work");
    let own = "\"variables\": {\"t\": {\"contentVersion\": \"1\", \"resources\": [{\"type\": \"Microsoft.Resources/deployments\", \
               \"apiVersion\": \"1\", \"name\": \"d\", \"properties\": {\"template\": \"[variables('t')]\"}}]}}";
    let selfish = format!(
        "{{\"contentVersion\": \"1\", {own}, \"resources\": [{{\"type\": \"Microsoft.Resources/deployments\", \"apiVersion\": \"1\", \
         \"name\": \"d\", \"properties\": {{\"template\": \"[variables('t')]\"}}}}]}}"
    );
    refused("nested-itself", selfish, "arm.value-cycle");
}

/// Catches: work or messages that grow with the square of what a file holds: many mistakes on one line of megabytes, a
/// cycle of thousands told in full for each.
#[test]
fn many_mistakes_on_one_line() {
    let entry = |at: usize| format!("{{\"type\":\"A.B/c\",\"apiVersion\":\"1\",\"name\":\"n{at}\"}}");
    refused("resources", template(&many(60_000, entry)), "arm.too-many-resources");
    let waits = |at: usize| {
        let next = (at + 1) % 5_000;
        format!("{{\"type\":\"A.B/c\",\"apiVersion\":\"1\",\"name\":\"n{at}\",\"dependsOn\":[\"n{next}\"]}}")
    };
    refused("cycle", template(&many(5_000, waits)), "arm.dependency-cycle");
    let unknown = |at: usize| format!("{{\"type\":\"A.B/c\",\"apiVersion\":\"1\",\"name\":\"[none{at}()]\"}}");
    refused("functions", template(&many(20_000, unknown)), "arm.unknown-function");
}

/// Catches: tables, lists and texts in texts that take more than they hold.
#[test]
fn live_bombs() {
    let rows = |row: &str| {
        format!(
            "{{\"data\":{{\"columns\":[{{\"name\":\"id\"}}],\"rows\":[{}{row}]}}}}",
            format!("{row},").repeat(1_000_000)
        )
    };
    refused("rows", rows("[]"), "json.too-large");
    let fewer = format!("{{\"columns\":[],\"rows\":[{}[]]}}", "[],".repeat(300_000));
    refused("fewer-rows", fewer, "input.unknown-kind");
    let row = format!("[\"{G}/virtualNetworks/v\",1],");
    let columns = format!("{{\"name\":\"id\"}},{{\"name\":\"{}\"}}", "x".repeat(1_000_000));
    let wide = format!("{{\"columns\":[{columns}],\"rows\":[{}]}}", row.repeat(20_000));
    refused("wide-rows", wide, "input.table");
    let body = |at: usize| format!("{{\"id\":\"{G}/virtualNetworks/v{at}\",\"name\":\"v\",\"properties\":{{}}}}");
    survived("bodies", format!("[{}]", many(50_000, body)));
    refused("more-bodies", format!("[{}]", many(50_001, body)), "input.too-many");
    let network = |parts: &str| {
        let space = "\"addressSpace\":{\"addressPrefixes\":[\"10.0.0.0/8\"]}";
        format!("{{\"id\":\"{G}/virtualNetworks/v\",\"location\":\"westus\",\"properties\":{{{space}{parts}}}}}")
    };
    let subnet = |at: usize| {
        let range = format!("10.{}.{}.{}/29", at >> 13, at >> 5 & 255, at % 32 * 8);
        format!("{{\"name\":\"s{at}\",\"properties\":{{\"addressPrefix\":\"{range}\"}}}}")
    };
    let subnets = |count| network(&format!(",\"subnets\":[{}]", many(count, subnet)));
    survived("subnets", format!("[{}]", subnets(60_000)));
    refused("parts", format!("[{}]", subnets(100_000)), "input.too-many");
    let told = survived("strange-items", format!("[{},{}1]", network(""), "{},".repeat(500_000)));
    assert!(told.len() < 100_000, "{}", told.len());
    let huge = format!("{{\"id\":\"{G}/virtualNetworks/v\",\"properties\":{{\"x\":[{}1]}}}}", "1,".repeat(500_000));
    survived("one-huge-body", format!("[{huge},{}]", many(40_000, |_| network(""))));
    let same =
        |at: usize| format!("{{\"id\":\"{G}/virtualNetworks/v\",\"name\":\"v\",\"properties\":{{\"a{at}\":1}}}}");
    survived("one-body", format!("[{}]", many(30_000, same)));
    let text = (0..16).fold(body(0), |inner, _| format!("{{\"body\":{}}}", serde_json::to_string(&inner).unwrap()));
    survived("texts", text);
}

/// Catches: a list of service tags whose tags of one name are put together one by one.
#[test]
fn service_tag_bombs() {
    let list = |tags: &str| format!("{{\"changeNumber\":1,\"cloud\":\"Public\",\"values\":[{tags}]}}");
    let tag = |name: &str, at: usize| {
        format!(
            "{{\"name\":\"{name}\",\"properties\":{{\"addressPrefixes\":[\"{}.{}.{}.0/25\"]}}}}",
            at >> 16,
            at >> 8 & 255,
            at & 255
        )
    };
    refused("tags", list(&many(60_000, |at| tag(&format!("t{at}"), at + 1))), "tags.too-many");
    survived("one-tag", list(&many(60_000, |at| tag("t", at + 1))));
}

fn plan(changes: &str, root: &str) -> String {
    format!(
        "{{\"format_version\":\"1.2\",\"planned_values\":{{}},\"resource_changes\":[{changes}],\
         \"configuration\":{{\"root_module\":{root}}}}}"
    )
}

/// Catches: instances, modules and references of Terraform without a limit.
#[test]
fn terraform_bombs() {
    let subnet = |at: usize| {
        format!(
            "{{\"address\":\"azurerm_subnet.s[{at}]\",\"type\":\"azurerm_subnet\",\"name\":\"s\",\"index\":{at},\"change\":{{\"after\":{{\"name\":\"s\"}}}}}}"
        )
    };
    let bare = |_| "{\"type\":\"azurerm_subnet\",\"name\":\"s\",\"change\":{\"after\":{}}}".to_owned();
    refused("count", plan(&many(50_001, bare), "{}"), "terraform.too-many-resources");
    survived("instances", plan(&many(20_000, subnet), "{}"));
    let deep =
        (0..60).fold("{}".to_owned(), |inner, _| format!("{{\"module_calls\":{{\"m\":{{\"module\":{inner}}}}}}}"));
    refused("modules", plan("", &deep), "json.too-deep");
    let call = |at: usize| {
        let next = format!("\"module.m{}.o\"", at + 1);
        format!(
            "\"m{at}\":{{\"expressions\":{{\"i\":{{\"references\":[{next},{next}]}}}},\"module\":{{\"outputs\":{{\"o\":\
             {{\"expression\":{{\"references\":[\"var.i\",\"var.i\"]}}}}}}}}}}"
        )
    };
    let asks = "{\"address\":\"azurerm_subnet.a\",\"type\":\"azurerm_subnet\",\"name\":\"a\",\"change\":{\"after\":{\"name\":\"a\"},\
                \"after_unknown\":{\"id\":true,\"virtual_network_name\":true}}}";
    let root = format!(
        "{{\"resources\":[{{\"address\":\"azurerm_subnet.a\",\"expressions\":{{\"virtual_network_name\":{{\"references\":\
         [\"module.m0.o\"]}}}}}}],\"module_calls\":{{{}}}}}",
        many(60, call)
    );
    survived("fan", plan(asks, &root));
}

/// Catches: aliases of aliases that multiply, depth, bytes, and lists of any length in scenarios.
#[test]
fn scenario_bombs() {
    let mut aliases = "name: x\ntopology: [a.json]\nflows: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for at in 1..12 {
        writeln!(aliases, "a{at}: &a{at} [{}]", vec![format!("*a{}", at - 1); 9].join(", ")).unwrap();
    }
    let in_flows = format!("name: x\nflows:\n  - &a [{}]\n  - [{}]\n", "x, ".repeat(5_000), "*a, ".repeat(900));
    for (test, content) in [
        ("yaml-aliases", aliases.into_bytes()),
        ("yaml-flows", in_flows.into_bytes()),
        ("yaml-brackets", "[".repeat(100_000).into_bytes()),
        ("yaml-dashes", "- ".repeat(1_000_000).into_bytes()),
        ("yaml-long", format!("name: x\nflows:\n{}", "  - {from: a, to: b}\n".repeat(190_000)).into_bytes()),
        ("yaml-large", format!("name: {}\n", "x".repeat(5 << 20)).into_bytes()),
        ("yaml-bytes", b"name: \xff\xfe\x80\n".to_vec()),
    ] {
        let (exit, told) = check_with(test, "replay", "a.yaml", &content);
        let start: String = told.chars().take(600).collect();
        assert!(
            exit == 2 && ["[scenario.", "[input."].iter().any(|code| told.contains(code)),
            "{test}: {exit}, {start}"
        );
    }
}

/// Catches: a template that makes the program read what its author names: by a link of the template, by a link in the folder.
#[test]
fn nothing_is_read_outside_of_the_folder() {
    let outside = folder("outside");
    let secret = outside.join("secret.json");
    fs::write(&secret, template("{\"type\": \"A.B/c\", \"apiVersion\": \"1\", \"name\": \"from-outside\"}")).unwrap();
    let inside = folder("inside");
    symlink(&secret, inside.join("linked.json")).unwrap();
    symlink(&outside, inside.join("folder")).unwrap();
    let link = |uri: &str| {
        format!(
            "{{\"type\": \"Microsoft.Resources/deployments\", \"apiVersion\": \"2022-09-01\", \"name\": \"d{}\", \"properties\": \
             {{\"mode\": \"Incremental\", \"templateLink\": {{{uri}}}, \"parametersLink\": {{{uri}}}}}}}",
            uri.len()
        )
    };
    let links = [
        link("\"relativePath\": \"../outside/secret.json\""),
        link(&format!("\"uri\": \"file://{}\"", secret.display())),
        link(&format!("\"uri\": \"{}\"", secret.display())),
    ];
    fs::write(inside.join("main.json"), template(&links.join(","))).unwrap();
    fs::write(inside.join("near.json"), "{\"contentVersion\": \"1\", \"resources\": []}").unwrap();
    symlink(inside.join("near.json"), inside.join("near-link.json")).unwrap();
    for command in ["check", "expand", "list"] {
        let (exit, told) = run(&[command, inside.to_str().unwrap()]);
        assert!((0..=2).contains(&exit) && !told.contains("from-outside"), "{command}: {exit}, {told}");
    }
    let (_, told) = run(&["check", inside.to_str().unwrap()]);
    assert!(told.contains("links to is not read"), "{told}");
}
