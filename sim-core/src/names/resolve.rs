//! A question answered.

use super::zone::Found;
use super::{Answer, Code, Forward, Linked, MAX_CHAIN, Names, Question, Record, Rule, Said, Via, View, Zone};
use crate::id::NodeId;
use crate::topology::{RecordData, RecordKind};
use std::sync::Arc;

/// What comes of one name.
enum Next {
    /// The answer is complete.
    Done,
    /// It is another name for this one.
    Alias(Arc<str>),
}

impl Names {
    /// What is said of a name in this view.
    ///
    /// Rule `names-alias-again`: what a name is an alias for is looked up anew, in the linked zones first; so a public name
    /// that leads below `privatelink` gets a private address where that zone is linked. Source: azure-services 5.3.
    ///
    /// Rule `names-rule-sets`: names of no linked zone are looked up in the rule sets that are linked to the VNet; the rule
    /// of the longest domain sends the question on, and without one the Internet is asked. Source: azure-services 5.3; the
    /// order is that of Microsoft's overview of the private resolver (azure-docs, articles/dns/dns-private-resolver-overview).
    #[must_use]
    pub fn resolve(&self, view: View, question: &Question) -> Answer {
        let mut answer = Answer::default();
        let mut name = question.name.clone();
        for _ in 0..MAX_CHAIN {
            let next = match view {
                View::Vnet(vnet) => self.in_vnet(vnet, &name, question.kind, &mut answer),
                View::Public => self.on_internet(&name, question.kind, &mut answer),
            };
            match next {
                Next::Done => return answer,
                Next::Alias(target) => name = target,
            }
        }
        Answer { code: Code::ServFail, ..answer }
    }

    fn in_vnet(&self, vnet: NodeId, name: &Arc<str>, kind: RecordKind, answer: &mut Answer) -> Next {
        if let Some(linked) = self.linked_zone(vnet, name) {
            return self.in_zone(linked, name, kind, answer);
        }
        if let Some(rule) = self.rule(vnet, name) {
            answer.via.push(Via::Rule { name: name.clone(), ruleset: rule.ruleset, rule: rule.place });
            let question = Question { name: name.clone(), kind };
            answer.forward = Some(Forward { question, targets: rule.rule.targets.clone(), by: rule.by });
            return Next::Done;
        }
        if let Some(reverse) = self.reverse.get(&vnet)
            && let found @ Found::Records(_) = reverse.find(name, kind)
        {
            answer.via.push(Via::Machines { said: said(found) });
            return take(found, name, answer);
        }
        self.on_internet(name, kind, answer)
    }

    /// The linked zone that speaks for a name.
    ///
    /// Rule `names-longest-zone`: of the private zones that are linked to a VNet the one with the longest name that the
    /// question's name ends in speaks for it, alone. Source: azure-services 5.3.
    fn linked_zone(&self, vnet: NodeId, name: &str) -> Option<Linked> {
        let zones = self.linked.get(&vnet)?;
        suffixes(name).find_map(|suffix| zones.get(suffix)).copied()
    }

    fn rule(&self, vnet: NodeId, name: &str) -> Option<&Rule> {
        let rules = self.rules.get(&vnet)?;
        let fits = |rule: &&Rule| rule.rule.enabled.value && rule.rule.is_for(name);
        // The first of equal ones: `max_by_key` gives the last.
        rules.iter().rev().filter(fits).max_by_key(|rule| rule.rule.domain.len())
    }

    /// Rule `names-zone-is-final`: a linked private zone speaks for all names below its own: what it does not have does not
    /// exist, whatever the Internet says. Source: azure-services 5.2.
    ///
    /// Rule `names-fallback`: a link with `resolutionPolicy` `NxDomainRedirect` lets the Internet be asked for what a zone
    /// below `privatelink` does not have, for `A`, `AAAA` and `CNAME`. Source: azure-services 5.2.
    fn in_zone(&self, linked: Linked, name: &Arc<str>, kind: RecordKind, answer: &mut Answer) -> Next {
        let Some(zone) = self.zones.get(&linked.zone) else { return Next::Done };
        let found = zone.find(zone.owner(name).unwrap_or_default(), kind);
        answer.via.push(Via::Zone { name: name.clone(), zone: linked.zone, link: linked.link, said: said(found) });
        let redirected = matches!(kind, RecordKind::A | RecordKind::Aaaa | RecordKind::Cname);
        let private_link = zone.name.split('.').any(|label| label == "privatelink");
        if matches!(found, Found::Missing) && linked.fallback && private_link && redirected {
            answer.via.push(Via::Fallback { link: linked.link });
            return self.on_internet(name, kind, answer);
        }
        take(found, name, answer)
    }

    fn on_internet(&self, name: &Arc<str>, kind: RecordKind, answer: &mut Answer) -> Next {
        let published = self.published.find(name, kind);
        let zone = || suffixes(name).find_map(|suffix| self.public.get(suffix)).map(|(_, zone)| zone);
        let in_zone = |zone: &'_ Zone| zone.owner(name).map(str::to_owned);
        let found = match published {
            Found::Missing | Found::NoData => {
                zone().and_then(|zone| in_zone(zone).map(|owner| zone.find(&owner, kind))).unwrap_or(published)
            }
            found => found,
        };
        answer.via.push(Via::Public { name: name.clone(), said: said(found) });
        take(found, name, answer)
    }
}

/// Puts what was found into the answer.
fn take(found: Found<'_>, name: &Arc<str>, answer: &mut Answer) -> Next {
    let (set, alias) = match found {
        Found::Records(set) => (set, None),
        Found::Alias(set, target) => (set, Some(target.clone())),
        Found::NoData => return Next::Done,
        Found::Missing => {
            answer.code = Code::NxDomain;
            return Next::Done;
        }
    };
    let count = if alias.is_some() { 1 } else { set.data.len() };
    let record = |data: &RecordData| Record { name: name.clone(), kind: set.kind, ttl: set.ttl, data: data.clone() };
    answer.records.extend(set.data.iter().take(count).map(record));
    alias.map_or(Next::Done, Next::Alias)
}

fn said(found: Found<'_>) -> Said {
    match found {
        Found::Records(set) => Said::Records(set.source),
        Found::Alias(set, target) => Said::Alias(set.source, target.clone()),
        Found::NoData => Said::NoData,
        Found::Missing => Said::Missing,
    }
}

/// A name, and the names above it.
fn suffixes(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |rest| rest.split_once('.').map(|(_, rest)| rest))
}
