//! gristmill turns a drop folder of news articles into clean, labelled JSON Lines.
//!
//! This crate is the outermost one: it reads the configuration, knows all stages, and holds the commands. What
//! the commands do lives in the crates below; here it is only put together.
//!
//! - [`cli`] is the command line, and [`exit`] what the process says to its parent.
//! - [`config`] reads the one YAML file and reports everything that is wrong with it at once.
//! - [`stages`] is the one plain list of the built-in stages.
//! - [`commands`] has a module for each command.
//! - [`mod@reference`] and [`columns`] say in the words of people, and of readers, what the types say.

pub mod cli;
pub mod columns;
pub mod commands;
pub mod config;
pub mod exit;
mod http;
mod logs;
mod memory;
mod progress;
pub mod reference;
mod signals;
pub mod stages;
mod wiring;
