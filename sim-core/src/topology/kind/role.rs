//! Roles and who has them.

/// A role definition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleDefinition {
    /// Permitted actions, with `*` as wildcard.
    pub actions: Vec<String>,
    /// Actions taken out again.
    pub not_actions: Vec<String>,
}

/// A role given to somebody on a scope.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleAssignment {
    /// The principal's object id, as far as it is known.
    pub principal: String,
    /// The role definition's resource id.
    pub role: String,
    /// The scope's resource id.
    pub scope: String,
}
