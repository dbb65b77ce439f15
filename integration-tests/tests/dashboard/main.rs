//! Guarantees: the dashboard loads in a real browser without a complaint, shows what the API says,
//! is the right colour and says why when a sink is slow, goes away or comes back, and pauses,
//! limits and replays when it is told to, also by keyboard and on a narrow screen, but not by a page
//! of another origin; and it does not grow however long it is open.

mod hands;
mod memory;
mod moods;
mod pages;
mod stage;
