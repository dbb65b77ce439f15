//! What a Cassandra cluster is like.

/// What a Cassandra cluster is like.
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) nodes: u16,
    pub(super) heap_mib: u32,
    pub(super) settings: Vec<(String, String)>,
    pub(super) flags: Vec<String>,
    pub(super) login: Option<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self::one_node()
    }
}

impl Options {
    /// One server. Killed, it loses what it acknowledged within the last 100 ms or so: see
    /// [`Options::durable`].
    #[must_use]
    pub fn one_node() -> Self {
        Self { nodes: 1, heap_mib: 512, settings: Vec::new(), flags: Vec::new(), login: None }
    }

    /// Three servers, at 127.0.0.1 to 127.0.0.3. Hints are off: a row that was written while a
    /// server was away stays missing on it, so read with a quorum.
    #[must_use]
    pub fn three_nodes() -> Self {
        Self { nodes: 3, heap_mib: 384, ..Self::one_node() }
    }

    /// A write is on the disk before it is acknowledged (`commitlog_sync: batch`). Without it, a
    /// server that is killed loses rows, and not by the fault of the one who wrote them.
    #[must_use]
    pub fn durable(self) -> Self {
        self.setting("commitlog_sync", "batch")
    }

    /// Who connects has to say the password of a role; the first one is `cassandra`, with the
    /// password `cassandra`.
    #[must_use]
    pub fn with_password(mut self) -> Self {
        self.login = Some(("cassandra".to_owned(), "cassandra".to_owned()));
        self.setting("authenticator", "PasswordAuthenticator")
            .setting("authorizer", "CassandraAuthorizer")
    }

    /// The server reads no more than so many requests per second: real backpressure, no errors.
    #[must_use]
    pub fn slow(self, requests_per_second: u32) -> Self {
        self.setting("native_transport_rate_limiting_enabled", "true")
            .setting("native_transport_max_requests_per_second", &requests_per_second.to_string())
    }

    /// The server answers what goes beyond so many requests per second with `Overloaded`.
    #[must_use]
    pub fn overloaded(self, requests_per_second: u32) -> Self {
        self.slow(requests_per_second).setting("native_transport_throw_on_overload", "true")
    }

    /// Every write to this keyspace fails (`WriteFailure`); others are untouched.
    #[must_use]
    pub fn failing_for(self, keyspace: &str) -> Self {
        self.flag(&format!("-Dcassandra.test.fail_writes_ks={keyspace}"))
    }

    /// Sets a line of `cassandra.yaml`, also one that is set already; the value is YAML.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Gives an argument to each JVM.
    #[must_use]
    pub fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// Gives each server a heap of so many MiB, by default 512, and 384 where there are three.
    #[must_use]
    pub fn heap_mib(mut self, heap_mib: u32) -> Self {
        self.heap_mib = heap_mib;
        self
    }
}
