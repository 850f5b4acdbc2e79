//! What a container needs of `plyo`: a question about its health.

use std::{net::TcpListener, process::Stdio, time::Duration};

use plyo::servers::free_port;

use crate::{
    command_line::{Up, output, plyo, reachable_directory, said},
    platform::{Ground, eventually},
};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_health_hears_in_a_line_and_a_status_how_it_is() {
    let directory = reachable_directory();
    let health =
        |listen: &str, more: &[&str]| output(directory.path(), &[&["health", "--listen", listen], more].concat(), b"");
    let listen = format!("127.0.0.1:{}", free_port().unwrap());
    let absent = health(&listen, &[]);
    assert!(absent.status.code() == Some(1) && said(&absent).contains("nothing listens at"), "{}", said(&absent));

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let unheard = health(&silent.local_addr().unwrap().to_string(), &[]);
    assert!(unheard.status.code() == Some(1) && said(&unheard).contains("does not answer"), "{}", said(&unheard));

    let nowhere = format!("127.0.0.1:{}", free_port().unwrap());
    let (nats, postgres) = (format!("nats://{nowhere}"), format!("postgres://plyo@{nowhere}/plyo"));
    let relaxed = ["--durability", "relaxed", "--wait", "60", "--nats-url", &nats, "--postgres-url", &postgres];
    let mut waiting = plyo(directory.path(), &[&["serve", "--listen", &listen], &relaxed[..]].concat());
    let _waiting = Up(waiting.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    eventually("it is alive", Duration::from_secs(20), async || {
        Ok(health(&listen, &["--alive"]).status.success().then_some(()))
    })
    .await;
    let not_ready = health(&listen, &[]);
    assert!(
        not_ready.status.code() == Some(1) && said(&not_ready).contains("plyo: not ready:"),
        "{}",
        said(&not_ready)
    );

    let ground = Ground::new().await;
    let (_server, url) = ground.start_platform().await;
    let ready = health(url.strip_prefix("http://").unwrap(), &[]);
    assert!(ready.status.success() && said(&ready).contains("ready\n"), "{}", said(&ready));
}
