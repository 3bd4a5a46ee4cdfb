//! SMB 2 as far as it says whether a file share takes a client: dialects agreed, a session asked for and granted or not
//! ([MS-SMB2] 2.2.1 to 2.2.6).

use bytes::Bytes;
use sim_core::app::go_dial_error;
use sim_core::host::{ConnId, Context, Dial, Door, Input, Program, SMALL_BUFFER, Socket};
use sim_core::id::FlowId;
use sim_core::time::Nanos;
use std::collections::BTreeMap;

/// Its port.
pub const PORT: u16 = 445;

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
/// `STATUS_ACCESS_DENIED`.
const ACCESS_DENIED: u32 = 0xc000_0022;
/// Of the frame: what says how long the message is.
const FRAME: usize = 4;
const HEADER: usize = 64;
/// The longest message that either end takes, bytes.
const MOST: usize = 4096;

/// A message: its frame, its header, and a body.
fn message(command: u16, number: u64, status: u32, reply: bool, body: &[u8]) -> Bytes {
    let length = (HEADER + body.len()) as u32;
    let mut out = Vec::with_capacity(FRAME + HEADER + body.len());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(b"\xfeSMB");
    out.extend_from_slice(&64u16.to_le_bytes());
    out.extend_from_slice(&1u16.to_le_bytes()); // credit charge
    out.extend_from_slice(&status.to_le_bytes());
    out.extend_from_slice(&command.to_le_bytes());
    out.extend_from_slice(&1u16.to_le_bytes()); // credits
    out.extend_from_slice(&u32::from(reply).to_le_bytes());
    out.extend_from_slice(&0u32.to_le_bytes()); // next command
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&[0; 32]); // process, tree, session, signature
    out.extend_from_slice(body);
    out.into()
}

/// The command and the status of the first whole message in `data`; what is no message has neither.
fn heard(data: &[u8]) -> Option<(u16, u32)> {
    let header = data.get(FRAME..FRAME + HEADER)?;
    let field =
        |at: usize| header.get(at..at + 4).and_then(|it| it.first_chunk::<4>()).map(|it| u32::from_le_bytes(*it));
    let whole = header.starts_with(b"\xfeSMB");
    whole.then_some((field(12)? as u16, field(8)?))
}

/// The size of a structure, then zeros: bodies of which nobody reads more.
fn body(structure: u16, length: usize) -> Vec<u8> {
    let mut body = vec![0; length];
    body[..2].copy_from_slice(&structure.to_le_bytes());
    body
}

/// A file share's server. The service's firewall is asked when a session is.
///
/// Rule `storage-smb`: a storage account's firewall counts for SMB as for HTTPS. Source: azure-services 8.5.
#[derive(Default)]
pub struct Share {
    open: BTreeMap<ConnId, (Door, Socket)>,
}

impl Program for Share {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.listen(PORT, SMALL_BUFFER),
            Input::Accepted { conn, door, peer, .. } => {
                self.open.insert(conn, (door, peer));
            }
            Input::Data(conn, data) => {
                let Some((door, peer)) = self.open.get(&conn).copied() else { return };
                match heard(&data) {
                    Some((NEGOTIATE, _)) => {
                        let mut agreed = body(65, 65);
                        agreed[4..6].copy_from_slice(&0x0302u16.to_le_bytes());
                        cx.write(conn, message(NEGOTIATE, 0, 0, true, &agreed), "SMB2 NEGOTIATE response");
                    }
                    Some((SESSION_SETUP, _)) => {
                        let status = if cx.admits(door, peer.0).is_ok() { 0 } else { ACCESS_DENIED };
                        let label = "SMB2 SESSION_SETUP response";
                        cx.write(conn, message(SESSION_SETUP, 1, status, true, &body(9, 9)), label);
                    }
                    _ => cx.abort(conn),
                }
            }
            Input::PeerClosed(conn) => cx.close(conn),
            Input::Closed(conn, _) => {
                self.open.remove(&conn);
            }
            _ => {}
        }
    }

    fn fresh(&self) -> Option<Box<dyn Program>> {
        Some(Box::new(Self::default()))
    }
}

/// `mount` of a file share. It reports as [`sim_core::app::Errand`] does.
pub struct Mount {
    to: Socket,
    timeout: Nanos,
    after: Nanos,
    flow: Option<FlowId>,
    started: Nanos,
    inbox: Vec<u8>,
    over: bool,
}

impl Mount {
    /// Mounts a share of the account at `to`.
    #[must_use]
    pub fn new(to: Socket, timeout: Nanos, after: Nanos, flow: Option<FlowId>) -> Self {
        Self { to, timeout, after, flow, started: Nanos::ZERO, inbox: Vec::new(), over: false }
    }

    fn hear(&mut self, conn: ConnId, cx: &mut Context<'_>) {
        let Some(length) = self.inbox.first_chunk::<4>().map(|it| u32::from_be_bytes(*it) as usize) else { return };
        if length > MOST {
            return cx.abort(conn);
        }
        if self.inbox.len() < FRAME + length {
            return;
        }
        let came: Vec<u8> = self.inbox.drain(..FRAME + length).collect();
        match heard(&came) {
            Some((NEGOTIATE, 0)) => {
                let ask = message(SESSION_SETUP, 1, 0, false, &body(25, 25));
                cx.write(conn, ask, "SMB2 SESSION_SETUP");
            }
            Some((SESSION_SETUP, status)) => {
                if status == 0 {
                    cx.report("said", 0, "mounted");
                } else {
                    // learn azure/storage/files/files-troubleshoot-smb-connectivity
                    cx.report("refused", 0, "mount error(13): Permission denied");
                }
                self.end("done", String::new(), cx);
                cx.close(conn);
            }
            _ => cx.abort(conn),
        }
    }

    fn end(&mut self, what: &'static str, text: String, cx: &mut Context<'_>) {
        if !std::mem::replace(&mut self.over, true) {
            cx.report(what, (cx.now() - self.started).0, text);
        }
    }
}

impl Program for Mount {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.after(self.after, 0),
            Input::Timer(_) => {
                self.started = cx.now();
                cx.connect(Dial { timeout: self.timeout, flow: self.flow, ..Dial::to(self.to) });
            }
            Input::Connected(conn) => {
                cx.report("connect", (cx.now() - self.started).0, "");
                let mut dialects = body(36, 38);
                dialects[2] = 1; // one dialect: 3.0.2
                dialects[36..38].copy_from_slice(&0x0302u16.to_le_bytes());
                cx.write(conn, message(NEGOTIATE, 0, 0, false, &dialects), "SMB2 NEGOTIATE");
            }
            Input::Data(conn, data) => {
                if self.inbox.is_empty() {
                    cx.report("first-byte", (cx.now() - self.started).0, "");
                }
                self.inbox.extend_from_slice(&data);
                self.hear(conn, cx);
            }
            Input::PeerClosed(conn) => {
                cx.close(conn);
                self.end("failed", "mount error(112): Host is down".to_owned(), cx);
            }
            Input::Closed(_, ending) => self.end("failed", go_dial_error(self.to, ending), cx),
            _ => {}
        }
    }
}
