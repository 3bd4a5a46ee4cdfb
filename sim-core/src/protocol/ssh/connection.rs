//! What both ends of a connection have in common: offers first, a handshake, then channels.

use super::super::{BACKLOG, Session, Violation, Write};
use super::channel::Flow;
use super::messages::Message;
use super::transport::{Incoming, Transport};
use std::collections::{BTreeMap, VecDeque};

/// One end of an SSH connection.
#[derive(Debug)]
pub struct Connection<R: Role> {
    pub(super) transport: Transport,
    pub(super) channels: BTreeMap<u32, R::Open>,
    pub(super) events: VecDeque<R::Event>,
    pub(super) state: R,
}

/// Client or server: what it keeps.
pub trait Role {
    /// What it knows of a channel.
    type Open;
    /// What it has to tell.
    type Event;
    /// The algorithms it offers.
    const OFFERS: [&'static str; 8];
}

/// How an end goes on when something has come in.
pub trait Speak {
    /// Both banners and its own offers are out.
    fn offered(&mut self);

    /// Whether the client is logged in.
    fn is_ready(&self) -> bool;

    /// Takes a message before the login is over.
    fn handshake(&mut self, message: Message) -> Result<(), Violation>;

    /// Takes a message after it.
    fn connection(&mut self, message: Message) -> Result<(), Violation>;

    /// Writes the next piece of a channel's content or its end, if it can go out now.
    fn pump(&mut self);
}

impl<R: Role> Connection<R> {
    pub(super) fn over(transport: Transport, state: R) -> Self {
        Self { transport, channels: BTreeMap::new(), events: VecDeque::new(), state }
    }

    /// What happened since the last call, oldest first.
    pub fn next_event(&mut self) -> Option<R::Event> {
        self.events.pop_front()
    }

    fn process(&mut self, data: &[u8]) -> Result<(), Violation>
    where
        Self: Speak,
    {
        self.transport.feed(data)?;
        while let Some(incoming) = self.transport.next()? {
            match incoming {
                Incoming::Banner => {
                    let offer = self.transport.offer(R::OFFERS);
                    self.transport.write(&[offer], "SSH KEXINIT");
                    self.offered();
                }
                Incoming::Message(message) if self.is_ready() => self.connection(message)?,
                Incoming::Message(message) => self.handshake(message)?,
            }
        }
        if self.events.len() > BACKLOG { Err(Violation::Backlog) } else { Ok(()) }
    }
}

impl<R: Role> Session for Connection<R>
where
    Connection<R>: Speak,
{
    fn receive(&mut self, data: &[u8]) -> Result<(), Violation> {
        self.process(data).map_err(|violation| self.transport.fail(violation))
    }

    fn next_write(&mut self) -> Option<Write> {
        self.transport.next_write().or_else(|| {
            if self.is_ready() && !self.transport.has_failed() {
                self.pump();
            }
            self.transport.next_write()
        })
    }

    fn end(&self) -> Result<(), Violation> {
        self.transport.end()
    }
}

/// Takes so many bytes of a channel's data, and gives the window back in steps of `step`.
pub(super) fn take(flow: &mut Flow, bytes: usize, step: u32, transport: &mut Transport) -> Result<(), Violation> {
    flow.received(bytes)?;
    if let Some(bytes) = flow.grant(step) {
        let adjust = Message::WindowAdjust { recipient: flow.peer, bytes };
        transport.write(&[adjust], "SSH CHANNEL_WINDOW_ADJUST");
    }
    Ok(())
}

/// The channel of that number.
pub(super) fn channel<T>(channels: &mut BTreeMap<u32, T>, id: u32) -> Result<&mut T, Violation> {
    channels.get_mut(&id).ok_or(Violation::Unexpected("SSH channel number"))
}
