//! Records that are gone before they were read.

use std::fmt;

use forebay_core::SplitId;

use crate::lane::Fault;
use crate::place::Place;

/// What may be missing, in words.
#[derive(Debug)]
pub(crate) struct Loss<'a> {
    pub(crate) shard: &'a SplitId,
    pub(crate) place: &'a Place,
    pub(crate) fault: &'a Fault,
}

/// What to do about it.
pub(crate) const ADVICE: &str = "set on_loss = \"earliest\" to go on with the oldest record that \
                                 there is, or \"latest\" with the next that arrives";

impl fmt::Display for Loss<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shard, place, fault } = self;
        match fault {
            Fault::Lost => write!(
                f,
                "records of `{shard}` behind {place} may be gone before they were read: the \
                 stream's retention ran past that one"
            ),
            Fault::Foreign(text) => write!(
                f,
                "the service does not know {place} of `{shard}`: the stream may have been deleted \
                 and made anew ({text})"
            ),
            Fault::Gone(_) => write!(
                f,
                "`{shard}` is not there any more, and it was read up to {place} only: the stream's \
                 retention ran past its end, or the stream was made anew"
            ),
        }
    }
}
