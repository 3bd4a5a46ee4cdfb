//! Roles: what they grant, and where.

use crate::one_vnet;
use sim_core::topology::{Draft, Kind, Permission, RoleAssignment, RoleDefinition};
use vnetsim_tests::net::Net;

const READ: &str = "Microsoft.Network/virtualNetworks/read";
const GROUP: &str = "/subscriptions/s/resourceGroups/g";

/// A network with a role of these actions, assigned on these scopes.
fn with_role(actions: &[&str], not_actions: &[&str], scopes: &[&str]) -> Net {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let mut net = one_vnet(None);
    let role = RoleDefinition { actions: owned(actions), not_actions: owned(not_actions) };
    net.put(Draft::new("/roles/r", Kind::RoleDefinition(role)));
    for (n, scope) in scopes.iter().enumerate() {
        let given =
            RoleAssignment { principal: "p".to_owned(), role: "/ROLES/R".to_owned(), scope: (*scope).to_owned() };
        net.put(Draft::new(format!("/assignments/{n}"), Kind::RoleAssignment(given)));
    }
    net
}

#[test]
fn a_role_counts_on_its_scope_and_below() {
    // Tests `role-scope`. Catches: a scope that holds for its neighbours or for what is above it, a name that merely begins
    // like the scope's taken for something below it, letters compared by case; a definition without any assignment, which
    // counts as assigned everywhere, taken for one that nobody has.
    use Permission::{Granted, Missing};
    let vnet = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/v");
    for (scopes, expected) in [
        (&[][..], Granted),
        (&["/"], Granted),
        (&["/subscriptions/S"], Granted),
        (&[GROUP], Granted),
        (&["/subscriptions/s/resourceGroups/other", "/subscriptions/s/RESOURCEGROUPS/g"], Granted),
        (&["/subscriptions/s/resourceGroups/gg"], Missing),
        (&["/subscriptions/s/resourceGroups/other"], Missing),
        (&["/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/t"], Missing),
    ] {
        let net = with_role(&["Microsoft.Network/*"], &[], scopes);
        assert_eq!(net.topology.permission(READ, &vnet), expected, "{scopes:?}");
    }
    assert_eq!(
        with_role(&["*"], &[], &[GROUP]).topology.permission(READ, "/subscriptions/s/resourceGroups/gg"),
        Missing
    );
    assert_eq!(one_vnet(None).topology.permission(READ, &vnet), Permission::Assumed);
}

#[test]
fn what_is_taken_out_is_not_granted() {
    // Tests `role-actions`. Catches: notActions read as actions, or that do not count; one role's notActions taken from what
    // it grants elsewhere.
    for (actions, not_actions, granted) in [
        (&["Microsoft.Network/*"][..], &[][..], true),
        (&["microsoft.network/VIRTUALNETWORKS/*"], &[], true),
        (&["Microsoft.Compute/*"], &[], false),
        (&["*"], &["Microsoft.Network/virtualNetworks/read"], false),
        (&["*"], &["Microsoft.Network/virtualNetworks/write"], true),
        (&[], &["*"], false),
    ] {
        let expected = if granted { Permission::Granted } else { Permission::Missing };
        let net = with_role(actions, not_actions, &[GROUP]);
        assert_eq!(net.topology.permission(READ, GROUP), expected, "{actions:?} but {not_actions:?}");
    }
}
