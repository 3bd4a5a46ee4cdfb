//! From the outside world to the network graph: readers for the files people already have.
//!
//! [`load()`] is the whole way: [`json`] reads JSON with the place of every value; [`arm`] evaluates ARM templates to
//! resources as Azure would; bodies of resources that exist already are taken as they are; [`terraform`] turns plans and
//! states into such bodies; [`azure`] says what each resource is for the network; [`world`] puts them together, and
//! says what Azure would refuse and what was assumed. [`facts`] is what Azure is like, as data; [`services`] are the managed
//! services; [`source`] keeps the input files that all spans point into, [`diagnostic`] what is wrong with them.

pub mod arm;
pub mod azure;
mod compare;
pub mod diagnostic;
mod expand;
pub mod facts;
pub mod json;
mod live;
mod load;
mod map;
mod rounds;
mod secret;
pub mod services;
pub mod source;
pub mod terraform;
pub mod world;

pub use compare::{MAX_CHANGES, PropertyChange, ResourceChange, compare};
pub use expand::{expand, expand_deployed};
pub use load::{Input, Loading, MAX_FILES, ReadError, is_within, load, load_with, read_files};
pub use rounds::MAX_ROUNDS;
pub use world::World;
