//! The terminal, the keys and the gateway.

use std::io::{self, IsTerminal};
use std::thread;
use std::time::Duration;

use clap::Args;
use ratatui::crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::front::draw;
use super::state::{State, Wish};
use crate::cli::admin::{Admin, At, encoded};
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Watch the pipelines of a gateway that runs.
///
/// Shows rates, limits and what sets them, batches under way and splits, once a second; pauses and
/// resumes at the press of a key.
#[derive(Debug, Args)]
pub(in crate::cli) struct Top {
    #[command(flatten)]
    at: At,
}

/// How often the gateway is asked.
const EVERY: Duration = Duration::from_secs(1);

/// How often the thread that waits for keys looks whether it is to end.
const KEY_PAUSE: Duration = Duration::from_millis(100);

/// How many splits are asked for.
const SPLITS: usize = 500;

/// How many keys may wait.
const KEYS: usize = 64;

impl Top {
    pub(in crate::cli) fn run(&self, output: &mut Output<'_>) -> io::Result<Exit> {
        let gateway = match self.at.gateway() {
            Ok(gateway) => gateway,
            Err(error) => {
                output.refuse(&error.to_string(), error.help())?;
                return Ok(Exit::Wrong);
            }
        };
        if !io::stdout().is_terminal() {
            let help = "`curl http://127.0.0.1:8030/api/pipelines` gives the same to programs";
            output.refuse("this is no terminal", help)?;
            return Ok(Exit::Wrong);
        }
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build()?;
        // A gateway that is not there is told before the screen is taken.
        if let Err(error) = runtime.block_on(gateway.get("/api/pipelines")) {
            output.refuse(&error.to_string(), error.help())?;
            return Ok(Exit::Failed);
        }
        let mut terminal = ratatui::try_init()?;
        let watched = runtime.block_on(watch(&gateway, &mut terminal));
        let restored = ratatui::try_restore();
        watched.and(restored)?;
        Ok(Exit::Done)
    }
}

async fn watch(gateway: &Admin, terminal: &mut ratatui::DefaultTerminal) -> io::Result<()> {
    let (sender, mut keys) = mpsc::channel(KEYS);
    // It ends when `keys` is dropped; nobody waits for it, because it owns nothing.
    thread::spawn(move || hear(&sender));
    let mut shown = State::new(gateway.address());
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        terminal.draw(|frame| draw(frame, &shown))?;
        tokio::select! {
            _ = ticks.tick() => look(gateway, &mut shown).await,
            key = keys.recv() => match key {
                // Nobody hears keys any more: the terminal is gone.
                None => return Ok(()),
                Some(None) => {}
                Some(Some(key)) => {
                    shown.note = None;
                    match shown.press(key) {
                        None => {}
                        Some(Wish::Quit) => return Ok(()),
                        Some(Wish::Look) => look(gateway, &mut shown).await,
                        Some(Wish::Pause { pipeline, pause }) => {
                            shown.note = Some(paused(gateway, &pipeline, pause).await);
                            look(gateway, &mut shown).await;
                        }
                    }
                }
            }
        }
    }
}

/// Sends keys, and `None` when the terminal has another size.
fn hear(sender: &mpsc::Sender<Option<KeyEvent>>) {
    while !sender.is_closed() {
        match event::poll(KEY_PAUSE) {
            Ok(false) => continue,
            Ok(true) => {}
            Err(_) => return,
        }
        let heard = match event::read() {
            Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Some(key),
            Ok(Event::Resize(..)) => None,
            Ok(_) => continue,
            Err(_) => return,
        };
        if sender.blocking_send(heard).is_err() {
            return;
        }
    }
}

async fn look(gateway: &Admin, shown: &mut State) {
    match gateway.get("/api/pipelines").await {
        Ok(told) => shown.hear(&told),
        Err(error) => {
            shown.lost = Some(error.to_string());
            return;
        }
    }
    let Some(name) = shown.opened.as_ref().map(|opened| opened.name.clone()) else { return };
    let path = format!("/api/pipelines/{}/splits?order=lag&limit={SPLITS}", encoded(&name));
    match gateway.get(&path).await {
        Ok(told) => shown.hear_splits(&name, told),
        Err(error) => shown.lost = Some(error.to_string()),
    }
}

/// Pauses or resumes, and says what became of it.
async fn paused(gateway: &Admin, pipeline: &str, pause: bool) -> String {
    let deed = if pause { "pause" } else { "resume" };
    let path = format!("/api/pipelines/{}/{deed}", encoded(pipeline));
    match gateway.post(&path, &json!({})).await {
        Ok(Value::Object(_)) if pause => format!("{pipeline} is paused"),
        Ok(_) => format!("{pipeline} goes on"),
        Err(error) => format!("{error}; {}", error.help()),
    }
}
