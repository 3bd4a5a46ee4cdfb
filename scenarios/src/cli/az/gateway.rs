//! `az network application-gateway`.

use super::names::Names;
use super::{Translate, VERSION};
use crate::az::{Fault, Request};
use clap::{Args, Subcommand};
use serde_json::json;

#[derive(Debug, Subcommand)]
pub(super) enum GatewayCommand {
    /// Shows whether the servers of an application gateway's pools are well.
    ShowBackendHealth(Box<HealthArgs>),
}

#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    /// Names the application gateway.
    #[arg(short, long, required_unless_present = "ids", conflicts_with = "ids")]
    name: Option<String>,
    /// Names the resource group.
    #[arg(short = 'g', long)]
    resource_group: Option<String>,
    /// Names the application gateway by its resource id.
    #[arg(long, value_name = "ID")]
    ids: Option<String>,
    /// Shows pools and settings as a whole: BackendAddressPool, BackendHttpSettings, or both with a comma between.
    #[arg(long)]
    expand: Option<String>,
    /// Names the one pool to be asked.
    #[arg(long, requires = "http_settings")]
    address_pool: Option<String>,
    /// Names the settings by which the one pool is asked.
    #[arg(long, requires = "address_pool")]
    http_settings: Option<String>,
    /// Is taken and not used, as nobody reads the request: which protocol asks the one pool.
    #[arg(long, requires = "address_pool")]
    protocol: Option<String>,
    /// Is taken and not used: which host the one pool is asked for.
    #[arg(long, requires = "address_pool")]
    host: Option<String>,
    /// Is taken and not used: which path the one pool is asked for.
    #[arg(long, requires = "address_pool")]
    path: Option<String>,
    /// Is taken and not used: after how many seconds a question to the one pool has failed.
    #[arg(long, requires = "address_pool")]
    timeout: Option<u32>,
    /// Gives the codes that the one pool is to answer with.
    #[arg(long, requires = "address_pool", num_args = 1.., value_name = "CODE")]
    match_status_codes: Vec<String>,
}

impl Translate for GatewayCommand {
    fn group(&self) -> Option<&str> {
        let Self::ShowBackendHealth(arguments) = self;
        arguments.resource_group.as_deref()
    }

    fn request(&self, names: &Names<'_>) -> Result<Request, Fault> {
        let Self::ShowBackendHealth(arguments) = self;
        let named = arguments.ids.as_deref().or(arguments.name.as_deref()).unwrap_or_default();
        let id = names.id("--name", "Microsoft.Network/applicationGateways", named)?;
        let expand = arguments.expand.as_ref().map(|expand| format!("&$expand={expand}")).unwrap_or_default();
        let part = |collection: &str, name: &str| {
            let id = if name.starts_with('/') { name.to_owned() } else { format!("{id}/{collection}/{name}") };
            json!({ "id": id })
        };
        let (operation, body) = match (&arguments.address_pool, &arguments.http_settings) {
            (Some(pool), Some(settings)) => {
                let body = json!({
                    "backendAddressPool": part("backendAddressPools", pool),
                    "backendHttpSettings": part("backendHttpSettingsCollection", settings),
                    "match": {"statusCodes": arguments.match_status_codes},
                });
                ("getBackendHealthOnDemand", Some(body))
            }
            _ => ("backendhealth", None),
        };
        Ok(Request { method: "POST".to_owned(), uri: format!("{id}/{operation}?api-version={VERSION}{expand}"), body })
    }
}
