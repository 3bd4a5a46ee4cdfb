//! Who may do what: role definitions and assignments of the input.

use super::{Kind, Resource, Topology};

/// The answer to "may this principal do that there".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permission {
    /// The input holds no role at all: nothing is known, permission is assumed.
    Assumed,
    /// Some role grants it.
    Granted,
    /// Roles are there, none grants it.
    Missing,
}

impl Topology {
    /// Whether any role in the input grants `action` (as `Microsoft.Network/virtualNetworks/read`) on `scope`.
    ///
    /// A principal's object id is known only after a deployment, so assignments are not told apart by principal; a
    /// definition without any assignment counts as assigned on every scope, because `az role definition create` files
    /// come without one.
    #[must_use]
    pub fn permission(&self, action: &str, scope: &str) -> Permission {
        let definitions: Vec<&Resource> =
            self.resources().filter(|resource| matches!(resource.kind, Kind::RoleDefinition(_))).collect();
        if definitions.is_empty() {
            return Permission::Assumed;
        }
        let granted = definitions.iter().any(|definition| {
            let Kind::RoleDefinition(role) = &definition.kind else { return false };
            let permits = role.actions.iter().any(|pattern| matches(pattern, action))
                && !role.not_actions.iter().any(|pattern| matches(pattern, action));
            permits && self.assigned(definition, scope)
        });
        if granted { Permission::Granted } else { Permission::Missing }
    }

    /// Rule `role-scope`: a role counts on the scope of its assignment and on everything below it. Source: learn
    /// azure/role-based-access-control/scope-overview.
    fn assigned(&self, definition: &Resource, scope: &str) -> bool {
        let mut assignments = self
            .resources()
            .filter_map(|resource| match &resource.kind {
                Kind::RoleAssignment(assignment) => Some(assignment),
                _ => None,
            })
            .filter(|assignment| assignment.role.eq_ignore_ascii_case(&definition.name))
            .peekable();
        if assignments.peek().is_none() {
            return true;
        }
        let scope = scope.to_ascii_lowercase();
        assignments.any(|assignment| {
            let on = assignment.scope.to_ascii_lowercase();
            scope == on || scope.strip_prefix(&on).is_some_and(|rest| rest.starts_with('/')) || on == "/"
        })
    }
}

/// Whether a permission pattern (`*` stands for anything, letter case does not count) covers an action.
///
/// Rule `role-actions`: a role grants what one of its actions matches and none of its notActions; `*` stands for
/// anything, and letter case does not count. Source: learn azure/role-based-access-control/role-definitions.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| action.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn permission_patterns() {
        // Tests `role-actions`.
        // Catches: a wildcard that matches nothing in the middle, prefix taken for equality, case.
        for (pattern, action, expected) in [
            ("*", "Microsoft.Network/virtualNetworks/read", true),
            ("Microsoft.Network/*", "Microsoft.Network/virtualNetworks/read", true),
            ("Microsoft.Network/*/read", "microsoft.network/virtualNetworks/read", true),
            ("Microsoft.Network/*/write", "Microsoft.Network/virtualNetworks/read", false),
            ("Microsoft.Network/virtualNetworks", "Microsoft.Network/virtualNetworks/read", false),
            ("*/read", "Microsoft.Network/virtualNetworks/read", true),
        ] {
            assert_eq!(matches(pattern, action), expected, "{pattern} on {action}");
        }
    }
}
