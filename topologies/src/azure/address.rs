//! `publicIPAddresses`, and prefixes of them.

use super::raw::RawResource;
use super::read::{address, given, idle_minutes, says, text};
use super::reading::Reading;
use crate::json::Value;
use sim_core::net::Prefix;
use sim_core::topology::{Kind, PublicIp, Sku};

/// A public address, with the address in the property `key` if it has one already. A prefix counts as its first one.
pub(super) fn public(raw: &RawResource, key: &str, out: &mut Reading) {
    let properties = raw.properties();
    let known = given(properties, key).filter(|value| text(properties, key).is_some() || value.as_str().is_none());
    let prefix = known.and_then(Value::as_str).and_then(|text| text.trim().parse::<Prefix>().ok());
    let address = match (prefix, known) {
        (Some(prefix), _) => Ok(Some(prefix.first())),
        (None, Some(value)) => address(value).map(Some),
        (None, None) => Ok(None),
    };
    match address {
        Ok(address) => {
            // A prefix has no Basic tier.
            let sku = if key == "ipPrefix" { Sku::Standard } else { sku(&raw.body) };
            let public = PublicIp {
                sku,
                region: out.region.clone(),
                address,
                prefix,
                idle_minutes: idle_minutes(properties, 66).unwrap_or_default(),
                global: is_global(&raw.body),
                v6: says(properties, "publicIPAddressVersion", "IPv6"),
            };
            out.node(raw.draft(Kind::PublicIp(public)));
        }
        Err(diagnostic) => out.leave_out(&raw.id, diagnostic),
    }
}

/// Whether it is for several regions, by `sku.tier`.
pub(super) fn is_global(body: &Value) -> bool {
    given(body, "sku").is_some_and(|sku| says(sku, "tier", "Global"))
}

/// The tier in `sku.name`; Basic when it is absent, as in API versions of its time. `StandardV2` addresses
/// behave as Standard ones here.
///
/// Rule `public-ip-tier-default`: public addresses and balancers that name no tier are Basic. Source: REST
/// specification of publicIPAddresses and loadBalancers; azure-dataplane 4.5.
pub(super) fn sku(body: &Value) -> Sku {
    match given(body, "sku").and_then(|sku| text(sku, "name")) {
        Some(name) if !name.eq_ignore_ascii_case("Basic") => Sku::Standard,
        _ => Sku::Basic,
    }
}
