//! Terraform's files through the built program.

use crate::run;
use std::path::{Path, PathBuf};

fn real(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/terraform").join(name);
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

/// Catches: a plan that the commands do not read, whose machines have no names, or whose connections go elsewhere than its
/// rules say; a secret of the plan in any output.
#[test]
fn a_real_plan_is_checked_listed_and_traced() {
    let Some(plan) = real("terraform-compliance.cli.test_issue-294.plan.out.json") else { return };
    let plan = plan.to_str().unwrap();
    let (code, page, error) = run(&["check", plan]);
    assert!(code == 0 && error.is_empty(), "{code}\n{page}\n{error}");
    assert!(page.contains("tfctagcheck-network/internal") && page.contains("2 of random"), "{page}");
    let (code, listed, error) = run(&["list", plan]);
    assert!(
        code == 0 && listed.contains("myvm-vmLinux-0") && listed.contains("mywinvm-vmWindows-0"),
        "{listed}{error}"
    );
    let (code, way, _) = run(&["trace", plan, "--from", "myvm-vmLinux-0", "--to", "mywinvm-vmWindows-0:3389"]);
    assert!(code == 0, "{way}");
    let (_, way, _) = run(&["trace", plan, "--from", "internet", "--to", "mywinvm-vmWindows-0:22"]);
    assert!(way.contains("DenyAllInBound"), "{way}");
    for output in [page, listed, way] {
        assert!(!output.contains("ComplxP@ssw0rd"), "{output}");
    }
}

/// Catches: a folder of Terraform's sources that is answered with nothing, or a syntax error.
#[test]
fn a_folder_of_sources_is_answered_with_the_command() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("terraform-sources");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("main.tf"), "resource \"azurerm_subnet\" \"a\" {\n}\n").unwrap();
    let (code, _, error) = run(&["check", folder.to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(error.contains("input.terraform-source") && error.contains("terraform show -json plan.tfplan"), "{error}");
}
