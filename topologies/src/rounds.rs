//! Templates that ask for what follows from them: `reference()` of a resource that they make.
//!
//! A template is evaluated, the network that it makes is built, and where the template asked anything of a resource it is
//! evaluated again and answered from that network: addresses, defaults, who refers to whom. What depends on such an answer
//! may take a further round.

use std::rc::Rc;

use crate::arm::{Deployment, Resource};
use crate::azure::RawResource;
use crate::world::World;

/// Most evaluations of the same templates: chains of answers that depend on answers are short in real ones.
pub const MAX_ROUNDS: usize = 4;

/// Errors after which nothing more is tried: the template would only be refused again.
const LIMITS: [&str; 4] = ["arm.too-much-work", "arm.too-many-resources", "arm.too-deep", "arm.string-too-long"];

/// Evaluates until the answers do not change any more. `deploy` evaluates all templates, `build` makes the network of their
/// resources and all others.
pub(crate) fn settled(
    deploy: impl Fn(Option<&Rc<World>>) -> Vec<Deployment>,
    build: impl Fn(Vec<RawResource>) -> World,
) -> Vec<Deployment> {
    let mut deployments = deploy(None);
    for _ in 1..MAX_ROUNDS {
        let asks = deployments.iter().any(|deployment| deployment.asks);
        if !asks || deployments.iter().flat_map(|it| &it.diagnostics).any(|it| LIMITS.contains(&it.code)) {
            break;
        }
        let made = deployments.iter().flat_map(|it| &it.resources).filter(|it| !it.existing).cloned();
        let known = Rc::new(build(made.map(RawResource::from).collect()));
        let next = deploy(Some(&known));
        let same = is_same(&deployments, &next);
        deployments = next;
        if same {
            break;
        }
    }
    deployments
}

/// Whether two evaluations make the same resources: then they make the same network, and a further one gives the same again.
fn is_same(before: &[Deployment], after: &[Deployment]) -> bool {
    let alike = |(a, b): (&Resource, &Resource)| a.id == b.id && a.body == b.body;
    before.iter().zip(after).all(|(before, after)| {
        before.resources.len() == after.resources.len() && before.resources.iter().zip(&after.resources).all(alike)
    })
}
