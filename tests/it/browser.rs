//! A headless Chromium with an authenticator of its own, driven over the DevTools protocol: what it signs is what a person's
//! browser would.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use crate::skipped::skip;

/// As Debian calls them.
const PROGRAMS: [&str; 2] = ["chromium-headless-shell", "chromium"];

pub struct Browser {
    process: Child,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Of its one page, once it is there.
    page: Option<String>,
    authenticator: String,
    calls: u64,
    _profile: TempDir,
}

impl Browser {
    /// With a page at this URL; `None` where no Chromium is installed.
    pub async fn open(url: &str) -> Option<Self> {
        let profile = tempfile::tempdir().unwrap();
        let start = |program: &&str| {
            let mut command = Command::new(program);
            command.args(["--headless", "--remote-debugging-port=0", "--no-first-run", "--disable-gpu"]);
            // Whoever runs this may be root, whom its sandbox refuses; it opens nothing but pages of the test.
            command.arg("--no-sandbox").arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
            command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().ok()
        };
        let Some(mut process) = PROGRAMS.iter().find_map(start) else {
            skip("Chromium is not installed");
            return None;
        };
        let said = BufReader::new(process.stderr.take().unwrap());
        let address = tokio::task::spawn_blocking(move || {
            let mut lines = said.lines().map_while(Result::ok);
            let address = lines.find_map(|line| Some(line.strip_prefix("DevTools listening on ")?.to_owned()));
            // A full pipe would stop it.
            std::thread::spawn(move || lines.for_each(drop));
            address.expect("Chromium listens")
        });
        let (socket, _) = connect_async(address.await.unwrap()).await.expect("Chromium answers");
        let mut browser =
            Self { process, socket, page: None, authenticator: String::new(), calls: 0, _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach).await;
        browser.page = session["sessionId"].as_str().map(str::to_owned);
        browser.call("Page.enable", json!({})).await;
        browser.call("WebAuthn.enable", json!({})).await;
        let options = json!({ "options": {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "automaticPresenceSimulation": true } });
        let added = browser.call("WebAuthn.addVirtualAuthenticator", options).await;
        browser.authenticator = added["authenticatorId"].as_str().unwrap().to_owned();
        browser.go(url).await;
        Some(browser)
    }

    pub async fn go(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url })).await;
        while self.heard().await["method"] != "Page.loadEventFired" {}
    }

    /// A passkey made of these options, as the browser writes it.
    pub async fn create(&mut self, options: &Value) -> Value {
        self.credential("create", "parseCreationOptionsFromJSON", options).await.unwrap()
    }

    /// What a passkey signs of these options.
    pub async fn get(&mut self, options: &Value) -> Value {
        self.credential("get", "parseRequestOptionsFromJSON", options).await.unwrap()
    }

    /// # Errors
    /// The name of the exception that the page gets.
    pub async fn credential(&mut self, method: &str, parse: &str, options: &Value) -> Result<Value, String> {
        let script = format!(
            "navigator.credentials.{method}({{ publicKey: PublicKeyCredential.{parse}({options}) }})
                 .then(made => ({{ made: made.toJSON() }}), error => ({{ error: `${{error.name}}: ${{error.message}}` }}))"
        );
        let evaluate = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let mut result = self.call("Runtime.evaluate", evaluate).await["result"]["value"].take();
        match result["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(result["made"].take()),
        }
    }

    /// The passkeys of the authenticator, with their private keys.
    pub async fn passkeys(&mut self) -> Vec<Value> {
        let of = json!({ "authenticatorId": self.authenticator });
        let mut found = self.call("WebAuthn.getCredentials", of).await;
        found["credentials"].as_array_mut().unwrap().drain(..).collect()
    }

    /// Puts a passkey in the place of the one with its id.
    pub async fn replace_passkey(&mut self, passkey: &Value) {
        let of = json!({ "authenticatorId": self.authenticator, "credentialId": passkey["credentialId"] });
        self.call("WebAuthn.removeCredential", of).await;
        let of = json!({ "authenticatorId": self.authenticator, "credential": passkey });
        self.call("WebAuthn.addCredential", of).await;
    }

    /// Whether the authenticator recognises its owner from now on.
    pub async fn recognise(&mut self, is_recognised: bool) {
        let of = json!({ "authenticatorId": self.authenticator, "isUserVerified": is_recognised });
        self.call("WebAuthn.setUserVerified", of).await;
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut call = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(page) = &self.page {
            call["sessionId"] = json!(page);
        }
        self.socket.send(Message::text(call.to_string())).await.unwrap();
        loop {
            let mut heard = self.heard().await;
            if heard["id"] == self.calls {
                assert!(heard["error"].is_null(), "{method}: {heard}");
                return heard["result"].take();
            }
        }
    }

    async fn heard(&mut self) -> Value {
        let heard = tokio::time::timeout(Duration::from_secs(60), self.socket.next()).await;
        let heard = heard.expect("Chromium answers in time").expect("Chromium is there").unwrap();
        serde_json::from_str(heard.to_text().unwrap()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // What Debian calls Chromium is a script that starts it: both are to end.
        let _ = killpg(Pid::from_raw(self.process.id() as i32), Signal::SIGKILL);
        let _ = self.process.wait();
    }
}
