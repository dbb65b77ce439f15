//! Estimators against a model of a sink, without a clock.
