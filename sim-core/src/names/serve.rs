//! Who answers questions, and what a name server of one's own makes of one.

use super::{Answer, Code, Names, Question, Record, Via, View};
use crate::assumption::Assumption;
use crate::id::NodeId;
use crate::net::Addr;
use crate::topology::{ForwardingRule, NameServer, RecordData, RecordKind};
use std::sync::Arc;

/// What somebody answers from.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// Azure's own resolver, in this VNet.
    Platform(NodeId),
    /// A resolver on the Internet.
    Public,
    /// A server of one's own.
    Server {
        /// What it knows.
        server: Arc<NameServer>,
        /// Whether it asks the Internet by a way of its own for what it sends nowhere: on premises.
        at_home: bool,
        /// Whether nobody says what it knows, so that this is assumed.
        assumed: bool,
    },
}

/// What becomes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Served {
    /// It is answered, all of it or up to [`Answer::forward`].
    Answered(Answer),
    /// Others are asked, first to last.
    Ask(Vec<(Addr, u16)>, Via),
}

/// How long the records of one's own server may be kept, in seconds; nothing hangs on it.
const OWN_TTL: u32 = 3600;

impl Names {
    /// What the machine of `node` makes of a question; `None` where it answers none.
    ///
    /// Rule `names-custom-server`: a server of one's own answers from its own records, sends names of a domain with a
    /// forwarder to that, the longest domain first, and all others to whom it asks about everything; private zones count
    /// only as far as one of these is Azure's resolver in a linked VNet. Source: azure-services 5.1, 5.6.
    #[must_use]
    pub fn serve(&self, node: NodeId, question: &Question) -> Option<Served> {
        let (server, at_home, assumed) = match self.role(node)? {
            Role::Platform(vnet) => return Some(Served::Answered(self.resolve(View::Vnet(*vnet), question))),
            Role::Public => return Some(Served::Answered(self.resolve(View::Public, question))),
            Role::Server { server, at_home, assumed } => (server, *at_home, *assumed),
        };
        if let Some(answer) = own(server, node, question) {
            return Some(Served::Answered(answer));
        }
        let forwarder = server.forwards.iter().filter(|rule| rule.enabled.value && rule.is_for(&question.name));
        let forwarder = forwarder.max_by_key(|rule| rule.domain.len());
        let (targets, domain) = match forwarder {
            Some(rule) => (rule.targets.clone(), Some(rule.domain.clone())),
            None => (server.otherwise.clone(), None),
        };
        if !targets.is_empty() {
            let asked = Via::Asked { server: node, domain };
            return Some(Served::Ask(
                targets,
                if assumed { Via::Assumed(Assumption::CustomNameServer) } else { asked },
            ));
        }
        Some(Served::Answered(if at_home {
            self.resolve(View::Public, question)
        } else {
            Answer { code: Code::ServFail, ..Answer::default() }
        }))
    }
}

/// What a server says of a name that it has records of.
fn own(server: &NameServer, node: NodeId, question: &Question) -> Option<Answer> {
    let of_name: Vec<&Addr> = server
        .records
        .iter()
        .filter(|(name, _)| name.trim_end_matches('.').eq_ignore_ascii_case(&question.name))
        .map(|(_, address)| address)
        .collect();
    if of_name.is_empty() {
        return None;
    }
    let kind = |address: &Addr| if address.is_v4() { RecordKind::A } else { RecordKind::Aaaa };
    let wanted = of_name.into_iter().filter(|address| kind(address) == question.kind);
    let record = |address: &Addr| Record {
        name: question.name.clone(),
        kind: question.kind,
        ttl: OWN_TTL,
        data: RecordData::Address(*address),
    };
    Some(Answer { records: wanted.map(record).collect(), via: vec![Via::Own { server: node }], ..Answer::default() })
}

impl ForwardingRule {
    /// Whether it is for a name in lower case.
    #[must_use]
    pub fn is_for(&self, name: &str) -> bool {
        let domain = self.domain.trim_end_matches('.');
        let below = || name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        domain.is_empty() || name == domain || below()
    }
}
