//! The reference pages, derived from the types that read the configuration.
