//! The machines at the ends of a path.

pub mod tcp;
