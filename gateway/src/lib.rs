//! An ingestion gateway: micro-batches under rate limits, from where records arise to where they are kept.
