//! Waiting for a condition, with a deadline.

use std::fmt::Debug;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

/// How long to leave the processor to others between two looks.
pub const PAUSE: Duration = Duration::from_millis(5);

/// Looks until `look` finds something. `what` completes the sentence "waited ... for".
///
/// # Errors
/// If it found nothing in time, or if `look` itself failed.
pub fn until<T>(
    what: &str,
    within: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if begun.elapsed() >= within {
            bail!("waited {within:?} for {what}");
        }
        thread::sleep(PAUSE);
    }
}

/// Looks again and again for a while, and expects to see the same as at the first look.
///
/// # Errors
/// If something else was seen, or if `look` itself failed.
pub fn unchanged<T: PartialEq + Debug>(
    what: &str,
    during: Duration,
    mut look: impl FnMut() -> Result<T>,
) -> Result<()> {
    let (begun, first) = (Instant::now(), look()?);
    while begun.elapsed() < during {
        thread::sleep(PAUSE);
        let now = look()?;
        ensure!(now == first, "{what} was {first:?}, and after {:?} {now:?}", begun.elapsed());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_with_what_was_found_or_says_what_was_not() {
        let mut looks = 0;
        let found = until("the third look", Duration::from_secs(10), || {
            looks += 1;
            Ok((looks == 3).then_some(looks))
        });
        assert_eq!(found.unwrap(), 3);
        let error = until::<()>("rain", Duration::ZERO, || Ok(None)).unwrap_err();
        assert_eq!(error.to_string(), "waited 0ns for rain");
    }
    #[test]
    fn a_change_is_seen() {
        let mut looks = 0;
        let error = unchanged("the count", Duration::from_secs(10), || {
            looks += 1;
            Ok(looks)
        });
        assert!(error.unwrap_err().to_string().starts_with("the count was 1, "));
        unchanged("nothing", Duration::from_millis(20), || Ok(())).unwrap();
    }
}
