//! How a Terraform type is told to be one of Azure's: rows of attributes and the places of a body they go to.

use super::family;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A type of resource that Azure knows as one.
#[derive(Debug)]
pub(super) struct Kind {
    /// Terraform's name of the type.
    pub(super) terraform: &'static str,
    /// Azure's.
    pub(super) arm: &'static str,
    /// What its id begins with.
    pub(super) place: Place,
    /// What its attributes become.
    pub(super) fields: &'static [Field],
    /// Blocks that Azure knows as resources of their own: block, collection, fields.
    pub(super) children: &'static [(&'static str, &'static str, &'static [Field])],
}

/// What a resource belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// A subscription: a resource group.
    Subscription,
    /// A resource group.
    Group,
    /// Another resource, of this type, that one of these attributes names or gives the id of.
    Child(&'static str, &'static [&'static str]),
    /// Whatever the attribute gives the id of.
    Scope(&'static str),
}

/// A type that Azure knows only as a part of another resource, or as a reference in it.
#[derive(Debug)]
pub(super) struct Link {
    /// Terraform's name of the type.
    pub(super) terraform: &'static str,
    /// The resource it changes.
    pub(super) target: Target,
    /// The list that it adds an item to; without one its fields are set.
    pub(super) list: Option<&'static str>,
    /// What its attributes become.
    pub(super) fields: &'static [Field],
}

/// What a link changes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// What the attribute gives the id of.
    Id(&'static str),
    /// The part, by attribute of the whole's id, collection, and attribute of the part's name.
    Part(&'static str, &'static str, &'static str),
    /// Every part of a collection of what the attribute gives the id of.
    Parts(&'static str, &'static str),
    /// A resource of this type and the name in the attribute.
    Named(&'static str, &'static str),
}

/// From an attribute to a place in the body. The attribute may be `block/attribute`. The place is below `properties`
/// unless it begins with `@`, and its parts are parted by `/`. What is set already stays, lists grow: an attribute that
/// has got another name stands in a row for each.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) how: How,
}

/// What becomes of a value. One that is null, empty or an empty list is none.
#[derive(Clone, Copy, Debug)]
pub(super) enum How {
    /// The same.
    Same,
    /// The same, where 0 is none.
    Positive,
    /// The opposite of a switch.
    Not,
    /// A switch, as `Enabled` or `Disabled`.
    Enabled,
    /// A switch, as `Disabled` or `Enabled`.
    Disabled,
    /// A name, as the id of the part of this collection of the resource that this one belongs to.
    PartId(&'static str),
    /// One, as a list of it.
    One,
    /// A list of texts, as a list of objects with the text in this member.
    Each(&'static str),
    /// A list of ids, as a list of named objects with the id in this property.
    Named(&'static str),
    /// A list of texts, as one with commas.
    Joined,
    /// An address that Azure gave out or the user asked for; both hold.
    Address,
    /// NICs of a machine: the first is primary, or the one in `primary_network_interface_id`.
    Nics,
    /// This text, whatever the attributes.
    Text(&'static str),
    /// The first block, as an object.
    Block(&'static [Field]),
    /// Blocks, as a list of objects.
    Blocks(&'static [Field]),
    /// Those blocks whose switch has this value.
    BlocksIf(&'static str, bool, &'static [Field]),
}

/// A row that takes a value as it is.
pub(super) const fn same(from: &'static str, to: &'static str) -> Field {
    Field { from, to, how: How::Same }
}

/// A row that makes something of a value.
pub(super) const fn row(from: &'static str, to: &'static str, how: How) -> Field {
    Field { from, to, how }
}

/// A type that lives in a resource group.
pub(super) const fn kind(terraform: &'static str, arm: &'static str, fields: &'static [Field]) -> Kind {
    Kind { terraform, arm, place: Place::Group, fields, children: &[] }
}

/// A type that belongs to another resource.
pub(super) const fn child(
    terraform: &'static str,
    arm: &'static str,
    of: (&'static str, &'static [&'static str]),
    fields: &'static [Field],
) -> Kind {
    Kind { terraform, arm, place: Place::Child(of.0, of.1), fields, children: &[] }
}

/// A type that changes another resource.
pub(super) const fn link(
    terraform: &'static str,
    target: Target,
    list: Option<&'static str>,
    fields: &'static [Field],
) -> Link {
    Link { terraform, target, list, fields }
}

/// What a Terraform type is, if it is known here.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known {
    Kind(&'static Kind),
    Link(&'static Link),
}

/// Looks a type up.
pub(super) fn known(terraform: &str) -> Option<Known> {
    static ALL: LazyLock<BTreeMap<&'static str, Known>> = LazyLock::new(|| {
        let kinds = family::KINDS.iter().copied().flatten().map(|kind| (kind.terraform, Known::Kind(kind)));
        let links = family::LINKS.iter().copied().flatten().map(|link| (link.terraform, Known::Link(link)));
        kinds.chain(links).collect()
    });
    ALL.get(terraform).copied()
}

impl Known {
    /// The rows.
    pub(super) fn fields(self) -> &'static [Field] {
        match self {
            Self::Kind(kind) => kind.fields,
            Self::Link(link) => link.fields,
        }
    }

    /// The attributes that its id, or its place, is made of.
    pub(super) fn named_by(self) -> &'static [&'static str] {
        match self {
            Self::Kind(Kind { place: Place::Child(_, by), .. }) => by,
            _ => &[],
        }
    }
}
