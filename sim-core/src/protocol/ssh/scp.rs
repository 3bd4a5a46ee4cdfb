//! The protocol of `scp -t`: a header line, the content, a zero byte; the sink answers with zero bytes.

use super::super::Violation;
use super::channel::Flow;
use super::messages::Message;
use bytes::Bytes;

/// The longest header line a sink accepts, bytes.
const MAX_HEADER: usize = 1024;

/// The side that has the file. As in Packer it sends the header before it has read the sink's first answer, and so
/// runs one answer behind to the end.
#[derive(Debug)]
pub(super) struct Source {
    name: String,
    /// Bytes of content not sent yet.
    left: u64,
    stage: Stage,
    /// Answers of the sink not used up.
    answers: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Header,
    AwaitStart,
    Content,
    AwaitEnd,
    Done,
}

/// A sink gives three answers: ready, header read, file stored.
const MAX_ANSWERS: usize = 3;

impl Source {
    pub(super) fn new(name: &str, size: u64) -> Self {
        // A line break would end the header early.
        let name = name.rsplit('/').next().unwrap_or_default().replace('\n', "_");
        Self { name, left: size, stage: Stage::Header, answers: 0 }
    }

    /// Takes answers of the sink.
    pub(super) fn answered(&mut self, answers: &[u8]) -> Result<(), Violation> {
        self.answers += answers.len();
        if self.answers > MAX_ANSWERS || answers.iter().any(|&byte| byte != 0) {
            return Err(Violation::Unexpected("scp answer"));
        }
        Ok(())
    }

    /// The next message that may go out now, and its label.
    pub(super) fn advance(&mut self, flow: &mut Flow) -> Option<(Message, &'static str)> {
        let answered = self.answers > 0;
        match self.stage {
            Stage::Header => {
                let header = format!("C0644 {} {}\n", self.left, self.name);
                let data = flow.send_all(header.len()).then_some(header)?;
                self.stage = Stage::AwaitStart;
                Some((Message::Data { recipient: flow.peer, data: data.into() }, "SSH CHANNEL_DATA scp header"))
            }
            Stage::AwaitStart if answered => {
                self.answers -= 1;
                self.stage = Stage::Content;
                self.advance(flow)
            }
            Stage::Content if self.left == 0 => {
                let data = flow.send_all(1).then_some(Bytes::from_static(&[0]))?;
                self.stage = Stage::AwaitEnd;
                Some((Message::Data { recipient: flow.peer, data }, "SSH CHANNEL_DATA scp end of file"))
            }
            Stage::Content => {
                let data = flow.filler(self.left)?;
                self.left -= data.len() as u64;
                Some((Message::Data { recipient: flow.peer, data }, "SSH CHANNEL_DATA scp content"))
            }
            Stage::AwaitEnd if answered => {
                self.answers -= 1;
                self.stage = Stage::Done;
                Some((Message::Eof { recipient: flow.peer }, "SSH CHANNEL_EOF"))
            }
            Stage::AwaitStart | Stage::AwaitEnd | Stage::Done => None,
        }
    }
}

/// The side that takes the file.
#[derive(Debug, Default)]
pub(super) struct Sink {
    line: Vec<u8>,
    file: Option<(String, u64)>,
    received: u64,
}

/// What a sink has to say after some data.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The header is in: acknowledge it.
    Header,
    /// The file is in: acknowledge it.
    File { name: String, size: u64 },
}

impl Sink {
    /// Takes data off the front of `data`, up to the next step.
    pub(super) fn take(&mut self, data: &mut &[u8]) -> Result<Option<Step>, Violation> {
        let Some((name, size)) = &self.file else {
            return self.take_header(data);
        };
        let content = (size - self.received).min(data.len() as u64);
        self.received += content;
        *data = &data[content as usize..];
        match data.split_first() {
            None => Ok(None),
            Some((0, rest)) => {
                *data = rest;
                let step = Step::File { name: name.clone(), size: *size };
                *self = Self::default();
                Ok(Some(step))
            }
            Some(_) => Err(Violation::Malformed("scp content")),
        }
    }

    fn take_header(&mut self, data: &mut &[u8]) -> Result<Option<Step>, Violation> {
        while let Some((&byte, rest)) = data.split_first() {
            *data = rest;
            if byte == b'\n' {
                self.file = Some(parse_header(&self.line).ok_or(Violation::Malformed("scp header"))?);
                return Ok(Some(Step::Header));
            }
            self.line.push(byte);
            if self.line.len() > MAX_HEADER {
                return Err(Violation::TooLong { what: "scp header", limit: MAX_HEADER });
            }
        }
        Ok(None)
    }
}

/// `C0644 1234 name`: name and size.
fn parse_header(line: &[u8]) -> Option<(String, u64)> {
    let line = std::str::from_utf8(line).ok()?;
    let mut parts = line.strip_prefix('C')?.splitn(3, ' ');
    let (_mode, size, name) = (parts.next()?, parts.next()?, parts.next()?);
    Some((name.to_owned(), size.parse().ok()?))
}
