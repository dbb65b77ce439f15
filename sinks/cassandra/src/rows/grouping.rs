//! Which rows are sent together.
//!
//! Rows of one partition, written by one statement, go as one unlogged batch: the server makes
//! one mutation of them. Rows of different partitions are never mixed: that costs the server as
//! much as single writes, and more where it coordinates.

use std::collections::HashMap;

use super::encoded::Encoded;

/// The requests for the rows of an [`Encoded`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Indices of rows: those of one request stand together.
    pub order: Vec<u32>,
    /// The requests.
    pub spans: Vec<Span>,
}

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where in the order it begins.
    pub start: u32,
    /// How many rows it has.
    pub len: u32,
    /// Which statement writes them.
    pub statement: u32,
    /// How many bytes their values have.
    pub bytes: u32,
}

impl Requests {
    /// Gathers rows of one partition and statement, in their order, at most so many and with so
    /// many bytes together. Requests stand in the order of their first rows. A single row may be
    /// larger.
    #[must_use]
    pub fn of(encoded: &Encoded, max_rows: usize, max_bytes: usize) -> Self {
        let rows = &encoded.rows;
        let mut groups: HashMap<(u32, &[u8]), u32> = HashMap::with_capacity(rows.len() / 4);
        let mut group_of = Vec::with_capacity(rows.len());
        let mut sizes: Vec<u32> = Vec::new();
        for row in rows {
            let next = index(sizes.len());
            let group = if row.alone || max_rows <= 1 {
                next
            } else {
                *groups.entry((row.statement, encoded.key(row))).or_insert(next)
            };
            if group == next {
                sizes.push(0);
            }
            sizes[group as usize] += 1;
            group_of.push(group);
        }
        // A counting sort: where each group begins, then each row to its group's next place.
        let mut places = Vec::with_capacity(sizes.len());
        let mut sum = 0;
        for size in &sizes {
            places.push(sum);
            sum += size;
        }
        let mut order = vec![0; rows.len()];
        for (row, group) in group_of.iter().enumerate() {
            let place = &mut places[*group as usize];
            order[*place as usize] = index(row);
            *place += 1;
        }
        let mut spans = Vec::with_capacity(sizes.len());
        let mut start = 0;
        for size in sizes {
            split(encoded, &order, start..start + size, max_rows, max_bytes, &mut spans);
            start += size;
        }
        Self { order, spans }
    }
}

/// Splits one group where it would be too large.
fn split(
    encoded: &Encoded,
    order: &[u32],
    group: std::ops::Range<u32>,
    max_rows: usize,
    max_bytes: usize,
    spans: &mut Vec<Span>,
) {
    let mut open: Option<Span> = None;
    for place in group {
        let row = &encoded.rows[order[place as usize] as usize];
        open = match open {
            Some(mut span)
                if (span.len as usize) < max_rows
                    && (span.bytes + row.len) as usize <= max_bytes =>
            {
                span.len += 1;
                span.bytes += row.len;
                Some(span)
            }
            full => {
                spans.extend(full);
                Some(Span { start: place, len: 1, statement: row.statement, bytes: row.len })
            }
        };
    }
    spans.extend(open);
}

/// There are fewer rows than bytes, and those are counted in 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "a buffer of rows is far below 4 GiB")]
fn index(value: usize) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Row;
    use proptest::prelude::*;

    /// Rows with a one-byte key each, and so many bytes.
    fn encoded(rows: &[(u32, u8, u32)]) -> Encoded {
        let mut encoded = Encoded::default();
        for (number, (statement, key, len)) in rows.iter().enumerate() {
            let start = index(encoded.bytes.len());
            encoded.bytes.push(*key);
            encoded.bytes.resize((start + len.max(&1)) as usize, 0);
            encoded.rows.push(Row {
                number: index(number),
                statement: *statement,
                alone: false,
                start,
                len: *len.max(&1),
                key_start: start,
                key_len: 1,
            });
        }
        encoded
    }

    #[test]
    fn rows_of_a_partition_go_together_in_their_order() {
        let encoded =
            encoded(&[(0, b'a', 9), (0, b'b', 9), (0, b'a', 9), (1, b'a', 9), (0, b'a', 9)]);
        let requests = Requests::of(&encoded, 64, 1000);
        assert_eq!(requests.order, [0, 2, 4, 1, 3]);
        let shapes: Vec<_> =
            requests.spans.iter().map(|span| (span.start, span.len, span.statement)).collect();
        assert_eq!(shapes, [(0, 3, 0), (3, 1, 0), (4, 1, 1)]);
    }

    #[test]
    fn a_row_that_has_to_be_alone_is() {
        let mut encoded = encoded(&[(0, b'a', 9), (0, b'a', 9), (0, b'a', 9)]);
        encoded.rows[1].alone = true;
        let requests = Requests::of(&encoded, 64, 1000);
        assert_eq!(requests.spans.iter().map(|span| span.len).collect::<Vec<_>>(), [2, 1]);
    }

    proptest! {
        #[test]
        fn every_row_is_sent_once_within_the_bounds(
            rows in prop::collection::vec((0_u32..2, 0_u8..5, 1_u32..50), 0..200),
            max_rows in 1_usize..10,
            max_bytes in 1_usize..200,
        ) {
            let encoded = encoded(&rows);
            let requests = Requests::of(&encoded, max_rows, max_bytes);
            let mut seen = requests.order.clone();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..index(rows.len())).collect::<Vec<_>>());
            let mut next = 0;
            for span in &requests.spans {
                prop_assert_eq!(span.start, next);
                next += span.len;
                let members = &requests.order[span.start as usize..next as usize];
                prop_assert!(members.is_sorted());
                let of = |index: &u32| encoded.rows[*index as usize];
                let first = of(&members[0]);
                let is_one = |row: Row| row.statement == first.statement && encoded.key(&row) == encoded.key(&first);
                prop_assert!(members.iter().all(|it| is_one(of(it))));
                let bytes: u32 = members.iter().map(|it| of(it).len).sum();
                prop_assert_eq!(bytes, span.bytes);
                prop_assert!(members.len() <= max_rows);
                prop_assert!(members.len() == 1 || bytes as usize <= max_bytes);
            }
            prop_assert_eq!(next, index(rows.len()));
        }
    }
}
