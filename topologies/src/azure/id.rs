//! Resource ids as text.

use std::sync::Arc;

/// An id without the slips that Azure forgives: blanks around it, doubled slashes and one at the end.
pub(crate) fn tidy(id: &str) -> Arc<str> {
    let trimmed = id.trim();
    if !trimmed.contains("//") && !trimmed.ends_with('/') {
        return trimmed.into();
    }
    let lead = if trimmed.starts_with('/') { "/" } else { "" };
    let parts: Vec<&str> = trimmed.split('/').filter(|part| !part.is_empty()).collect();
    format!("{lead}{}", parts.join("/")).into()
}

/// The id of a child resource.
pub(super) fn child(parent: &str, collection: &str, name: &str) -> Arc<str> {
    format!("{parent}/{collection}/{name}").into()
}

/// The id of the resource that this one is a child of; `None` for one that is no child.
pub(crate) fn parent(id: &str) -> Option<&str> {
    let own = own_part(id);
    if own.split('/').count() <= 3 {
        return None;
    }
    id.rsplitn(3, '/').nth(2)
}

/// The type in an id, as `Microsoft.Network/virtualNetworks/subnets`.
#[must_use]
pub fn resource_type(id: &str) -> String {
    let mut parts = own_part(id).split('/');
    let provider = parts.next().unwrap_or_default().to_owned();
    parts.step_by(2).fold(provider, |kind, part| format!("{kind}/{part}"))
}

/// The last part of an id.
pub(crate) fn name_of(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// An id of the same scope and provider, for a resource made beside another: `to` is type and name.
pub(super) fn sibling(id: &str, to: &str) -> Arc<str> {
    let scope = id.len() - own_part(id).len();
    format!("{}{to}", &id[..scope]).into()
}

/// The part after the last `/providers/`: provider, type, name, and so on.
fn own_part(id: &str) -> &str {
    const MARK: &str = "/providers/";
    let starts = |at: &usize| id.as_bytes()[*at..*at + MARK.len()].eq_ignore_ascii_case(MARK.as_bytes());
    // The mark has no letters beyond ASCII, so that it ends where a character does.
    (0..(id.len() + 1).saturating_sub(MARK.len())).rev().find(starts).map_or(id, |at| &id[at + MARK.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: a top-level resource taken for a child, the provider counted as a type, extensions read as children of
    /// what they extend, letters beyond ASCII shifting an offset.
    #[test]
    fn ids_are_taken_apart() {
        let vnet = "/subscriptions/s/resourceGroups/İg/providers/Microsoft.Network/virtualNetworks/v";
        let subnet = format!("{vnet}/subnets/a");
        assert_eq!(parent(vnet), None);
        assert_eq!(parent(&subnet), Some(vnet));
        assert_eq!(resource_type(&subnet), "Microsoft.Network/virtualNetworks/subnets");
        let role = format!("{vnet}/Providers/Microsoft.Authorization/roleAssignments/r");
        assert_eq!((parent(&role), resource_type(&role).as_str()), (None, "Microsoft.Authorization/roleAssignments"));
        assert_eq!(sibling(vnet, "Microsoft.Network/nics/n"), vnet.replace("virtualNetworks/v", "nics/n").into());
        assert_eq!((parent(""), resource_type("x/y").as_str(), name_of("x/y")), (None, "x/y", "y"));
    }

    /// Catches: an id that does not match for a slash too many, as the quickstarts write them.
    #[test]
    fn slips_in_ids_are_forgiven() {
        for (written, meant) in [("/a//b/", "/a/b"), (" /a/b ", "/a/b"), ("a/b/", "a/b"), ("/a/b", "/a/b")] {
            assert_eq!(&*tidy(written), meant);
        }
    }
}
