//! The one list of all built-in stages.

use gristmill_clean::CleanFactory;
use gristmill_core::{Registration, Registry};
use gristmill_dedup::DedupFactory;
use gristmill_entities::EntitiesFactory;
use gristmill_exec::ExecFactory;
use gristmill_language::LanguageFactory;
use gristmill_story::StoryFactory;

/// The stages that come with gristmill, in the order in which they usually stand in a chain.
pub fn built_in() -> Registry {
    Registry::new([
        Registration::of::<CleanFactory>(),
        Registration::of::<LanguageFactory>(),
        Registration::of::<DedupFactory>(),
        Registration::of::<EntitiesFactory>(),
        Registration::of::<StoryFactory>(),
        Registration::of::<ExecFactory>(),
    ])
}
