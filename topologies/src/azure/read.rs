//! Reading values as Azure does: strings for numbers, any letter case, blanks at the end.

use super::id::tidy;
use crate::diagnostic::Diagnostic;
use crate::json::Value;
use sim_core::net::{Addr, Prefix};
use sim_core::topology::Setting;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The `properties` of a resource or of a part of one; the object itself where a tool has flattened them.
pub(super) fn inner(value: &Value) -> &Value {
    value.get("properties").filter(|properties| properties.as_object().is_some()).unwrap_or(value)
}

/// A member that is there and not null.
pub(super) fn given<'v>(within: &'v Value, key: &str) -> Option<&'v Value> {
    within.get(key).filter(|value| !value.is_null())
}

/// A text that is there and not blank.
pub(super) fn text<'v>(within: &'v Value, key: &str) -> Option<&'v str> {
    given(within, key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// Whether a text is there and is this word, in any letter case.
pub(super) fn says(within: &Value, key: &str, word: &str) -> bool {
    text(within, key).is_some_and(|text| text.eq_ignore_ascii_case(word))
}

/// The items of an array that is there.
pub(super) fn list<'v>(within: &'v Value, key: &str) -> &'v [Value] {
    given(within, key).map(Value::items).unwrap_or_default()
}

/// The id in `"key": {"id": ...}`.
pub(super) fn reference(within: &Value, key: &str) -> Option<Arc<str>> {
    text(given(within, key)?, "id").map(tidy)
}

/// The ids in `"key": [{"id": ...}, ...]`.
pub(super) fn references<'v>(within: &'v Value, key: &str) -> impl Iterator<Item = Arc<str>> + 'v {
    list(within, key).iter().filter_map(|item| text(item, "id").map(tidy))
}

/// A switch with its place.
pub(super) fn switch(within: &Value, key: &str, default: bool) -> Setting<bool> {
    let written = given(within, key).and_then(|value| Some((value.as_bool()?, value.span)));
    written.map_or(Setting::default_of(default), |(value, span)| Setting { value, span: Some(span) })
}

/// A switch that reads `Enabled` or `Disabled`.
pub(super) fn enabled(within: &Value, key: &str, default: bool) -> Setting<bool> {
    let Some(value) = given(within, key) else { return Setting::default_of(default) };
    Setting { value: !says(within, key, "Disabled"), span: Some(value.span) }
}

/// A whole number within limits, also one written as a string.
pub(super) fn number(within: &Value, key: &str, limits: RangeInclusive<u64>) -> Result<Option<u64>, Diagnostic> {
    let Some(value) = given(within, key) else { return Ok(None) };
    match value.as_u64().filter(|number| limits.contains(number)) {
        Some(number) => Ok(Some(number)),
        None => {
            let (first, last) = limits.into_inner();
            Err(bad(value, "InvalidRequestFormat", format!("`{key}` is {value}, not a number from {first} to {last}")))
        }
    }
}

/// `idleTimeoutInMinutes`, of 4 to `most`, with its place.
pub(super) fn idle_minutes(within: &Value, most: u64) -> Result<Setting<Option<u16>>, Diagnostic> {
    const KEY: &str = "idleTimeoutInMinutes";
    // Within the limits it fits.
    let value = number(within, KEY, 4..=most)?.map(|minutes| minutes as u16);
    Ok(Setting { value, span: value.and(given(within, KEY)).map(|written| written.span) })
}

/// A port, at least `first`.
pub(super) fn port(within: &Value, key: &str, first: u16) -> Result<Option<u16>, Diagnostic> {
    // Within the limits it fits.
    Ok(number(within, key, u64::from(first)..=65535)?.map(|port| port as u16))
}

/// An address.
///
/// Rule `refuse-address-form`: an address is an IP address. Source: azure-dataplane 2.8. The code is Azure's, the text
/// is ours.
pub(super) fn address(value: &Value) -> Result<Addr, Diagnostic> {
    let text = value.as_str().unwrap_or_default().trim();
    text.parse().map_err(|_| bad(value, "InvalidIPAddressFormat", format!("{value} is not an IP address")))
}

/// A prefix of the network itself, which Azure takes in CIDR notation only. Codes and texts are Azure's.
///
/// Rule `refuse-prefix-form`: a network's prefix is in CIDR notation, without bits beyond its length. Source:
/// azure-dataplane 2.8. Codes and texts are Azure's.
pub(super) fn prefix(value: &Value) -> Result<Prefix, Diagnostic> {
    let text = value.as_str().unwrap_or_default().trim();
    let wrong = || {
        let message = format!("Address prefix {value} is not formatted correctly; it should follow CIDR notation");
        bad(value, "InvalidAddressPrefixFormat", message).help("write it like 10.0.0.0/24")
    };
    let (base, _) = text.split_once('/').ok_or_else(wrong)?;
    let prefix: Prefix = text.parse().map_err(|_| wrong())?;
    if base.parse() != Ok(prefix.first()) {
        let message = format!("The address prefix {text} has an invalid CIDR notation");
        let help = format!("for this length the prefix is {prefix}");
        return Err(bad(value, "InvalidCIDRNotation", message).help(help));
    }
    Ok(prefix)
}

/// What is missing.
pub(super) fn missing(within: &Value, key: &str) -> Diagnostic {
    Diagnostic::error("azure.missing-property", format!("`{key}` is missing, and Azure asks for it")).at(within.span)
}

/// A value that Azure would not take; one that only Azure knows is no mistake of the input, and a warning.
pub(super) fn bad(value: &Value, code: &'static str, message: String) -> Diagnostic {
    let unknown = value.as_str().is_some_and(|text| text.contains('<') && text.contains('>'));
    if unknown {
        let message = format!("{value} stands for a value that is not known here");
        return Diagnostic::warning("azure.unknown-value", message).at(value.span);
    }
    Diagnostic::error(code, message).at(value.span)
}

/// What the simulator does not model.
pub(super) fn not_modelled(value: &Value, what: &str) -> Diagnostic {
    Diagnostic::warning("azure.not-modelled", format!("{what}: not modelled, left out")).at(value.span)
}
