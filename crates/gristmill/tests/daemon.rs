//! The daemon as a process: what it takes, how it ends, and what a kill leaves behind.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::time::Duration;

use common::{Daemon, House, said};

const CHAIN: &str = "[clean, language, dedup, entities, story]";

/// The same as a record that says when it was published, so that its story does not hang on the time at which it
/// was taken in.
fn dated(number: usize) -> String {
    let text = article(number);
    serde_json::json!({"text": text, "created": "2026-05-12T14:00:00Z"}).to_string()
}

/// An article that has nothing to do with the others.
fn article(number: usize) -> String {
    const WORDS: [&str; 16] = [
        "harbour", "council", "winter", "bridge", "museum", "engine", "village", "orchard", "teacher",
        "railway", "market", "island", "doctor", "festival", "forest", "mayor",
    ];
    let mut state = number as u64 + 1;
    let mut word = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        WORDS[(state >> 40) as usize % WORDS.len()]
    };
    let sentences = (0..6).map(|_| {
        let words: Vec<_> = (0..4).map(|_| word()).collect();
        format!(
            "The {} and the {} saw how the {} met a {} on day {number}. ",
            words[0], words[1], words[2], words[3]
        )
    });
    sentences.collect()
}

#[test]
fn a_daemon_takes_what_lands_and_drains_when_it_is_told() {
    for signal in ["-TERM", "-INT"] {
        let house = House::new(CHAIN, "");
        house.drop_in("before.txt", article(0));
        let mut daemon = house.start();
        house.wait_for(1);
        for number in 1..6 {
            house.drop_in(&format!("wire/{number}.txt"), article(number));
            house.wait_for(number + 1);
        }
        daemon.signal(signal);
        assert_eq!(daemon.wait(), Some(0));
        assert_eq!(house.lines("documents").len(), 6);
        assert!(
            common::files(&house.path("out/documents"), ".open").is_empty(),
            "sealed"
        );
        house.verify();
        house.once(0);
        assert_eq!(house.lines("documents").len(), 6);
    }
}

#[test]
fn dropped_one_by_one_or_all_at_once_the_lines_are_the_same() {
    let (daily, once) = (House::new(CHAIN, ""), House::new(CHAIN, ""));
    let mut daemon = daily.start();
    for number in 0..5 {
        daily.drop_in(&format!("{number}.json"), dated(number / 2));
        daily.wait_for(number + 1);
        once.drop_in(&format!("{number}.json"), dated(number / 2));
    }
    daemon.signal("-TERM");
    daemon.wait();
    once.once(0);
    for folder in ["documents", "rejects"] {
        assert_eq!(daily.lines_but_added(folder), once.lines_but_added(folder));
    }
}

#[test]
fn killed_in_the_middle_again_and_again_everything_comes_exactly_once() {
    const FILES: usize = 300;
    let house = House::new(CHAIN, "limits: {batch: {documents: 8}}");
    for number in 0..FILES {
        house.drop_in(&format!("{number:03}.json"), dated(number));
    }
    let mut killed = 0;
    for pause in (20..).step_by(35).take(12) {
        let mut run = house
            .command(&["run", "--once"])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        if run.try_wait().unwrap().is_none() {
            run.kill().unwrap();
            killed += 1;
        }
        run.wait().unwrap();
        house.taken().values().for_each(|times| assert_eq!(*times, 1));
    }
    assert!(killed > 0);
    house.once(0);
    let taken = house.taken();
    assert_eq!(taken.len(), FILES);
    assert!(taken.values().all(|times| *times == 1), "{taken:?}");
    house.verify();

    let calm = House::new(CHAIN, "");
    for number in 0..FILES {
        calm.drop_in(&format!("{number:03}.json"), dated(number));
    }
    calm.once(0);
    let texts = |house: &House| house.lines_but_added("documents");
    assert_eq!(texts(&house), texts(&calm));
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused() {
    let house = House::new("[dedup]", "");
    house.drop_in("a.txt", article(1));
    let mut first = house.start();
    house.wait_for(1);
    let second = house.run(&["run"]);
    assert_eq!(second.status.code(), Some(74), "{}", said(&second));
    assert!(said(&second).contains("another gristmill"), "{}", said(&second));
    house.drop_in("b.txt", article(2));
    house.wait_for(2);
    first.signal("-TERM");
    assert_eq!(first.wait(), Some(0));
    house.verify();
}

#[test]
fn the_exit_code_tells_how_it_went() {
    let house = House::new("[dedup]", "");
    house.drop_in("a.txt", article(1));
    let output = house.once(0);
    let summary = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        summary.contains("1 document") && summary.contains("out/documents"),
        "{summary}"
    );
    house.drop_in("b.bin", [0, 159, 146, 150, 0, 1, 2, 3]);
    house.once(1);
    house.once(0);

    for arguments in [
        &["walk"][..],
        &["run", "--twice"],
        &["quarantine", "show", "nonsense"],
        &["stages", "claen"],
        &["explain", "no-such-file"],
    ] {
        let output = house.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
    }
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["help", "run"],
        &["completions", "bash"],
    ] {
        let output = house.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
        assert!(output.stderr.is_empty());
    }

    fs::write(house.path("out/documents/part-00000001.jsonl"), "").unwrap();
    let output = house.run(&["verify"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let house = House::new("[dedup]", "");
    fs::remove_dir(house.path("inbox")).unwrap();
    let output = house.once(74);
    assert!(said(&output).contains("inbox: No such file"), "{}", said(&output));
}

#[test]
fn output_that_cannot_be_written_stops_the_work_and_loses_nothing() {
    let house = House::new("[dedup]", "");
    house.drop_in("a.txt", article(1));
    fs::create_dir(house.path("out")).unwrap();
    fs::write(house.path("out/documents"), "in the way").unwrap();
    house.once(74);
    fs::remove_file(house.path("out/documents")).unwrap();
    house.once(0);
    assert_eq!(house.lines("documents").len(), 1);
    house.verify();
}

/// The answer to a request to the status page: its first line and its body.
fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

#[test]
fn the_status_page_tells_what_the_daemon_does() {
    let house = House::new("[dedup]", "http: {listen: 127.0.0.1:0}");
    let mut daemon = house.command(&["run"]);
    daemon
        .env("GRISTMILL_LOG", "info")
        .stderr(std::process::Stdio::piped());
    let mut daemon = Daemon::of(daemon);
    let address = daemon.says("status page on http://");
    let address = address.trim_end_matches('/').to_owned();
    house.drop_in("a.txt", article(1));
    house.drop_in("b.txt", article(1));
    house.drop_in("c.bin", [0, 159, 146, 150, 0, 1, 2, 3]);
    house.wait_for(3);
    let counted = |body: &str, name: &str| -> f64 {
        let line = body.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().parse().unwrap()
    };
    // What is durable is counted a moment later.
    std::thread::sleep(Duration::from_millis(200));
    let (code, metrics) = get(&address, "/metrics");
    assert!(code.contains("200"), "{code}");
    assert_eq!(counted(&metrics, "gristmill_documents_accepted_total"), 3.0);
    for outcome in ["written", "rejected", "quarantined"] {
        assert_eq!(
            counted(
                &metrics,
                &format!("gristmill_documents_total{{outcome=\"{outcome}\"}}")
            ),
            1.0
        );
    }
    assert_eq!(counted(&metrics, "gristmill_documents_in_flight"), 0.0);
    for (path, says) in [
        ("/healthz", "alive"),
        ("/readyz", "working"),
        ("/", "<!DOCTYPE html>"),
    ] {
        let (code, body) = get(&address, path);
        assert!(
            code.contains("200") && body.starts_with(says),
            "{path}: {code} {body}"
        );
    }
    let (_, status) = get(&address, "/status.json");
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["in_all"]["written"], 1);
    assert_eq!(status["failures"][0]["path"], "c.bin");
    assert!(get(&address, "/nothing").0.contains("404"));
    daemon.signal("-TERM");
    assert_eq!(daemon.wait(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_told_before_anything_is_opened() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let house = House::new(
        "[dedup]",
        &format!("http: {{listen: '{}'}}", taken.local_addr().unwrap()),
    );
    let output = house.run(&["run"]);
    assert_eq!(output.status.code(), Some(74), "{}", said(&output));
    assert!(said(&output).contains("http.listen"), "{}", said(&output));
    assert!(!house.path("state").exists());
}

#[test]
fn an_explanation_is_for_people_and_touches_nothing() {
    let house = House::new(CHAIN, "");
    house.drop_in("a.txt", article(1));
    house.once(0);
    let before = house.run(&["status"]).stdout;
    let says = |arguments: &[&str]| String::from_utf8(house.run(arguments).stdout).unwrap();
    let known = says(&["explain", "inbox/a.txt"]);
    assert!(
        known.contains("taken before") && known.contains("=> dedup rejects it"),
        "{known}"
    );
    let fresh = says(&["explain", "--fresh", "inbox/a.txt"]);
    assert!(fresh.contains("=> it becomes a line in documents/"), "{fresh}");
    for stage in ["clean", "language", "dedup", "entities", "story"] {
        assert!(fresh.contains(&format!("\n  {stage} ")), "{fresh}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&says(&["explain", "--fresh", "--json", "inbox/a.txt"])).unwrap();
    assert_eq!(json["steps"].as_array().unwrap().len(), 5);
    assert_eq!(json["ending"]["record"]["id"], json["id"]);
    assert_eq!(house.run(&["status"]).stdout, before);
}
