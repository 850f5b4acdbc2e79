//! The binary as it ships. The other stories run the test binary as `plyo`, whose code has failpoints and planted bugs
//! built in.

use std::{fs, path::PathBuf, process::Command};

use nix::sys::signal::Signal;
use plyo_servers::free_port;
use serde_json::Value;

use crate::{
    command_line::{Up, reachable_directory, said},
    skipped::skip,
};

/// The name of a planted bug.
const BUG: &[u8] = b"bug-no-fence";

/// A `plyo` that was built by itself.
fn shipped() -> Option<PathBuf> {
    let plyo = std::env::var_os("PLYO_TEST_SHIPPED").map(PathBuf::from);
    if plyo.is_none() {
        skip("PLYO_TEST_SHIPPED names no `plyo` that was built by itself; `make test` builds one");
    }
    plyo
}

fn has_bugs(program: &PathBuf) -> bool {
    fs::read(program).unwrap().windows(BUG.len()).any(|bytes| bytes == BUG)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ships_trains_for_twelve_weeks_and_comes_back_from_a_kill_with_all_of_it() {
    let Some(plyo) = shipped() else { return };
    assert!(has_bugs(&std::env::current_exe().unwrap()), "the test binary has the bugs that are looked for");
    assert!(!has_bugs(&plyo), "planted bugs ship");
    let directory = reachable_directory();
    let run = |arguments: &[&str]| {
        let output = Command::new(&plyo).args(arguments).current_dir(directory.path()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let port = free_port().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let start = || Up::start_as(Command::new(&plyo), directory.path(), port);

    let mut up = start().await;
    let summary = tokio::task::block_in_place(|| run(&["demo", "--url", &url, "--json"]));
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!((&summary["gaps"], &summary["duplicates"]), (&0.into(), &0.into()), "{summary}");
    up.signal(Signal::SIGKILL);
    up.ended().await;

    let mut up = start().await;
    tokio::task::block_in_place(|| run(&["verify"]));
    let events = tokio::task::block_in_place(|| run(&["tail", "--last", "1000000", "--no-follow"]));
    assert!(events.lines().count() as u64 >= summary["events"].as_u64().unwrap(), "{summary}, and then {events}");
    up.signal(Signal::SIGTERM);
    assert!(up.ended().await.success());
}
