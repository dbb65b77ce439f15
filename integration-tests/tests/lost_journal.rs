//! Guarantees: while the folder of a journal is away, nothing is acknowledged; what was
//! acknowledged before and after is in the files exactly once.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use forebay_integration_tests::record::Record;
use forebay_integration_tests::{Client, HttpClient, Scene, Sender, port, visible, wait};

const LONG: Duration = Duration::from_secs(30);

const REFUSED: &str = "until it can be, what arrives is refused";

fn journal(scene: &Scene) -> PathBuf {
    scene.path("checkpoints/posts/journal-posts")
}

fn wait_for_more_lines(scene: &Scene, than: usize) -> Result<()> {
    wait::until("more lines", LONG, || {
        Ok((visible::count_lines(&scene.output())? > than).then_some(()))
    })
}

#[test]
fn a_folder_that_is_moved_away_and_back() -> Result<()> {
    let port = port::free()?;
    let scene = Scene::new(&HttpClient::to_files(port))?;
    let gateway = scene.start()?;
    let sender = Sender::start::<HttpClient>("posts".to_owned(), port);
    wait_for_more_lines(&scene, 0)?;
    let (folder, aside) = (journal(&scene), scene.path("aside"));
    fs::rename(&folder, &aside)?;
    gateway.wait_for_words(REFUSED, LONG)?;
    fs::rename(&aside, &folder)?;
    gateway.wait_for_words("the journal can be written again", LONG)?;
    wait_for_more_lines(&scene, visible::count_lines(&scene.output())?)?;
    let expectation = sender.finish()?;
    gateway.stop(LONG)?;
    scene.drain()?;
    expectation.compare_folder(&scene.output())?.clean()
}

#[test]
fn a_folder_that_is_deleted_takes_a_restart() -> Result<()> {
    let port = port::free()?;
    let scene = Scene::new(&HttpClient::to_files(port))?;
    let gateway = scene.start()?;
    let sender = Sender::start::<HttpClient>("before".to_owned(), port);
    wait_for_more_lines(&scene, 0)?;
    let mut expectation = sender.finish()?;
    // What is in the journal alone is lost with it, so all has to be in the files.
    wait::until("all of them", LONG, || {
        Ok(expectation.compare_folder(&scene.output())?.clean().is_ok().then_some(()))
    })?;
    fs::remove_dir_all(journal(&scene))?;
    let mut client = HttpClient::connect(port)?;
    for number in 0..3 {
        let acknowledged = client.send(&[Record::new("between", number)])?;
        ensure!(!acknowledged, "record {number} is nowhere, and was acknowledged");
    }
    gateway.wait_for_words(REFUSED, LONG)?;
    gateway.kill()?;

    let gateway = scene.start()?;
    let before = visible::count_lines(&scene.output())?;
    let sender = Sender::start::<HttpClient>("after".to_owned(), port);
    wait_for_more_lines(&scene, before)?;
    expectation.absorb(sender.finish()?);
    gateway.stop(LONG)?;
    scene.drain()?;
    expectation.compare_folder(&scene.output())?.clean()
}
