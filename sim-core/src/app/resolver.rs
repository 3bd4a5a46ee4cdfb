//! Who answers questions about names: Azure's resolver in each VNet, one's own servers, resolvers on the Internet. What is
//! answered follows from the network as it is at that moment; who is asked on is asked with packets.

use super::asking::{Asked, Asking};
use crate::host::{ConnId, Context, Input, Program, SMALL_BUFFER, Socket};
use crate::id::FlowId;
use crate::names::{Answer, Code, Forward, PORT, Record, Served};
use crate::protocol::dns::{self, Query, UDP_LIMIT};
use std::collections::BTreeMap;

/// Most questions that wait for somebody else's answer; more fail at once.
pub const MAX_WAITING: usize = 1024;

/// The program.
#[derive(Default)]
pub(crate) struct Resolver {
    waiting: Vec<Waiting>,
    streams: BTreeMap<ConnId, (Vec<u8>, Option<FlowId>)>,
}

/// A question that somebody else is asked.
struct Waiting {
    query: Query,
    back: Back,
    /// What is known before the other's answer.
    before: Vec<Record>,
    asking: Asking,
}

/// Where an answer goes.
#[derive(Clone, Copy)]
enum Back {
    Datagram(Socket, Option<FlowId>),
    Stream(ConnId, Option<FlowId>),
}

impl Resolver {
    fn message(&mut self, bytes: &[u8], back: Back, cx: &mut Context<'_>) {
        match dns::read_query(bytes) {
            Ok(query) => self.question(query, back, cx),
            Err(Some(refusal)) => send(refusal, back, cx),
            Err(None) => {}
        }
    }

    fn question(&mut self, query: Query, back: Back, cx: &mut Context<'_>) {
        let (question, targets, at, before) = match cx.names().serve(cx.machine(), &query.question) {
            Some(Served::Ask(targets, _)) => (query.question.clone(), targets, None, Vec::new()),
            Some(Served::Answered(Answer { forward: Some(forward), records, .. })) => {
                let Forward { question, targets, by } = forward;
                // Without an outbound endpoint nobody can ask.
                (question, if by.is_some() { targets } else { Vec::new() }, by, records)
            }
            Some(Served::Answered(answer)) => return reply(&query, answer.code, &answer.records, back, cx),
            None => return,
        };
        let flow = back.flow();
        let room = self.waiting.len() < MAX_WAITING;
        match room.then(|| Asking::start(question, targets, at, flow, cx)).flatten() {
            Some(asking) => self.waiting.push(Waiting { query, back, before, asking }),
            None => reply(&query, Code::ServFail, &[], back, cx),
        }
    }

    fn heard(&mut self, place: usize, input: Input, cx: &mut Context<'_>) {
        let Some(end) = self.waiting[place].asking.handle(input, cx) else { return };
        let Waiting { query, back, before, .. } = self.waiting.swap_remove(place);
        let (code, records) = match end {
            Asked::Replied(reply, _) => (reply.code, reply.records),
            Asked::Silence(_) => (Code::ServFail, Vec::new()),
        };
        let all: Vec<Record> = before.into_iter().chain(records).collect();
        reply(&query, code, &all, back, cx);
    }

    fn stream(&mut self, conn: ConnId, data: &[u8], cx: &mut Context<'_>) {
        let Some((stream, flow)) = self.streams.get_mut(&conn) else { return };
        stream.extend(data);
        let flow = *flow;
        let mut whole = Vec::new();
        while let Some(message) = dns::unframe(stream) {
            whole.push(message);
        }
        for message in whole {
            self.message(&message, Back::Stream(conn, flow), cx);
        }
    }
}

impl Back {
    fn flow(self) -> Option<FlowId> {
        match self {
            Self::Datagram(_, flow) | Self::Stream(_, flow) => flow,
        }
    }
}

fn reply(query: &Query, code: Code, records: &[Record], back: Back, cx: &mut Context<'_>) {
    let limit = if matches!(back, Back::Datagram(..)) { UDP_LIMIT } else { usize::from(u16::MAX) };
    send(dns::answer(query, code, records, limit), back, cx);
}

fn send(message: Vec<u8>, back: Back, cx: &mut Context<'_>) {
    match back {
        Back::Datagram(to, flow) => cx.send(PORT, to, message.into(), flow),
        Back::Stream(conn, _) => cx.write(conn, dns::framed(&message).into(), "DNS answer"),
    }
}

impl Program for Resolver {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        if let Some(place) = self.waiting.iter().position(|waiting| waiting.asking.concerns(&input)) {
            return self.heard(place, input, cx);
        }
        match input {
            Input::Start => {
                cx.listen(PORT, SMALL_BUFFER);
                cx.listen_udp(PORT);
            }
            Input::Datagram { from, port: PORT, data, flow } => self.message(&data, Back::Datagram(from, flow), cx),
            Input::Accepted { conn, flow, .. } => {
                self.streams.insert(conn, (Vec::new(), flow));
            }
            Input::Data(conn, data) => self.stream(conn, &data, cx),
            Input::PeerClosed(conn) => cx.close(conn),
            Input::Closed(conn, _) => {
                self.streams.remove(&conn);
            }
            _ => {}
        }
    }

    fn fresh(&self) -> Option<Box<dyn Program>> {
        Some(Box::new(Self::default()))
    }
}
