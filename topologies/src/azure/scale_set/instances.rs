//! Which instances scale sets have, and how many of them there is room for.

use super::super::raw::{RawResource, Resources};
use super::super::read::{given, inner, list, reference, references};
use super::{is_flexible, profile};
use crate::json::{Data, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Instances of one set; the rest is reported as skipped.
pub const MAX_INSTANCES: usize = 100;
/// Parts of all instances of an input together: the values in the network profiles that they are made after.
pub const MAX_PARTS: usize = 200_000;

const TYPE: &str = "Microsoft.Compute/virtualMachineScaleSets";
const SETS: &str = "/virtualmachinescalesets/";
const MACHINES: &str = "/virtualmachines/";

/// What is known of the scale sets of an input as a whole. Ids are in lower case.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Sets {
    /// How many instances each may have.
    room: BTreeMap<String, usize>,
    with_machines: BTreeSet<String>,
    known: BTreeMap<String, BTreeSet<(u64, String)>>,
}

impl Sets {
    pub(in super::super) fn of(all: &Resources) -> Self {
        let mut sets = Self::default();
        all.iter().for_each(|raw| sets.learn(raw));
        let mut left = MAX_PARTS;
        for raw in all.iter().filter(|raw| raw.resource_type.eq_ignore_ascii_case(TYPE)) {
            let each = profile(raw.properties()).map_or(1, parts).max(1);
            let wanted = sets.known(raw).count().max(capacity(raw).unwrap_or_default());
            let most = MAX_INSTANCES.min(left / each);
            left -= each * most.min(wanted);
            sets.room.insert(raw.id.to_ascii_lowercase(), most);
        }
        sets
    }

    /// What one resource tells of instances.
    fn learn(&mut self, raw: &RawResource) {
        let kind = raw.resource_type.to_ascii_lowercase();
        match &*kind {
            "microsoft.compute/virtualmachines" => {
                let set = reference(raw.properties(), "virtualMachineScaleSet");
                self.with_machines.extend(set.map(|set| set.to_ascii_lowercase()));
            }
            "microsoft.network/loadbalancers" => {
                let pools = list(raw.properties(), "backendAddressPools").iter().map(inner);
                pools.flat_map(|pool| references(pool, "backendIPConfigurations")).for_each(|id| self.note(&id));
            }
            "microsoft.network/loadbalancers/backendaddresspools" => {
                references(raw.properties(), "backendIPConfigurations").for_each(|id| self.note(&id));
            }
            _ if kind.contains(SETS) => self.note(&raw.id),
            _ => {}
        }
    }

    /// Takes down the instance in an id, if there is one.
    fn note(&mut self, id: &str) {
        let id = id.to_ascii_lowercase();
        let Some((set, rest)) = id.find(SETS).and_then(|at| {
            let machine = at + id.get(at..)?.find(MACHINES)?;
            Some((&id[..machine], &id[machine + MACHINES.len()..]))
        }) else {
            return;
        };
        if let Some(number) = rest.split('/').next().filter(|number| !number.is_empty()) {
            let entry = (number.parse().unwrap_or(u64::MAX), number.to_owned());
            self.known.entry(set.to_owned()).or_default().insert(entry);
        }
    }

    /// The numbers of the instances that other resources tell of: what is declared of them, and balancers' pools as Azure
    /// answers them.
    ///
    /// Rule `scale-set-known-instances`: where an input tells which instances there are, by resources of theirs or by the
    /// members of pools, those are the instances, whatever the capacity is. Source: Resource Graph exports, whose
    /// instances are numbered with gaps.
    pub(super) fn known(&self, raw: &RawResource) -> impl Iterator<Item = &str> {
        let found = self.known.get(&raw.id.to_ascii_lowercase()).filter(|_| !is_flexible(raw));
        found.into_iter().flatten().map(|(_, number)| &**number)
    }

    /// How many instances a set may have here.
    pub(super) fn room(&self, raw: &RawResource) -> usize {
        self.room.get(&raw.id.to_ascii_lowercase()).copied().unwrap_or_default()
    }

    /// Whether machines of the input say that they belong to this set.
    pub(super) fn has_machines(&self, raw: &RawResource) -> bool {
        self.with_machines.contains(&raw.id.to_ascii_lowercase())
    }
}

pub(super) fn capacity(raw: &RawResource) -> Option<usize> {
    let written = given(given(&raw.body, "sku")?, "capacity")?.as_u64()?;
    Some(usize::try_from(written).unwrap_or(usize::MAX))
}

/// How many values there are in a profile.
fn parts(value: &Value) -> usize {
    match &value.data {
        Data::Array(items) => 1 + items.iter().map(parts).sum::<usize>(),
        Data::Object(members) => 1 + members.iter().map(|member| parts(&member.value)).sum::<usize>(),
        _ => 1,
    }
}
