//! A name looked up, as a part of a program: whom its machine asks, what they answer, what the client prints where nothing
//! comes of it.

use super::asking::{Asked, Asking};
use crate::host::{Context, Input, Program, Socket};
use crate::id::FlowId;
use crate::names::{Answer, Code, PORT, Question, Record, View, addresses};
use crate::net::Addr;
use crate::time::Nanos;
use crate::topology::{RecordData, RecordKind};
use std::fmt;
use std::sync::Arc;

/// Where a client connects to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// An address and a port.
    At(Socket),
    /// A host name, looked up with each attempt, and a port.
    Named(Arc<str>, u16),
}

impl Destination {
    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match self {
            Self::At((_, port)) | Self::Named(_, port) => *port,
        }
    }
}

impl From<Socket> for Destination {
    fn from(socket: Socket) -> Self {
        Self::At(socket)
    }
}

/// As clients print it.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At((address, port)) if address.is_v4() => write!(f, "{address}:{port}"),
            Self::At((address, port)) => write!(f, "[{address}]:{port}"),
            Self::Named(name, port) => write!(f, "{name}:{port}"),
        }
    }
}

/// What came of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Who answered; `None` where the network's own way out did, which is not modelled.
    pub server: Option<Socket>,
    /// The records, in the order they lead on.
    pub records: Vec<Record>,
}

impl Resolved {
    /// The addresses.
    #[must_use]
    pub fn addresses(&self) -> Vec<Addr> {
        addresses(&self.records)
    }
}

/// Why a name leads to no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// The name.
    pub name: Arc<str>,
    /// Who was asked last.
    pub server: Option<Socket>,
    /// What went wrong.
    pub why: Failure,
    /// What was answered all the same: names that lead nowhere.
    pub records: Vec<Record>,
}

/// What goes wrong with names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such name.
    NoSuchName,
    /// It has no address.
    NoAddress,
    /// The server could not say.
    ServerFails,
    /// Nobody answered.
    Silence,
}

impl Unresolved {
    /// What Go's dialler, and so docker, prints.
    #[must_use]
    pub fn go(&self) -> String {
        let at = self.server.map(|(address, port)| match address.is_v4() {
            true => format!(" on {address}:{port}"),
            false => format!(" on [{address}]:{port}"),
        });
        let what = match self.why {
            Failure::NoSuchName | Failure::NoAddress => "no such host",
            Failure::ServerFails => "server misbehaving",
            Failure::Silence => "i/o timeout",
        };
        format!("dial tcp: lookup {}{}: {what}", self.name, at.unwrap_or_default())
    }

    /// What curl prints.
    #[must_use]
    pub fn curl(&self) -> String {
        format!("Could not resolve host: {}", self.name)
    }
}

/// Reports how a look-up that began at `started` ended: `resolved` with the address, or `unresolved` with the name, each with
/// the nanoseconds that it took. Gives where to connect, or what the client prints.
pub(super) fn led(
    end: Result<Resolved, Unresolved>,
    port: u16,
    started: Nanos,
    cx: &mut Context<'_>,
) -> Option<Result<Socket, String>> {
    let took = (cx.now() - started).0;
    match end {
        Ok(resolved) => {
            let address = *resolved.addresses().first()?;
            cx.report("resolved", took, address.to_string());
            Some(Ok((address, port)))
        }
        Err(unresolved) => {
            cx.report("unresolved", took, unresolved.name.to_string());
            Some(Err(unresolved.go()))
        }
    }
}

/// A name under way.
pub struct Lookup {
    /// The name that was asked for.
    name: Arc<str>,
    /// What is asked now.
    question: Question,
    /// Only this is asked; else addresses of IPv4, and where there are none of IPv6.
    only: Option<RecordKind>,
    flow: Option<FlowId>,
    asking: Option<Asking>,
    records: Vec<Record>,
}

/// The timer of an answer that needs no packets.
const AT_ONCE: u64 = 1 << 62;

impl Lookup {
    /// Looks for the addresses of a name.
    pub fn start(name: &str, flow: Option<FlowId>, cx: &mut Context<'_>) -> Self {
        Self::of(Question::new(name, RecordKind::A), None, flow, cx)
    }

    fn of(question: Question, only: Option<RecordKind>, flow: Option<FlowId>, cx: &mut Context<'_>) -> Self {
        let name = question.name.clone();
        let mut lookup = Self { name, question, only, flow, asking: None, records: Vec::new() };
        lookup.ask(cx);
        lookup
    }

    fn ask(&mut self, cx: &mut Context<'_>) {
        let servers: Vec<Socket> = cx.names().asked_by(cx.machine()).iter().map(|server| (*server, PORT)).collect();
        self.asking = Asking::start(self.question.clone(), servers, None, self.flow, cx);
        if self.asking.is_none() {
            cx.after(Nanos::ZERO, AT_ONCE);
        }
    }

    /// Whether an input is about this name.
    #[must_use]
    pub fn concerns(&self, input: &Input) -> bool {
        match &self.asking {
            Some(asking) => asking.concerns(input),
            None => *input == Input::Timer(AT_ONCE),
        }
    }

    /// Goes on; gives the end when it is there.
    pub fn handle(&mut self, input: Input, cx: &mut Context<'_>) -> Option<Result<Resolved, Unresolved>> {
        let (code, records, server) = match &mut self.asking {
            Some(asking) => match asking.handle(input, cx)? {
                Asked::Replied(reply, server) => (reply.code, reply.records, Some(server)),
                Asked::Silence(server) => return Some(Err(self.failed(Failure::Silence, server))),
            },
            None => {
                // Nobody is told to be asked: the network has a way of its own. What is no name fails there, too.
                let nobody = cx.names().asked_by(cx.machine()).is_empty();
                let view = |question: &Question| cx.names().resolve(View::Public, question);
                let Answer { code, records, .. } =
                    if nobody { view(&self.question) } else { Answer { code: Code::NxDomain, ..Answer::default() } };
                (code, records, None)
            }
        };
        self.records = records;
        match code {
            Code::NxDomain => return Some(Err(self.failed(Failure::NoSuchName, server))),
            Code::ServFail => return Some(Err(self.failed(Failure::ServerFails, server))),
            Code::NoError => {}
        }
        // Servers follow aliases themselves.
        let end = end_of(&self.records, &self.question.name);
        let wanted = |record: &Record| record.kind == self.question.kind && record.name == end;
        if self.records.iter().any(wanted) {
            let records = std::mem::take(&mut self.records);
            return Some(Ok(Resolved { server, records }));
        }
        if self.question.kind == RecordKind::A && self.only.is_none() {
            self.question.kind = RecordKind::Aaaa;
            self.ask(cx);
            return None;
        }
        Some(Err(self.failed(Failure::NoAddress, server)))
    }

    fn failed(&mut self, why: Failure, server: Option<Socket>) -> Unresolved {
        Unresolved { name: self.name.clone(), server, why, records: std::mem::take(&mut self.records) }
    }
}

/// The last name of a chain.
fn end_of(records: &[Record], start: &Arc<str>) -> Arc<str> {
    let mut name = start.clone();
    for _ in records {
        let alias = records.iter().find(|it| it.kind == RecordKind::Cname && it.name == name);
        match alias.map(|record| &record.data) {
            Some(RecordData::Name(target)) => name = target.clone(),
            _ => break,
        }
    }
    name
}

/// One name, asked for as `nslookup` does. It reports `server` with the address asked; `alias` and `address` with two words
/// each, in order; then `done`, or `failed` with `NXDOMAIN`, `SERVFAIL`, `no answer` where the name has no such record, or
/// `timeout`; both with the nanoseconds that it took.
pub struct Query {
    question: Question,
    started: Nanos,
    flow: Option<FlowId>,
    lookup: Option<Lookup>,
}

impl Query {
    /// Asks for the records of this kind.
    #[must_use]
    pub fn new(question: Question, flow: Option<FlowId>) -> Self {
        Self { question, started: Nanos::ZERO, flow, lookup: None }
    }
}

impl Program for Query {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        if input == Input::Start {
            self.started = cx.now();
            self.lookup = Some(Lookup::of(self.question.clone(), Some(self.question.kind), self.flow, cx));
            return;
        }
        let Some(lookup) = self.lookup.as_mut().filter(|lookup| lookup.concerns(&input)) else { return };
        let Some(end) = lookup.handle(input, cx) else { return };
        self.lookup = None;
        let (server, records, failure) = match end {
            Ok(resolved) => (resolved.server, resolved.records, None),
            Err(unresolved) => (unresolved.server, unresolved.records, Some(unresolved.why)),
        };
        if let Some((address, port)) = server {
            cx.report("server", port.into(), address.to_string());
        }
        for record in &records {
            match &record.data {
                RecordData::Name(target) => cx.report("alias", record.ttl.into(), format!("{} {target}", record.name)),
                RecordData::Address(address) => {
                    cx.report("address", record.ttl.into(), format!("{} {address}", record.name));
                }
                RecordData::Text(_) => {}
            }
        }
        let took = (cx.now() - self.started).0;
        match failure {
            None => cx.report("done", took, ""),
            Some(Failure::NoSuchName) => cx.report("failed", took, "NXDOMAIN"),
            Some(Failure::ServerFails) => cx.report("failed", took, "SERVFAIL"),
            Some(Failure::NoAddress) => cx.report("failed", took, "no answer"),
            Some(Failure::Silence) => cx.report("failed", took, "timeout"),
        }
    }
}
