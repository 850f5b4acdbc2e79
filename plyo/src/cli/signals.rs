//! Signal handling. A process with id 1, as in a container, receives only signals that it handles.

use std::process::exit;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A shell's exit status for a command ended by SIGTERM.
const ENDED: i32 = 128 + 15;

/// SIGTERM and Ctrl-C.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// A command that is not a server ends at once.
pub(super) fn end_the_process() {
    tokio::spawn(async {
        let Ok(mut signals) = Signals::new() else { return };
        signals.next().await;
        exit(ENDED);
    });
}

/// Completes when a server should shut down gracefully; a second signal means not to wait.
pub(super) async fn shutdown() {
    let Ok(mut signals) = Signals::new() else { return std::future::pending().await };
    signals.next().await;
    tokio::spawn(async move {
        signals.next().await;
        eprintln!("plyo: second signal, exiting immediately");
        exit(ENDED);
    });
}
