use super::*;
use proptest::prelude::*;

fn claimant(backlog: Option<u64>, floor: f64, ceiling: u64) -> Claimant {
    Claimant { backlog, floor, ceiling }
}

fn open(backlog: u64) -> Claimant {
    claimant(Some(backlog), 0.0, u64::MAX)
}

fn records(total: f64, claimants: &[Claimant]) -> Vec<u64> {
    let mut carry = vec![0.0; claimants.len()];
    share(total, claimants, &mut carry).iter().map(|share| share.records).collect()
}

#[test]
fn shares_worked_out_by_hand() {
    let max = u64::MAX;
    let cases: &[(&str, f64, Vec<Claimant>, &[u64])] = &[
        ("by backlog", 100.0, vec![open(300), open(100)], &[75, 25]),
        ("not more than there is", 1000.0, vec![open(300), open(100)], &[300, 100]),
        ("without a total there is no limit", f64::INFINITY, vec![open(max), open(7)], &[max, 7]),
        (
            "an unknown backlog counts as the mean",
            90.0,
            vec![open(100), open(300), claimant(None, 0.0, max)],
            &[15, 45, 30],
        ),
        (
            "only unknown backlogs share alike",
            90.0,
            vec![claimant(None, 0.0, max), claimant(None, 0.0, max)],
            &[45, 45],
        ),
        (
            "what the capped one cannot use goes to the others",
            100.0,
            vec![claimant(Some(800), 0.0, 20), open(100), open(100)],
            &[20, 40, 40],
        ),
        (
            "what the short one does not need goes to the others",
            100.0,
            vec![claimant(Some(10), 50.0, max), open(1000)],
            &[10, 90],
        ),
        (
            "a floor comes first",
            100.0,
            vec![claimant(Some(1000), 0.0, max), claimant(Some(50), 30.0, max)],
            &[70, 30],
        ),
        (
            "floors above the total shrink",
            30.0,
            vec![claimant(Some(1000), 40.0, max), claimant(Some(1000), 20.0, max)],
            &[20, 10],
        ),
        (
            "without a backlog there is nothing",
            100.0,
            vec![claimant(Some(0), 10.0, max), open(1000)],
            &[0, 100],
        ),
        (
            "weights of very different size",
            10.0,
            vec![claimant(Some(1 << 60), 0.0, 4), open(30), open(30)],
            &[4, 3, 3],
        ),
        (
            "a ceiling that no `f64` holds",
            f64::INFINITY,
            vec![claimant(None, 0.0, (1 << 53) + 3)],
            &[(1 << 53) + 3],
        ),
        ("no total", 0.0, vec![open(5)], &[0]),
        ("no sense", f64::NAN, vec![open(5)], &[0]),
        ("nobody", 5.0, vec![], &[]),
    ];
    for (name, total, claimants, expected) in cases {
        assert_eq!(records(*total, claimants), *expected, "{name}");
    }
}

#[test]
fn only_a_ceiling_that_bites_counts_as_one() {
    let claimants = [
        claimant(Some(100), 0.0, 10),
        claimant(Some(10), 0.0, 10),
        claimant(None, 0.0, 10),
        claimant(Some(1000), 0.0, 900),
    ];
    let shares = share(700.0, &claimants, &mut [0.0; 4]);
    let capped: Vec<bool> = shares.iter().map(|share| share.capped).collect();
    assert_eq!(capped, [true, false, true, false]);
}

#[test]
fn a_fraction_of_a_record_per_batch_adds_up() {
    let mut carry = [0.0; 3];
    let claimants = [open(500), open(300), open(200)];
    let mut sums = [0; 3];
    for _ in 0..100 {
        let shares = share(0.5, &claimants, &mut carry);
        assert!(shares.iter().map(|share| share.records).sum::<u64>() <= 1);
        shares.iter().zip(&mut sums).for_each(|(share, sum)| *sum += share.records);
    }
    assert_eq!(sums, [25, 15, 10]);
}

#[test]
fn ten_thousand_splits_take_turns() {
    let claimants = vec![open(1_000); 10_000];
    let mut carry = vec![0.0; claimants.len()];
    let mut turns = vec![0; claimants.len()];
    for _ in 0..20 {
        let shares = share(1_000.0, &claimants, &mut carry);
        assert_eq!(shares.iter().map(|share| share.records).sum::<u64>(), 1_000);
        shares.iter().zip(&mut turns).for_each(|(share, turn)| *turn += share.records);
    }
    assert!(turns.iter().all(|turn| *turn == 2));
}

fn claimants() -> impl Strategy<Value = Vec<Claimant>> {
    let backlog = prop_oneof![
        1 => Just(None),
        1 => Just(Some(0)),
        6 => (0.0..40.0_f64).prop_map(|exponent| Some(exponent.exp2() as u64)),
    ];
    let ceiling = prop_oneof![1 => Just(u64::MAX), 1 => 0_u64..2_000];
    let floor = prop_oneof![1 => Just(0.0), 1 => 0.0..50.0_f64];
    let claimant = (backlog, floor, ceiling).prop_map(|(backlog, floor, ceiling)| Claimant {
        backlog,
        floor,
        ceiling,
    });
    prop::collection::vec(claimant, 1..40)
}

proptest! {
    #[test]
    fn a_single_call_keeps_all_bounds(total in 0.0..5_000.0_f64, claimants in claimants()) {
        let shares = share(total, &claimants, &mut vec![0.0; claimants.len()]);
        let most = |c: &Claimant| c.backlog.unwrap_or(u64::MAX).min(c.ceiling);
        let sum: u64 = shares.iter().map(|share| share.records).sum();
        prop_assert!(sum as f64 <= total + 1e-6);
        let wanted = claimants.iter().fold(0_u64, |sum, c| sum.saturating_add(most(c)));
        prop_assert!(sum as f64 > (wanted as f64).min(total) - 1.0 - 1e-6, "all is handed out");
        let floors: f64 = claimants.iter().map(|c| c.floor.min(most(c) as f64)).sum();
        for (share, claimant) in shares.iter().zip(&claimants) {
            prop_assert!(share.records <= most(claimant));
            if floors <= total {
                prop_assert!(share.records as f64 > claimant.floor.min(most(claimant) as f64) - 1.0 - 1e-6);
            }
        }
    }

    /// Totals, backlogs and ceilings change from call to call.
    #[test]
    fn no_run_of_calls_exceeds_its_totals(
        calls in prop::collection::vec((0.0..60.0_f64, prop::collection::vec((0_u64..100, 0_u64..40), 12)), 1..200),
    ) {
        let mut carry = vec![0.0; 12];
        let (mut granted, mut totals) = (0_u64, 0.0);
        for (total, splits) in calls {
            let claimants: Vec<_> = splits
                .iter()
                .map(|(backlog, ceiling)| claimant(Some(*backlog), 0.5, *ceiling))
                .collect();
            for (share, claimant) in share(total, &claimants, &mut carry).iter().zip(&claimants) {
                prop_assert!(share.records <= claimant.ceiling.min(claimant.backlog.unwrap_or(0)));
                granted += share.records;
            }
            totals += total;
            prop_assert!(granted as f64 <= (totals + 1e-6).floor(), "{granted} of {totals}");
        }
    }

    /// Backlogs change from call to call; in the second case some have none for a while.
    #[test]
    fn nobody_with_a_backlog_starves(
        total in 0.05..20.0_f64,
        count in 2_usize..40,
        seed in any::<u64>(),
        silence in prop_oneof![Just(0.0), 0.0..0.9_f64],
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut carry = vec![0.0; count];
        let (mut due, mut had) = (vec![0.0; count], vec![0_u64; count]);
        let n = count as f64;
        let slack = if silence == 0.0 { 2.0 + n.ln() } else { 1.0 + n };
        for _ in 0..150 {
            let claimants: Vec<_> = (0..count)
                .map(|_| open(if random.f64() < silence { 0 } else { 1_000 * random.u64(1..1_000) }))
                .collect();
            let parts = water_fill(total, &claimants);
            let shares = share(total, &claimants, &mut carry);
            for index in 0..count {
                due[index] += parts[index];
                had[index] += shares[index].records;
                let least = due[index] - slack;
                prop_assert!(had[index] as f64 > least, "{index} {} of {}", had[index], due[index]);
            }
        }
    }
}
