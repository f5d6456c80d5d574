//! Cuts clients that are too slow: a stream that knows when it may wait for its client and how long, and the body of a request.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use weir_config::access::Limits;

/// Bytes a second that a client has to keep up with on the whole, when the time that it may stand still is over.
const LEAST_RATE: u64 = 1 << 10;

/// Whether a request of this connection is being answered. Shared by the stream, which waits for clients, and the requests.
#[derive(Default)]
pub(super) struct Phase {
    busy: AtomicBool,
    /// Requests so far, so that the stream notices one that began and ended between two looks.
    count: AtomicU64,
}

impl Phase {
    /// A request begins. It ends when what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.busy.store(true, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }
}

/// A request that is being answered.
pub(super) struct Busy(Arc<Phase>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Relaxed);
    }
}

/// A timer that costs nothing until somebody has to wait.
#[derive(Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Whether the deadline has passed; wakes the task when it does.
    fn poll(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(context)
    }
}

/// How fast something goes: it may stand still for some time, and after that has to keep up with [`LEAST_RATE`].
struct Pace {
    began: Instant,
    moved: Instant,
    bytes: u64,
    stall: Duration,
}

impl Pace {
    fn new(stall: Duration) -> Self {
        let now = Instant::now();
        Self { began: now, moved: now, bytes: 0, stall }
    }

    fn advance(&mut self, bytes: usize) {
        if bytes > 0 {
            self.moved = Instant::now();
            self.bytes += bytes as u64;
        }
    }

    fn deadline(&self) -> Instant {
        let earned = Duration::from_secs(self.bytes / LEAST_RATE);
        (self.moved + self.stall).min(self.began + self.stall + earned)
    }
}

fn too_slow(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

/// A stream that ends with an error when its client is too slow.
pub(super) struct Paced<S> {
    stream: S,
    phase: Arc<Phase>,
    idle_timeout: Duration,
    head_timeout: Duration,
    answer_timeout: Duration,
    /// The request that `head` is about.
    count: u64,
    /// When the head that is coming has to be there, or the first byte of it.
    head: Option<Instant>,
    reading: Alarm,
    /// Since the client does not take all that there is for it.
    answer: Option<Pace>,
    writing: Alarm,
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, phase: Arc<Phase>, limits: &Limits) -> Self {
        Self {
            stream,
            phase,
            idle_timeout: limits.idle_timeout,
            head_timeout: limits.head_timeout,
            answer_timeout: limits.answer_timeout,
            // Not a count that there is, so that the first look begins the waiting.
            count: u64::MAX,
            head: None,
            reading: Alarm::default(),
            answer: None,
            writing: Alarm::default(),
        }
    }

    /// When the client must have sent something; none = it is not its turn.
    fn turn(&mut self) -> Option<Instant> {
        let count = self.phase.count.load(Ordering::Relaxed);
        if self.phase.busy.load(Ordering::Relaxed) {
            // The body has a pace of its own.
            self.head = None;
            self.count = u64::MAX;
            return None;
        }
        if self.count != count {
            self.count = count;
            self.head = Some(Instant::now() + self.idle_timeout);
        }
        self.head
    }

    /// What a write or a flush came to. While one is pending, the client is the one who is waited for.
    fn wrote<T>(&mut self, result: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            return result;
        }
        let pace = self.answer.get_or_insert_with(|| Pace::new(self.answer_timeout));
        match self.writing.poll(pace.deadline(), context) {
            Poll::Ready(()) => Poll::Ready(Err(too_slow("the client does not take its answer"))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn advance(&mut self, result: &Poll<io::Result<usize>>) {
        if let (Some(pace), Poll::Ready(Ok(bytes))) = (&mut self.answer, result) {
            pace.advance(*bytes);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let this = &mut *self;
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        let Some(deadline) = this.turn() else { return read };
        match read {
            Poll::Ready(Ok(())) if buffer.filled().len() > before => {
                // Of a head that has begun each further byte changes nothing.
                this.head = Some(deadline.min(Instant::now() + this.head_timeout));
                Poll::Ready(Ok(()))
            }
            Poll::Pending if this.reading.poll(deadline, context).is_ready() => {
                Poll::Ready(Err(too_slow("the client sent no whole request in time")))
            }
            read => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let result = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.advance(&result);
        this.wrote(result, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let result = Pin::new(&mut this.stream).poll_write_vectored(context, parts);
        this.advance(&result);
        this.wrote(result, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let result = Pin::new(&mut this.stream).poll_flush(context);
        if result.is_ready() {
            // All of it is on its way, so nobody is waited for.
            this.answer = None;
        }
        this.wrote(result, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let result = Pin::new(&mut this.stream).poll_shutdown(context);
        this.wrote(result, context)
    }
}

/// The body of a request that ends with an error when its client is too slow. The time counts from the first time that somebody
/// waits for it.
pub(super) struct Stalling<B> {
    body: B,
    stall: Duration,
    pace: Option<Pace>,
    alarm: Alarm,
}

impl<B> Stalling<B> {
    pub(super) fn new(body: B, stall: Duration) -> Self {
        Self { body, stall, pace: None, alarm: Alarm::default() }
    }
}

impl<B> HttpBody for Stalling<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = &mut *self;
        let stall = this.stall;
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(frame) => {
                if let (Some(pace), Some(Ok(frame))) = (&mut this.pace, &frame) {
                    pace.advance(frame.data_ref().map_or(0, Bytes::len));
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                let pace = this.pace.get_or_insert_with(|| Pace::new(stall));
                match this.alarm.poll(pace.deadline(), context) {
                    Poll::Ready(()) => Poll::Ready(Some(Err(too_slow("the client sent its body too slowly").into()))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
