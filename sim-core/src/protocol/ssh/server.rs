//! The server: OpenSSH as Debian and Ubuntu images run it.

use super::super::{Side, Violation};
use super::Channel;
use super::channel::{Flow, MAX_DATA, WINDOW};
use super::connection::{Connection, Role, Speak, channel, take};
use super::identity::{SERVER_BANNER, SERVER_BLOCK, SERVER_OFFERS, after_login, check_offers, exchange_reply};
use super::messages::{Message, Method, Request};
use super::scp::{Sink, Step};
use super::transport::Transport;
use bytes::Bytes;

/// The server end of one SSH connection. It takes scp uploads by itself; what commands print and return is up to
/// whoever drives it.
pub type Server = Connection<Answering>;

/// What only the server keeps.
#[derive(Debug)]
pub struct Answering {
    login: Login,
    phase: Phase,
}

impl Role for Answering {
    type Open = Open;
    type Event = ServerEvent;
    const OFFERS: [&'static str; 8] = SERVER_OFFERS;
}

/// Whether the server knows the client's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// The key is in the user's authorized keys.
    Accept,
    /// It is not.
    Refuse,
}

/// What a [`Server`] has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// The client is in.
    Authenticated,
    /// Run a command; to be answered with [`Server::output`] and [`Server::exit`].
    Exec {
        /// Where.
        channel: Channel,
        /// What.
        command: String,
    },
    /// A whole file came in, and was acknowledged.
    Upload {
        /// Its name, without a folder.
        name: String,
        /// Its size, bytes.
        size: u64,
    },
    /// The client said goodbye.
    Disconnected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Banner,
    Offers,
    Exchange,
    NewKeys,
    Service,
    Authentication,
    Ready,
    Over,
}

/// A channel.
#[derive(Debug)]
pub struct Open {
    flow: Flow,
    job: Job,
    /// Output not sent yet, bytes.
    output: u64,
    /// How it is to end once the output is out.
    ending: Option<Ending>,
    closing: bool,
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Status(u32),
    NoStatus,
}

#[derive(Debug)]
enum Job {
    Idle,
    Command,
    Upload(Sink),
}

/// The most sessions on one connection: the default of `MaxSessions`.
const MAX_SESSIONS: usize = 10;

impl Server {
    /// A server that has just accepted a connection; the seed decides cookies and keys.
    #[must_use]
    pub fn new(seed: u64, login: Login) -> Self {
        let mut transport = Transport::new(Side::Server, seed, SERVER_BLOCK);
        transport.write_banner(SERVER_BANNER);
        Self::over(transport, Answering { login, phase: Phase::Banner })
    }

    /// Lets the command print `bytes` bytes. Nothing happens when the channel is closed, or its end is already said.
    pub fn output(&mut self, channel: Channel, bytes: u64) {
        if let Some(open) = self.running(channel) {
            open.output = open.output.saturating_add(bytes);
        }
    }

    /// Ends the command, after what it printed has gone out, with an exit status.
    pub fn exit(&mut self, channel: Channel, status: u32) {
        if let Some(open) = self.running(channel) {
            open.ending = Some(Ending::Status(status));
        }
    }

    /// Ends the command without an exit status, as when its shell is killed.
    pub fn drop_without_status(&mut self, channel: Channel) {
        if let Some(open) = self.running(channel) {
            open.ending = Some(Ending::NoStatus);
        }
    }

    fn running(&mut self, channel: Channel) -> Option<&mut Open> {
        self.channels.get_mut(&channel.0).filter(|open| matches!(open.job, Job::Command) && open.ending.is_none())
    }

    fn authenticate(&mut self, method: Method) -> Phase {
        match (method, self.state.login) {
            (Method::PublicKey { blob, signature: None }, Login::Accept) => {
                self.transport.write(&[Message::PublicKeyOk(blob)], "SSH USERAUTH_PK_OK");
                Phase::Authentication
            }
            (Method::PublicKey { signature: Some(_), .. }, Login::Accept) => {
                self.transport.write(&[Message::AuthSuccess], "SSH USERAUTH_SUCCESS");
                let messages = after_login(&mut self.transport);
                self.transport.write(&messages, "SSH GLOBAL_REQUEST hostkeys-00, DEBUG, DEBUG");
                self.events.push_back(ServerEvent::Authenticated);
                Phase::Ready
            }
            (Method::None, _) | (_, Login::Refuse) => {
                self.transport
                    .write(&[Message::AuthFailure], "SSH USERAUTH_FAILURE with the methods that may continue");
                Phase::Authentication
            }
        }
    }

    fn told_to_go(&mut self) -> Phase {
        self.channels.clear();
        self.events.push_back(ServerEvent::Disconnected);
        Phase::Over
    }

    /// Our number for a channel is the client's.
    fn open(&mut self, sender: u32, window: u32, max_packet: u32) -> Result<(), Violation> {
        if self.channels.contains_key(&sender) {
            return Err(Violation::Unexpected("SSH channel number"));
        }
        if self.channels.len() >= MAX_SESSIONS {
            self.transport.write(&[Message::OpenFailure { recipient: sender }], "SSH CHANNEL_OPEN_FAILURE");
            return Ok(());
        }
        let flow = Flow::new(sender, max_packet, window, WINDOW);
        self.channels.insert(sender, Open { flow, job: Job::Idle, output: 0, ending: None, closing: false });
        // OpenSSH opens the window only when it has started something.
        let confirmation = Message::OpenConfirmation { recipient: sender, sender, window: 0, max_packet: MAX_DATA };
        self.transport.write(&[confirmation], "SSH CHANNEL_OPEN_CONFIRMATION");
        Ok(())
    }

    fn request(&mut self, id: u32, want_reply: bool, request: Request) -> Result<(), Violation> {
        let open = channel(&mut self.channels, id)?;
        let recipient = open.flow.peer;
        let (Request::Exec(command), Job::Idle) = (request, &open.job) else {
            if want_reply {
                self.transport.write(&[Message::Failure { recipient }], "SSH CHANNEL_FAILURE");
            }
            return Ok(());
        };
        let started = [Message::Success { recipient }, Message::WindowAdjust { recipient, bytes: WINDOW }];
        self.transport.write(&started, "SSH CHANNEL_SUCCESS, CHANNEL_WINDOW_ADJUST");
        if command.starts_with("scp ") && command.split(' ').any(|word| word.starts_with('-') && word.contains('t')) {
            open.job = Job::Upload(Sink::default());
            self.acknowledge(id)
        } else {
            open.job = Job::Command;
            self.events.push_back(ServerEvent::Exec { channel: Channel(id), command });
            Ok(())
        }
    }

    fn data(&mut self, id: u32, mut data: &[u8]) -> Result<(), Violation> {
        // OpenSSH gives the window back in steps of three messages.
        take(&mut channel(&mut self.channels, id)?.flow, data.len(), 3 * MAX_DATA, &mut self.transport)?;
        while !data.is_empty() {
            // A command's input is read and forgotten.
            let Job::Upload(sink) = &mut channel(&mut self.channels, id)?.job else { return Ok(()) };
            let Some(step) = sink.take(&mut data)? else { return Ok(()) };
            self.acknowledge(id)?;
            if let Step::File { name, size } = step {
                self.events.push_back(ServerEvent::Upload { name, size });
            }
        }
        Ok(())
    }

    fn acknowledge(&mut self, id: u32) -> Result<(), Violation> {
        let flow = &mut channel(&mut self.channels, id)?.flow;
        if !flow.send_all(1) {
            return Err(Violation::Unexpected("upload without a window for its acknowledgements"));
        }
        let answer = Message::Data { recipient: flow.peer, data: Bytes::from_static(&[0]) };
        self.transport.write(&[answer], "SSH CHANNEL_DATA scp acknowledgement");
        Ok(())
    }
}

impl Speak for Server {
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
                check_offers(&offer.lists, &SERVER_OFFERS)?;
                Phase::Exchange
            }
            (Phase::Exchange, Message::EcdhInit(public)) if public.len() == 32 => {
                let messages = exchange_reply(&mut self.transport);
                self.transport.write(&messages, "SSH KEX_ECDH_REPLY, NEWKEYS, EXT_INFO");
                Phase::NewKeys
            }
            (Phase::NewKeys, Message::NewKeys) => Phase::Service,
            (Phase::Service, Message::ServiceRequest(name)) => {
                self.transport.write(&[Message::ServiceAccept(name)], "SSH SERVICE_ACCEPT ssh-userauth");
                Phase::Authentication
            }
            (Phase::Authentication, Message::AuthRequest { method, .. }) => self.authenticate(method),
            (_, Message::Disconnect) => self.told_to_go(),
            _ => return Err(Violation::Unexpected("SSH handshake message")),
        };
        Ok(())
    }

    fn connection(&mut self, message: Message) -> Result<(), Violation> {
        match message {
            Message::Disconnect => self.state.phase = self.told_to_go(),
            Message::Open { sender, window, max_packet } => self.open(sender, window, max_packet)?,
            Message::Request { recipient, want_reply, request } => self.request(recipient, want_reply, request)?,
            Message::WindowAdjust { recipient, bytes } => channel(&mut self.channels, recipient)?.flow.widen(bytes)?,
            Message::Data { recipient, data } => self.data(recipient, &data)?,
            Message::Eof { recipient } => {
                let open = channel(&mut self.channels, recipient)?;
                if matches!(open.job, Job::Upload(_)) && open.ending.is_none() {
                    open.ending = Some(Ending::Status(0));
                }
            }
            Message::Close { recipient } => {
                let open = channel(&mut self.channels, recipient)?;
                if !open.closing {
                    let close = Message::Close { recipient: open.flow.peer };
                    self.transport.write(&[close], "SSH CHANNEL_CLOSE");
                }
                self.channels.remove(&recipient);
            }
            _ => return Err(Violation::Unexpected("SSH connection message")),
        }
        Ok(())
    }

    fn pump(&mut self) {
        for open in self.channels.values_mut().filter(|open| !open.closing) {
            let recipient = open.flow.peer;
            if let Some(data) = open.flow.filler(open.output) {
                open.output -= data.len() as u64;
                self.transport.write(&[Message::Data { recipient, data }], "SSH CHANNEL_DATA output");
                return;
            }
            if let Some(ending) = open.ending.filter(|_| open.output == 0) {
                open.closing = true;
                self.transport.write(&[Message::Eof { recipient }], "SSH CHANNEL_EOF");
                if let Ending::Status(status) = ending {
                    let request = Request::ExitStatus(status);
                    let message = Message::Request { recipient, want_reply: false, request };
                    self.transport.write(&[message], "SSH CHANNEL_REQUEST exit-status");
                }
                self.transport.write(&[Message::Close { recipient }], "SSH CHANNEL_CLOSE");
                return;
            }
        }
    }
}
