//! A sink that writes records to Kafka topics.
