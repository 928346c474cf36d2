//! The input section, checked once and then carried by everything here.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::file::Folder;
use crate::named::ASIDE;

/// One watched folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Where it is.
    pub path: PathBuf,
    /// What goes before its paths (`wire:a/b.html`), so that two folders can be told apart.
    pub name: Option<String>,
}

/// What is watched and how it is read.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folders, watched to any depth.
    pub watch: Vec<Watched>,
    /// Globs of the files to take, over the path from the watched folder.
    pub include: Vec<String>,
    /// Globs of files and folders to leave alone.
    pub exclude: Vec<String>,
    /// A file is taken once its size and modification time stood still this long.
    pub settle: Duration,
    /// How often everything is walked, whatever the events said.
    pub rescan: Duration,
    /// Whether symbolic links below a watched folder are followed.
    pub follow_links: bool,
    /// The most bytes that one document may have; longer ones are faults.
    pub max_document: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            watch: Vec::new(),
            include: vec!["**/*".to_owned()],
            exclude: ["**/.*", "**/*.part", "**/*.tmp"].map(str::to_owned).into(),
            settle: Duration::from_millis(500),
            rescan: Duration::from_secs(30),
            follow_links: false,
            max_document: 16 << 20,
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A glob is malformed.
    #[error("{list}: {glob:?} is not a glob: {why}")]
    Glob {
        /// `include` or `exclude`.
        list: &'static str,
        /// The place in the list, from 0.
        index: usize,
        /// The glob.
        glob: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing is watched.
    #[error("watch: name at least one folder")]
    NothingWatched,
    /// A name would be unclear in a path.
    #[error("watch: the name {0:?} must not be empty and must not contain ':' or '/'")]
    Name(String),
}

/// Settings that were checked: the door to everything this crate does.
#[derive(Debug, Clone)]
pub struct Inbox {
    pub(crate) settings: Settings,
    pub(crate) folders: Vec<Arc<Folder>>,
    include: GlobSet,
    exclude: GlobSet,
}

impl Inbox {
    /// Checks `settings`, without looking at the disk.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the settings.
    pub fn new(settings: Settings) -> Result<Self, Vec<SettingsError>> {
        let mut errors = Vec::new();
        if settings.watch.is_empty() {
            errors.push(SettingsError::NothingWatched);
        }
        for name in settings.watch.iter().filter_map(|watched| watched.name.as_ref()) {
            if name.is_empty() || name.contains([':', '/']) {
                errors.push(SettingsError::Name(name.clone()));
            }
        }
        let include = globs("include", &settings.include, &mut errors);
        let exclude = globs("exclude", &settings.exclude, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut folders: Vec<Arc<Folder>> = Vec::new();
        for watched in &settings.watch {
            let namesake = folders.iter().any(|other| other.name == watched.name);
            folders.push(Arc::new(Folder {
                path: watched.path.clone(),
                name: watched.name.clone(),
                namesake,
            }));
        }
        folders.sort_by_key(|folder| folder.name.as_ref().map(|name| format!("{name}:")));
        Ok(Self {
            settings,
            folders,
            include,
            exclude,
        })
    }

    /// The settings as they were given.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether a file at `relative` is to be taken; a file below an excluded folder is not.
    pub fn takes(&self, relative: &Path) -> bool {
        self.include.is_match(relative)
            && relative
                .ancestors()
                .take_while(|path| !path.as_os_str().is_empty())
                .all(|path| self.enters(path))
    }

    /// As [`takes`](Self::takes), for a file whose folder is known to be entered.
    pub(crate) fn takes_here(&self, relative: &Path) -> bool {
        self.include.is_match(relative) && self.enters(relative)
    }

    /// Whether a folder at `relative` is to be entered.
    pub(crate) fn enters(&self, relative: &Path) -> bool {
        !self.exclude.is_match(relative) && !relative.as_os_str().as_bytes().ends_with(ASIDE.as_bytes())
    }
}

fn globs(list: &'static str, patterns: &[String], errors: &mut Vec<SettingsError>) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for (index, glob) in patterns.iter().enumerate() {
        match GlobBuilder::new(glob).literal_separator(true).build() {
            Ok(glob) => {
                set.add(glob);
            }
            Err(error) => errors.push(SettingsError::Glob {
                list,
                index,
                glob: glob.clone(),
                why: error.kind().to_string(),
            }),
        }
    }
    set.build().unwrap_or_else(|error| {
        errors.push(SettingsError::Glob {
            list,
            index: 0,
            glob: String::new(),
            why: error.to_string(),
        });
        GlobSet::empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbox(include: &[&str], exclude: &[&str]) -> Result<Inbox, Vec<SettingsError>> {
        Inbox::new(Settings {
            watch: vec![Watched {
                path: "in".into(),
                name: None,
            }],
            include: include.iter().map(|&glob| glob.to_owned()).collect(),
            exclude: exclude.iter().map(|&glob| glob.to_owned()).collect(),
            ..Settings::default()
        })
    }

    #[test]
    fn globs_choose_files() {
        let defaults = ["**/.*", "**/*.part", "**/*.tmp"];
        let check = |include: &[&str], exclude: &[&str], path: &str, taken: bool| {
            assert_eq!(
                inbox(include, exclude).unwrap().takes(Path::new(path)),
                taken,
                "{path}"
            );
        };
        check(&["**/*"], &defaults, "a.txt", true);
        check(&["**/*"], &defaults, "a/b/c.txt", true);
        check(&["**/*"], &defaults, ".a.txt", false);
        check(&["**/*"], &defaults, "a/.b.txt", false);
        check(&["**/*"], &defaults, ".git/config", false);
        check(&["**/*"], &defaults, "a/b.part", false);
        check(&["**/*"], &defaults, "b.tmp", false);
        check(&["*.txt"], &[], "a.txt", true);
        check(&["*.txt"], &[], "a/b.txt", false);
        check(&["wire/**"], &[], "wire/a/b.txt", true);
        check(&["**/*"], &["old"], "old/a.txt", false);
        check(&["**/*"], &[], "a/b.tmp", true);
        check(&["**/*"], &[], "a/b.txt.gristmill-tmp", false);
    }

    #[test]
    fn all_errors_come_at_once_and_name_the_glob() {
        let errors = inbox(&["a[", "ok"], &["{b"]).unwrap_err();
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 2);
        assert!(
            texts[0].starts_with("include: \"a[\" is not a glob: "),
            "{}",
            texts[0]
        );
        assert!(
            texts[1].starts_with("exclude: \"{b\" is not a glob: "),
            "{}",
            texts[1]
        );
        assert_eq!(
            Inbox::new(Settings::default()).unwrap_err(),
            [SettingsError::NothingWatched]
        );
    }
}
