//! A TCP connection that ends when its client takes too long.

use std::{
    io::{self, ErrorKind, IoSlice},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

use super::{
    Peer,
    bounds::Place,
    phase::{Phase, Progress, Step},
};
use crate::problem::SLOW_HEAD;

pub(crate) struct ClientStream {
    stream: TcpStream,
    address: SocketAddr,
    progress: Progress,
    place: Place,
    /// Until when the client has to do what its step asks of it.
    reading: Option<(Step, Pin<Box<Sleep>>)>,
    /// Until when it has to take what is written. It is none of the requests' business: an event stream ends by it, too.
    writing: Option<Pin<Box<Sleep>>>,
    /// How long one write may take.
    write_timeout: Duration,
}

impl ClientStream {
    pub(super) fn new(stream: TcpStream, address: SocketAddr, place: Place, write_timeout: Duration) -> Self {
        Self { stream, address, progress: Progress::default(), place, reading: None, writing: None, write_timeout }
    }

    pub(super) fn peer(&self) -> Peer {
        Peer { address: self.address, progress: self.progress.clone(), is_over: self.place.is_over() }
    }

    /// Completes when the client has waited too long with what it is to send.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let step = self.progress.step();
        let Some(limit) = step.phase().limit(self.place.is_over()) else {
            self.reading = None;
            return Poll::Pending;
        };
        if self.reading.as_ref().is_none_or(|(timed, _)| *timed != step) {
            self.reading = Some((step, Box::pin(sleep(limit))));
        }
        match &mut self.reading {
            Some((_, sleep)) => sleep.as_mut().poll(context),
            None => Poll::Pending,
        }
    }

    /// What became of a write, or that it took too long.
    fn in_time(&mut self, written: Poll<io::Result<usize>>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.writing = None;
            return written;
        }
        let write_timeout = self.write_timeout;
        let sleep = self.writing.get_or_insert_with(|| Box::pin(tokio::time::sleep(write_timeout)));
        ready!(sleep.as_mut().poll(context));
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            let has_begun = matches!(self.progress.step().phase(), Phase::New | Phase::Idle);
            if has_begun && buffer.filled().len() > before {
                self.progress.enter(Phase::Head);
            }
            return Poll::Ready(read);
        }
        ready!(self.poll_late(context));
        if self.progress.step().phase() == Phase::Head && self.writing.is_none() {
            // Whoever does not take it has not heard of it; the connection ends either way.
            let _ = self.stream.try_write(&SLOW_HEAD.as_last_answer());
        }
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.in_time(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.in_time(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
