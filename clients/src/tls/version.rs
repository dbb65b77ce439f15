//! The versions of the protocol.

use rustls::SupportedProtocolVersion;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A version of TLS. Older ones than 1.2 are not spoken ([RFC 8996](https://www.rfc-editor.org/rfc/rfc8996)).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum TlsVersion {
    /// TLS 1.2 ([RFC 5246](https://www.rfc-editor.org/rfc/rfc5246)).
    #[default]
    #[serde(rename = "1.2")]
    V1_2,
    /// TLS 1.3 ([RFC 8446](https://www.rfc-editor.org/rfc/rfc8446)).
    #[serde(rename = "1.3")]
    V1_3,
}

impl TlsVersion {
    /// This version and all later ones.
    pub(super) fn and_later(self) -> &'static [&'static SupportedProtocolVersion] {
        static FROM_1_3: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
        match self {
            Self::V1_2 => rustls::ALL_VERSIONS,
            Self::V1_3 => FROM_1_3,
        }
    }

    /// This version and all later ones up to another; none if that is older.
    pub(super) fn up_to(self, newest: Self) -> &'static [&'static SupportedProtocolVersion] {
        static ONLY_1_2: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
        match (self, newest) {
            (Self::V1_2, Self::V1_2) => ONLY_1_2,
            (Self::V1_3, Self::V1_2) => &[],
            (_, Self::V1_3) => self.and_later(),
        }
    }
}
