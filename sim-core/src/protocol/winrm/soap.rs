//! The envelopes, and what the other end reads out of them.

use super::super::Violation;
use super::super::seal::random;
use super::{ENVELOPE, base64};
use rand_pcg::Pcg64;
use std::fmt::Write as _;

/// Sizes of bodies, bytes (azure-services 10.3). Where the content varies: the size without it.
mod size {
    pub(super) const CREATE: usize = 1339;
    pub(super) const DELETE: usize = 1190;
    /// 1874 with a command line of 447 characters.
    pub(super) const COMMAND: usize = 1874 - 447;
    pub(super) const RECEIVE: usize = 1341;
    pub(super) const SIGNAL: usize = 1379;
    pub(super) const CREATED: usize = 1871;
    pub(super) const STARTED: usize = 847;
    /// 1142 with the output of the check command, taken as 18 bytes, so 24 of base64.
    pub(super) const OUTPUT: usize = 1142 - 24;
    /// 921 to 925 captured: the exit code varies.
    pub(super) const DONE: usize = 921 - 1;
    pub(super) const TIMED_OUT: usize = 1317;
    pub(super) const FAULT: usize = 1296;
}

const SHELL: &str = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell";
const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
/// The number that WS-Management faults carry when an operation has timed out, `ERROR_WINRM_OPERATION_TIMEDOUT`.
const TIMED_OUT: &str = "2150858793";

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Create,
    Delete { shell: String },
    Command { shell: String, line: String },
    Receive { shell: String, command: String, timeout_s: u32 },
    Signal { shell: String, command: String },
}

impl Request {
    /// The name for people.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Create => "WinRM Create shell request",
            Self::Delete { .. } => "WinRM Delete shell request",
            Self::Command { .. } => "WinRM Command request",
            Self::Receive { .. } => "WinRM Receive request",
            Self::Signal { .. } => "WinRM Signal terminate request",
        }
    }

    /// The name of its answer, whatever that says.
    pub(super) fn answer_label(&self) -> &'static str {
        match self {
            Self::Create => "WinRM Create shell response",
            Self::Delete { .. } => "WinRM Delete shell response",
            Self::Command { .. } => "WinRM Command response",
            Self::Receive { .. } => "WinRM Receive response",
            Self::Signal { .. } => "WinRM Signal terminate response",
        }
    }

    /// The body to post to `authority`, whose operations may take `timeout_s`.
    pub(super) fn encode(&self, authority: &str, timeout_s: u32, random: &mut Pcg64) -> String {
        let (action, shell, body, size) = match self {
            Self::Create => (format!("{TRANSFER}/Create"), None, shell_options(), size::CREATE),
            Self::Delete { shell } => (format!("{TRANSFER}/Delete"), Some(shell), String::new(), size::DELETE),
            Self::Command { shell, line } => {
                let line = escape(line);
                let size = size::COMMAND + line.len();
                let body = format!("<rsp:CommandLine><rsp:Command>{line}</rsp:Command></rsp:CommandLine>");
                (format!("{SHELL}/Command"), Some(shell), body, size)
            }
            Self::Receive { shell, command, .. } => {
                let body = format!(
                    "<rsp:Receive><rsp:DesiredStream CommandId=\"{command}\">stdout stderr</rsp:DesiredStream></rsp:Receive>"
                );
                (format!("{SHELL}/Receive"), Some(shell), body, size::RECEIVE)
            }
            Self::Signal { shell, command } => {
                let code = "<rsp:Code>terminate</rsp:Code>";
                let body = format!("<rsp:Signal CommandId=\"{command}\">{code}</rsp:Signal>");
                (format!("{SHELL}/Signal"), Some(shell), body, size::SIGNAL)
            }
        };
        let selector = shell.map_or_else(String::new, |shell| {
            format!("<w:SelectorSet><w:Selector Name=\"ShellId\">{shell}</w:Selector></w:SelectorSet>")
        });
        let header = format!(
            "<a:To>https://{authority}/wsman</a:To><a:ReplyTo><a:Address>{ADDRESSING}/role/anonymous</a:Address>\
             </a:ReplyTo><a:MessageID>uuid:{}</a:MessageID><a:Action>{action}</a:Action>\
             <w:ResourceURI>{SHELL}/cmd</w:ResourceURI><w:MaxEnvelopeSize>{ENVELOPE}</w:MaxEnvelopeSize>\
             <w:OperationTimeout>PT{timeout_s}S</w:OperationTimeout>{selector}",
            identifier(random)
        );
        envelope(&header, &body, size)
    }

    pub(super) fn decode(text: &str) -> Result<Self, Violation> {
        let malformed = Violation::Malformed("WinRM request");
        let action = element(text, "a:Action").ok_or(malformed)?;
        let (_, verb) = action.rsplit_once('/').ok_or(malformed)?;
        if verb == "Create" {
            return Ok(Self::Create);
        }
        let shell = element(text, "w:Selector").ok_or(malformed)?.to_owned();
        let command = || attribute(text, "CommandId").map(str::to_owned).ok_or(malformed);
        Ok(match verb {
            "Delete" => Self::Delete { shell },
            "Command" => Self::Command { shell, line: unescape(element(text, "rsp:Command").ok_or(malformed)?) },
            "Receive" => {
                let timeout =
                    element(text, "w:OperationTimeout").and_then(|time| time.strip_prefix("PT")?.strip_suffix('S'));
                let timeout_s = timeout.and_then(|time| time.parse().ok()).ok_or(malformed)?;
                Self::Receive { shell, command: command()?, timeout_s }
            }
            "Signal" => Self::Signal { shell, command: command()? },
            _ => return Err(malformed),
        })
    }
}

/// What a server answers. Delete and Signal are answered with an empty body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Response {
    Created { shell: String },
    Started { command: String },
    Output(Vec<u8>),
    Done { exit: u32 },
    Empty,
    TimedOut,
    Fault,
}

impl Response {
    pub(super) fn encode(&self, random: &mut Pcg64) -> String {
        let (action, body, size) = match self {
            Self::Empty => return String::new(),
            Self::Created { shell } => {
                let body = format!("<rsp:Shell><rsp:ShellId>{shell}</rsp:ShellId></rsp:Shell>");
                ("CreateResponse", body, size::CREATED)
            }
            Self::Started { command } => {
                let body =
                    format!("<rsp:CommandResponse><rsp:CommandId>{command}</rsp:CommandId></rsp:CommandResponse>");
                ("CommandResponse", body, size::STARTED)
            }
            Self::Output(bytes) => {
                let coded = base64::encode(bytes);
                let size = size::OUTPUT + coded.len();
                let body = format!(
                    "<rsp:ReceiveResponse><rsp:Stream Name=\"stdout\">{coded}</rsp:Stream></rsp:ReceiveResponse>"
                );
                ("ReceiveResponse", body, size)
            }
            Self::Done { exit } => {
                let exit = exit.to_string();
                let body = format!("<rsp:ReceiveResponse><rsp:ExitCode>{exit}</rsp:ExitCode></rsp:ReceiveResponse>");
                ("ReceiveResponse", body, size::DONE + exit.len())
            }
            Self::TimedOut => ("fault", fault("w:TimedOut", TIMED_OUT), size::TIMED_OUT),
            Self::Fault => ("fault", fault("w:InvalidSelectors", "2150858843"), size::FAULT),
        };
        let header =
            format!("<a:Action>{SHELL}/{action}</a:Action><a:MessageID>uuid:{}</a:MessageID>", identifier(random));
        envelope(&header, &body, size)
    }

    pub(super) fn decode(text: &str) -> Result<Self, Violation> {
        if text.is_empty() {
            return Ok(Self::Empty);
        }
        if let Some(shell) = element(text, "rsp:ShellId") {
            return Ok(Self::Created { shell: shell.to_owned() });
        }
        if let Some(command) = element(text, "rsp:CommandId") {
            return Ok(Self::Started { command: command.to_owned() });
        }
        let malformed = Violation::Malformed("WinRM response");
        if let Some(stream) = element(text, "rsp:Stream") {
            return base64::decode(stream).map(Self::Output).ok_or(malformed);
        }
        if let Some(exit) = element(text, "rsp:ExitCode") {
            return exit.parse().map(|exit| Self::Done { exit }).map_err(|_| malformed);
        }
        match attribute(text, "Code") {
            Some(TIMED_OUT) => Ok(Self::TimedOut),
            Some(_) => Ok(Self::Fault),
            None => Err(malformed),
        }
    }
}

/// A random identifier in the form of a UUID.
pub(super) fn identifier(generator: &mut Pcg64) -> String {
    let bytes: [u8; 16] = random(generator);
    let mut out = String::with_capacity(36);
    for (place, byte) in bytes.into_iter().enumerate() {
        if [4, 6, 8, 10].contains(&place) {
            out.push('-');
        }
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02X}");
    }
    out
}

fn shell_options() -> String {
    "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
        .to_owned()
}

fn fault(code: &str, number: &str) -> String {
    format!(
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{code}</s:Value></s:Subcode></s:Code>\
             <s:Detail><f:WSManFault xmlns:f=\"http://schemas.microsoft.com/wbem/wsman/1/wsmanfault\" Code=\"{number}\"/>\
             </s:Detail></s:Fault>"
    )
}

/// An envelope of `size` bytes, or as many as it takes.
fn envelope(header: &str, body: &str, size: usize) -> String {
    let start = format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"{ADDRESSING}\" \
         xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\" xmlns:rsp=\"{SHELL}\"><s:Header>{header}</s:Header>\
         <s:Body>{body}</s:Body>"
    );
    let end = "</s:Envelope>";
    let room = size.saturating_sub(start.len() + end.len());
    format!("{start}{:room$}{end}", "")
}

/// The text of the first element of this name.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text;
    loop {
        rest = &rest[rest.find('<')? + 1..];
        let Some(after) = rest.strip_prefix(name).filter(|after| after.starts_with(['>', ' '])) else { continue };
        let content = &after[after.find('>')? + 1..];
        return content.split('<').next();
    }
}

/// The value of the first attribute of this name.
fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = text.split_once(&format!(" {name}=\""))?;
    value.split_once('"').map(|(value, _)| value)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::super::super::seal::generator;
    use super::*;
    use proptest::prelude::*;

    fn requests() -> [Request; 5] {
        let (shell, command) = (|| identifier(&mut generator(1)), || identifier(&mut generator(2)));
        [
            Request::Create,
            Request::Delete { shell: shell() },
            Request::Command { shell: shell(), line: "if 1 < 2 & \"a\" == \"a\" echo &lt;".to_owned() },
            Request::Receive { shell: shell(), command: command(), timeout_s: 600 },
            Request::Signal { shell: shell(), command: command() },
        ]
    }

    fn responses() -> [Response; 7] {
        let id = || identifier(&mut generator(1));
        [
            Response::Created { shell: id() },
            Response::Started { command: id() },
            Response::Output(b"<&>".to_vec()),
            Response::Done { exit: 3010 },
            Response::Empty,
            Response::TimedOut,
            Response::Fault,
        ]
    }

    // Catches: fields that get lost, text that is not escaped, and contents too long for the captured size even with an
    // address that is longer than usual: bodies would then silently grow.
    #[test]
    fn envelopes_read_back_and_keep_their_size() {
        let authority = "very-long-name-of-a-build-machine.westeurope.cloudapp.azure.com:5986";
        let sizes = [size::CREATE, size::DELETE, size::COMMAND, size::RECEIVE, size::SIGNAL];
        for (request, size) in requests().into_iter().zip(sizes) {
            let text = request.encode(authority, 600, &mut generator(3));
            let varying = if let Request::Command { line, .. } = &request { escape(line).len() } else { 0 };
            assert_eq!(text.len(), size + varying, "{request:?}");
            assert_eq!(Request::decode(&text), Ok(request));
        }
        let sizes = [size::CREATED, size::STARTED, size::OUTPUT + 4, size::DONE + 4, 0, size::TIMED_OUT, size::FAULT];
        for (response, size) in responses().into_iter().zip(sizes) {
            let text = response.encode(&mut generator(3));
            assert_eq!(text.len(), size, "{response:?}");
            assert_eq!(Response::decode(&text), Ok(response));
        }
    }

    proptest! {
        // Catches: a panic on an envelope that is nearly right, cut inside a tag or a character.
        #[test]
        fn broken_envelopes_do_not_panic(which in 0_usize..5, at: prop::sample::Index, put in ".{0,3}", cut: bool) {
            for text in [requests()[which].encode("vm:5986", 600, &mut generator(3)), responses()[which].encode(&mut generator(3))] {
                let at = at.index(text.len().max(1)).min(text.len());
                let rest = if cut { "" } else { text.get(at + 1..).unwrap_or_default() };
                let text = format!("{}{put}{rest}", &text[..at]);
                let _ = (Request::decode(&text), Response::decode(&text));
            }
        }
    }
}
