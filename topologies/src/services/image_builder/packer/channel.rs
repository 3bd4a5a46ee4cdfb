//! The client's side of remote control: SSH or WinRM, seen as tasks that are asked for and end.

use sim_core::app::flush;
use sim_core::host::{ConnId, Context};
use sim_core::protocol::{Session, Violation, ssh, winrm};

/// A remote control session.
pub(super) enum Channel {
    Ssh(Box<ssh::Client>),
    WinRm(Box<winrm::Client>),
}

/// What a session has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Logged in.
    Ready,
    /// The machine does not take the credentials.
    Denied,
    /// The check of the connection printed what it should.
    Checked(bool),
    /// A task is over; `None` without an exit status.
    Ended { task: u32, status: Option<u32> },
}

impl Channel {
    pub fn run(&mut self, command: &str) -> u32 {
        match self {
            Self::Ssh(client) => client.exec(command).0,
            Self::WinRm(client) => client.run(command).0,
        }
    }

    pub fn upload(&mut self, name: &str, size: u64) -> u32 {
        match self {
            Self::Ssh(client) => client.upload(name, size).0,
            Self::WinRm(client) => client.upload(size).0,
        }
    }

    pub fn keepalive(&mut self, task: u32) {
        if let Self::Ssh(client) = self {
            client.keepalive(ssh::Channel(task));
        }
    }

    pub fn goodbye(&mut self) {
        match self {
            Self::Ssh(client) => client.disconnect(),
            Self::WinRm(client) => client.close(),
        }
    }

    pub fn flush(&mut self, conn: ConnId, cx: &mut Context<'_>) {
        match self {
            Self::Ssh(client) => flush(&mut **client, conn, cx),
            Self::WinRm(client) => flush(&mut **client, conn, cx),
        }
    }

    pub fn receive(&mut self, data: &[u8]) -> Result<Vec<Told>, Violation> {
        let mut told = Vec::new();
        match self {
            Self::Ssh(client) => {
                client.receive(data)?;
                while let Some(event) = client.next_event() {
                    told.extend(ssh_told(&event));
                }
            }
            Self::WinRm(client) => {
                client.receive(data)?;
                while let Some(event) = client.next_event() {
                    told.extend(winrm_told(&event));
                }
            }
        }
        Ok(told)
    }
}

fn ssh_told(event: &ssh::ClientEvent) -> Option<Told> {
    use ssh::ClientEvent as Event;
    match event {
        Event::Ready => Some(Told::Ready),
        Event::AuthenticationFailed => Some(Told::Denied),
        Event::Exit { channel, status } => Some(Told::Ended { task: channel.0, status: *status }),
        Event::UploadDone { channel } => Some(Told::Ended { task: channel.0, status: Some(0) }),
        Event::Refused { channel } => Some(Told::Ended { task: channel.0, status: None }),
        Event::Output { .. } | Event::KeepaliveReply | Event::Disconnected => None,
    }
}

fn winrm_told(event: &winrm::ClientEvent) -> Option<Told> {
    use winrm::ClientEvent as Event;
    match event {
        Event::LoggedIn => Some(Told::Ready),
        Event::Denied => Some(Told::Denied),
        Event::EchoChecked(good) => Some(Told::Checked(*good)),
        Event::Exit { task, status, .. } => Some(Told::Ended { task: task.0, status: Some(*status) }),
        Event::UploadDone { task } => Some(Told::Ended { task: task.0, status: Some(0) }),
        Event::Fault { task } => Some(Told::Ended { task: task.0, status: None }),
        Event::Refused(_) | Event::Closed => None,
    }
}
