//! What a client program does: requests to one host or several, each as the answer before it says, and what it prints.

use super::lookup::Lookup;
use super::site::Content;
use super::visit::{Heard, Host, NoReply, Reply, Visit};
use crate::host::{Context, Input, Program, Socket};
use crate::id::FlowId;
use crate::net::Addr;
use crate::protocol::http::Head;
use crate::time::Nanos;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where host names lead that are not looked up, in lower case.
pub type Directory = Arc<BTreeMap<Arc<str>, Addr>>;

/// Most requests of one errand.
pub const MOST_REQUESTS: u32 = 10_000;

/// What a client does.
pub trait Script {
    /// What comes next, now that the last request was answered; at first there was none.
    fn next(&mut self, last: Option<&Reply>) -> Move;

    /// What it prints when there was no answer. A certificate of somebody else is the service's doing; anything else is
    /// the network's.
    fn failed(&self, request: &Request, failure: &NoReply, to: Option<Socket>) -> String;
}

/// The next move of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// It asks for something.
    Ask(Request),
    /// It does nothing for a while, and is then asked again with the same answer.
    Wait(Nanos),
    /// It is done, and prints this.
    Done(String),
    /// The service does not do what it was asked, and the client prints this.
    Refused(String),
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The host that is asked.
    pub host: Arc<str>,
    /// Its port; TLS it is on 443.
    pub port: u16,
    /// The head.
    pub head: Head,
    /// What goes with it.
    pub content: Content,
}

impl Request {
    /// A request over TLS.
    #[must_use]
    pub fn new(method: &str, host: impl Into<Arc<str>>, target: &str) -> Self {
        let host = host.into();
        let head = Head::request(method, target).field("Host", &host).field("User-Agent", "vnetsim");
        Self { host, port: 443, head, content: Content::Bytes(0) }
    }

    /// The same with one more header field.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.head = self.head.field(name, value);
        self
    }

    /// The same with something that goes with it.
    #[must_use]
    pub fn with(self, content: Content) -> Self {
        Self { content, ..self }
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}{}", self.host, self.head.target().unwrap_or("/"))
    }
}

/// How an errand is run.
#[derive(Clone, Debug)]
pub struct Manners {
    /// Where names lead; all others are looked up.
    pub names: Directory,
    /// How long an attempt to connect may take.
    pub timeout: Nanos,
    /// When it begins.
    pub after: Nanos,
    /// Whether what comes or goes is large.
    pub bulk: bool,
    /// The simulated flow it belongs to.
    pub flow: Option<FlowId>,
}

/// A client program. It reports `resolved` with the nanoseconds that its first name took and the address, or `unresolved`
/// with a name that leads nowhere; `connect` and `first-byte` of its first connection, in nanoseconds since its first SYN;
/// `asks` with the address and the port of each connection; `status` for each answer; `refused` with the last status and what it prints where the service does not do what it
/// is asked; `said` with what it prints else; at last `done`, or `failed` where the network does not let it get that far.
pub struct Errand {
    script: Box<dyn Script>,
    manners: Manners,
    started: Nanos,
    /// One connection for each host, kept open.
    visits: Vec<(Arc<str>, Socket, Visit)>,
    /// The name that is looked up, for the request that is not answered yet.
    looking: Option<Box<Lookup>>,
    looked_up: bool,
    /// The request that is not answered yet.
    asking: Option<Request>,
    last: Option<Box<Reply>>,
    requests: u32,
    connected: bool,
    over: bool,
}

/// The timers of an errand: to begin, and to go on.
const BEGIN: u64 = 0;
const GO_ON: u64 = 1;

impl Errand {
    /// A client that does as `script` says.
    #[must_use]
    pub fn new(script: Box<dyn Script>, manners: Manners) -> Self {
        Self {
            script,
            manners,
            started: Nanos::ZERO,
            visits: Vec::new(),
            looking: None,
            looked_up: false,
            asking: None,
            last: None,
            requests: 0,
            connected: false,
            over: false,
        }
    }

    fn go_on(&mut self, cx: &mut Context<'_>) {
        match self.script.next(self.last.as_deref()) {
            Move::Ask(request) => self.ask(request, cx),
            Move::Wait(time) => cx.after(time, GO_ON),
            Move::Done(text) => {
                cx.report("said", 0, text);
                self.end("done", String::new(), cx);
            }
            Move::Refused(text) => self.refused(text, cx),
        }
    }

    /// Asks on the connection that is open to the host, or on a new one.
    fn ask(&mut self, request: Request, cx: &mut Context<'_>) {
        self.requests += 1;
        if self.requests > MOST_REQUESTS {
            return self.refused(format!("stopped after {MOST_REQUESTS} requests"), cx);
        }
        self.visits.retain(|(.., visit)| !visit.is_over());
        let known = self.visits.iter_mut().find(|(host, to, _)| *host == request.host && to.1 == request.port);
        if let Some((.., visit)) = known {
            visit.ask(&request.head, &request.content);
            visit.flush(cx);
        } else {
            let known = || self.manners.names.get(request.host.to_ascii_lowercase().as_str()).copied();
            match request.host.parse().ok().or_else(known) {
                Some(address) => self.open(&request, address, cx),
                None => self.looking = Some(Box::new(Lookup::start(&request.host, self.manners.flow, cx))),
            }
        }
        self.asking = Some(request);
    }

    /// Asks on a new connection.
    fn open(&mut self, request: &Request, address: Addr, cx: &mut Context<'_>) {
        let Manners { timeout, bulk, flow, .. } = self.manners;
        let (name, to) = (request.host.clone(), (address, request.port));
        let host = Host { name: name.clone(), to, tls: request.port == 443, timeout, bulk, flow };
        cx.report("asks", to.1.into(), to.0.to_string());
        let mut visit = Visit::open(&host, cx);
        visit.ask(&request.head, &request.content);
        self.visits.push((name, to, visit));
    }

    /// Goes on with a name; asks when it is known.
    fn look_up(&mut self, input: Input, cx: &mut Context<'_>) {
        let Some(end) = self.looking.as_mut().and_then(|lookup| lookup.handle(input, cx)) else { return };
        self.looking = None;
        match end.map(|resolved| resolved.addresses().first().copied()) {
            Ok(address) => {
                let (Some(address), Some(request)) = (address, self.asking.take()) else { return };
                if !std::mem::replace(&mut self.looked_up, true) {
                    cx.report("resolved", (cx.now() - self.started).0, address.to_string());
                }
                if !self.connected {
                    self.started = cx.now();
                }
                self.open(&request, address, cx);
                self.asking = Some(request);
            }
            Err(unresolved) => {
                cx.report("unresolved", (cx.now() - self.started).0, unresolved.name.to_string());
                self.fail(&NoReply::Unresolved(unresolved), None, cx);
            }
        }
    }

    fn heard(&mut self, heard: Heard, to: Socket, cx: &mut Context<'_>) {
        match heard {
            Heard::Connected if !self.connected => {
                self.connected = true;
                cx.report("connect", (cx.now() - self.started).0, "");
            }
            Heard::Connected => {}
            Heard::Reply(reply) => {
                if self.last.is_none() {
                    cx.report("first-byte", (reply.first_byte - self.started).0, "");
                }
                let asked = self.asking.take().map_or_else(String::new, |request| request.url());
                cx.report("status", reply.status.into(), asked);
                self.last = Some(reply);
                self.go_on(cx);
            }
            // A server may close a connection on which nothing is asked.
            Heard::Failed(_) if self.asking.is_none() => {}
            Heard::Failed(failure) => self.fail(&failure, Some(to), cx),
        }
    }

    fn fail(&mut self, failure: &NoReply, to: Option<Socket>, cx: &mut Context<'_>) {
        let Some(request) = self.asking.take() else { return };
        let text = self.script.failed(&request, failure, to);
        match failure {
            NoReply::Untrusted(_) => {
                self.last = None;
                self.refused(text, cx);
            }
            _ => self.end("failed", text, cx),
        }
    }

    /// The network carried it and the service did not do it.
    fn refused(&mut self, text: String, cx: &mut Context<'_>) {
        let status = self.last.as_ref().map_or(0, |reply| reply.status);
        cx.report("refused", status.into(), text);
        self.end("done", String::new(), cx);
    }

    fn end(&mut self, what: &'static str, text: String, cx: &mut Context<'_>) {
        self.over = true;
        cx.report(what, (cx.now() - self.started).0, text);
        for (.., visit) in self.visits.iter_mut().filter(|(.., visit)| !visit.is_over()) {
            visit.close(cx);
        }
    }
}

impl Program for Errand {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            input if self.looking.as_ref().is_some_and(|lookup| lookup.concerns(&input)) => self.look_up(input, cx),
            Input::Start => cx.after(self.manners.after, BEGIN),
            Input::Timer(BEGIN) => {
                self.started = cx.now();
                self.go_on(cx);
            }
            Input::Timer(_) if !self.over => self.go_on(cx),
            Input::PeerClosed(conn) if self.over => cx.close(conn),
            input if !self.over => {
                let found = self.visits.iter_mut().find(|(.., visit)| visit.concerns(&input));
                let heard = found.and_then(|(_, to, visit)| Some((*to, visit.handle(input, cx)?)));
                if let Some((to, heard)) = heard {
                    self.heard(heard, to, cx);
                }
            }
            _ => {}
        }
    }
}
