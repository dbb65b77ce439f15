//! The cases.

use std::pin::pin;
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::super::violation::require;
use super::run::{PATIENCE, Run};
use super::{Reading, Violation};
use crate::journal::Refused;
use crate::receiver::Receiver;
use crate::testing::{Arrival, Caught, intake, manual_intake};

/// How long the suite watches that something does not happen.
const WATCH: Duration = Duration::from_millis(200);

fn records(name: &str, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("{name}-{number}").into_bytes()).collect()
}

async fn arrival(caught: &mut Caught) -> Result<Arrival, Violation> {
    let none = || Violation("a record was sent and does not reach the intake".to_owned());
    caught.next().await.ok_or_else(none)
}

/// Starts a receiver and waits until a record of it is stored, so that it is known to be up.
async fn up<F>(
    receiver: Box<dyn Receiver>,
    client: &impl Fn(Value, Vec<Vec<u8>>) -> F,
    reading: Reading,
    manual: bool,
) -> Result<(Run, Caught), Violation>
where
    F: Future<Output = Result<(), String>>,
{
    let (intake, caught) = if manual { manual_intake() } else { intake() };
    let mut caught = caught.reading(reading);
    let run = Run::start(receiver, intake);
    let hello = records("hello", 1);
    let answering = async {
        let arrival = arrival(&mut caught).await?;
        require(arrival.values() == hello, || {
            format!("a record comes changed: {:?}", arrival.values())
        })?;
        arrival.answer(Ok(()));
        Ok(())
    };
    let (sent, answered) = tokio::join!(run.send(client, &hello), answering);
    sent?;
    answered?;
    Ok((run, caught))
}

/// All records come, in order, and the sender hears so only when they are stored.
pub(super) async fn stored_before_acknowledged<F>(
    build: &mut impl FnMut() -> Box<dyn Receiver>,
    client: &impl Fn(Value, Vec<Vec<u8>>) -> F,
    reading: Reading,
) -> Result<(), Violation>
where
    F: Future<Output = Result<(), String>>,
{
    let (run, mut caught) = up(build(), client, reading, false).await?;
    let many = records("many", 500);
    run.send(client, &many).await?;
    let stored: Vec<Vec<u8>> = caught.drain().iter().flat_map(Arrival::values).collect();
    require(stored == many, || {
        format!("{} records are acknowledged and {} stored, or others", many.len(), stored.len())
    })?;
    run.end().await?;

    let (run, mut caught) = up(build(), client, reading, true).await?;
    let mut sending = pin!(client(run.observe()?, records("waits", 1)));
    let arrived = tokio::select! {
        answer = &mut sending => Err(early(&answer)),
        arrived = arrival(&mut caught) => arrived,
    }?;
    if let Ok(answer) = timeout(WATCH, &mut sending).await {
        return Err(early(&answer));
    }
    arrived.answer(Ok(()));
    let answer = timeout(PATIENCE, sending).await;
    require(matches!(answer, Ok(Ok(()))), || {
        format!("a record is stored, and its sender does not hear so: {answer:?}")
    })?;
    run.end().await.map(drop)
}

fn early(answer: &Result<(), String>) -> Violation {
    Violation(match answer {
        Ok(()) => "a record is acknowledged before it is stored".to_owned(),
        Err(error) => format!("a record is refused that could be stored: {error}"),
    })
}

/// A record that cannot be stored is not acknowledged, unless it is stored later.
pub(super) async fn failed_is_not_acknowledged<F>(
    build: &mut impl FnMut() -> Box<dyn Receiver>,
    client: &impl Fn(Value, Vec<Vec<u8>>) -> F,
    reading: Reading,
) -> Result<(), Violation>
where
    F: Future<Output = Result<(), String>>,
{
    let (run, mut caught) = up(build(), client, reading, true).await?;
    let mut sending = pin!(client(run.observe()?, records("fails", 1)));
    let first = tokio::select! {
        answer = &mut sending => Err(early(&answer)),
        arrived = arrival(&mut caught) => arrived,
    }?;
    first.answer(Err(Refused::Failed("no space left on device".into())));
    tokio::select! {
        answer = &mut sending => require(answer.is_err(), || {
            "a record is acknowledged that could not be stored".to_owned()
        })?,
        again = arrival(&mut caught) => {
            again?.answer(Ok(()));
            let answer = timeout(PATIENCE, sending).await;
            require(matches!(answer, Ok(Ok(()))), || {
                format!("a record is stored at last, and its sender does not hear so: {answer:?}")
            })?;
        }
    }
    run.end().await.map(drop)
}

/// While there is no room, nothing is acknowledged; when there is, it goes on.
pub(super) async fn full_is_not_acknowledged<F>(
    build: &mut impl FnMut() -> Box<dyn Receiver>,
    client: &impl Fn(Value, Vec<Vec<u8>>) -> F,
    reading: Reading,
) -> Result<(), Violation>
where
    F: Future<Output = Result<(), String>>,
{
    let (run, mut caught) = up(build(), client, reading, false).await?;
    caught.fill();
    let one = records("full", 1);
    {
        let mut sending = pin!(client(run.observe()?, one.clone()));
        let answer = timeout(WATCH, &mut sending).await;
        require(!matches!(answer, Ok(Ok(()))), || {
            "a record is acknowledged while there is no room for it".to_owned()
        })?;
        require(caught.drain().is_empty(), || "the suite's intake has no room".to_owned())?;
        caught.make_room();
        match answer {
            Ok(_) => run.send(client, &one).await?,
            Err(_) => {
                let answer = timeout(PATIENCE, sending).await;
                require(matches!(answer, Ok(Ok(()))), || {
                    format!("there is room again, and a record that waited is lost: {answer:?}")
                })?;
            }
        }
    }
    let stored: Vec<Vec<u8>> = caught.drain().iter().flat_map(Arrival::values).collect();
    require(stored == one, || format!("after a time without room, {stored:?} is stored"))?;
    run.end().await.map(drop)
}

/// While the gateway stops, nothing is acknowledged that is not stored, and the run ends.
pub(super) async fn closed_is_not_acknowledged<F>(
    build: &mut impl FnMut() -> Box<dyn Receiver>,
    client: &impl Fn(Value, Vec<Vec<u8>>) -> F,
    reading: Reading,
) -> Result<(), Violation>
where
    F: Future<Output = Result<(), String>>,
{
    let (run, mut caught) = up(build(), client, reading, false).await?;
    caught.close();
    let answer = timeout(WATCH, client(run.observe()?, records("closed", 1))).await;
    require(!matches!(answer, Ok(Ok(()))), || {
        "a record is acknowledged that the intake did not take".to_owned()
    })?;
    // Without a place for its records, a receiver may give up by itself.
    run.stop.cancel();
    run.end().await.map(drop)
}

/// Told to stop with a record under way, it waits for that one, and no longer.
pub(super) async fn stops_with_a_record_under_way<F>(
    build: &mut impl FnMut() -> Box<dyn Receiver>,
    client: &impl Fn(Value, Vec<Vec<u8>>) -> F,
    reading: Reading,
) -> Result<(), Violation>
where
    F: Future<Output = Result<(), String>>,
{
    let (run, mut caught) = up(build(), client, reading, true).await?;
    let mut sending = pin!(client(run.observe()?, records("last", 1)));
    let arrived = tokio::select! {
        answer = &mut sending => Err(early(&answer)),
        arrived = arrival(&mut caught) => arrived,
    }?;
    run.stop.cancel();
    if let Ok(Ok(())) = timeout(WATCH, &mut sending).await {
        return Err(Violation("a record is acknowledged at a stop before it is stored".to_owned()));
    }
    arrived.answer(Ok(()));
    let answer_and_end = async { tokio::join!(timeout(PATIENCE, sending), run.end()) };
    let (_, ended) = answer_and_end.await;
    ended.map(drop)
}

/// What has ended can be run again.
pub(super) async fn runs_again<F>(
    build: &mut impl FnMut() -> Box<dyn Receiver>,
    client: &impl Fn(Value, Vec<Vec<u8>>) -> F,
    reading: Reading,
) -> Result<(), Violation>
where
    F: Future<Output = Result<(), String>>,
{
    let mut receiver = build();
    for _ in 0..3 {
        let (run, mut caught) = up(receiver, client, reading, false).await?;
        let more = records("more", 20);
        run.send(client, &more).await?;
        receiver = run.end().await?;
        let stored: Vec<Vec<u8>> = caught.drain().iter().flat_map(Arrival::values).collect();
        require(stored == more, || format!("when run again, it stores {} records", stored.len()))?;
    }
    Ok(())
}

/// A record that is too large is refused to its sender or rejected, and stops no other.
pub(super) async fn oversize<F>(
    build: &mut impl FnMut() -> Box<dyn Receiver>,
    client: &impl Fn(Value, Vec<Vec<u8>>) -> F,
    reading: Reading,
    size: usize,
) -> Result<(), Violation>
where
    F: Future<Output = Result<(), String>>,
{
    let (run, mut caught) = up(build(), client, reading, false).await?;
    let large = vec![b'x'; size];
    let mut sending = pin!(timeout(PATIENCE, client(run.observe()?, vec![large.clone()])));
    let (refused, arrived) = tokio::select! {
        answer = &mut sending => (matches!(answer, Ok(Err(_))), caught.drain().into_iter().next()),
        arrived = arrival(&mut caught) => (false, Some(arrived?)),
    };
    match arrived {
        None => require(refused, || "a record that is too large is lost without a word".into())?,
        Some(arrived) => {
            let Some(reason) = &arrived.reason else {
                return Err(Violation("a record that is too large is stored".to_owned()));
            };
            require(!reason.class.is_empty() && !reason.text.is_empty(), || {
                "a record is rejected without a reason".to_owned()
            })?;
            let kept = arrived.values();
            require(kept.len() == 1 && large.starts_with(&kept[0]), || {
                "what is kept of a record that is too large is not its beginning".to_owned()
            })?;
        }
    }
    let after = records("after", 3);
    run.send(client, &after).await?;
    let stored: Vec<Vec<u8>> = caught.drain().iter().flat_map(Arrival::values).collect();
    require(stored == after, || {
        format!("after a record that is too large, {} records are stored", stored.len())
    })?;
    run.end().await.map(drop)
}
