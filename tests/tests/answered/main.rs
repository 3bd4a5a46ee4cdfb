//! What Azure made of what it was sent: recorded writes, deployments and validations are played again, and what comes of
//! them is compared with Azure's answers field by field. What differs stands in a table with its cause, or a test fails.

mod compare;
mod deployments;
mod endpoints;
mod table;
mod validations;
mod writes;
