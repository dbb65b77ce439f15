//! Steps in order, each shown with its time; the first that fails is the last.

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// One step of a habit.
pub(crate) struct Step {
    /// What it does, in a few words.
    pub(crate) name: &'static str,
    /// Does it. An error is a plain sentence.
    pub(crate) act: Box<dyn FnOnce() -> Result<(), String>>,
}

impl Step {
    /// A step.
    pub(crate) fn new(
        name: &'static str,
        act: impl FnOnce() -> Result<(), String> + 'static,
    ) -> Self {
        Self { name, act: Box::new(act) }
    }
}

/// Runs the steps and says how it went.
pub(crate) fn run(habit: &str, steps: Vec<Step>) -> ExitCode {
    let begun = Instant::now();
    let count = steps.len();
    let mut times = Vec::with_capacity(count);
    for (index, step) in steps.into_iter().enumerate() {
        println!("[{}/{count}] {}", index + 1, step.name);
        let step_begun = Instant::now();
        let outcome = (step.act)();
        times.push((step.name, step_begun.elapsed()));
        if let Err(sentence) = outcome {
            println!("{}", summary(&times));
            eprintln!("cargo xtask {habit} stopped at \"{}\": {sentence}", step.name);
            return ExitCode::FAILURE;
        }
    }
    println!("{}", summary(&times));
    println!("cargo xtask {habit}: all well after {}", shown(begun.elapsed()));
    ExitCode::SUCCESS
}

fn summary(times: &[(&str, Duration)]) -> String {
    let width = times.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let lines: Vec<String> =
        times.iter().map(|(name, time)| format!("  {name:<width$}  {:>9}", shown(*time))).collect();
    format!("\n{}", lines.join("\n"))
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds >= 60 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    #[test]
    fn the_step_after_a_failed_one_does_not_run() {
        let ran = Rc::new(Cell::new(0));
        let count = |ran: &Rc<Cell<u32>>| {
            let ran = Rc::clone(ran);
            move || {
                ran.set(ran.get() + 1);
                Ok(())
            }
        };
        let steps = vec![
            Step::new("first", count(&ran)),
            Step::new("second", || Err("it is broken".to_owned())),
            Step::new("third", count(&ran)),
        ];
        assert_eq!(run("test", steps), ExitCode::FAILURE);
        assert_eq!(ran.get(), 1);
    }

    #[test]
    fn times_read_well() {
        assert_eq!(shown(Duration::from_millis(1_540)), "1.5 s");
        assert_eq!(shown(Duration::from_secs(125)), "2 min 05 s");
    }
}
