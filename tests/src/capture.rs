//! A reader of the captures that runs write, and captures in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::rc::Rc;

/// Files in memory, by name.
#[derive(Clone, Default)]
pub struct Files(Rc<RefCell<BTreeMap<String, Vec<u8>>>>);

impl Files {
    /// A new file.
    #[must_use]
    pub fn create(&self, name: &str) -> Box<dyn Write> {
        self.0.borrow_mut().insert(name.to_owned(), Vec::new());
        Box::new(Open { files: self.clone(), name: name.to_owned() })
    }

    /// All files with their bytes.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        self.0.borrow().clone()
    }

    /// The packets of one file; none when there is no such file.
    #[must_use]
    pub fn packets(&self, name: &str) -> Vec<Seen> {
        self.0.borrow().get(name).map_or_else(Vec::new, |bytes| read(bytes))
    }
}

struct Open {
    files: Files,
    name: String,
}

impl Write for Open {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.files.0.borrow_mut().entry(self.name.clone()).or_default().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A packet of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Nanoseconds since 1970.
    pub at_ns: u64,
    /// From the IP header on.
    pub bytes: Vec<u8>,
    /// What the capture says of it.
    pub comment: String,
}

/// The packets of a pcapng file of ours: little-endian, enhanced packet blocks, at most one comment each.
///
/// # Panics
/// When the file is cut short.
#[must_use]
pub fn read(mut file: &[u8]) -> Vec<Seen> {
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let mut found = Vec::new();
    while !file.is_empty() {
        let (kind, len) = (word(file, 0), word(file, 4) as usize);
        if kind == 6 {
            let at_ns = u64::from(word(file, 12)) << 32 | u64::from(word(file, 16));
            let captured = word(file, 20) as usize;
            let options = 28 + captured.next_multiple_of(4);
            let comment = match word(file, options) {
                option if option & 0xffff == 1 => {
                    String::from_utf8_lossy(&file[options + 4..][..(option >> 16) as usize]).into_owned()
                }
                _ => String::new(),
            };
            found.push(Seen { at_ns, bytes: file[28..28 + captured].to_vec(), comment });
        }
        file = &file[len..];
    }
    found
}
