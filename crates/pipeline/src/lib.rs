//! Runs documents through the chain and commits them.
