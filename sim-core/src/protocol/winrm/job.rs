//! What a client has been asked to do, as the sequence of commands it comes to.

use super::{CONNECTED, base64};

/// Something a client was asked to do; numbered from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Task(pub u32);

/// The most commands of an upload in one shell (azure-services 9.2).
const OPERATIONS_PER_SHELL: u32 = 15;
/// Base64 characters of content in one command of an upload: what the longest command line of Windows (8191
/// characters, rounded down) leaves beside the file's name.
const UPLOAD_DIGITS: u64 = 7960;
/// Where an upload collects its content.
const UPLOAD_FILE: &str = "%TEMP%\\winrmcp-upload.tmp";

/// A task on its way.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) kind: Kind,
    /// Commands run in the current shell.
    in_shell: u32,
    pub(super) output: u64,
    pub(super) text: Vec<u8>,
    pub(super) exit: Option<u32>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Open a shell and close it.
    Login,
    /// Print something, to see that commands work.
    Echo,
    Run(String),
    Upload(Upload),
}

/// Where an upload stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Upload {
    /// So many bytes of content are still to be appended.
    Append(u64),
    /// Decode the collected text to the file it is to be.
    Restore,
    /// Delete the collected text.
    Clean,
    Done,
}

impl Job {
    pub(super) fn new(task: Task, kind: Kind) -> Self {
        Self { task, kind, in_shell: 0, output: 0, text: Vec::new(), exit: None }
    }

    /// A new shell is open.
    pub(super) fn shell_opened(&mut self) {
        self.in_shell = 0;
    }

    /// The next command for this shell; `None` when it is to be closed.
    pub(super) fn next_command(&mut self) -> Option<String> {
        let fresh = self.in_shell == 0;
        let command = match &mut self.kind {
            Kind::Login => None,
            Kind::Echo => fresh.then(echo_command),
            Kind::Run(command) => fresh.then(|| command.clone()),
            Kind::Upload(upload) => {
                let room =
                    if matches!(upload, Upload::Append(_)) { self.in_shell < OPERATIONS_PER_SHELL } else { fresh };
                if room { upload.next_command(fresh) } else { None }
            }
        };
        self.in_shell += u32::from(command.is_some());
        command
    }

    /// Whether another shell is needed after this one.
    pub(super) fn needs_shell(&self) -> bool {
        matches!(&self.kind, Kind::Upload(upload) if *upload != Upload::Done)
    }
}

impl Upload {
    fn next_command(&mut self, fresh: bool) -> Option<String> {
        match *self {
            Self::Append(0) => {
                *self = Self::Restore;
                // The content went out in this shell; what follows has shells of its own.
                if fresh { self.next_command(fresh) } else { None }
            }
            Self::Append(left) => {
                let piece = left.min(UPLOAD_DIGITS / 4 * 3);
                *self = Self::Append(left - piece);
                let content = base64::encode(&vec![0; piece as usize]);
                Some(format!("echo {content} >> \"{UPLOAD_FILE}\""))
            }
            Self::Restore => {
                *self = Self::Clean;
                Some(format!("powershell.exe -Command \"certutil -f -decode {UPLOAD_FILE} %TEMP%\\upload.bin\""))
            }
            Self::Clean => {
                *self = Self::Done;
                Some(format!("powershell.exe -Command \"Remove-Item {UPLOAD_FILE}\""))
            }
            Self::Done => None,
        }
    }
}

/// What a command does for an upload: `None` when it does nothing for one; else the bytes it appends, if it does.
pub(super) fn uploads(command: &str) -> Option<Option<u64>> {
    if !command.contains(UPLOAD_FILE) {
        return None;
    }
    let content = command.strip_prefix("echo ").and_then(|rest| rest.split(' ').next());
    let appended = content.map(|content| (content.len() / 4 * 3 - content.matches('=').count().min(2)) as u64);
    Some(appended)
}

/// Whether an upload is whole with this command.
pub(super) fn restores(command: &str) -> bool {
    command.contains(UPLOAD_FILE) && command.contains("-decode")
}

/// Whether a command is the check of a connection.
pub(super) fn is_echo(command: &str) -> bool {
    command == echo_command()
}

/// The check: 155 characters of PowerShell, which make a command line of 447 (azure-services 10.3) in UTF-16 and
/// base64.
fn echo_command() -> String {
    let script = format!("$ProgressPreference = 'SilentlyContinue'; Write-Output \"{CONNECTED}\"");
    let coded: Vec<u8> = format!("{script:<155}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    format!("powershell.exe -EncodedCommand {}", base64::encode(&coded))
}
