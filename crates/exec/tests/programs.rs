//! Programs that behave, and those that do not.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::Arc;

use gristmill_core::{BuildEnv, Built, Document, Mention, Reason, Registration, Stage, StageError, Verdict};
use gristmill_core::{Entity, EntityType};
use gristmill_exec::ExecFactory;
use serde_json::json;
use tempfile::TempDir;

/// A stage that is this script of the shell, which every machine has.
struct Script {
    stage: Arc<dyn Stage>,
    folder: TempDir,
}

fn build(script: &str, timeout: &str) -> Script {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("stage.sh"), script).unwrap();
    let env = BuildEnv {
        base: folder.path().to_owned(),
    };
    let params = json!({"name": "mine", "command": ["sh", "stage.sh"], "timeout": timeout});
    let built = Registration::of::<ExecFactory>().build(params, &env);
    let Ok(Built::Pure(stage)) = built else {
        panic!("a pure stage")
    };
    Script { stage, folder }
}

impl Script {
    fn process(&self, text: &str) -> Result<(Verdict, Document), String> {
        let mut document = Document::from_text("a.txt", text);
        match self.stage.process(&mut document) {
            Ok(verdict) => Ok((verdict, document)),
            Err(StageError::Document(message)) => Err(message),
            Err(error) => panic!("{error}"),
        }
    }

    fn starts(&self) -> usize {
        let path = self.folder.path().join("starts");
        std::fs::read_to_string(path).unwrap().lines().count()
    }
}

const START: &str = "echo started >> starts\n";

#[test]
fn a_program_is_started_once_and_asked_again_and_again() {
    let script = build(
        &format!(
            r#"{START}n=0; while read -r line; do n=$((n+1)); echo "{{\"attributes\": {{\"mine\": $n}}}}"; done"#
        ),
        "10s",
    );
    for number in 1..=50 {
        let (_, document) = script
            .process("A body with \"quotes\", \u{1F389} and\nlines.")
            .unwrap();
        assert_eq!(document.attributes["mine"], number);
    }
    assert_eq!(script.starts(), 1);
}

#[test]
fn a_program_may_turn_documents_away() {
    let script = build(r#"while read -r line; do echo '{"reject": "dull"}'; done"#, "10s");
    let (verdict, _) = script.process("A body.").unwrap();
    assert_eq!(verdict, Verdict::Reject(Reason::new("dull")));
}

#[test]
fn a_program_that_ends_fails_one_document() {
    let script = build(
        &format!("{START}while read -r line; do case $line in *bad*) exit 3;; esac; echo '{{}}'; done"),
        "10s",
    );
    script.process("good").unwrap();
    let message = script.process("bad").unwrap_err();
    assert!(message.contains("exit status: 3"), "{message}");
    script.process("good").unwrap();
}

#[test]
fn a_program_that_ended_between_two_documents_fails_none() {
    let script = build("read -r line; echo '{}'", "10s");
    for _ in 0..3 {
        script.process("good").unwrap();
    }
}

#[test]
fn a_program_that_falls_silent_is_given_up() {
    let script = build(
        "while read -r line; do case $line in *bad*) sleep 1000;; esac; echo '{}'; done",
        "300ms",
    );
    let message = script.process("bad").unwrap_err();
    assert!(message.contains("300ms"), "{message}");
    script.process("good").unwrap();
    // One that does not even read, though more is written than fits in a pipe.
    let deaf = build("sleep 1000", "300ms");
    assert!(deaf.process(&"long ".repeat(100_000)).is_err());
}

#[test]
fn text_that_offsets_point_to_cannot_be_changed() {
    let script = build(r#"while read -r line; do echo '{"text": "Other."}'; done"#, "10s");
    let (_, document) = script.process("A body.").unwrap();
    assert_eq!(document.text, "Other.");
    let mut document = Document::from_text("a.txt", "Ann came.");
    document.entities = vec![Entity {
        id: "x".to_owned(),
        name: "Ann".to_owned(),
        kind: EntityType::Per,
        mentions: vec![Mention {
            start: 0,
            end: 3,
            text: "Ann".to_owned(),
            score: 1.0,
        }],
    }];
    assert!(script.stage.process(&mut document).is_err());
}

#[test]
fn what_cannot_be_run_is_told_before_anything_runs() {
    let build = |params| {
        let env = BuildEnv {
            base: Path::new("").to_owned(),
        };
        let built = Registration::of::<ExecFactory>().build(params, &env);
        built.err().map(|error| error.key)
    };
    assert_eq!(build(json!({})).as_deref(), Some("name"));
    assert_eq!(build(json!({"name": "a b"})).as_deref(), Some("name"));
    assert_eq!(build(json!({"name": "a"})).as_deref(), Some("command"));
    for program in ["there-is-no-such-program", "./nor-this"] {
        let params = json!({"name": "a", "command": [program]});
        assert_eq!(build(params).as_deref(), Some("command[0]"));
    }
    assert_eq!(build(json!({"name": "a", "command": ["sh"]})), None);
}
