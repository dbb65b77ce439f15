//! What the program writes, divided and stored.

use std::io;
use std::pin::pin;

use forebay_core::journal::Refused;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};

use crate::division::Division;
use crate::store::Store;

/// How much is read at a time.
const READ_BYTES: usize = 256 << 10;

/// Takes what a program writes.
pub(crate) struct Output<R, W> {
    pub(crate) stream: R,
    pub(crate) division: Division,
    pub(crate) store: Store<W>,
}

/// What a record is that was begun and not ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rest {
    /// A record, as the program ended well.
    Whole,
    /// A dead letter: the program broke off.
    Broken,
    /// Nobody's: the program was told to end, and writes it again.
    Left,
}

/// Why no more is taken.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The program closed its standard output.
    Closed,
    /// It cannot be read from, or does not read what it is told.
    Broken(io::Error),
    /// What follows may be anything, and why.
    Unreadable(String),
    /// The journal takes nothing any more.
    Refused(Refused),
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Output<R, W> {
    /// Takes what comes until the stream ends, and reads on while it is being stored: so what comes
    /// in the time of one sync shares the next. It must not be dropped in between, or it is not
    /// known what was taken.
    pub(crate) async fn run(&mut self) -> Ending {
        let Self { stream, division, store } = self;
        let mut buffer = vec![0; READ_BYTES];
        let mut ending = None;
        loop {
            if division.is_empty() {
                match ending {
                    Some(ending) => return ending,
                    None => ending = take_in(stream.read(&mut buffer).await, &buffer, division),
                }
                continue;
            }
            let taken = match division.take() {
                Ok(taken) => taken,
                Err(why) => return Ending::Unreadable(why),
            };
            let mut storing = pin!(store.keep(taken));
            let kept = loop {
                tokio::select! {
                    kept = &mut storing => break kept,
                    read = stream.read(&mut buffer), if ending.is_none() && !division.is_due() => {
                        ending = take_in(read, &buffer, division);
                    }
                }
            };
            if let Err(ending) = kept {
                return ending;
            }
        }
    }

    /// Stores what is left when the stream has ended.
    pub(crate) async fn finish(&mut self, rest: Rest) -> Result<(), Ending> {
        let finished = match rest {
            Rest::Whole => self.division.finish(),
            Rest::Broken => self.division.abandon(),
            Rest::Left => Ok(()),
        };
        // Whoever ended reads nothing any more.
        self.store.answers = None;
        while !self.division.is_empty() {
            let taken = self.division.take().map_err(Ending::Unreadable)?;
            self.store.keep(taken).await?;
        }
        finished.map_err(Ending::Unreadable)
    }
}

/// Takes what was read; `Some` if nothing more is to be read.
fn take_in(read: io::Result<usize>, buffer: &[u8], division: &mut Division) -> Option<Ending> {
    match read {
        Ok(0) => Some(Ending::Closed),
        Ok(count) => division.push(&buffer[..count]).err().map(Ending::Unreadable),
        Err(error) => Some(Ending::Broken(error)),
    }
}
