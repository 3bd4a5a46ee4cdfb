//! The types of azurerm that are known, by family. Attributes are those of azurerm 2 to 4, whose documents name them
//! (`website/docs/r` of hashicorp/terraform-provider-azurerm); places are those of Azure's REST interface.

mod balancer;
mod compute;
mod firewall;
mod gateway;
mod names;
mod network;
mod plain;
mod private_link;
mod security;
mod server;
mod services;

use super::table::{Kind, Link};

/// All types that are resources.
pub(super) const KINDS: &[&[Kind]] = &[
    network::KINDS,
    security::KINDS,
    balancer::KINDS,
    private_link::KINDS,
    names::KINDS,
    gateway::KINDS,
    firewall::KINDS,
    compute::KINDS,
    services::KINDS,
    server::KINDS,
    plain::KINDS,
];

/// All types that change resources.
pub(super) const LINKS: &[&[Link]] =
    &[network::LINKS, security::LINKS, balancer::LINKS, gateway::LINKS, firewall::LINKS, services::LINKS];
