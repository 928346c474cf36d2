//! A running program that is asked one line at a time.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// The longest answer.
const LONGEST: u64 = 64 << 20;

/// How long a program may take to end once it has nothing more to read.
const FAREWELL: Duration = Duration::from_millis(500);

/// How to start a program.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) folder: PathBuf,
    pub(crate) timeout: Duration,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The program could not be started.
    Start(io::Error),
    /// It ended; how, in words.
    Ended(String),
    /// It took longer than this.
    Timeout(Duration),
    /// What it wrote is no line of text.
    Odd(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "the program cannot be started: {error}"),
            Self::Ended(how) => write!(f, "the program ended without an answer: {how}"),
            Self::Timeout(limit) => write!(f, "the program did not answer within {limit:?}"),
            Self::Odd(what) => write!(f, "the program's answer {what}"),
        }
    }
}

/// A program that waits for lines. Two threads write to it and read from it, so that one that does neither can be
/// given up.
pub(crate) struct Program {
    child: Child,
    questions: Option<Sender<String>>,
    answers: Receiver<io::Result<Vec<u8>>>,
}

impl Program {
    pub(crate) fn start(call: &Call) -> Result<Self, Fault> {
        let mut child = Command::new(&call.program)
            .args(&call.arguments)
            .current_dir(&call.folder)
            // A group of its own: Ctrl-C in a terminal is for gristmill, which still has documents to finish, and
            // what the program has started itself can be ended with it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Fault::Start)?;
        let (questions, asked) = mpsc::channel();
        let (answer, answers) = mpsc::channel();
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let threads = spawn("write", move || write(input, &asked))
            .and_then(|()| spawn("read", move || read(output, &answer)));
        let program = Self {
            child,
            questions: Some(questions),
            answers,
        };
        threads.map(|()| program).map_err(Fault::Start)
    }

    /// Hands the program `line` and waits for its answer. After a fault the program is good for nothing.
    pub(crate) fn ask(&mut self, line: &str, limit: Duration) -> Result<String, Fault> {
        let sent = self
            .questions
            .as_ref()
            .is_some_and(|questions| questions.send(format!("{line}\n")).is_ok());
        if !sent {
            return Err(self.ended());
        }
        let bytes = match self.answers.recv_timeout(limit) {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => return Err(Fault::Odd(format!("cannot be read: {error}"))),
            Err(RecvTimeoutError::Timeout) => return Err(Fault::Timeout(limit)),
            Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
        };
        String::from_utf8(bytes).map_err(|_| Fault::Odd("is not UTF-8".to_owned()))
    }

    fn ended(&mut self) -> Fault {
        self.questions = None;
        let status = self.wait();
        Fault::Ended(status.map_or_else(|| "it closed its output".to_owned(), |status| status.to_string()))
    }

    /// Waits a moment for the program to end by itself.
    fn wait(&mut self) -> Option<std::process::ExitStatus> {
        let until = Instant::now() + FAREWELL;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
                _ => return None,
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // With the questions its standard input ends, which asks it to end too.
        if self.questions.take().is_some() && matches!(self.child.try_wait(), Ok(None)) {
            self.wait();
        }
        // It may have ended by itself; then there is nothing to kill and to wait for.
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

fn spawn(what: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let name = format!("gristmill-exec-{what}");
    thread::Builder::new().name(name).spawn(work).map(drop)
}

fn write(input: Option<ChildStdin>, lines: &Receiver<String>) {
    let Some(mut input) = input else { return };
    for line in lines {
        // A program that reads no more shows in its answers.
        if input.write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(output: Option<ChildStdout>, answers: &Sender<io::Result<Vec<u8>>>) {
    let Some(output) = output else { return };
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        let read = (&mut output).take(LONGEST).read_until(b'\n', &mut line);
        let answer = match read {
            Ok(_) if line.last() == Some(&b'\n') => Ok(line),
            Ok(read) if read as u64 == LONGEST => Err(io::Error::other("longer than 64 MiB")),
            // It ended, perhaps within a line.
            Ok(_) => return,
            Err(error) => Err(error),
        };
        let failed = answer.is_err();
        if answers.send(answer).is_err() || failed {
            return;
        }
    }
}
