//! Files that are recognised and not read.

use crate::arm::Environment;
use crate::{Input, load};

/// Catches: a person who gives what lies beside the right file and is told of a syntax error, or of nothing; a file whose
/// kind is taken from its name against its content.
#[test]
fn the_answer_is_the_command_to_run() {
    let zip = "PK\u{3}\u{4}....tfplan....tfstate";
    for (name, text, code, command) in [
        (
            "main.tf",
            "resource \"azurerm_subnet\" \"a\" {\n}",
            "input.terraform-source",
            "terraform show -json plan.tfplan",
        ),
        (
            "x",
            "terraform {\n  required_version = \"1\"\n}",
            "input.terraform-source",
            "terraform plan -out plan.tfplan",
        ),
        ("main.tf", "# nothing yet", "input.terraform-source", "terraform plan"),
        ("main.tf.json", "{\"resource\": {}}", "input.terraform-source", "terraform plan"),
        ("x.json", "{\"resource\": {\"azurerm_subnet\": {}}}", "input.terraform-source", "terraform plan"),
        ("prod.tfvars", "region = \"westeurope\"", "input.terraform-variables", "-var-file prod.tfvars"),
        ("p.tfvars.json", "{\"a\": 1}", "input.terraform-variables", "-var-file p.tfvars.json"),
        ("plan.out", zip, "input.terraform-plan-binary", "terraform show -json plan.out > plan.json"),
        ("log.json", "{\"@level\":\"info\"}\n{\"@level\":\"info\"}", "input.terraform-log", "terraform show -json"),
        ("plan.txt", "Terraform will perform the following actions:\n", "input.terraform-log", "terraform show -json"),
        (
            "s.json",
            "{\"version\": 3, \"serial\": 1, \"modules\": []}",
            "input.terraform-old-state",
            "terraform state pull",
        ),
        ("main.bicep", "param x string", "input.bicep-source", "az bicep build --file main.bicep"),
        ("x", "resource v 'Microsoft.Network/virtualNetworks@2024-05-01' = {", "input.bicep-source", "az bicep build"),
        ("m.bicepparam", "using 'main.bicep'", "input.bicep-source", "az bicep build-params --file m.bicepparam"),
    ] {
        let world = load(&[Input::new(name, text)], None, &Environment::default());
        let told: Vec<_> = world.diagnostics.iter().map(|it| (it.code, it.help.clone().unwrap_or_default())).collect();
        assert!(matches!(&told[..], [(found, help)] if *found == code && help.contains(command)), "{name}: {told:?}");
    }
    // The name alone says nothing where the content does.
    for (name, text) in [("main.tf", "{\"format_version\": \"1.0\"}"), ("x.bicep", "[]")] {
        let world = load(&[Input::new(name, text)], None, &Environment::default());
        assert!(world.diagnostics.is_empty(), "{name}: {:?}", world.diagnostics);
    }
}
