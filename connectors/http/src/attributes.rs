//! What is carried along with the records of a request.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};

/// The name of the attribute with the path of the request.
const PATH: &str = "path";

/// The attributes that requests have: their path, and the headers of an allow-list.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    path: Arc<str>,
    headers: Vec<(HeaderName, Arc<str>)>,
}

impl Attributes {
    pub(crate) fn new(headers: impl IntoIterator<Item = HeaderName>) -> Self {
        let headers = headers.into_iter().map(|name| (name.clone(), Arc::from(name.as_str())));
        Self { path: PATH.into(), headers: headers.collect() }
    }

    /// The attributes of one request. A header that is there several times is one list, as
    /// [RFC 9110, 5.3](https://www.rfc-editor.org/rfc/rfc9110#name-field-order) reads it.
    pub(crate) fn of(&self, path: &str, headers: &HeaderMap) -> Vec<(Arc<str>, Arc<str>)> {
        let mut attributes = vec![(Arc::clone(&self.path), Arc::from(path))];
        for (name, key) in &self.headers {
            let values: Vec<_> = headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            if !values.is_empty() {
                attributes.push((Arc::clone(key), values.join(", ").into()));
            }
        }
        attributes
    }
}
