//! What tests of several crates share: networks in a few lines, questions to them, programs, a reader of captures, Azure's
//! recorded answers, what reads any bytes at all.

pub mod ask;
pub mod assembly;
pub mod builds;
pub mod capture;
pub mod dual;
pub mod firewalls;
pub mod gateways;
pub mod hostile;
pub mod names;
pub mod net;
pub mod oracles;
pub mod page;
pub mod parts;
pub mod programs;
pub mod random;
pub mod reading;
pub mod services;
pub mod worlds;
