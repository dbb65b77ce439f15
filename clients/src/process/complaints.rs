//! What the program writes to its standard error.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::time::Instant;

/// Lines that are logged in each period, at most.
const LOGGED: u32 = 20;

/// The period.
const PERIOD: Duration = Duration::from_secs(10);

/// How much of a line is logged, in bytes.
const LONGEST: u64 = 2048;

/// The last lines that are told when the program ends.
const LAST: usize = 3;

/// Logs the lines of a stream until it ends, not more than so many; counts all. Returns the last
/// ones.
pub async fn log_complaints(
    stream: impl AsyncRead + Unpin,
    source: Arc<str>,
    lines: Arc<AtomicU64>,
) -> Vec<String> {
    let mut reader = BufReader::new(stream);
    let mut last = VecDeque::with_capacity(LAST + 1);
    let (mut begun, mut logged, mut left_out) = (Instant::now(), 0, 0_u64);
    let mut line = Vec::new();
    let mut is_begun = true;
    loop {
        line.clear();
        // A line that is longer comes in parts, of which the first is shown.
        match (&mut reader).take(LONGEST).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let is_ended = line.ends_with(b"\n");
        let is_first = std::mem::replace(&mut is_begun, is_ended);
        if !is_first {
            continue;
        }
        lines.fetch_add(1, Relaxed);
        if begun.elapsed() >= PERIOD {
            tell_left_out(&source, &mut left_out);
            (begun, logged) = (Instant::now(), 0);
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if logged < LOGGED {
            logged += 1;
            tracing::warn!(%source, line = %text, "the program says");
        } else {
            left_out += 1;
        }
        last.push_back(text);
        if last.len() > LAST {
            last.pop_front();
        }
    }
    tell_left_out(&source, &mut left_out);
    last.into()
}

fn tell_left_out(source: &str, left_out: &mut u64) {
    if *left_out > 0 {
        tracing::warn!(source, lines = *left_out, "the program says more than is logged");
        *left_out = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::log_complaints;

    #[tokio::test]
    async fn lines_are_counted_and_the_last_are_told_however_long_they_are() {
        let lines = Arc::<AtomicU64>::default();
        let long = "x".repeat(1 << 20);
        let text = format!("{long}\nfirst\n{}second\nthird", "many\n".repeat(1000));
        let last = log_complaints(text.as_bytes(), Arc::from("in"), Arc::clone(&lines)).await;
        assert_eq!(last, ["many", "second", "third"]);
        assert_eq!(lines.load(Relaxed), 1004);
    }
}
