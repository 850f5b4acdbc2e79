//! How many posts are refused, or never answered, while edges behind a load balancer are stopped and started.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use plyo_servers::{Durability, free_port};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::{
    Bench,
    edge::{WORKOUT, WORKOUTS},
    figures::Figures,
    fixture::{Fixture, Platform},
    http::{Http, post},
};

const RESTARTS: usize = 20;
/// A hundred posts a second.
const PULSE: Duration = Duration::from_millis(10);
/// A post that has no answer by then has none.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
const PEOPLE: usize = 64;

pub async fn measure(bench: Bench) -> Result<Figures> {
    let mut figures = Figures::default();
    if Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_err() {
        eprintln!("there is no nginx to stand before two edges: apt-get install nginx-light");
        return Ok(figures);
    }
    let fixture = Fixture::new(&bench.revision, Durability::Always).await?;
    let _services = fixture.serve("user,workout,achievement,notification").await?;
    let mut edges = [fixture.serve("edge").await?, fixture.serve("edge").await?];
    let directory = tempfile::tempdir()?;
    let balancer = Balancer::before(&edges, directory.path()).await?;
    let tokens = fixture.tokens(PEOPLE).await?;

    let (over, going_on) = watch::channel(false);
    let posting = tokio::spawn(post_steadily(balancer.authority.clone(), tokens, going_on));
    for restart in 0..bench.scale.of(RESTARTS) {
        let edge = &mut edges[restart % 2];
        edge.stop().await?;
        *edge = fixture.serve_at("edge", &edge.authority.clone()).await?;
    }
    over.send_replace(true);
    let refused = posting.await?;
    figures.add("restart_refused", refused as f64, "").at_most(0.0);
    Ok(figures)
}

/// Each post on a connection of its own, as phones come; gives how many were not answered with success.
async fn post_steadily(authority: String, tokens: Vec<String>, over: watch::Receiver<bool>) -> usize {
    let mut pulse = interval(PULSE);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut posts = JoinSet::new();
    let mut refused = 0;
    let mut count = |answered: Result<Result<()>, tokio::task::JoinError>| match answered {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            refused += 1;
            eprintln!("refused: {error:#}");
        }
        Err(error) => eprintln!("a post ended: {error}"),
    };
    let mut number = 0;
    while !*over.borrow() {
        pulse.tick().await;
        let request = post(WORKOUTS, &tokens[number % tokens.len()], &format!("restart-{number}"), "wait=10", WORKOUT);
        let authority = authority.clone();
        posts.spawn(async move {
            let posting = async { Http::connect(&authority).await?.exchange(&request, 201).await.map(|_| ()) };
            timeout(ANSWER_TIMEOUT, posting).await.context("no answer")?
        });
        number += 1;
        while let Some(answered) = posts.try_join_next() {
            count(answered);
        }
    }
    while let Some(answered) = posts.join_next().await {
        count(answered);
    }
    refused
}

/// An nginx that shares requests out, and asks the other edge where one does not take a connection: all that its free
/// edition does about an edge that goes.
struct Balancer {
    process: Child,
    authority: String,
}

impl Balancer {
    async fn before(edges: &[Platform], directory: &Path) -> Result<Self> {
        let authority = format!("127.0.0.1:{}", free_port()?);
        let servers: String = edges.iter().map(|edge| format!("server {} max_fails=0;", edge.authority)).collect();
        let place = directory.display();
        let config = format!(
            "daemon off; pid {place}/pid; error_log {place}/error.log;
             events {{ worker_connections 1024; }}
             http {{
               access_log off;
               client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi;
               uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
               upstream edges {{ {servers} keepalive 32; }}
               server {{
                 listen {authority};
                 location / {{
                   proxy_pass http://edges; proxy_http_version 1.1; proxy_set_header Connection \"\";
                 }}
               }}
             }}"
        );
        let path = directory.join("nginx.conf");
        fs::write(&path, config)?;
        let process = Command::new("nginx")
            .args(["-e", "stderr", "-p"])
            .arg(directory)
            .arg("-c")
            .arg(&path)
            .stdin(Stdio::null())
            .spawn()
            .context("start nginx")?;
        let balancer = Self { process, authority };
        while Http::connect(&balancer.authority).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(balancer)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        // Its worker ends with it only if it is asked to.
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(self.process.id().cast_signed()),
            nix::sys::signal::Signal::SIGTERM,
        );
        let _ = self.process.wait();
    }
}
