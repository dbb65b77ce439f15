//! What is wrong with the options.

use forebay_clients::address::HostPort;
use forebay_core::component::Problem;

use super::time_to_live::MAX_TTL_SECONDS;
use super::{Delete, Settings, TableName, TimeToLive, WriteTime};

/// The port of Cassandra's native protocol.
const PORT: u16 = 9042;

impl Settings {
    /// All that can be found wrong without I/O.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = self.check_connection();
        if let Err(text) = self.table.parse::<TableName>() {
            problems.push(Problem::at("table", text));
        }
        problems.extend(self.check_ranges());
        problems.extend(self.check_roles());
        problems
    }

    /// The nodes to begin with, each with its port.
    ///
    /// # Errors
    /// The first that is no address, and why.
    pub fn addresses(&self) -> Result<Vec<HostPort>, Problem> {
        let address = |(index, text): (usize, &String)| {
            let ipv6 = text.parse::<std::net::Ipv6Addr>().is_ok();
            let with_port = if ipv6 {
                format!("[{text}]:{PORT}")
            } else if text.ends_with(']') || !text.contains(':') {
                format!("{text}:{PORT}")
            } else {
                text.clone()
            };
            let place = format!("hosts.{index}");
            with_port.parse::<HostPort>().map_err(|error| Problem::at(&place, error))
        };
        self.hosts.iter().enumerate().map(address).collect()
    }

    fn check_connection(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.hosts.is_empty() {
            problems.push(Problem::at("hosts", "no host is named").help("name at least one node"));
        }
        problems.extend(self.addresses().err());
        match (&self.username, &self.password) {
            (Some(_), None) => {
                problems.push(Problem::at("username", "`username` needs a `password`"));
            }
            (None, Some(_)) => {
                problems.push(Problem::at("password", "`password` needs a `username`"));
            }
            _ => {}
        }
        if self.rack.is_some() && self.datacenter.is_none() {
            problems.push(Problem::at("rack", "`rack` needs a `datacenter`"));
        }
        if let Some(tls) = &self.tls {
            problems.extend(tls.check().into_iter().map(|problem| problem.within("tls")));
            if tls.server_name.is_some() {
                problems.push(
                    Problem::at("tls.server_name", "one name cannot stand for all nodes").help(
                        "leave it out, and let each node's certificate be issued for its address",
                    ),
                );
            }
        }
        problems
    }

    fn check_ranges(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut range = |path: &str, value: u64, least: u64, most: u64, unit: &str| {
            if !(least..=most).contains(&value) {
                let text = format!("{value} is not from {least} to {most}{unit}");
                problems.push(Problem::at(path, text));
            }
        };
        range("batch_rows", self.batch_rows as u64, 1, 1000, "");
        range("batch_bytes", self.batch_bytes.0, 1, 1 << 20, " bytes");
        range("max_row_bytes", self.max_row_bytes.0, 1, 15 << 20, " bytes");
        range("max_in_flight", self.max_in_flight as u64, 1, 8192, "");
        range("max_in_flight_bytes", self.max_in_flight_bytes.0, 1, 1 << 30, " bytes");
        range("connections", self.connections as u64, 1, 64, "");
        for (path, span) in
            [("request_timeout", self.request_timeout), ("connect_timeout", self.connect_timeout)]
        {
            if span.0.is_zero() {
                problems.push(Problem::at(path, "no time at all is too short"));
            }
        }
        if let Some(TimeToLive::Fixed { ttl }) = &self.ttl {
            let seconds = ttl.0.as_secs();
            let most = u64::from(MAX_TTL_SECONDS.unsigned_abs());
            if seconds == 0 || seconds > most || ttl.0.subsec_nanos() != 0 {
                let text = format!("a time to live is 1 to {most} full seconds");
                problems.push(Problem::at("ttl.ttl", text));
            }
        }
        if let WriteTime::Fixed { micros: i64::MIN } = self.write_time {
            problems.push(Problem::at("write_time.micros", "this number is reserved"));
        }
        problems
    }

    fn check_roles(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(Delete::Field { values, .. }) = &self.delete
            && values.is_empty()
        {
            problems.push(Problem::at("delete.values", "no value is named, so nothing deletes"));
        }
        if self.counters == super::Counters::AtLeastOnce {
            if self.ttl.is_some() {
                problems.push(Problem::at("ttl", "counters have no time to live"));
            }
            if !matches!(self.write_time, WriteTime::Batch | WriteTime::Server) {
                problems.push(Problem::at("write_time", "counters have no write time"));
            }
            if self.delete.is_some() {
                problems.push(
                    Problem::at("delete", "counters are only added to")
                        .help("a counter that is deleted cannot be counted on again"),
                );
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn all_problems_are_found_at_once() {
        let settings = settings(
            r#"
            hosts = ["a:b"]
            table = "orders"
            rack = "r"
            password = "p"
            batch_rows = 0
            request_timeout = "0s"
            counters = "at_least_once"
            ttl = { from = "fixed", ttl = "1500ms" }
            write_time = { from = "fixed", micros = 7 }
            delete = { when = "field", field = "op", values = [] }
            tls = { ca_file = "ca.pem", server_name = "x", key_file = "k" }
            "#,
        );
        let paths: Vec<String> =
            settings.check().iter().map(|problem| problem.path.join(".")).collect();
        for path in [
            "hosts.0",
            "table",
            "rack",
            "password",
            "batch_rows",
            "request_timeout",
            "ttl.ttl",
            "ttl",
            "write_time",
            "delete.values",
            "delete",
            "tls.server_name",
            "tls.key_file",
        ] {
            assert!(paths.iter().any(|found| found == path), "{path}: {paths:?}");
        }
    }

    #[test]
    fn a_port_is_added_where_none_is() {
        let settings = settings(
            r#"
            hosts = ["10.0.0.1", "db:9142", "::1", "[::1]:1", "[::1]"]
            table = "a.b"
            "#,
        );
        let hosts: Vec<String> =
            settings.addresses().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(hosts, ["10.0.0.1:9042", "db:9142", "[::1]:9042", "[::1]:1", "[::1]:9042"]);
        assert_eq!(settings.check(), []);
    }
}
