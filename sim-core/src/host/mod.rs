//! What stands at the ends of the network: TCP, programs on machines, orchestrators over them.

mod orchestrator;
mod program;

pub mod tcp;

pub(crate) use orchestrator::Order;
pub use orchestrator::{Control, Orchestrator, Signal, Ticket};
pub(crate) use program::Command;
pub(crate) use program::FIRST_UDP_PORT;
pub use program::{
    BULK_BUFFER, ConnId, Context, Dial, Door, Ending, Input, Program, Report, SMALL_BUFFER, Socket, Undelivered,
};
