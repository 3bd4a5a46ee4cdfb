//! `az network nic`.

use super::names::Names;
use super::{Translate, VERSION};
use crate::az::{Fault, Request};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum NicCommand {
    /// Shows the routes that packets of a network interface may take.
    ShowEffectiveRouteTable(NicArgs),
    /// Lists the security rules that a network interface obeys.
    ListEffectiveNsg(NicArgs),
}

#[derive(Debug, Args)]
pub(super) struct NicArgs {
    /// Names the network interface.
    #[arg(short, long, required_unless_present = "ids", conflicts_with = "ids")]
    name: Option<String>,
    /// Names the resource group.
    #[arg(short = 'g', long)]
    resource_group: Option<String>,
    /// Names the network interface by its resource id.
    #[arg(long, value_name = "ID")]
    ids: Option<String>,
}

impl Translate for NicCommand {
    fn group(&self) -> Option<&str> {
        self.arguments().0.resource_group.as_deref()
    }

    fn request(&self, names: &Names<'_>) -> Result<Request, Fault> {
        let (arguments, operation) = self.arguments();
        let named = arguments.ids.as_deref().or(arguments.name.as_deref()).unwrap_or_default();
        let id = names.id("--name", "Microsoft.Network/networkInterfaces", named)?;
        Ok(Request { method: "POST".to_owned(), uri: format!("{id}/{operation}?api-version={VERSION}"), body: None })
    }
}

impl NicCommand {
    fn arguments(&self) -> (&NicArgs, &'static str) {
        match self {
            Self::ShowEffectiveRouteTable(arguments) => (arguments, "effectiveRouteTable"),
            Self::ListEffectiveNsg(arguments) => (arguments, "effectiveNetworkSecurityGroups"),
        }
    }
}
