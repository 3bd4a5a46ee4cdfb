//! Scenario files, replays, verdicts and reports, and the observers of the engine that feed them.
//!
//! [`az`] answers Azure's own questions. [`scenario`] is the file, [`replay`] the run; [`observe`] and [`pcap`] write down
//! what happens, [`verdict`], [`problem`], [`named`] and [`latency`] judge it, [`hangs`] says on what that hangs, [`report`]
//! tells it. [`render`] shows messages about input, [`codes`] says what their codes mean, [`packs`] say what services need,
//! [`schema`] describes files; [`mod@nslookup`] asks for names; [`cli`] is the
//! `vnetsim` command.

pub mod az;
pub mod check;
pub mod cli;
pub mod codes;
pub mod hangs;
pub mod latency;
pub mod looked;
pub mod named;
pub mod naming;
pub mod nslookup;
pub mod observe;
pub mod packs;
pub mod pcap;
pub mod problem;
pub mod render;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod schema;
pub mod trace;
pub mod verdict;
mod yaml;
