//! Prints the comparison of the rate estimators that stands in `docs/estimators.md`.
//!
//! With the name of a scenario it prints the batches of both estimators instead.

#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use forebay_core::flow::simulation::{run, scenarios, table};
use forebay_core::flow::{Backpressure, EstimatorKind};

fn main() {
    let Some(wanted) = std::env::args().nth(1) else {
        print!("{}", table());
        return;
    };
    for scenario in scenarios().iter().filter(|scenario| scenario.name.contains(&wanted)) {
        for estimator in [EstimatorKind::Pid, EstimatorKind::Adaptive] {
            println!("{}: {estimator:?}", scenario.name);
            println!("interval  offered    records  processing ms  delay ms  limited  rate/s");
            let settings = Backpressure { estimator, ..Backpressure::default() };
            let mut estimator = settings.estimator(scenario.interval);
            for step in run(scenario, estimator.as_mut(), Some(2_000.0)).steps {
                println!(
                    "{:8.2} {:10} {:9} {:14.1} {:9.1} {:8} {:9.1}",
                    step.began_ms / (scenario.interval.as_secs_f64() * 1000.0),
                    step.offered,
                    step.records,
                    step.processing_ms,
                    step.delay_ms,
                    step.limited,
                    step.rate.unwrap_or(f64::INFINITY),
                );
            }
        }
    }
}
