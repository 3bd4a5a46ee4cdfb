//! Files that people have beside the ones that are read: sources and binary plans. The answer is the command that makes
//! what is read.

use crate::diagnostic::Diagnostic;
use crate::json::Value;

/// How much of a text is looked at.
const LOOKED_AT: usize = 1 << 16;

/// The answer to a file that is not JSON; `None` where it may be.
pub(crate) fn to_bytes(name: &str, bytes: &[u8]) -> Option<Diagnostic> {
    // The names of a zip file's parts stand in the clear.
    if bytes.starts_with(b"PK\x03\x04") {
        let plan = [&b"tfplan"[..], b"tfstate"].iter().any(|part| bytes.windows(part.len()).any(|it| it == *part));
        return plan.then(|| binary_plan(name));
    }
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(LOOKED_AT)]);
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let stream = start.starts_with("{\"@level\"");
    if start.starts_with(['{', '[', '"']) && !stream {
        return None;
    }
    if stream || text.contains("Terraform will perform the following actions") {
        return Some(log(name));
    }
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".bicepparam") || lower.ends_with(".bicep") || is_bicep(&text) {
        return Some(bicep(name, lower.ends_with(".bicepparam")));
    }
    if lower.ends_with(".tfvars") {
        return Some(variables(name));
    }
    (lower.ends_with(".tf") || is_terraform(&text)).then(|| source(name))
}

/// The answer to JSON that is Terraform's but holds no resources; `None` for other JSON.
pub(crate) fn to_json(name: &str, value: &Value) -> Option<Diagnostic> {
    let has = |key| value.get(key).is_some();
    let version = value.get("version").and_then(Value::as_u64);
    if version.is_some_and(|version| version < 4) && (has("modules") || has("backend") || has("serial")) {
        let message = format!("{name} is a state file of Terraform before 0.12, or of a backend");
        let help = "run `terraform state pull > state.json` with Terraform 0.12 or newer, and give state.json";
        return Some(Diagnostic::error("input.terraform-old-state", message).at(value.span).help(help));
    }
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".tfvars.json") {
        return Some(variables(name).at(value.span));
    }
    let block = |key: &str| value.get(key).is_some_and(|it| it.as_object().is_some());
    let resources = value.get("resource").map(Value::members).unwrap_or_default();
    let typed = resources.iter().any(|member| member.key.contains('_'));
    (lower.ends_with(".tf.json") || typed || block("terraform") && block("provider"))
        .then(|| source(name).at(value.span))
}

fn source(name: &str) -> Diagnostic {
    Diagnostic::error("input.terraform-source", format!("{name} is Terraform's source, which only Terraform evaluates"))
        .help(
            "run `terraform plan -out plan.tfplan && terraform show -json plan.tfplan > plan.json`, and give plan.json",
        )
}

fn variables(name: &str) -> Diagnostic {
    let message = format!("{name} holds values of Terraform's variables, which only Terraform evaluates");
    let help = format!(
        "run `terraform plan -var-file {name} -out plan.tfplan && terraform show -json plan.tfplan > plan.json`, and \
         give plan.json"
    );
    Diagnostic::error("input.terraform-variables", message).help(help)
}

fn binary_plan(name: &str) -> Diagnostic {
    Diagnostic::error("input.terraform-plan-binary", format!("{name} is a plan in Terraform's own binary form"))
        .help(format!("run `terraform show -json {name} > plan.json` where it was made, and give plan.json"))
}

fn log(name: &str) -> Diagnostic {
    Diagnostic::error("input.terraform-log", format!("{name} is what Terraform tells while it plans, not the plan"))
        .help(
            "run `terraform plan -out plan.tfplan && terraform show -json plan.tfplan > plan.json`, and give plan.json",
        )
}

fn bicep(name: &str, parameters: bool) -> Diagnostic {
    let (what, build) = if parameters { ("Bicep's parameters", "build-params") } else { ("Bicep's source", "build") };
    Diagnostic::error("input.bicep-source", format!("{name} is {what}, which only Bicep compiles"))
        .help(format!("run `az bicep {build} --file {name}`, and give the .json beside it"))
}

fn is_bicep(text: &str) -> bool {
    text.lines().map(str::trim_start).any(|line| {
        let declared =
            |word: &str| line.strip_prefix(word).is_some_and(|rest| rest.contains(" '") && rest.contains('@'));
        declared("resource ") || line.starts_with("targetScope =")
    })
}

fn is_terraform(text: &str) -> bool {
    const BLOCKS: [&str; 6] = ["resource \"", "data \"", "provider \"", "module \"", "variable \"", "terraform {"];
    text.lines().any(|line| BLOCKS.iter().any(|block| line.starts_with(block)) && line.trim_end().ends_with(['{', '}']))
}
