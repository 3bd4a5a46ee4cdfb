//! Captures as files of one folder.

use super::Capture;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What a file gathers before it is written to the disk, in bytes.
const GATHERED: usize = 64 << 10;

impl Capture {
    /// Captures into files of the folder `path`, which is made if it is not there. A file that is there already is never
    /// touched: it makes [`Capture::finish`] fail.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn into_dir(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let folder = path.to_owned();
        Ok(Self::new(move |name| {
            let path = folder.join(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => Ok(Box::new(BufWriter::with_capacity(GATHERED, Appending(path)))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    format!("{} is there already and is not overwritten; name another folder", path.display()),
                )),
                Err(error) => Err(error),
            }
        }))
    }
}

/// A file that is open only while something is written to it: a run may have more machines than a process may have open
/// files.
struct Appending(PathBuf);

impl Appending {
    fn open(&self) -> io::Result<File> {
        OpenOptions::new().append(true).open(&self.0)
    }
}

impl Write for Appending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open()?.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.open()?.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
