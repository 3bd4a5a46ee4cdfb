//! A question to name servers, until one answers: over UDP, again and again, and over TCP where the answer does not fit.

use crate::host::{ConnId, Context, Dial, Input, SMALL_BUFFER, Socket};
use crate::id::{FlowId, NodeId};
use crate::names::{Code, Question};
use crate::protocol::dns::{self, Reply};
use crate::time::Nanos;
use bytes::Bytes;
use rand::RngExt;

/// How long a server may take to answer, and how often all of them are asked.
///
/// Rule `names-retries`: a server that is silent for 5 s is given up for the next one, and the list is gone through twice, as
/// Linux does; a server that fails is given up at once. Source: azure-services 5.1.
const WAIT: Nanos = Nanos::secs(5);
const ROUNDS: usize = 2;
/// Most servers that are asked, as Linux has it.
const MAX_SERVERS: usize = 3;

/// Timers of questions have this bit, the port that they are asked from and the number of the attempt.
const ASKING: u64 = 1 << 63;

/// A question under way.
pub(super) struct Asking {
    question: Question,
    servers: Vec<Socket>,
    /// The machine in whose name it is asked.
    at: Option<NodeId>,
    flow: Option<FlowId>,
    id: u16,
    port: u16,
    attempt: usize,
    stream: Option<(ConnId, Vec<u8>)>,
}

/// How a question ended.
pub(super) enum Asked {
    /// Somebody answered.
    Replied(Reply, Socket),
    /// Nobody did; whom it was asked last.
    Silence(Option<Socket>),
}

impl Asking {
    /// Asks. Gives nothing where there is nobody to ask, or the name is none.
    pub fn start(
        question: Question,
        servers: impl IntoIterator<Item = Socket>,
        at: Option<NodeId>,
        flow: Option<FlowId>,
        cx: &mut Context<'_>,
    ) -> Option<Self> {
        let servers: Vec<Socket> = servers.into_iter().take(MAX_SERVERS).collect();
        let id = cx.rng().random();
        if servers.is_empty() || dns::ask(id, &question).is_none() {
            return None;
        }
        let port = cx.open_udp(at);
        let asking = Self { question, servers, at, flow, id, port, attempt: 0, stream: None };
        asking.send(cx);
        Some(asking)
    }

    /// Whether an input is about this question.
    pub fn concerns(&self, input: &Input) -> bool {
        match input {
            Input::Timer(token) => token & !0xffff_ffff == ASKING | u64::from(self.port) << 32,
            Input::Datagram { port, .. } => *port == self.port,
            Input::Connected(conn)
            | Input::Data(conn, _)
            | Input::Drained(conn)
            | Input::PeerClosed(conn)
            | Input::Closed(conn, _) => self.stream.as_ref().is_some_and(|(own, _)| own == conn),
            _ => false,
        }
    }

    /// Goes on; gives the end when it is there.
    pub fn handle(&mut self, input: Input, cx: &mut Context<'_>) -> Option<Asked> {
        match input {
            Input::Timer(token) if token == self.token() => self.next(cx),
            Input::Datagram { from, data, .. } if self.servers.contains(&from) => {
                let reply = dns::read_reply(&data, self.id, &self.question)?;
                if reply.truncated && self.at.is_none() && self.stream.is_none() {
                    let dial = Dial { timeout: WAIT, buffer: SMALL_BUFFER, flow: self.flow, ..Dial::to(from) };
                    self.stream = Some((cx.connect(dial), Vec::new()));
                    return None;
                }
                self.take(reply, from, cx)
            }
            Input::Connected(conn) => {
                let message = dns::ask(self.id, &self.question)?;
                cx.write(conn, dns::framed(&message).into(), format!("DNS {}", self.question.name));
                None
            }
            Input::Data(conn, data) => {
                let (_, stream) = self.stream.as_mut()?;
                stream.extend(&data);
                let message = dns::unframe(stream)?;
                let reply = dns::read_reply(&message, self.id, &self.question)?;
                cx.close(conn);
                self.take(reply, self.server(), cx)
            }
            Input::PeerClosed(conn) => {
                cx.close(conn);
                None
            }
            Input::Closed(..) => self.next(cx),
            _ => None,
        }
    }

    fn take(&mut self, reply: Reply, from: Socket, cx: &mut Context<'_>) -> Option<Asked> {
        let last = self.attempt + 1 >= self.servers.len();
        if reply.code == Code::ServFail && !last {
            return self.next(cx);
        }
        self.end(cx);
        Some(Asked::Replied(reply, from))
    }

    fn next(&mut self, cx: &mut Context<'_>) -> Option<Asked> {
        if let Some((conn, _)) = self.stream.take() {
            cx.abort(conn);
        }
        self.attempt += 1;
        if self.attempt >= ROUNDS * self.servers.len() {
            self.end(cx);
            return Some(Asked::Silence(self.servers.last().copied()));
        }
        self.send(cx);
        None
    }

    fn send(&self, cx: &mut Context<'_>) {
        let message = dns::ask(self.id, &self.question).unwrap_or_default();
        cx.send_at(self.at, self.port, self.server(), Bytes::from(message), self.flow);
        cx.after(WAIT, self.token());
    }

    fn server(&self) -> Socket {
        self.servers[self.attempt % self.servers.len()]
    }

    fn token(&self) -> u64 {
        ASKING | u64::from(self.port) << 32 | self.attempt as u64
    }

    fn end(&self, cx: &mut Context<'_>) {
        cx.leave_udp(self.port, self.at);
    }
}
