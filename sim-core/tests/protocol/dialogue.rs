//! Two sessions talking to each other, with somebody in between who may cut, change and write down.

use sim_core::protocol::{Session, Violation};

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Client,
    Server,
}

/// One write of a dialogue.
#[derive(Clone, Debug)]
pub struct Line {
    pub from: From,
    pub bytes: Vec<u8>,
    pub label: String,
}

/// What happens to bytes on the way.
pub struct Way<'a> {
    /// Size of the next piece to deliver.
    pub cut: &'a mut dyn FnMut() -> usize,
    /// Changes bytes: who sent them, where in that stream they start.
    pub tamper: &'a mut dyn FnMut(From, usize, &mut [u8]),
}

impl Way<'_> {
    /// Passes writes on as they are.
    pub fn clear<R>(use_it: impl FnOnce(&mut Way<'_>) -> R) -> R {
        use_it(&mut Way { cut: &mut || usize::MAX, tamper: &mut |_, _, _| {} })
    }

    /// Delivers in pieces of these sizes, over and over.
    pub fn in_pieces<R>(sizes: &[usize], use_it: impl FnOnce(&mut Way<'_>) -> R) -> R {
        let mut sizes = sizes.iter().cycle().copied();
        use_it(&mut Way { cut: &mut || sizes.next().unwrap_or(1), tamper: &mut |_, _, _| {} })
    }

    /// Changes the bits of `flip` in byte number `at` of what the client, or the server, says.
    pub fn flipping<R>(from_client: bool, at: usize, flip: u8, use_it: impl FnOnce(&mut Way<'_>) -> R) -> R {
        let side = if from_client { From::Client } else { From::Server };
        let mut tamper = |from: From, start: usize, bytes: &mut [u8]| {
            if let Some(byte) = at.checked_sub(start).and_then(|at| bytes.get_mut(at)).filter(|_| from == side) {
                *byte ^= flip;
            }
        };
        use_it(&mut Way { cut: &mut || usize::MAX, tamper: &mut tamper })
    }
}

/// Lets two sessions talk until both are silent. In each round both say all they have, and then hear the other.
/// `between` runs after each round, to give orders and collect events; it says whether it gave an order.
pub fn talk<C: Session, S: Session>(
    client: &mut C,
    server: &mut S,
    way: &mut Way<'_>,
    mut between: impl FnMut(&mut C, &mut S),
) -> Result<Vec<Line>, Violation> {
    let mut lines: Vec<Line> = Vec::new();
    let mut offsets = [0, 0];
    loop {
        let start = lines.len();
        lines.extend(all(client, From::Client));
        lines.extend(all(server, From::Server));
        if lines.len() == start {
            return Ok(lines);
        }
        for line in &lines[start..] {
            let mut bytes = line.bytes.clone();
            let offset = &mut offsets[line.from as usize];
            (way.tamper)(line.from, *offset, &mut bytes);
            *offset += bytes.len();
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (piece, later) = rest.split_at((way.cut)().clamp(1, rest.len()));
                match line.from {
                    From::Client => server.receive(piece)?,
                    From::Server => client.receive(piece)?,
                }
                rest = later;
            }
        }
        between(client, server);
    }
}

/// The table of a dialogue: who, how many bytes, what.
pub fn table(lines: &[Line]) -> String {
    let row = |line: &Line| format!("{:?} {} {}\n", line.from, line.bytes.len(), line.label);
    lines.iter().map(row).collect()
}

fn all(session: &mut impl Session, from: From) -> Vec<Line> {
    std::iter::from_fn(|| session.next_write())
        .map(|write| Line { from, bytes: write.bytes.to_vec(), label: write.label.into_owned() })
        .collect()
}
