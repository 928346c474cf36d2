//! The command on a machine that fails it: a disk that is full or read-only, too few watches. The failures are the
//! system's own, made with limits and with namespaces; where a system allows no namespaces, those tests tell so and
//! pass.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::process::{Command, Output, Stdio};

use common::{Daemon, House, said};

fn article(number: usize) -> String {
    format!(
        "Report {number}\n\n{}\n",
        format!("Line {number} of the report. ").repeat(100)
    )
}

fn fill(house: &House, files: usize) {
    for number in 0..files {
        house.drop_in(&format!("{number:03}.txt"), article(number));
    }
}

/// All files are taken once and the books agree.
fn complete(house: &House, files: usize) {
    let taken = house.taken();
    assert_eq!(taken.len(), files);
    assert!(taken.values().all(|times| *times == 1), "{taken:?}");
    house.verify();
}

/// `script` in a shell with `$BIN` for the command.
fn shell(house: &House, before: &[&str], script: &str) -> Command {
    let mut command = house.command(&[]);
    let program = command.get_program().to_owned();
    let mut shell = Command::new(before.first().unwrap_or(&"sh"));
    if let [_, rest @ ..] = before {
        shell.args(rest).arg("sh");
    }
    shell.args(["-c", script]).env("BIN", program);
    for (name, value) in command.env("GRISTMILL_LOG", "warn").get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.current_dir(house.path(".")).stdin(Stdio::null());
    shell
}

/// The same as root of namespaces of its own, where the system allows them.
fn as_root(house: &House, script: &str) -> Option<Command> {
    let probe = "mount -t tmpfs probe inbox && echo 8 > /proc/sys/user/max_inotify_watches";
    let allowed = shell(house, &["unshare", "-rm"], probe).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("not tested: this system allows no namespaces");
        return None;
    }
    Some(shell(house, &["unshare", "-rm"], script))
}

fn output(mut command: Command) -> Output {
    command.output().unwrap()
}

#[test]
fn files_that_may_not_grow_stop_a_pass_and_the_next_goes_on() {
    const FILES: usize = 40;
    let house = House::new("[dedup]", "limits: {batch: {documents: 4}}");
    fill(&house, FILES);
    let small = "trap '' XFSZ; ulimit -f 80; exec $BIN run --once";
    let stopped = output(shell(&house, &[], small));
    assert_eq!(stopped.status.code(), Some(74), "{}", said(&stopped));
    assert!(house.taken().len() < FILES);
    house.once(0);
    complete(&house, FILES);
}

#[test]
fn a_daemon_goes_on_by_itself_when_there_is_room_again() {
    const FILES: usize = 40;
    let house = House::new("[dedup]", "limits: {batch: {documents: 4}}");
    fill(&house, FILES);
    let mut command = shell(&house, &[], "trap '' XFSZ; ulimit -S -f 80; exec $BIN run");
    command.stderr(Stdio::piped());
    let mut daemon = Daemon::of(command);
    daemon.says("the work stopped");
    let raised = Command::new("prlimit")
        .args(["--fsize=unlimited", "--pid", &daemon.id().to_string()])
        .status();
    assert!(raised.unwrap().success());
    house.wait_for(FILES);
    daemon.signal("-TERM");
    assert_eq!(daemon.wait(), Some(0));
    complete(&house, FILES);
}

#[test]
fn a_disk_that_is_full_stops_a_pass_and_the_next_goes_on() {
    const FILES: usize = 200;
    let house = House::new("[dedup]", "limits: {batch: {documents: 8}}\nhttp: null");
    fill(&house, FILES);
    for folder in ["disk", "kept"] {
        fs::create_dir(house.path(folder)).unwrap();
    }
    let script = "
        mount -t tmpfs -o size=384k disk disk && mkdir disk/out disk/state && ln -s disk/out out && ln -s disk/state state
        $BIN run --once; echo first $?
        mount -o remount,size=64m disk
        $BIN run --once; echo second $?
        $BIN verify; echo verify $?
        cp -r disk/out disk/state kept/";
    let Some(command) = as_root(&house, script) else {
        return;
    };
    let output = output(command);
    let said = said(&output);
    for words in ["first 74", "second 0", "verify 0"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    // Which of the two says it depends on what the last free page was for.
    let told = said.contains("No space left on device") || said.contains("database or disk is full");
    assert!(told, "{said}");
    for folder in ["out", "state"] {
        fs::remove_file(house.path(folder)).unwrap();
        fs::rename(house.path("kept").join(folder), house.path(folder)).unwrap();
    }
    complete(&house, FILES);
}

#[test]
fn output_that_became_read_only_stops_a_pass_and_the_next_goes_on() {
    let house = House::new("[dedup]", "");
    fill(&house, 2);
    house.once(0);
    house.drop_in("new.txt", article(3));
    let script = "mount --bind out out && mount -o remount,bind,ro out && exec $BIN run --once";
    let Some(command) = as_root(&house, script) else {
        return;
    };
    let output = output(command);
    assert_eq!(output.status.code(), Some(74), "{}", said(&output));
    assert!(
        said(&output).contains("Read-only file system"),
        "{}",
        said(&output)
    );
    house.once(0);
    complete(&house, 3);
}

#[test]
fn with_too_few_watches_walks_find_everything() {
    const FOLDERS: usize = 12;
    let house = House::new("[dedup]", "http: null");
    for number in 0..FOLDERS {
        house.drop_in(&format!("{number:02}/before.txt"), article(number));
    }
    let script = "echo 4 > /proc/sys/user/max_inotify_watches; exec $BIN run";
    let Some(mut command) = as_root(&house, script) else {
        return;
    };
    command.stderr(Stdio::piped());
    let mut daemon = Daemon::of(command);
    daemon.says("cannot watch all of a folder");
    house.wait_for(FOLDERS);
    for number in 0..FOLDERS {
        house.drop_in(&format!("{number:02}/after.txt"), article(100 + number));
    }
    house.wait_for(2 * FOLDERS);
    daemon.signal("-TERM");
    assert_eq!(daemon.wait(), Some(0));
    complete(&house, 2 * FOLDERS);
}
