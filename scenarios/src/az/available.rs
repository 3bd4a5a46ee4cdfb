//! `CheckIPAddressAvailability`: whether a private address is free, and which ones are if it is not (azure-dataplane 2.8).

use super::body::bad;
use super::{Ask, Fault};
use serde_json::{Value, json};
use sim_core::net::Addr;
use sim_core::topology::{Kind, Relation};

/// How many free addresses Azure offers.
const OFFERED: usize = 5;

pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    let topology = &ask.azure.world.topology;
    let vnet = ask.azure.vnet(&ask.address.resource)?;
    let text = ask.address.query("ipAddress")?;
    let address: Addr = text.parse().map_err(|_| bad("ipAddress", text, "an IP address, as 10.0.0.4"))?;
    let subnets = topology.referrers(vnet.id, Relation::PartOf).into_iter();
    let subnet = subnets.into_iter().find(|subnet| match &subnet.kind {
        Kind::Subnet(subnet) => subnet.prefixes.iter().any(|prefix| prefix.contains(address)),
        _ => false,
    });
    let Some(subnet) = subnet else {
        // The code is Azure's; its text is in no source that was read.
        let message = format!("Private IP address {address} is in no subnet of virtual network {}.", vnet.short_name());
        return Err(Fault::Refused { status: 400, code: "PrivateIPAddressNotInAnySubnet", message });
    };
    let reserved = topology.is_reserved(subnet.id, address);
    let available = !reserved && topology.taken(subnet.id).iter().all(|(taken, _)| *taken != address);
    let mut answer = json!({ "available": available });
    if !available {
        let free = topology.free(subnet.id, OFFERED).unwrap_or_default();
        answer["availableIPAddresses"] = json!(free.iter().map(Addr::to_string).collect::<Vec<_>>());
    }
    // In no recorded answer before this version.
    if ask.shape.since("2022-01-01") {
        answer["isPlatformReserved"] = json!(reserved);
    }
    Ok(answer)
}
