//! Writes the inputs that `reading` measures, for a look at memory and for profilers: `inputs FOLDER`.

use std::path::PathBuf;
use std::{env, fs, io};
use vnetsim_benches::{dump, template};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).unwrap_or_else(|| ".".into()));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("dump.json"), dump(10_000))?;
    fs::write(folder.join("template.json"), template(5_000))
}
