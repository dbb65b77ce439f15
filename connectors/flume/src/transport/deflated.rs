//! A stream that is compressed in both directions.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much is read at a time, and how much may wait to be written.
const BUFFER_BYTES: usize = 16 << 10;

/// One [zlib](https://www.rfc-editor.org/rfc/rfc1950) stream in each direction, for the life of the
/// connection; what is flushed ends with a sync flush, so that the other end can read all of it.
/// However far something expands, no more memory is taken than the reader offers.
pub(crate) struct Deflated<S> {
    stream: S,
    inflate: Decompress,
    /// What was read and is not expanded yet.
    input: Box<[u8]>,
    begin: usize,
    end: usize,
    /// The compressed stream, or the one below, has ended.
    is_over: bool,
    deflate: Compress,
    /// What was compressed and is not written yet.
    output: Vec<u8>,
    written: usize,
    /// Whether something was compressed that no flush has followed.
    is_dirty: bool,
}

impl<S> Deflated<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            inflate: Decompress::new(true),
            input: vec![0; BUFFER_BYTES].into_boxed_slice(),
            begin: 0,
            end: 0,
            is_over: false,
            deflate: Compress::new(Compression::default(), true),
            output: Vec::new(),
            written: 0,
            is_dirty: false,
        }
    }

    /// Expands into `buffer` what there is, and says how much came out.
    fn expand(&mut self, buffer: &mut ReadBuf<'_>) -> io::Result<usize> {
        let input = self.input.get(self.begin..self.end).unwrap_or_default();
        let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(input, buffer.initialize_unfilled(), FlushDecompress::None)
            .map_err(|error| {
                let text = format!("what should be compressed is not: {error}");
                io::Error::new(io::ErrorKind::InvalidData, text)
            })?;
        self.begin += length(self.inflate.total_in() - read);
        let expanded = length(self.inflate.total_out() - written);
        buffer.advance(expanded);
        self.is_over |= status == Status::StreamEnd;
        Ok(expanded)
    }

    /// Compresses `bytes`, or only what was held back, and says how much was taken.
    fn compress(&mut self, bytes: &[u8], flush: FlushCompress) -> io::Result<usize> {
        let mut taken = 0;
        loop {
            self.output.reserve(BUFFER_BYTES);
            let read = self.deflate.total_in();
            let status = self
                .deflate
                .compress_vec(bytes.get(taken..).unwrap_or_default(), &mut self.output, flush)
                .map_err(io::Error::other)?;
            taken += length(self.deflate.total_in() - read);
            // With room left over, everything is out that the flush asks for.
            let is_done = self.output.len() < self.output.capacity() && taken == bytes.len();
            if is_done || status == Status::StreamEnd {
                return Ok(taken);
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> Deflated<S> {
    /// Writes what was compressed.
    fn drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest @ [_, ..]) = self.output.get(self.written..) {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        self.output.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Deflated<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while !this.is_over && buffer.remaining() > 0 {
            if this.expand(buffer)? > 0 || this.is_over {
                break;
            }
            if this.begin < this.end {
                // It did not get on although it has bytes: a dictionary is wanted, say.
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
            let mut input = ReadBuf::new(&mut this.input);
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut input))?;
            (this.begin, this.end) = (0, input.filled().len());
            this.is_over = this.end == 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Deflated<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.output.len() >= BUFFER_BYTES {
            ready!(this.drain(context))?;
        }
        this.is_dirty = true;
        let piece = bytes.get(..bytes.len().min(BUFFER_BYTES)).unwrap_or_default();
        Poll::Ready(this.compress(piece, FlushCompress::None))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if std::mem::take(&mut this.is_dirty) {
            this.compress(&[], FlushCompress::Sync)?;
        }
        ready!(this.drain(context))?;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if std::mem::take(&mut this.is_dirty) {
            this.compress(&[], FlushCompress::Sync)?;
        }
        ready!(this.drain(context))?;
        Pin::new(&mut this.stream).poll_shutdown(context)
    }
}

/// A difference of counts as a length in memory.
fn length(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn each_flush_can_be_read_at_the_other_end() {
        // Smaller than what is written, so that both ends wait for each other.
        let (ours, theirs) = tokio::io::duplex(1000);
        let (mut ours, mut theirs) = (Deflated::new(ours), Deflated::new(theirs));
        for size in [1_usize, 100, 70_000] {
            let text: Vec<u8> = (0..size).map(|_| fastrand::u8(..)).collect();
            let writing = async {
                ours.write_all(&text).await.unwrap();
                ours.flush().await.unwrap();
            };
            let mut read = vec![0; size];
            let reading = theirs.read_exact(&mut read);
            let ((), done) = tokio::join!(writing, reading);
            done.unwrap();
            assert!(read == text);
            // And back.
            let (answered, ()) = tokio::join!(ours.read_u8(), async {
                theirs.write_all(b"!").await.unwrap();
                theirs.flush().await.unwrap();
            });
            assert_eq!(answered.unwrap(), b'!');
        }
        ours.shutdown().await.unwrap();
        assert_eq!(theirs.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_expands_far_takes_no_more_than_is_asked_for() {
        let mut bomb = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
        bomb.write_all(&vec![0; 10 << 20]).unwrap();
        let bomb = bomb.finish().unwrap();
        let mut stream = Deflated::new(std::io::Cursor::new(bomb));
        let (mut buffer, mut all) = ([0; 1000], 0);
        loop {
            let read = stream.read(&mut buffer).await.unwrap();
            if read == 0 {
                break;
            }
            all += read;
        }
        assert_eq!(all, 10 << 20);
    }

    #[tokio::test]
    async fn what_is_not_compressed_is_an_error_and_what_is_cut_ends() {
        let mut plain = Deflated::new(std::io::Cursor::new(b"x plain text".to_vec()));
        assert!(plain.read(&mut [0; 10]).await.is_err());
        let mut whole = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
        whole.write_all(b"text").unwrap();
        let whole = whole.finish().unwrap();
        let mut cut = Deflated::new(std::io::Cursor::new(whole[..whole.len() - 6].to_vec()));
        let mut read = Vec::new();
        cut.read_to_end(&mut read).await.unwrap();
        assert!(b"text".starts_with(&read[..]));
    }
}
