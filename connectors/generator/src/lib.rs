//! A seeded source of realistic records.
