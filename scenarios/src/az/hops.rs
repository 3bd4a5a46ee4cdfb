//! The hops of a connectivity check, linked to each other as Azure does it (azure-dataplane 6.5).

use super::shape::Shape;
use serde_json::{Value, json};

/// One hop.
pub(super) struct Hop {
    /// `Source`, `VirtualNetwork`, `VirtualAppliance`, `Internet`, `Destination`.
    pub kind: &'static str,
    /// Its address, or the name that was asked.
    pub address: String,
    /// The resource it belongs to, if it is one of Azure's.
    pub resource: String,
    /// What is in the way there.
    pub issues: Vec<Value>,
}

/// All hops, in their order.
pub(super) fn told(hops: &[Hop], shape: Shape<'_>) -> Vec<Value> {
    let last = hops.len().saturating_sub(1);
    let both_ways = shape.since("2018-08-01");
    let one = |(n, hop): (usize, &Hop)| {
        let next = (n < last).then_some(n + 1);
        let previous = n.checked_sub(1);
        // A link is of the kind of what it leads to.
        let towards = hops.get(n + 1).map_or("", |next| next.kind);
        let mut out = json!({
            "type": hop.kind,
            "id": id(n),
            "address": hop.address,
            "resourceId": hop.resource,
            "nextHopIds": next.into_iter().map(id).collect::<Vec<_>>(),
            "links": next.into_iter().map(|to| link(to, towards, shape)).collect::<Vec<_>>(),
            "issues": hop.issues,
        });
        if both_ways {
            out["previousHopIds"] = previous.into_iter().map(id).collect();
            out["previousLinks"] = previous.into_iter().map(|to| link(to, hop.kind, shape)).collect();
        }
        out
    };
    hops.iter().enumerate().map(one).collect()
}

fn link(to: usize, kind: &str, shape: Shape<'_>) -> Value {
    let mut out = json!({"nextHopId": id(to), "properties": {}});
    if shape.since("2018-08-01") {
        out["context"] = json!({});
        out["issues"] = json!([]);
        out["resourceId"] = json!("");
    }
    if shape.since("2019-04-01") {
        out["linkType"] = json!(kind);
        out["type"] = json!(kind);
    } else if shape.since("2018-08-01") && kind == "Internet" {
        // A number without a name, as recorded.
        out["type"] = json!("5");
    }
    out
}

/// Azure makes an id up for each hop of each check; here it is the hop's place.
fn id(n: usize) -> String {
    format!("00000000-0000-0000-0000-{n:012}")
}
