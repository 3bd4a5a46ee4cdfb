//! Names as `az` takes them: a resource id, or a name in a resource group.

use crate::az::Fault;
use topologies::World;
use topologies::diagnostic::nearest;

/// Resolves names against an input.
pub(super) struct Names<'a> {
    world: &'a World,
    group: Option<&'a str>,
}

impl<'a> Names<'a> {
    pub(super) fn new(world: &'a World, group: Option<&'a str>) -> Self {
        Self { world, group }
    }

    /// The id of a resource of this type, such as `Microsoft.Network/networkInterfaces`. An id is taken as it is.
    pub(super) fn id(&self, flag: &str, kind: &str, name: &str) -> Result<String, Fault> {
        if name.starts_with('/') {
            return Ok(name.to_owned());
        }
        let of_kind = || self.ids().filter(|id| parts(id).is_some_and(|(_, own, _)| own.eq_ignore_ascii_case(kind)));
        let Some(group) = self.group else {
            let named: Vec<&str> =
                of_kind().filter(|id| parts(id).is_some_and(|(.., own)| own.eq_ignore_ascii_case(name))).collect();
            let candidates = if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) };
            return Err(Fault::Question {
                message: format!("{flag} {name} needs its resource group"),
                help: format!("add -g, or give the resource id{candidates}"),
            });
        };
        let mut found = of_kind().filter(|id| {
            parts(id).is_some_and(|(own, _, last)| own.eq_ignore_ascii_case(group) && last.eq_ignore_ascii_case(name))
        });
        match (found.next(), found.next()) {
            (Some(id), None) => Ok(id.to_owned()),
            (Some(one), Some(other)) => Err(Fault::Question {
                message: format!("{flag} {name} is in several subscriptions"),
                help: format!("give the resource id: {one}, {other}"),
            }),
            (None, _) => {
                let known: Vec<String> = of_kind().filter_map(|id| parts(id).map(|(.., own)| own.to_owned())).collect();
                let near = nearest(name, known.iter().map(String::as_str));
                Err(Fault::Question {
                    message: format!("resource group {group} holds no {kind} {name}"),
                    help: match near {
                        Some(near) => format!("did you mean {near}?"),
                        None if known.is_empty() => "the input holds none of this type".to_owned(),
                        None => format!("the input holds {}", known.join(", ")),
                    },
                })
            }
        }
    }

    /// The first address of a subnet.
    pub(super) fn first_address(&self, subnet: &str) -> Result<String, Fault> {
        use sim_core::topology::Kind;
        match self.world.topology.find(subnet).map(|found| &found.kind) {
            Some(Kind::Subnet(attributes)) if !attributes.prefixes.is_empty() => {
                Ok(attributes.prefixes[0].first().to_string())
            }
            _ => Err(Fault::Question {
                message: format!("there is no subnet {subnet}"),
                help: "the input has to hold the subnet".to_owned(),
            }),
        }
    }

    /// The address of a Network Watcher's operation for a resource.
    pub(super) fn watcher(&self, target: &str, operation: &str) -> String {
        let region = self.world.resources.get(target).and_then(|raw| raw.location.clone());
        let region = region.as_deref().unwrap_or("westus");
        let subscription = target.split('/').nth(2).unwrap_or("00000000-0000-0000-0000-000000000000");
        format!(
            "/subscriptions/{subscription}/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/\
             NetworkWatcher_{region}/{operation}?api-version={}",
            super::VERSION
        )
    }

    /// The id of the input's first resource: a question that is about none is asked in its subscription.
    pub(super) fn any_id(&self) -> &str {
        self.ids().next().unwrap_or_default()
    }

    fn ids(&self) -> impl Iterator<Item = &'a str> {
        let world = self.world;
        world.topology.resources().map(|it| &*it.name).filter(move |id| !world.is_assumed(id))
    }
}

/// Group, type and last name of a resource id.
fn parts(id: &str) -> Option<(&str, String, &str)> {
    let all: Vec<&str> = id.split('/').collect();
    match all.as_slice() {
        ["", _, _, _, group, _, provider, names @ ..] if names.len() >= 2 => {
            let kinds: Vec<&str> = names.iter().step_by(2).copied().collect();
            Some((group, format!("{provider}/{}", kinds.join("/")), names.last()?))
        }
        _ => None,
    }
}
