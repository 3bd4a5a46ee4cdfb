//! `backendHealth` of an application gateway.

use super::{Ask, Fault};
use serde_json::Value;

pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    ask.azure.resource(&ask.address.resource)?;
    Err(Fault::NotModelled { what: "the health of an application gateway's backends".to_owned() })
}
