//! Timeouts for slow clients: [`TimeoutStream`] for heads, responses and idle connections, [`BodyTimeout`] for request bodies.

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

/// The average rate in bytes per second that a client must reach once the time for which it may stall is over.
const LEAST_RATE: u64 = 1 << 10;

/// Whether a request of this connection is being answered. Shared by the stream and the requests.
#[derive(Default)]
pub(super) struct Phase {
    busy: AtomicBool,
    /// Requests so far, so that the stream notices a request that began and ended between two polls.
    count: AtomicU64,
}

impl Phase {
    /// Notes that a request begins. It ends when the returned value is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.busy.store(true, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }
}

/// A request that is being answered.
pub(super) struct InFlight(Arc<Phase>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Relaxed);
    }
}

/// A timer that is not created before it is first polled.
#[derive(Default)]
struct LazySleep(Option<Pin<Box<Sleep>>>);

impl LazySleep {
    /// Ready once the deadline has passed; wakes the task at that time.
    fn poll(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(context)
    }
}

/// Progress of a transfer: it may stall for `stall`, and after that must reach [`LEAST_RATE`] on average.
struct Progress {
    began: Instant,
    moved: Instant,
    bytes: u64,
    stall: Duration,
}

impl Progress {
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

/// A stream that fails if its client is too slow.
pub(super) struct TimeoutStream<S> {
    stream: S,
    phase: Arc<Phase>,
    idle_timeout: Duration,
    head_timeout: Duration,
    answer_timeout: Duration,
    /// The number of the request that `head` belongs to.
    count: u64,
    /// Deadline for the next head, or for its first byte.
    head: Option<Instant>,
    reading: LazySleep,
    /// `Some` while the client has not read all that was sent.
    answer: Option<Progress>,
    writing: LazySleep,
}

impl<S> TimeoutStream<S> {
    pub(super) fn new(stream: S, phase: Arc<Phase>, limits: &Limits) -> Self {
        Self {
            stream,
            phase,
            idle_timeout: limits.idle_timeout,
            head_timeout: limits.head_timeout,
            answer_timeout: limits.answer_timeout,
            // No request has this number, so the first poll sets the deadline.
            count: u64::MAX,
            head: None,
            reading: LazySleep::default(),
            answer: None,
            writing: LazySleep::default(),
        }
    }

    /// Returns the deadline for the next bytes from the client, or `None` while a request is being answered.
    fn turn(&mut self) -> Option<Instant> {
        let count = self.phase.count.load(Ordering::Relaxed);
        if self.phase.busy.load(Ordering::Relaxed) {
            // The body has its own timeout.
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

    /// Passes on the result of a write or a flush. While it is pending, the client's timeout runs.
    fn wrote<T>(&mut self, result: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            return result;
        }
        let progress = self.answer.get_or_insert_with(|| Progress::new(self.answer_timeout));
        match self.writing.poll(progress.deadline(), context) {
            Poll::Ready(()) => Poll::Ready(Err(too_slow("the client did not read the response in time"))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn advance(&mut self, result: &Poll<io::Result<usize>>) {
        if let (Some(progress), Poll::Ready(Ok(bytes))) = (&mut self.answer, result) {
            progress.advance(*bytes);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<S> {
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
                // Further bytes of a head do not extend its deadline.
                this.head = Some(deadline.min(Instant::now() + this.head_timeout));
                Poll::Ready(Ok(()))
            }
            Poll::Pending if this.reading.poll(deadline, context).is_ready() => {
                Poll::Ready(Err(too_slow("the client did not send a complete request in time")))
            }
            read => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimeoutStream<S> {
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
            // Everything has been sent, so there is nothing to wait for.
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

/// The body of a request that fails if its client is too slow. Time is measured from the first poll that finds no data.
pub(super) struct BodyTimeout<B> {
    body: B,
    stall: Duration,
    progress: Option<Progress>,
    timer: LazySleep,
}

impl<B> BodyTimeout<B> {
    pub(super) fn new(body: B, stall: Duration) -> Self {
        Self { body, stall, progress: None, timer: LazySleep::default() }
    }
}

impl<B> HttpBody for BodyTimeout<B>
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
                if let (Some(progress), Some(Ok(frame))) = (&mut this.progress, &frame) {
                    progress.advance(frame.data_ref().map_or(0, Bytes::len));
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                let progress = this.progress.get_or_insert_with(|| Progress::new(stall));
                match this.timer.poll(progress.deadline(), context) {
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
