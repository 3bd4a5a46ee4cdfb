//! Route tables and their routes (azure-dataplane 1.5 and 2.2).

use super::{Case, Verdict};
use crate::topology::{Destination, Route, RouteTable};
use hashbrown::HashMap;

/// Most routes of a table, and most of them that are for service tags.
const MOST_ROUTES: usize = 400;
const MOST_TAG_ROUTES: usize = 25;
/// Tags that no route may name.
const NO_ROUTE: [&str; 6] =
    ["virtualnetwork", "azureloadbalancer", "internet", "azureplatformdns", "azureplatformimds", "azureplatformlkm"];

pub(super) fn check(case: Case<'_>, table: &RouteTable) -> Verdict {
    too_many(case, table)?;
    let mut taken: HashMap<String, &Route, foldhash::fast::FixedState> = HashMap::default();
    for (n, route) in table.routes.iter().enumerate() {
        let key = match &route.destination {
            Destination::Prefix(prefix) => prefix.to_string(),
            Destination::Tag(tag) => {
                tag_takes_routes(case, n, route, tag)?;
                tag.to_ascii_lowercase()
            }
        };
        if let Some(twin) = taken.insert(key, route) {
            return conflict(case, n, route, twin);
        }
    }
    Ok(())
}

/// Rule `refuse-route-tag`: a route is for no tag of the platform or of a network's own addresses. Source:
/// azure-dataplane 2.2.
///
/// The code was not seen.
fn tag_takes_routes(case: Case<'_>, n: usize, route: &Route, tag: &str) -> Verdict {
    if !NO_ROUTE.contains(&tag.to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    let message = format!("Route {} cannot have service tag {tag} as its address prefix.", route.name);
    case.refuse_parts(Some(n..n + 1), route.span, "RouteServiceTagNotSupported", message)
}

/// Rule `refuse-route-conflict`: no two routes of a table are for one prefix. Source: azure-dataplane 2.2.
///
/// The code is from memory.
fn conflict(case: Case<'_>, n: usize, route: &Route, twin: &Route) -> Verdict {
    let message =
        format!("Route {} conflicts with route {}. Routes cannot have the same AddressPrefix.", route.name, twin.name);
    case.refuse_parts(Some(n..n + 1), route.span, "RouteConflict", message)
}

/// Rule `refuse-route-count`: at most 400 routes in a table, 25 of them for service tags. Source: azure-dataplane 1.5.
///
/// The codes were not seen.
fn too_many(case: Case<'_>, table: &RouteTable) -> Verdict {
    let count = table.routes.len();
    if let Some(first) = table.routes.get(MOST_ROUTES) {
        let message = format!("Route table {} has {count} routes, more than {MOST_ROUTES}.", case.draft.name);
        return case.refuse_parts(Some(MOST_ROUTES..count), first.span, "RouteTableRouteLimitExceeded", message);
    }
    let mut for_tags = table.routes.iter().enumerate().filter(|(_, it)| matches!(it.destination, Destination::Tag(_)));
    let Some((n, route)) = for_tags.nth(MOST_TAG_ROUTES) else { return Ok(()) };
    let message = format!("Route table {} has more than {MOST_TAG_ROUTES} routes for service tags.", case.draft.name);
    case.refuse_parts(Some(n..n + 1), route.span, "RouteTableServiceTagRouteLimitExceeded", message)
}
