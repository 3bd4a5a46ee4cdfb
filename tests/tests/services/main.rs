//! Managed services and their clients: azure-services 1.C, 1.E, 6, 7, 8.5.

mod denials;
mod explained;
mod flows;
mod registry;
