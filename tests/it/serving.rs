//! `plyo serve` on the servers of a test, a process for some roles, as a cluster runs it.

use std::{fs, path::Path, process::Stdio, time::Duration};

use plyo_client::Client;
use plyo_servers::free_port;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    command_line::{self, Up},
    platform::{Fixture, eventually},
};

/// A process that ends with its test.
pub struct Serving {
    _process: Up,
    pub url: String,
    directory: tempfile::TempDir,
}

impl Serving {
    /// Runs these roles, and gives the process when it is ready.
    pub async fn start(fixture: &Fixture, roles: &'static str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let directory = command_line::reachable_directory();
        let listen = format!("127.0.0.1:{}", free_port().unwrap());
        let services: Vec<&'static str> = roles.split(',').filter(|role| *role != "edge").collect();
        let role = fixture.role(&services);
        let servers = [
            "--nats-url",
            &role.nats_url,
            "--nats-monitor-url",
            &fixture.nats_server.monitor_url(),
            "--nkeys",
            role.nkeys.to_str().unwrap(),
            "--postgres-url",
            &role.dsn,
        ];
        let serve = ["serve", "--only", roles, "--listen", &listen];
        let mut command = command_line::plyo(directory.path(), &[&serve[..], &servers[..], arguments].concat());
        let log = fs::File::create(log_in(directory.path())).unwrap();
        command.envs(variables.iter().copied()).stdout(Stdio::null()).stderr(log);
        let process = Up(command.spawn().unwrap());
        let url = format!("http://{listen}");
        eventually("the process is ready", Duration::from_secs(60), async || {
            Ok((Client::new(&url)?.get("/ready").await?.status == 200).then_some(()))
        })
        .await;
        Self { _process: process, url, directory }
    }

    /// A page that is no JSON.
    pub async fn page(&self, path: &str) -> String {
        let authority = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(authority).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, page) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        page.to_owned()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(log_in(self.directory.path())).unwrap()
    }
}

fn log_in(directory: &Path) -> std::path::PathBuf {
    directory.join("serve.err")
}
