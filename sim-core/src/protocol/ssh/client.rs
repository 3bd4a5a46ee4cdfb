//! The client: Packer's Go library.

use super::super::{Side, Violation};
use super::Channel;
use super::channel::{Flow, MAX_DATA, WINDOW};
use super::connection::{Connection, Role, Speak, channel, take};
use super::identity::{CLIENT_BANNER, CLIENT_BLOCK, CLIENT_OFFERS, check_offers, rsa_blob};
use super::messages::{Message, Method, Request};
use super::scp::Source;
use super::transport::Transport;
use bytes::Bytes;
use std::collections::BTreeMap;

/// The client end of one SSH connection.
///
/// It logs in by itself; commands and uploads may be asked for at any time and start when it is in.
pub type Client = Connection<Asking>;

/// What only the client keeps.
#[derive(Debug)]
pub struct Asking {
    phase: Phase,
    key: Bytes,
    next_channel: u32,
}

impl Role for Asking {
    type Open = Open;
    type Event = ClientEvent;
    const OFFERS: [&'static str; 8] = CLIENT_OFFERS;
}

/// What a [`Client`] has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// Logged in: Packer says "Connected to SSH!" here.
    Ready,
    /// The server does not take the key; no further attempt is made on this connection.
    AuthenticationFailed,
    /// The command wrote `bytes` bytes.
    Output {
        /// The command.
        channel: Channel,
        /// How much; neighbouring pieces are put together.
        bytes: u64,
    },
    /// The channel is closed and the command over.
    Exit {
        /// The command, or the upload that failed.
        channel: Channel,
        /// The exit status; `None` when there was none, which Packer reports as 2300218.
        status: Option<u32>,
    },
    /// The server opens no further session.
    Refused {
        /// The command or upload that did not start.
        channel: Channel,
    },
    /// The file is in place and the channel closed.
    UploadDone {
        /// The upload.
        channel: Channel,
    },
    /// The answer to [`Client::keepalive`].
    KeepaliveReply,
    /// The server said goodbye.
    Disconnected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Phase {
    Banner,
    Offers,
    Exchange,
    NewKeys,
    Service,
    AskNone,
    AskKey,
    Sign,
    Ready,
    Over,
}

/// A channel.
#[derive(Debug)]
pub struct Open {
    purpose: Purpose,
    flow: Option<Flow>,
    running: bool,
    keepalives: u32,
    status: Option<u32>,
}

#[derive(Debug)]
enum Purpose {
    Command(String),
    Upload(Source),
}

/// The user that the simulated builds log in as.
const USER: &str = "packer";

impl Client {
    /// A client; the seed decides cookies and keys.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut transport = Transport::new(Side::Client, seed, CLIENT_BLOCK);
        transport.write_banner(CLIENT_BANNER);
        let key = rsa_blob(&transport.random::<513>());
        Self::over(transport, Asking { phase: Phase::Banner, key, next_channel: 0 })
    }

    /// Runs a command on a channel of its own. The server breaks off for one of more than 34 KB.
    pub fn exec(&mut self, command: impl Into<String>) -> Channel {
        self.open(Purpose::Command(command.into()))
    }

    /// Uploads a file of `size` bytes with scp, on a channel of its own; the content is zeros.
    pub fn upload(&mut self, name: &str, size: u64) -> Channel {
        self.open(Purpose::Upload(Source::new(name, size)))
    }

    /// Asks for a sign of life on the channel of a running command, as Packer does every 5 s. Whether it was sent: not
    /// when the channel is not open.
    pub fn keepalive(&mut self, channel: Channel) -> bool {
        let Some(open) = self.channels.get_mut(&channel.0).filter(|open| open.running) else { return false };
        let Some(flow) = &open.flow else { return false };
        open.keepalives += 1;
        let request = Request::Other("keepalive@packer.io".to_owned());
        let message = Message::Request { recipient: flow.peer, want_reply: true, request };
        self.transport.write(&[message], "SSH CHANNEL_REQUEST keepalive@packer.io");
        true
    }

    /// Says goodbye. Nothing is sent before the keys are there; whoever drives the client closes the connection then.
    pub fn disconnect(&mut self) {
        if self.state.phase != Phase::Over {
            if self.state.phase > Phase::NewKeys {
                self.transport.write(&[Message::Disconnect], "SSH DISCONNECT");
            }
            self.state.phase = Phase::Over;
            self.channels.clear();
        }
    }

    fn open(&mut self, purpose: Purpose) -> Channel {
        let id = self.state.next_channel;
        self.state.next_channel += 1;
        self.channels.insert(id, Open { purpose, flow: None, running: false, keepalives: 0, status: None });
        if self.state.phase == Phase::Ready {
            self.ask_for(id);
        }
        Channel(id)
    }

    fn ask_for(&mut self, id: u32) {
        let open = Message::Open { sender: id, window: WINDOW, max_packet: MAX_DATA };
        self.transport.write(&[open], "SSH CHANNEL_OPEN session");
    }

    fn authenticate(&mut self, method: Method, label: &'static str) {
        self.transport.write(&[Message::AuthRequest { user: USER.to_owned(), method }], label);
    }

    fn told_to_go(&mut self) -> Phase {
        self.channels.clear();
        self.events.push_back(ClientEvent::Disconnected);
        Phase::Over
    }

    /// The server has started the command; an upload sends its header at once.
    fn started(&mut self, id: u32) -> Result<(), Violation> {
        let open = channel(&mut self.channels, id)?;
        if open.running {
            return Err(Violation::Unexpected("SSH CHANNEL_SUCCESS"));
        }
        open.running = open.flow.is_some();
        Ok(())
    }

    fn data(&mut self, id: u32, data: &[u8]) -> Result<(), Violation> {
        let open = channel(&mut self.channels, id)?;
        let flow = open.flow.as_mut().ok_or(Violation::Unexpected("SSH data"))?;
        // The Go library gives the window back after every read.
        take(flow, data.len(), 1, &mut self.transport)?;
        if let Purpose::Upload(source) = &mut open.purpose {
            return source.answered(data);
        }
        let channel = Channel(id);
        match self.events.back_mut() {
            Some(ClientEvent::Output { channel: last, bytes }) if *last == channel => *bytes += data.len() as u64,
            _ => self.events.push_back(ClientEvent::Output { channel, bytes: data.len() as u64 }),
        }
        Ok(())
    }

    fn closed(&mut self, id: u32) -> Result<(), Violation> {
        let recipient = flow(&mut self.channels, id)?.peer;
        self.transport.write(&[Message::Close { recipient }], "SSH CHANNEL_CLOSE");
        let Some(open) = self.channels.remove(&id) else { return Ok(()) };
        let channel = Channel(id);
        self.events.push_back(match open.purpose {
            Purpose::Upload(_) if open.status == Some(0) => ClientEvent::UploadDone { channel },
            _ => ClientEvent::Exit { channel, status: open.status },
        });
        Ok(())
    }
}

impl Speak for Client {
    fn offered(&mut self) {
        self.state.phase = Phase::Offers;
    }

    fn is_ready(&self) -> bool {
        self.state.phase == Phase::Ready
    }

    fn handshake(&mut self, message: Message) -> Result<(), Violation> {
        self.state.phase = match (self.state.phase, message) {
            (Phase::Over, _) => Phase::Over,
            (Phase::Offers, Message::KexInit(offer)) => {
                check_offers(&CLIENT_OFFERS, &offer.lists)?;
                let public = Bytes::copy_from_slice(&self.transport.random::<32>());
                self.transport.write(&[Message::EcdhInit(public)], "SSH KEX_ECDH_INIT");
                Phase::Exchange
            }
            (Phase::Exchange, Message::EcdhReply { .. }) => Phase::NewKeys,
            (Phase::NewKeys, Message::NewKeys) => {
                self.transport.write(&[Message::NewKeys], "SSH NEWKEYS");
                let service = Message::ServiceRequest("ssh-userauth".to_owned());
                self.transport.write(&[service], "SSH SERVICE_REQUEST ssh-userauth");
                Phase::Service
            }
            (Phase::Service, Message::ExtInfo(_)) => Phase::Service,
            (Phase::Service, Message::ServiceAccept(_)) => {
                self.authenticate(Method::None, "SSH USERAUTH_REQUEST none");
                Phase::AskNone
            }
            (Phase::AskNone, Message::AuthFailure) => {
                let method = Method::PublicKey { blob: self.state.key.clone(), signature: None };
                self.authenticate(method, "SSH USERAUTH_REQUEST publickey query");
                Phase::AskKey
            }
            (Phase::AskKey, Message::PublicKeyOk(_)) => {
                let signature = Some(Bytes::copy_from_slice(&self.transport.random::<512>()));
                let method = Method::PublicKey { blob: self.state.key.clone(), signature };
                self.authenticate(method, "SSH USERAUTH_REQUEST publickey with signature");
                Phase::Sign
            }
            (Phase::AskKey | Phase::Sign, Message::AuthFailure) => {
                self.events.push_back(ClientEvent::AuthenticationFailed);
                Phase::Over
            }
            (Phase::Sign, Message::AuthSuccess) => {
                self.events.push_back(ClientEvent::Ready);
                let waiting: Vec<u32> = self.channels.keys().copied().collect();
                waiting.into_iter().for_each(|id| self.ask_for(id));
                Phase::Ready
            }
            (_, Message::Disconnect) => self.told_to_go(),
            _ => return Err(Violation::Unexpected("SSH handshake message")),
        };
        Ok(())
    }

    fn connection(&mut self, message: Message) -> Result<(), Violation> {
        match message {
            Message::Disconnect => self.state.phase = self.told_to_go(),
            Message::GlobalRequest { .. } | Message::Debug(_) => {}
            Message::OpenConfirmation { recipient, sender, window, max_packet } => {
                let open = channel(&mut self.channels, recipient)?;
                if open.flow.is_some() {
                    return Err(Violation::Unexpected("second confirmation of an SSH channel"));
                }
                open.flow = Some(Flow::new(sender, max_packet, window, WINDOW));
                let (command, label) = match &open.purpose {
                    Purpose::Command(command) => (command.clone(), "SSH CHANNEL_REQUEST exec"),
                    Purpose::Upload(_) => ("scp -vt /tmp".to_owned(), "SSH CHANNEL_REQUEST exec scp"),
                };
                let request = Request::Exec(command);
                self.transport.write(&[Message::Request { recipient: sender, want_reply: true, request }], label);
            }
            Message::OpenFailure { recipient } => {
                channel(&mut self.channels, recipient)?;
                self.channels.remove(&recipient);
                self.events.push_back(ClientEvent::Refused { channel: Channel(recipient) });
            }
            Message::Success { recipient } => self.started(recipient)?,
            Message::Failure { recipient } => {
                let open = channel(&mut self.channels, recipient)?;
                open.keepalives = open.keepalives.checked_sub(1).ok_or(Violation::Unexpected("SSH CHANNEL_FAILURE"))?;
                self.events.push_back(ClientEvent::KeepaliveReply);
            }
            Message::WindowAdjust { recipient, bytes } => flow(&mut self.channels, recipient)?.widen(bytes)?,
            Message::Data { recipient, data } => self.data(recipient, &data)?,
            Message::Eof { recipient } => drop(flow(&mut self.channels, recipient)?),
            Message::Request { recipient, request: Request::ExitStatus(status), .. } => {
                channel(&mut self.channels, recipient)?.status = Some(status);
            }
            Message::Close { recipient } => self.closed(recipient)?,
            _ => return Err(Violation::Unexpected("SSH connection message")),
        }
        Ok(())
    }

    fn pump(&mut self) {
        for open in self.channels.values_mut().filter(|open| open.running) {
            let (Purpose::Upload(source), Some(flow)) = (&mut open.purpose, &mut open.flow) else { continue };
            if let Some((message, label)) = source.advance(flow) {
                self.transport.write(&[message], label);
                return;
            }
        }
    }
}

fn flow(channels: &mut BTreeMap<u32, Open>, id: u32) -> Result<&mut Flow, Violation> {
    channel(channels, id)?.flow.as_mut().ok_or(Violation::Unexpected("message on an unopened SSH channel"))
}
