//! What types cannot say about a configuration: values that contradict each other, and those hardly meant.

use std::path::{Component, Path, PathBuf};

use gristmill_source::{Inbox, SettingsError};

use super::{Config, Problem, WhenDone};
use crate::wiring;

impl Config {
    /// Everything that cannot be, though each value is of its type.
    pub(super) fn meaning(&self, problems: &mut Vec<Problem>) {
        let is_below = |problem: &Problem| problem.key.starts_with("input");
        // A `watch` that was written wrong, or under a wrong name, is not missing too.
        let watch_is_wrong = problems.iter().any(|problem| problem.key == "input.watch")
            || !self.origin.marks.contains_key("input.watch") && problems.iter().any(is_below);
        let mut wrong = |key: &str, message: String| problems.push(self.origin.problem(key, message));
        for (key, is_zero) in [
            ("input.rescan", self.input.rescan.0.is_zero()),
            ("input.max_document", self.input.max_document.0 == 0),
            ("output.rotate.size", self.output.rotate.size.0 == 0),
            ("output.rotate.age", self.output.rotate.age.0.is_zero()),
            ("limits.document_time", self.limits.document_time.0.is_zero()),
            ("limits.in_flight", self.limits.in_flight.0 == 0),
            ("limits.batch.documents", self.limits.batch.documents == 0),
            ("limits.batch.bytes", self.limits.batch.bytes.0 == 0),
        ] {
            if is_zero {
                wrong(key, "must be more than 0".to_owned());
            }
        }
        if self.workers > 1024 {
            wrong("workers", "1024 at most".to_owned());
        }
        let inbox = match Inbox::new(wiring::source(self)) {
            Ok(inbox) => Some(inbox),
            Err(errors) => {
                let missed =
                    |error: &SettingsError| watch_is_wrong && *error == SettingsError::NothingWatched;
                for error in errors.into_iter().filter(|error| !missed(error)) {
                    wrong(&self.key_of(&error), says(&error));
                }
                None
            }
        };
        for (number, one) in self.input.watch.iter().enumerate() {
            let twice = self.input.watch[..number]
                .iter()
                .any(|other| plain(&other.path) == plain(&one.path));
            if twice {
                wrong(
                    &format!("input.watch[{number}]"),
                    format!(
                        "{} is watched already: its files would come twice",
                        one.path.display()
                    ),
                );
            }
        }
        if let Some(inbox) = inbox {
            for (number, one) in self.input.watch.iter().enumerate() {
                if let Some(around) = self.taken_also_from(&inbox, &one.path) {
                    let message = format!(
                        "{} lies in the watched folder {}: its files would come twice; name it in input.exclude",
                        one.path.display(),
                        around.display()
                    );
                    wrong(&format!("input.watch[{number}]"), message);
                }
            }
            for (key, what, folder) in self.own_folders() {
                if let Some(watched) = self.taken_from(&inbox, &folder) {
                    let message = format!(
                        "{} lies in the watched folder {}, so that gristmill would read {what}; put it elsewhere, or name it in input.exclude",
                        folder.display(),
                        watched.display()
                    );
                    wrong(key, message);
                }
            }
        }
    }

    /// Folders that gristmill writes into.
    fn own_folders(&self) -> Vec<(&'static str, &'static str, PathBuf)> {
        let mut folders = vec![
            ("output.dir", "its own output", self.output.dir.clone()),
            ("state.dir", "its own state", self.state.dir.clone()),
        ];
        if let WhenDone::Move(folder) = &self.input.when_done {
            folders.push(("input.when_done", "what it has done already", folder.clone()));
        }
        folders
    }

    /// The watched folder from which what gristmill writes into `folder` would be taken.
    fn taken_from(&self, inbox: &Inbox, folder: &Path) -> Option<&Path> {
        self.around(folder, |inside| {
            inbox.takes(&inside.join("documents/part-00000001.jsonl"))
        })
    }

    /// The watched folder around the watched folder `folder` from which its files would be taken as well.
    fn taken_also_from(&self, inbox: &Inbox, folder: &Path) -> Option<&Path> {
        const USUAL: [&str; 4] = ["a.txt", "a.html", "a.json", "a.jsonl"];
        self.around(folder, |inside| {
            !inside.as_os_str().is_empty() && USUAL.iter().any(|file| inbox.takes(&inside.join(file)))
        })
    }

    /// The first watched folder that holds `folder`, or is it, of which `takes` says that its files are taken there: it is told
    /// where in the watched one `folder` is.
    fn around(&self, folder: &Path, takes: impl Fn(&Path) -> bool) -> Option<&Path> {
        let folder = plain(folder);
        let mut watched = self.input.watch.iter().map(|watched| &*watched.path);
        watched.find(|watched| folder.strip_prefix(plain(watched)).is_ok_and(&takes))
    }

    fn key_of(&self, error: &SettingsError) -> String {
        match error {
            SettingsError::Glob { list, index, .. } => format!("input.{list}[{index}]"),
            SettingsError::NothingWatched => "input.watch".to_owned(),
            SettingsError::Name(name) => {
                let mut names = self.input.watch.iter().map(|watched| watched.name.as_ref());
                let number = names.position(|other| other == Some(name)).unwrap_or_default();
                format!("input.watch[{number}].name")
            }
        }
    }

    /// What is allowed but hardly meant.
    pub fn warnings(&self) -> Vec<String> {
        let at = |name: &str| self.stages.iter().position(|entry| entry.stage == name);
        let mut warnings = Vec::new();
        if self.stages.is_empty() {
            warnings.push("stages: the chain is empty; documents are written as they were read".to_owned());
        }
        let clean = at("clean");
        if clean.is_none() {
            warnings.push(
                "stages: without `clean` the text of an HTML page is its markup as it stands".to_owned(),
            );
        }
        for later in ["language", "dedup", "entities", "story"] {
            if let (Some(clean), Some(later_at)) = (clean, at(later))
                && later_at < clean
            {
                warnings.push(format!(
                    "stages: `{later}` comes before `clean` and sees pages as markup"
                ));
            }
        }
        if let Some(entities) = at("entities")
            && at("language").is_none_or(|language| entities < language)
        {
            warnings.push(
                "stages: without `language` before it, `entities` does not know which names to look for"
                    .to_owned(),
            );
        }
        for watched in &self.input.watch {
            let path = watched.path.display();
            if !watched.path.exists() {
                warnings.push(format!("input.watch: there is no folder {path} yet"));
            } else if !watched.path.is_dir() {
                warnings.push(format!("input.watch: {path} is no folder"));
            }
        }
        warnings
    }
}

fn says(error: &SettingsError) -> String {
    match error {
        SettingsError::Glob { glob, why, .. } => format!("{glob:?} is not a glob: {why}"),
        SettingsError::NothingWatched => {
            "name at least one folder to watch, as in `input: {watch: [./inbox]}`".to_owned()
        }
        SettingsError::Name(name) => {
            format!("the name {name:?} must not be empty and must not contain ':' or '/'")
        }
    }
}

/// `path` without `.` and with `..` taken back, as far as can be told without looking at the disk.
fn plain(path: &Path) -> PathBuf {
    let mut plain = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if plain.components().any(|part| part == Component::ParentDir) {
        plain = plain.components().fold(PathBuf::new(), |mut so_far, part| {
            match part {
                Component::ParentDir => {
                    so_far.pop();
                }
                part => so_far.push(part),
            }
            so_far
        });
    }
    plain
}
