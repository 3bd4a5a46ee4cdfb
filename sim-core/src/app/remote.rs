//! The server's side of remote control: SSH or WinRM, seen as commands that come in and results that go out.

use super::flush;
use crate::host::{ConnId, Context};
use crate::protocol::ssh::{self, Login};
use crate::protocol::tls::{Certificate, Version};
use crate::protocol::{Session, Violation, winrm};
use rand::RngExt;

/// One remote control connection.
pub(super) enum Remote {
    Ssh(Box<ssh::Server>),
    WinRm(Box<winrm::Server>),
}

/// What came in.
pub(super) enum Asked {
    /// Run a command; answer under this number.
    Run { number: u32, command: String },
    /// A WinRM client waits for output; tell it to ask again after a while.
    Waits { wait: u64, seconds: u32 },
}

impl Remote {
    pub fn ssh(cx: &mut Context<'_>) -> Self {
        Self::Ssh(Box::new(ssh::Server::new(cx.rng().random(), Login::Accept)))
    }

    /// Windows Server 2016 and 2019 negotiate at most TLS 1.2 (azure-services 10.2).
    pub fn winrm(cx: &mut Context<'_>) -> Self {
        let certificate = Certificate::new("packer");
        let server = winrm::Server::new(cx.rng().random(), Version::Tls12, certificate, winrm::Access::Allow);
        Self::WinRm(Box::new(server))
    }

    /// Takes bytes; gives what they ask for.
    pub fn receive(&mut self, data: &[u8]) -> Result<Vec<Asked>, Violation> {
        let mut asked = Vec::new();
        match self {
            Self::Ssh(server) => {
                server.receive(data)?;
                while let Some(event) = server.next_event() {
                    if let ssh::ServerEvent::Exec { channel, command } = event {
                        asked.push(Asked::Run { number: channel.0, command });
                    }
                }
            }
            Self::WinRm(server) => {
                server.receive(data)?;
                while let Some(event) = server.next_event() {
                    match event {
                        winrm::ServerEvent::Command { command, line } => {
                            asked.push(Asked::Run { number: command.0, command: line });
                        }
                        winrm::ServerEvent::Waits { wait, timeout_s } => {
                            asked.push(Asked::Waits { wait, seconds: timeout_s });
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(asked)
    }

    /// A command is over.
    pub fn finish(&mut self, number: u32, status: u32, output: u64) {
        match self {
            Self::Ssh(server) => {
                server.output(ssh::Channel(number), output);
                server.exit(ssh::Channel(number), status);
            }
            Self::WinRm(server) => server.finish(winrm::Command(number), status, output),
        }
    }

    /// A WinRM client has waited long enough.
    pub fn operation_timeout(&mut self, wait: u64) {
        if let Self::WinRm(server) = self {
            server.operation_timeout(wait);
        }
    }

    pub fn flush(&mut self, conn: ConnId, cx: &mut Context<'_>) {
        match self {
            Self::Ssh(server) => flush(&mut **server, conn, cx),
            Self::WinRm(server) => flush(&mut **server, conn, cx),
        }
    }
}
