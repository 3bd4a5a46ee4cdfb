//! What both ends of a connection have in common: records in, events out.

use super::super::{BACKLOG, Session, Violation, Write};
use super::records::{Incoming, Records};
use super::{CLOSE_NOTIFY, Event};
use bytes::Bytes;
use std::borrow::Cow;
use std::collections::VecDeque;

/// One end of a TLS connection.
#[derive(Debug)]
pub struct Connection<S> {
    pub(super) records: Records,
    pub(super) events: VecDeque<Event>,
    pub(super) state: S,
}

/// How an end goes on when something has come in.
pub trait Step {
    /// Takes one record or handshake message.
    fn step(&mut self, incoming: Incoming) -> Result<(), Violation>;
}

impl<S> Connection<S> {
    pub(super) fn over(records: Records, state: S) -> Self {
        Self { records, events: VecDeque::new(), state }
    }

    /// Sends application data, as soon as the handshake is over; one write per record.
    pub fn send(&mut self, data: impl Into<Bytes>, label: impl Into<Cow<'static, str>>) {
        self.records.send(data.into(), label.into());
    }

    /// Sends so many bytes of zeros, made when they go out.
    pub fn send_filler(&mut self, bytes: u64, label: impl Into<Cow<'static, str>>) {
        self.records.send_filler(bytes, label.into());
    }

    /// Whether something that was sent has not gone out yet.
    #[must_use]
    pub fn has_unsent(&self) -> bool {
        self.records.has_unsent()
    }

    /// Says that no more is coming, after all that was sent.
    pub fn close(&mut self) {
        self.records.close();
    }

    /// What happened since the last call, oldest first.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The peer has sent an alert.
    pub(super) fn alerted(&mut self, code: u8) {
        self.events.push_back(if code == CLOSE_NOTIFY { Event::Closed } else { Event::Refused(code) });
    }

    fn process(&mut self, data: &[u8]) -> Result<(), Violation>
    where
        Self: Step,
    {
        self.records.feed(data)?;
        while let Some(incoming) = self.records.next()? {
            self.step(incoming)?;
        }
        if self.events.len() > BACKLOG { Err(Violation::Backlog) } else { Ok(()) }
    }
}

impl<S> Session for Connection<S>
where
    Connection<S>: Step,
{
    fn receive(&mut self, data: &[u8]) -> Result<(), Violation> {
        self.process(data).map_err(|violation| self.records.fail(violation))
    }

    fn next_write(&mut self) -> Option<Write> {
        self.records.next_write()
    }

    fn end(&self) -> Result<(), Violation> {
        self.records.end()
    }
}
