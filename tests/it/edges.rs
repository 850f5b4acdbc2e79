//! An edge inside the process of a test, for those who set it up otherwise than the child does.

use plyo_edge::EdgeConfig;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::platform::Fixture;

/// An edge that ends with its test. The services run elsewhere.
pub struct Edge {
    pub url: String,
    serving: JoinHandle<anyhow::Result<()>>,
}

impl Edge {
    /// Comes back when it is ready, which it is not without the user service.
    pub async fn start(fixture: &Fixture, config: EdgeConfig) -> Self {
        let nats = fixture.config().nats("edge").await.unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(plyo_edge::serve(config, nats, listener, std::future::pending()));
        fixture.ready(&url).await;
        Self { url, serving }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
