//! `az network vnet`.

use super::names::Names;
use super::{Translate, VERSION};
use crate::az::{Fault, Request};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(super) enum VnetCommand {
    /// Says whether a private address is free in a virtual network.
    CheckIpAddress(CheckArgs),
    /// Asks about subnets.
    #[command(subcommand, arg_required_else_help = true)]
    Subnet(SubnetCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum SubnetCommand {
    /// Lists some free addresses of a subnet.
    ListAvailableIps(AvailableArgs),
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Names the virtual network.
    #[arg(short, long)]
    name: String,
    /// Names the resource group.
    #[arg(short = 'g', long)]
    resource_group: Option<String>,
    /// Gives the private address.
    #[arg(long)]
    ip_address: String,
}

#[derive(Debug, Args)]
pub(super) struct AvailableArgs {
    /// Names the subnet.
    #[arg(short, long)]
    name: String,
    /// Names the virtual network.
    #[arg(long)]
    vnet_name: String,
    /// Names the resource group.
    #[arg(short = 'g', long)]
    resource_group: Option<String>,
}

const VNETS: &str = "Microsoft.Network/virtualNetworks";

impl VnetCommand {
    pub(super) fn translate(&self) -> &dyn Translate {
        match self {
            Self::CheckIpAddress(arguments) => arguments,
            Self::Subnet(SubnetCommand::ListAvailableIps(arguments)) => arguments,
        }
    }
}

impl Translate for CheckArgs {
    fn group(&self) -> Option<&str> {
        self.resource_group.as_deref()
    }

    fn request(&self, names: &Names<'_>) -> Result<Request, Fault> {
        Ok(availability(&names.id("--name", VNETS, &self.name)?, &self.ip_address))
    }
}

impl Translate for AvailableArgs {
    fn group(&self) -> Option<&str> {
        self.resource_group.as_deref()
    }

    /// `az` asks for the first address of the subnet, which is never free.
    fn request(&self, names: &Names<'_>) -> Result<Request, Fault> {
        let vnet = names.id("--vnet-name", VNETS, &self.vnet_name)?;
        let first = names.first_address(&format!("{vnet}/subnets/{}", self.name))?;
        Ok(availability(&vnet, &first))
    }

    fn shown(&self, answer: Value) -> Value {
        answer.get("availableIPAddresses").cloned().unwrap_or_else(|| json!([]))
    }
}

fn availability(vnet: &str, address: &str) -> Request {
    let uri = format!("{vnet}/CheckIPAddressAvailability?ipAddress={address}&api-version={VERSION}");
    Request { method: "GET".to_owned(), uri, body: None }
}
