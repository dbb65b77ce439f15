//! What a panic says, when it is not the end.

use std::cell::RefCell;
use std::panic;

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// From here on a panic is remembered and not printed: some are caught within a parser, where a
/// library gives up over a damaged file, and only those that come out of it are of interest.
pub fn expect_panics() {
    panic::set_hook(Box::new(|info| {
        LAST.with_borrow_mut(|last| *last = info.to_string());
    }));
}

/// What the last panic of this thread said.
pub(crate) fn last() -> String {
    LAST.with_borrow(Clone::clone)
}
