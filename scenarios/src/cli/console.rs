//! Where output goes, and how a command ends.

use super::{Colour, Format};
use crate::render;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use topologies::azure::Finding;
use topologies::diagnostic::Diagnostic;
use topologies::source::Sources;

/// How a command ends. The worst counts where there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All is well: 0.
    Fine,
    /// Findings, or an expectation that is not met: 1.
    Findings,
    /// Input that cannot be read, or wrong usage: 2.
    BadInput,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => Self::SUCCESS,
            Exit::Findings => Self::from(1),
            Exit::BadInput => Self::from(2),
        }
    }
}

/// The two outputs of the program.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    colour: bool,
}

impl Console {
    pub(super) fn new(colour: Colour) -> Self {
        let colour = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Self { colour }
    }

    /// Writes a result to the standard output and ends with `exit`. A reader that has gone away has seen enough: that is no
    /// error. Any other trouble is.
    #[must_use]
    pub fn print(&self, text: &str, exit: Exit) -> Exit {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.complain(format_args!("error: the result cannot be written: {error}\n"));
                Exit::BadInput
            }
            _ => exit,
        }
    }

    /// Writes a result in the form that is asked for and ends with `exit`.
    #[must_use]
    pub fn result(&self, format: Format, value: &impl Serialize, text: impl FnOnce() -> String, exit: Exit) -> Exit {
        match format {
            Format::Text => self.print(&text(), exit),
            Format::Json => match serde_json::to_string_pretty(value) {
                Ok(text) => self.print(&(text + "\n"), exit),
                Err(error) => self.fail(&Diagnostic::error("output.json", error.to_string())),
            },
        }
    }

    /// Shows messages about input on the standard error output.
    pub fn diagnostics<'d>(&self, diagnostics: impl IntoIterator<Item = &'d Diagnostic>, sources: &Sources) {
        self.complain(format_args!("{}", render::diagnostics(diagnostics, sources, self.colour)));
    }

    /// Shows what Azure would refuse on the standard error output.
    pub fn findings<'f>(&self, findings: impl IntoIterator<Item = &'f Finding>, sources: &Sources) {
        self.complain(format_args!("{}", render::findings(findings, sources, self.colour)));
    }

    /// Shows one error without a place and ends with [`Exit::BadInput`].
    #[must_use]
    pub fn fail(&self, error: &Diagnostic) -> Exit {
        self.diagnostics([error], &Sources::new());
        Exit::BadInput
    }

    fn complain(&self, text: std::fmt::Arguments<'_>) {
        // Where even this cannot be written, nobody is left to tell.
        let _ = io::stderr().lock().write_fmt(text);
    }
}
