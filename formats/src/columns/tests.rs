//! Values read from text.

use proptest::prelude::*;

use super::{decimal, text};

#[test]
fn timestamps_are_rfc_3339_or_milliseconds() {
    for (written, micros) in [
        ("1970-01-01T00:00:00Z", Some(0)),
        ("1970-01-01T01:00:00.000001+01:00", Some(1)),
        ("2026-01-31 12:00:00", Some(1_769_860_800_000_000)),
        ("2026-01-31", Some(1_769_817_600_000_000)),
        ("1500", Some(1_500_000)),
        ("-1", Some(-1000)),
        ("99999999999999999", None),
        ("2026-13-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        ("-", None),
    ] {
        assert_eq!(text::timestamp(written), micros, "{written}");
    }
}

#[test]
fn dates_times_booleans_and_bytes() {
    assert_eq!(text::date("1970-01-02"), Some(1));
    for wrong in ["1970-02-30", "1970-01-01T00:00:00Z", "12", ""] {
        assert_eq!(text::date(wrong), None, "{wrong}");
    }
    assert_eq!(text::time("00:00:01.5"), Some(1_500_000));
    assert_eq!(text::time("25:00:00"), None);
    assert_eq!(text::boolean("TRUE"), Some(true));
    assert_eq!(text::boolean("0"), Some(false));
    assert_eq!(text::boolean("yes"), None);
    assert_eq!(text::hex("0x00fF"), Some(vec![0, 255]));
    assert_eq!(text::hex(""), Some(vec![]));
    assert_eq!(text::hex("abc"), None);
    assert_eq!(text::hex("zz"), None);
}

#[test]
fn uuids_are_made_alike() {
    let uuid = |written| text::uuid(written).map(|uuid| String::from_utf8(uuid.to_vec()).unwrap());
    let same = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    assert_eq!(uuid("67E5504410B1426F9247BB680E5FE0C8").as_deref(), Some(same));
    assert_eq!(uuid(same).as_deref(), Some(same));
    for wrong in
        ["67e55044-10b1-426f-9247-bb680e5fe0c", "67e5504410b1-426f-9247-bb680e5fe0c8xxx", "é"]
    {
        assert_eq!(uuid(wrong), None, "{wrong}");
    }
    assert_eq!(uuid("67e55044x10b1-426f-9247-bb680e5fe0c8"), None);
    assert_eq!(uuid("67e5504g-10b1-426f-9247-bb680e5fe0c8"), None);
}

#[test]
fn decimals_lose_nothing() {
    for (written, units) in [
        ("12.50", Ok(1250)),
        ("-0.01", Ok(-1)),
        ("+7", Ok(700)),
        ("1.25e1", Ok(1250)),
        ("1250e-2", Ok(1250)),
        ("100.000000000000000000000000000000000000000000000000", Ok(10_000)),
        ("0e999999999", Ok(0)),
        ("99999999.99", Ok(9_999_999_999)),
        ("100000000.00", Err("does not fit")),
        ("0.001", Err("does not fit")),
        ("1e999999999", Err("does not fit")),
        ("1e99999999999999", Err("is no")),
        ("1.2.3", Err("is no")),
        ("", Err("is no")),
        (".", Err("is no")),
        ("e5", Err("is no")),
        ("--1", Err("is no")),
    ] {
        assert_eq!(decimal::parse(written, 10, 2), units, "{written}");
    }
    let largest = "9".repeat(38);
    assert_eq!(decimal::parse(&largest, 38, 0), Ok(10i128.pow(38) - 1));
    assert_eq!(decimal::parse(&format!("{largest}9"), 38, 0), Err("does not fit"));
}

proptest! {
    #[test]
    fn decimals_come_back(units in -9_999_999_999i64..=9_999_999_999, scale in 0i8..6) {
        let divisor = 10i64.pow(u32::try_from(scale).unwrap());
        let sign = if units < 0 { "-" } else { "" };
        let (whole, part) = (units.abs() / divisor, units.abs() % divisor);
        let width = usize::try_from(scale).unwrap();
        let written = if scale == 0 { format!("{units}") } else { format!("{sign}{whole}.{part:0width$}") };
        prop_assert_eq!(decimal::parse(&written, 10, scale), Ok(units.into()));
    }

    #[test]
    fn nothing_panics(written in ".{0,40}", numeric in "[-+0-9.eE]{0,60}") {
        for written in [&written, &numeric] {
            let _ = (text::date(written), text::time(written), text::timestamp(written));
            let _ = (text::uuid(written), text::hex(written), text::boolean(written));
            let _ = decimal::parse(written, 38, 10);
        }
    }
}
