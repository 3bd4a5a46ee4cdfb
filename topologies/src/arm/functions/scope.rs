//! Functions about the deployment and what is around it.

use sim_core::source::{FileId, Span};

use super::super::evaluate::shortened;
use super::super::frame::Slots;
use super::super::session::{Context, Session};
use super::super::stop::Answer;
use super::super::target::management_group_id;
use super::super::uuid;
use super::{Function, display, pure, scoped, text, texts};
use crate::diagnostic::Diagnostic;
use crate::json::{Data, Member, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    scoped("parameters", 1, 1, |session, context, a| {
        Ok(session.slot(context, Slots::Parameters, text(a, 0)?)?.data.clone())
    }),
    scoped("variables", 1, 1, |session, context, a| {
        Ok(session.slot(context, Slots::Variables, text(a, 0)?)?.data.clone())
    }),
    scoped("resourceGroup", 0, 0, |session, context, _| {
        let target = &session.frame(context.frame).target;
        let (name, id) = (target.resource_group.clone(), target.prefix());
        let location = session.environment.location.clone();
        if name != session.environment.resource_group {
            let note = format!("the resource group is taken to be in {location}");
            session.assume("arm.resource-group-location", &name, note, None);
        }
        let mut group = texts(
            nowhere(),
            &[("id", &id), ("name", &name), ("type", "Microsoft.Resources/resourceGroups"), ("location", &location)],
        );
        push(&mut group, "tags", Data::Object(Vec::new()));
        push(&mut group, "properties", texts(nowhere(), &[("provisioningState", "Succeeded")]));
        Ok(group)
    }),
    scoped("subscription", 0, 0, |session, context, _| {
        let id = &session.frame(context.frame).target.subscription_id;
        Ok(texts(
            nowhere(),
            &[
                ("id", &format!("/subscriptions/{id}")),
                ("subscriptionId", id),
                ("tenantId", &session.environment.tenant_id),
                ("displayName", "vnetsim"),
            ],
        ))
    }),
    scoped("tenant", 0, 0, |session, _, _| {
        let id = session.environment.tenant_id.as_str();
        Ok(texts(nowhere(), &[("tenantId", id), ("id", &format!("/tenants/{id}")), ("countryCode", "US")]))
    }),
    scoped("managementGroup", 0, 0, |session, context, _| {
        let name = &session.frame(context.frame).target.management_group;
        let mut group = texts(nowhere(), &[("id", &management_group_id(name)), ("name", name)]);
        push(&mut group, "properties", texts(nowhere(), &[("displayName", name)]));
        Ok(group)
    }),
    scoped("deployment", 0, 0, deployment),
    scoped("deployer", 0, 0, |session, _, _| {
        let note = "who deploys is not known; a made-up object id stands for it";
        session.assume("arm.deployer", "deployer", note, None);
        let tenant = session.environment.tenant_id.as_str();
        Ok(texts(
            nowhere(),
            &[("objectId", &uuid::of("deployer")), ("tenantId", tenant), ("userPrincipalName", "<deployer>")],
        ))
    }),
    pure("environment", 0, 0, |_| Ok(environment())),
    pure("fail", 1, 1, |a| {
        let message = format!("the template itself refuses to go on: {}", shortened(&display(&a[0])));
        Err(Diagnostic::error("arm.fail", message).into())
    }),
];

fn deployment(session: &mut Session, context: &Context, _: &[Value]) -> Answer<Data> {
    let frame = session.frame(context.frame);
    let (name, prefix) = (frame.deployment_name.clone(), frame.target.prefix());
    let is_root = frame.owner.is_none();
    let location = session.environment.location.clone();
    let mut properties = texts(nowhere(), &[("mode", "Incremental"), ("provisioningState", "Accepted")]);
    if is_root {
        let uri = session.environment.template_uri.clone();
        push(&mut properties, "templateLink", texts(nowhere(), &[("uri", &uri)]));
    }
    let mut data = texts(
        nowhere(),
        &[
            ("name", &name),
            ("id", &format!("{prefix}/providers/Microsoft.Resources/deployments/{name}")),
            ("location", &location),
        ],
    );
    push(&mut data, "properties", properties);
    Ok(data)
}

/// The public cloud.
fn environment() -> Data {
    let mut data = texts(
        nowhere(),
        &[
            ("name", "AzureCloud"),
            ("gallery", "https://gallery.azure.com/"),
            ("graph", "https://graph.windows.net/"),
            ("portal", "https://portal.azure.com"),
            ("graphAudience", "https://graph.windows.net/"),
            ("activeDirectoryDataLake", "https://datalake.azure.net/"),
            ("batch", "https://batch.core.windows.net/"),
            ("media", "https://rest.media.azure.net"),
            ("sqlManagement", "https://management.core.windows.net:8443/"),
            (
                "vmImageAliasDoc",
                "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/arm-compute/quickstart-templates/aliases.json",
            ),
            ("resourceManager", "https://management.azure.com/"),
        ],
    );
    push(&mut data, "authentication", {
        let mut inner = texts(
            nowhere(),
            &[
                ("loginEndpoint", "https://login.microsoftonline.com/"),
                ("tenant", "common"),
                ("identityProvider", "AAD"),
            ],
        );
        let audiences = ["https://management.core.windows.net/", "https://management.azure.com/"];
        push(&mut inner, "audiences", Data::Array(audiences.map(|one| Value::new(nowhere(), one.into())).to_vec()));
        inner
    });
    push(
        &mut data,
        "suffixes",
        texts(
            nowhere(),
            &[
                ("acrLoginServer", ".azurecr.io"),
                ("azureDatalakeAnalyticsCatalogAndJob", "azuredatalakeanalytics.net"),
                ("azureDatalakeStoreFileSystem", "azuredatalakestore.net"),
                ("azureFrontDoorEndpointSuffix", "azurefd.net"),
                ("keyvaultDns", ".vault.azure.net"),
                ("sqlServerHostname", ".database.windows.net"),
                ("storage", "core.windows.net"),
            ],
        ),
    );
    data
}

fn push(data: &mut Data, key: &str, value: Data) {
    if let Data::Object(members) = data {
        members.push(Member::new(key, Value::new(nowhere(), value)));
    }
}

/// These values stand in no file; whoever uses them gives them the place of the expression.
fn nowhere() -> Span {
    Span::new(FileId(0), 0, 0)
}
