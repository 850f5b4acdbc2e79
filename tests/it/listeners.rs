//! People who listen on a socket, whatever becomes of the edge.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use plyo_client::{Client, Live, Push};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::platform::eventually;

/// What came on a socket that is opened again, with its cursor, whenever it ends.
#[derive(Default)]
pub struct Heard {
    pub pushes: Vec<Push>,
    pub connections: u32,
    /// Pushes that do not follow on the one before, or on the cursor that was resumed from.
    pub gaps: u64,
    /// The welcomes that did not resume.
    pub resets: Vec<Value>,
}

impl Heard {
    pub fn ids(&self) -> Vec<String> {
        self.pushes.iter().map(|push| push.id.clone()).collect()
    }
}

/// A socket that listens until it is dropped.
pub struct Listener {
    heard: Arc<Mutex<Heard>>,
    listening: JoinHandle<()>,
}

impl Listener {
    /// Comes back when the client's first socket is open.
    pub async fn start(client: &Client) -> Self {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (authority, token) = (client.authority().to_owned(), client.token().expect("logged in").to_owned());
        let listening = tokio::spawn(listen(authority, token, Arc::clone(&heard)));
        let listener = Self { heard, listening };
        eventually("a socket is open", Duration::from_secs(10), async || {
            Ok((listener.heard.lock().unwrap().connections > 0).then_some(()))
        })
        .await;
        listener
    }

    /// Waits for so many pushes, then gives all that came.
    pub async fn heard(self, pushes: usize) -> Heard {
        eventually("everything is pushed", Duration::from_secs(20), async || {
            Ok((self.heard.lock().unwrap().pushes.len() >= pushes).then_some(()))
        })
        .await;
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(authority: String, token: String, heard: Arc<Mutex<Heard>>) {
    let mut cursor: Option<String> = None;
    loop {
        let Ok(mut live) = Live::connect(&authority, &token, cursor.as_deref(), &["me"]).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        {
            let mut heard = heard.lock().unwrap();
            heard.connections += 1;
            if cursor.is_some() && live.welcome["resume"]["mode"] != "replay" {
                heard.resets.push(live.welcome.clone());
            }
        }
        while let Ok(push) = live.next().await {
            let mut heard = heard.lock().unwrap();
            heard.gaps += std::mem::take(&mut live.gaps);
            heard.pushes.push(push);
        }
        cursor = Some(live.cursor().to_owned());
    }
}
