//! topologies
