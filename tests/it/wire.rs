//! What lies between a client and a server: an address that swallows everything, and a wire that is cut without a word.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use plyo_servers::free_port;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::AbortHandle,
    time::timeout,
};

use crate::platform::eventually;

/// An address that nobody has any more: whoever connects hears nothing, not even a refusal. It is a listener that accepts
/// nobody and whose queue is full, for which the kernel drops what is sent to it.
pub struct Swallowing {
    pub port: u16,
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl Swallowing {
    pub async fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queue = Vec::new();
        while let Ok(waiting) = timeout(Duration::from_millis(500), TcpStream::connect(address)).await {
            queue.push(waiting.expect("a queue that is not full takes whoever comes"));
            assert!(queue.len() < 16, "this kernel does not drop what a full queue cannot take");
        }
        Self { port: address.port(), _listener: listener, _queue: queue }
    }
}

/// A port that leads to another one.
pub struct Wire {
    pub port: u16,
    cut: watch::Sender<u32>,
    /// How many connections pass.
    passing: Arc<AtomicUsize>,
    accepting: AbortHandle,
}

impl Wire {
    pub async fn to(target: u16) -> Self {
        Self::at(free_port().unwrap(), target).await
    }

    pub async fn at(port: u16, target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let cut = watch::channel(0).0;
        let passing = Arc::default();
        let accepting = tokio::spawn(pass(listener, target, cut.clone(), Arc::clone(&passing))).abort_handle();
        Self { port, cut, passing, accepting }
    }

    /// Who is connected hears nothing more, not even an end, as if the server had gone with its address. Who connects anew
    /// gets through.
    pub async fn cut(&self) {
        self.cut.send_modify(|cut| *cut += 1);
        eventually("nothing passes", Duration::from_secs(10), async || {
            Ok((self.passing.load(Ordering::SeqCst) == 0).then_some(()))
        })
        .await;
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass(listener: TcpListener, target: u16, cut: watch::Sender<u32>, count: Arc<AtomicUsize>) {
    while let Ok((mut near, _)) = listener.accept().await {
        let (mut cut, count) = (cut.subscribe(), Arc::clone(&count));
        count.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            let passing = async {
                let mut far = TcpStream::connect(("127.0.0.1", target)).await?;
                copy_bidirectional(&mut near, &mut far).await
            };
            let is_cut = tokio::select! {
                // A server that refuses or ends is seen to.
                _ = passing => false,
                cut = cut.changed() => cut.is_ok(),
            };
            count.fetch_sub(1, Ordering::SeqCst);
            if is_cut {
                // Held, and never read.
                let _held = near;
                std::future::pending::<()>().await;
            }
        });
    }
}
