//! `vnetsim az`: the commands of `az` that ask what gets through, asked of input files.
//!
//! Each command is translated to the request that `az` would send ([`Translate`]), and [`Azure`] answers it: `az rest`
//! and a command with flags cannot differ.

mod gateway;
mod names;
mod nic;
mod rest;
mod vnet;
mod watcher;

use super::{Console, Exit, Given};
use crate::az::{Azure, Fault, Request};
use clap::{Args, Subcommand};
use names::Names;
use serde_json::Value;
use std::path::PathBuf;
use topologies::arm::Environment;
use topologies::diagnostic::{Diagnostic, Severity};

/// Answers commands of az about reachability from input files, as Azure would.
///
/// The commands take az's own flags and print az's own JSON: network watcher test-ip-flow, show-next-hop,
/// test-connectivity, show-topology, show-security-group-view and run-configuration-diagnostic; network nic
/// show-effective-route-table and list-effective-nsg; network vnet check-ip-address; network vnet subnet
/// list-available-ips; and rest, for these and more by their addresses. Inputs are what check reads, and bodies of
/// resources as az and the REST interface write them. A template is taken to be deployed to the group named with -g.
///
/// Example: vnetsim az network nic show-effective-route-table -g rg -n nic1 --input resources.json
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct AzArgs {
    #[command(subcommand)]
    command: AzCommand,
    #[command(flatten)]
    shared: Shared,
}

/// What all commands take.
#[derive(Debug, Args)]
struct Shared {
    /// Names the input files, or folders of them; stands after the command.
    #[arg(long, global = true, num_args = 1.., value_name = "INPUT")]
    input: Vec<PathBuf>,
    /// What goes with them.
    #[command(flatten)]
    given: Given,
    /// Names the form of the output: json or jsonc, which are the same here.
    #[arg(short, long, global = true, value_name = "FORM", value_parser = output)]
    output: Option<()>,
    /// Is refused: queries are not evaluated here.
    #[arg(long, global = true, value_name = "JMESPATH", value_parser = query)]
    query: Option<()>,
    /// Is taken and not used: the input says which subscription.
    #[arg(long, global = true, value_name = "NAME")]
    subscription: Option<String>,
    /// Is taken and not used: only what matters is said.
    #[arg(long, global = true)]
    only_show_errors: bool,
}

#[derive(Debug, Subcommand)]
enum AzCommand {
    /// Asks about networks.
    #[command(subcommand, arg_required_else_help = true)]
    Network(NetworkCommand),
    /// Asks by an address of the REST interface.
    Rest(rest::RestArgs),
}

#[derive(Debug, Subcommand)]
enum NetworkCommand {
    /// Asks Network Watcher.
    #[command(subcommand, arg_required_else_help = true)]
    Watcher(watcher::WatcherCommand),
    /// Asks about network interfaces.
    #[command(subcommand, arg_required_else_help = true)]
    Nic(nic::NicCommand),
    /// Asks about virtual networks.
    #[command(subcommand, arg_required_else_help = true)]
    Vnet(vnet::VnetCommand),
    /// Asks about application gateways.
    #[command(subcommand, arg_required_else_help = true)]
    ApplicationGateway(gateway::GatewayCommand),
}

/// A command that can be put as a request.
trait Translate {
    /// The resource group it names.
    fn group(&self) -> Option<&str>;

    /// The request that `az` would send.
    fn request(&self, names: &Names<'_>) -> Result<Request, Fault>;

    /// What `az` prints of the answer.
    fn shown(&self, answer: Value) -> Value {
        answer
    }
}

/// The version of the API that the commands of `az` ask in.
const VERSION: &str = "2022-01-01";

impl AzCommand {
    fn translate(&self) -> &dyn Translate {
        match self {
            Self::Network(NetworkCommand::Watcher(command)) => command.translate(),
            Self::Network(NetworkCommand::Nic(command)) => command,
            Self::Network(NetworkCommand::Vnet(command)) => command.translate(),
            Self::Network(NetworkCommand::ApplicationGateway(command)) => command,
            Self::Rest(command) => command,
        }
    }
}

pub(super) fn run(arguments: &AzArgs, console: &Console) -> Exit {
    let command = arguments.command.translate();
    let shared = &arguments.shared;
    if shared.input.is_empty() {
        let help = "name the files to ask about with --input, after the command; an array of resources as \
                    `az resource list` or the REST interface give it will do";
        return console.fail(&Diagnostic::error("az.question", "there is no input to ask about").help(help));
    }
    let azure = match azure(shared, command.group(), console) {
        Ok(azure) => azure,
        Err(exit) => return exit,
    };
    let answer = command.request(&Names::new(azure.world(), command.group())).and_then(|it| azure.answer(&it));
    match answer.map(|answer| serde_json::to_string_pretty(&command.shown(answer))) {
        Ok(Ok(text)) => console.print(&(text + "\n"), Exit::Fine),
        Ok(Err(error)) => console.fail(&Diagnostic::error("output.json", error.to_string())),
        Err(fault) => console.fail(&diagnostic(&fault)),
    }
}

/// Azure as the input has it. What is wrong with the input is shown.
fn azure(shared: &Shared, group: Option<&str>, console: &Console) -> Result<Azure, Exit> {
    let mut environment = Environment::default();
    if let Some(group) = group {
        group.clone_into(&mut environment.resource_group);
    }
    let world = shared.given.load(&shared.input, &environment, console)?;
    // What was left out may be what the question is about.
    console.diagnostics(world.diagnostics.iter().filter(|it| it.severity == Severity::Warning), &world.sources);
    console.findings(&world.findings, &world.sources);
    let surroundings = &shared.given.surroundings;
    Ok(Azure::new(world, surroundings.date().unwrap_or_default(), surroundings.assumed().choices))
}

fn diagnostic(fault: &Fault) -> Diagnostic {
    let (code, message) = match fault {
        Fault::Refused { code, message, .. } => (*code, message.clone()),
        Fault::Question { .. } => ("az.question", fault.to_string()),
        Fault::NotModelled { .. } => ("az.not-modelled", fault.to_string()),
    };
    Diagnostic::error(code, message).help(fault.help())
}

fn output(text: &str) -> Result<(), String> {
    match text {
        "json" | "jsonc" => Ok(()),
        _ => Err("only JSON is written here: pipe it into jq or the like for another form".to_owned()),
    }
}

fn query(_: &str) -> Result<(), String> {
    Err("queries are not evaluated here: pipe the JSON into jq or jp".to_owned())
}
