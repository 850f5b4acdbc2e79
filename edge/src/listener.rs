//! A listener that ends without harm: who was connected already, and not yet accepted, would be reset when it is closed.

use std::{future::Future, net::SocketAddr, pin::Pin};

use axum::serve::Listener;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// Accepts until it is told to close, and then whoever waits in its queue.
pub(crate) struct Closing {
    listener: Option<TcpListener>,
    close: Pin<Box<dyn Future<Output = ()> + Send>>,
    address: SocketAddr,
    waiting: Vec<(TcpStream, SocketAddr)>,
    closed: Option<oneshot::Sender<()>>,
}

impl Closing {
    /// Gives what completes when it is closed and everybody is accepted.
    pub(crate) fn new(
        listener: TcpListener,
        close: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<(Self, oneshot::Receiver<()>)> {
        let address = listener.local_addr()?;
        let (sender, closed) = oneshot::channel();
        let closing = Self {
            listener: Some(listener),
            close: Box::pin(close),
            address,
            waiting: Vec::new(),
            closed: Some(sender),
        };
        Ok((closing, closed))
    }

    /// Takes whoever waits and closes in one go: nothing comes in between.
    fn close(&mut self, listener: TcpListener) -> std::io::Result<()> {
        let listener = listener.into_std()?;
        while let Ok((stream, address)) = listener.accept() {
            drop(stream.set_nonblocking(true));
            self.waiting.push((TcpStream::from_std(stream)?, address));
        }
        Ok(())
    }
}

impl Listener for Closing {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        if let Some(listener) = &mut self.listener {
            tokio::select! {
                accepted = Listener::accept(listener) => return accepted,
                () = &mut self.close => {}
            }
        }
        if let Some(Err(error)) = self.listener.take().map(|listener| self.close(listener)) {
            tracing::warn!(%error, "lost a pending connection");
        }
        if let Some(accepted) = self.waiting.pop() {
            return accepted;
        }
        if let Some(closed) = self.closed.take() {
            // Nobody may be waiting for that.
            let _ = closed.send(());
        }
        std::future::pending().await
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.address)
    }
}
