//! The program as a user meets it: what is typed, what is printed, and the exit codes.

mod az;
mod cli;
#[cfg(unix)]
mod hostile;
mod inputs;
mod terraform;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program, without what the surroundings say of colours.
fn vnetsim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vnetsim"));
    command.args(arguments).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command
}

/// Exit code, standard output, standard error output.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = vnetsim(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A file in a folder of a test's own.
fn file(test: &str, name: &str, text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}
