use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use serde_json::{Value, json};

use super::front::draw;
use super::state::{State, Wish};

fn pipeline(name: &str, state: &Value) -> Value {
    let mut pipeline = json!({
        "name": name, "records_per_second": 12_345.6, "rows_per_second": 12_000.0,
        "backlog": 1_234_567, "dead_letters": 3, "retries": 2, "interval_ms": 500.0,
        "drains_in_seconds": 90.0, "paused": false, "max_rate": 20_000.0,
        "last": { "rate": 15_000.0, "processing_ms": 410.2, "scheduling_delay_ms": 5_123.0 },
        "why": {
            "set_by": "controller", "sentence": "the controller allows 15 000 records/s",
            "utilisation": 0.82, "target": 0.8,
        },
        "under_way": [{ "batch": 7, "stage": "write", "since_ms": 1, "records": 700, "bytes": 9 }],
        "in_flight": { "kept": 700 },
    });
    pipeline.as_object_mut().unwrap().extend(state.as_object().unwrap().clone());
    pipeline
}

fn shown() -> State {
    let mut shown = State::new("127.0.0.1:8030");
    let down = json!({
        "state": "waiting", "component": "kept", "reason": "no answer",
        "last_error": { "component": "kept", "reason": "no \u{1b}[31manswer" },
    });
    let pipelines = [pipeline("clicks", &json!({ "state": "running" })), pipeline("orders", &down)];
    shown.hear(&json!({ "pipelines": pipelines }));
    shown
}

fn screen(shown: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, shown)).unwrap();
    let buffer = terminal.backend().buffer();
    let lines = buffer.content().chunks(usize::from(width));
    lines.map(|line| line.iter().map(|cell| cell.symbol()).collect::<String>() + "\n").collect()
}

fn press(shown: &mut State, code: KeyCode) -> Option<Wish> {
    shown.press(KeyEvent::from(code))
}

#[test]
fn all_pipelines_with_their_limits_and_why() {
    let mut shown = shown();
    let text = screen(&shown, 120, 12);
    for words in [
        "http://127.0.0.1:8030",
        "clicks",
        "running",
        "12 346",
        "15 000",
        "controller",
        "410 ms",
        "5123 ms",
        "1 234 567",
        "waiting for kept",
        "the controller allows 15 000 records/s",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    press(&mut shown, KeyCode::Down);
    let text = screen(&shown, 120, 12);
    // What others wrote cannot move the cursor.
    assert!(text.contains("last error: kept: no  [31manswer"), "{text}");
    shown.lost = Some("no gateway answers".to_owned());
    assert!(screen(&shown, 120, 12).contains("no gateway answers"));
}

/// A number that is cut would be another number.
#[test]
fn a_narrow_terminal_has_fewer_columns_and_no_number_that_is_cut() {
    let mut shown = shown();
    let narrow = screen(&shown, 80, 24);
    for words in ["clicks", "running", "12 346", "15 000", "410 ms", "1 234 567", "waiting for"] {
        assert!(narrow.contains(words), "{words}:\n{narrow}");
    }
    assert!(!narrow.contains("SET BY") && screen(&shown, 120, 24).contains("SET BY"));
    press(&mut shown, KeyCode::Enter);
    let split = json!({
        "source": "shop", "split": "orders-7", "until": 123_456_789_012_u64, "end": 1,
        "lag": 123_456_789, "oldest_ms": 5_000, "records": 100_000, "granted": 200_000,
    });
    shown.hear_splits("clicks", json!({ "splits": [split] }));
    let narrow = screen(&shown, 80, 24);
    for words in
        ["shop", "orders-7", "123456789012", "123 456 789", "5000 ms", "100 000", "200 000"]
    {
        assert!(narrow.contains(words), "{words}:\n{narrow}");
    }
}

#[test]
fn a_pipeline_opens_into_its_splits() {
    let mut shown = shown();
    assert_eq!(press(&mut shown, KeyCode::Enter), Some(Wish::Look));
    let splits: Vec<Value> = (0..50)
        .map(|number| {
            json!({
                "source": "shop", "split": format!("shop-{number}"), "from": 1, "until": 12,
                "end": "99", "lag": 87, "oldest_ms": 61_000, "records": 11, "granted": 20,
                "limited_by": "batch_size",
            })
        })
        .collect();
    shown.hear_splits("clicks", json!({ "splits": splits }));
    shown.hear_splits("another", json!({ "splits": [] }));
    let text = screen(&shown, 120, 20);
    for words in [
        "batch 410 ms of 500 ms",
        "gone in 90.0 s",
        "batch 7 (write, 700 records)",
        "kept 700 rows",
        "82 % of the interval, the aim is 80 %",
        "shop-0",
        "61.0 s",
        "batch size",
        "max_rate 20 000",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    for _ in 0..3 {
        press(&mut shown, KeyCode::PageDown);
    }
    let text = screen(&shown, 120, 20);
    assert!(text.contains("shop-49") && !text.contains("shop-0 "), "{text}");
    press(&mut shown, KeyCode::Esc);
    assert!(screen(&shown, 120, 20).contains("SET BY"));
}

#[test]
fn keys_pause_and_resume_and_leave() {
    let mut shown = shown();
    let wish = press(&mut shown, KeyCode::Char('p'));
    assert_eq!(wish, Some(Wish::Pause { pipeline: "clicks".to_owned(), pause: true }));
    shown.pipelines[0]["paused"] = true.into();
    let wish = press(&mut shown, KeyCode::Char(' '));
    assert_eq!(wish, Some(Wish::Pause { pipeline: "clicks".to_owned(), pause: false }));
    assert_eq!(press(&mut shown, KeyCode::Char('q')), Some(Wish::Quit));
    let control_c =
        KeyEvent::new(KeyCode::Char('c'), ratatui::crossterm::event::KeyModifiers::CONTROL);
    assert_eq!(shown.press(control_c), Some(Wish::Quit));
}

#[test]
fn no_terminal_is_too_small_and_nothing_too_little() {
    let mut all = [State::new("127.0.0.1:8030"), shown(), shown()];
    press(&mut all[2], KeyCode::Enter);
    for shown in &mut all {
        for (width, height) in [(1, 1), (20, 5), (40, 10), (300, 100)] {
            screen(shown, width, height);
        }
        for code in [KeyCode::Up, KeyCode::Down, KeyCode::PageDown, KeyCode::Esc, KeyCode::Down] {
            press(shown, code);
        }
    }
}
