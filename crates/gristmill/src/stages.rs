//! The one list of all built-in stages.

use gristmill_core::{Registration, Registry};
use gristmill_language::LanguageFactory;

/// The stages that come with gristmill, in the order in which they usually stand in a chain.
pub fn built_in() -> Registry {
    Registry::new([Registration::of::<LanguageFactory>()])
}
