//! The fields of an image template that version 2024-02-01 of the API knows (Azure's template reference for
//! Microsoft.VirtualMachineImages/imageTemplates 2024-02-01), with those that only answers have.

use crate::diagnostic::Diagnostic;
use crate::json::{Data, Value};

/// What stands at a path below `properties`; items of lists are not told apart by their type.
const FIELDS: &[(&[&str], &[&str])] = &[
    (
        &[],
        &[
            "autoRun",
            "buildTimeoutInMinutes",
            "customize",
            "distribute",
            "errorHandling",
            "exactStagingResourceGroup",
            "lastRunStatus",
            "managedResourceTags",
            "optimize",
            "provisioningError",
            "provisioningState",
            "source",
            "stagingResourceGroup",
            "validate",
            "vmProfile",
        ],
    ),
    (&["autoRun"], &["state"]),
    (&["errorHandling"], &["onCustomizerError", "onValidationError"]),
    (&["optimize"], &["vmBoot"]),
    (&["optimize", "vmBoot"], &["state"]),
    (&["validate"], &["continueDistributeOnFailure", "inVMValidations", "sourceValidationOnly"]),
    (&["vmProfile"], &["osDiskSizeGB", "userAssignedIdentities", "vmSize", "vnetConfig"]),
    (&["vmProfile", "vnetConfig"], &["containerInstanceSubnetId", "proxyVmSize", "subnetId"]),
    (
        &["source"],
        &["exactVersion", "imageId", "imageVersionId", "offer", "planInfo", "publisher", "sku", "type", "version"],
    ),
    (&["source", "planInfo"], &["planName", "planProduct", "planPublisher"]),
    (
        &["customize"],
        &[
            "destination",
            "filters",
            "inline",
            "name",
            "restartCheckCommand",
            "restartCommand",
            "restartTimeout",
            "runAsSystem",
            "runElevated",
            "scriptUri",
            "searchCriteria",
            "sha256Checksum",
            "sourceUri",
            "type",
            "updateLimit",
            "validExitCodes",
        ],
    ),
    (
        &["distribute"],
        &[
            "artifactTags",
            "excludeFromLatest",
            "galleryImageId",
            "imageId",
            "location",
            "replicationRegions",
            "runOutputName",
            "storageAccountType",
            "targetRegions",
            "type",
            "uri",
            "versioning",
        ],
    ),
];

/// What the service says of the first field that it does not know.
pub(super) fn unknown(properties: &Value) -> Option<Diagnostic> {
    FIELDS.iter().find_map(|(path, known)| {
        let value = path.iter().try_fold(properties, |value, key| exact(value, key))?;
        let items: Vec<&Value> =
            if let Data::Array(items) = &value.data { items.iter().collect() } else { vec![value] };
        let members = items.into_iter().filter_map(Value::as_object).flatten();
        let unknown = members.into_iter().find(|member| !known.contains(&member.key.as_str()))?;
        let text = format!(
            "There is an issue with the syntax with the JSON template you are submitting. unknown field \"{}\"",
            unknown.key
        );
        let near = known.iter().find(|name| name.eq_ignore_ascii_case(&unknown.key));
        let help = match near {
            Some(near) => format!("letter case counts from API version 2024-02-01 on: write `{near}`"),
            None => format!("it knows {}", known.join(", ")),
        };
        Some(Diagnostic::error("image-template.field", text).at(unknown.key_span).help(help))
    })
}

/// A member in its own letter case.
fn exact<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|member| member.key == key).map(|member| &member.value)
}
