//! TLS between both ends, in memory, and the errors for broken files.

use std::path::Path;
use std::sync::Arc;

use forebay_clients::testing::Authority;
use forebay_clients::tls::{ClientTls, ServerTls, TlsVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Shakes hands and sends one byte each way; the error has what each end says.
async fn talk(server: &ServerTls, client: &ClientTls) -> Result<(), String> {
    let (left, right) = tokio::io::duplex(16 << 10);
    let acceptor = server.acceptor(Path::new("")).map_err(|error| error.to_string())?;
    let connector = client.connector(Path::new("")).map_err(|error| error.to_string())?;
    let name = client.server_name("localhost").map_err(|error| error.to_string())?;
    let accepting = async {
        let mut stream = acceptor.accept(left).await.map_err(|error| format!("server: {error}"))?;
        let byte = stream.read_u8().await.map_err(|error| format!("server: {error}"))?;
        stream.write_u8(byte).await.map_err(|error| format!("server: {error}"))?;
        stream.flush().await.map_err(|error| format!("server: {error}"))
    };
    let connecting = async {
        let mut stream =
            connector.connect(name, right).await.map_err(|error| format!("client: {error}"))?;
        stream.write_u8(42).await.map_err(|error| format!("client: {error}"))?;
        stream.flush().await.map_err(|error| format!("client: {error}"))?;
        assert_eq!(stream.read_u8().await.map_err(|error| format!("client: {error}"))?, 42);
        Ok::<(), String>(())
    };
    let (accepted, connected) = tokio::join!(accepting, connecting);
    match (accepted, connected) {
        (Ok(()), Ok(())) => Ok(()),
        (accepted, connected) => Err(format!("{accepted:?}, {connected:?}")),
    }
}

#[tokio::test]
async fn both_ends_agree() {
    let authority = Authority::new().unwrap();
    assert_eq!(talk(&authority.server(), &authority.client()).await, Ok(()));
}

#[tokio::test]
async fn older_versions_than_the_oldest_are_refused() {
    let authority = Authority::new().unwrap();
    let server = ServerTls { min_version: TlsVersion::V1_3, ..authority.server() };
    assert_eq!(talk(&server, &authority.client()).await, Ok(()));

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let (left, right) = tokio::io::duplex(16 << 10);
    let acceptor = server.acceptor(Path::new("")).unwrap();
    let name = authority.client().server_name("localhost").unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let (accepted, connected) = tokio::join!(acceptor.accept(left), connector.connect(name, right));
    let (accepted, connected) = (accepted.unwrap_err(), connected.unwrap_err());
    assert!(connected.to_string().contains("ProtocolVersion"), "{connected}; {accepted}");
}

#[tokio::test]
async fn newer_versions_than_the_newest_are_refused() {
    let authority = Authority::new().unwrap();
    let server = ServerTls { max_version: TlsVersion::V1_2, ..authority.server() };
    assert_eq!(talk(&server, &authority.client()).await, Ok(()));
    let client = ClientTls { min_version: TlsVersion::V1_3, ..authority.client() };
    let error = talk(&server, &client).await.unwrap_err();
    assert!(error.contains("ProtocolVersion"), "{error}");
    let none = ServerTls { min_version: TlsVersion::V1_3, ..server };
    let paths: Vec<_> = none.check().into_iter().map(|problem| problem.path.join(".")).collect();
    assert_eq!(paths, ["max_version"]);
    assert!(none.acceptor(Path::new("")).is_err());
}

#[tokio::test]
async fn an_authority_that_is_not_trusted_is_refused() {
    let (ours, theirs) = (Authority::new().unwrap(), Authority::new().unwrap());
    let error = talk(&ours.server(), &theirs.client()).await.unwrap_err();
    assert!(error.contains("client: invalid peer certificate"), "{error}");
}

#[tokio::test]
async fn a_name_that_the_certificate_lacks_is_refused() {
    let authority = Authority::new().unwrap();
    let client = ClientTls { server_name: Some("elsewhere".to_owned()), ..authority.client() };
    let error = talk(&authority.server(), &client).await.unwrap_err();
    assert!(error.contains("client:") && error.contains("elsewhere"), "{error}");
}

#[tokio::test]
async fn client_certificates_are_demanded_and_verified() {
    let (ours, theirs) = (Authority::new().unwrap(), Authority::new().unwrap());
    let server = ServerTls { client_ca_file: Some(ours.file("ca.pem")), ..ours.server() };
    let with = |authority: &Authority| ClientTls {
        cert_file: Some(authority.file("client.pem")),
        key_file: Some(authority.file("client.key")),
        ..ours.client()
    };
    assert_eq!(talk(&server, &with(&ours)).await, Ok(()));
    let error = talk(&server, &ours.client()).await.unwrap_err();
    assert!(error.contains("server:") && error.contains("no certificates"), "{error}");
    let error = talk(&server, &with(&theirs)).await.unwrap_err();
    assert!(error.contains("server:") && error.contains("certificate"), "{error}");
}

#[tokio::test]
async fn new_files_are_seen_by_the_next_acceptor() {
    let (old, new) = (Authority::new().unwrap(), Authority::new().unwrap());
    let server = old.server();
    assert_eq!(talk(&server, &old.client()).await, Ok(()));
    for name in ["server.pem", "server.key"] {
        std::fs::copy(new.file(name), old.file(name)).unwrap();
    }
    assert_eq!(talk(&server, &new.client()).await, Ok(()));
    assert!(talk(&server, &old.client()).await.is_err());
}

#[test]
fn errors_name_the_file_and_what_is_wrong() {
    let authority = Authority::new().unwrap();
    let other = Authority::new().unwrap();
    std::fs::write(authority.file("not.pem"), [0x30, 0x82, 0x01, 0xff]).unwrap();
    std::fs::write(authority.file("cut.pem"), "-----BEGIN CERTIFICATE-----\nTUlJ\n").unwrap();
    std::fs::write(
        authority.file("garbage.pem"),
        "-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let good = authority.server();
    let cases = [
        (
            ServerTls { cert_file: authority.file("gone.pem"), ..good.clone() },
            "gone.pem",
            "cannot read",
        ),
        (
            ServerTls { cert_file: authority.file("not.pem"), ..good.clone() },
            "not.pem",
            "no certificate",
        ),
        (
            ServerTls { cert_file: authority.file("cut.pem"), ..good.clone() },
            "cut.pem",
            "END CERTIFICATE",
        ),
        (
            ServerTls { cert_file: authority.file("garbage.pem"), ..good.clone() },
            "garbage.pem",
            "cannot be used",
        ),
        (
            ServerTls { key_file: authority.file("server.pem"), ..good.clone() },
            "server.pem",
            "no private key",
        ),
        (
            ServerTls { key_file: other.file("server.key"), ..good.clone() },
            "server.key",
            "does not match",
        ),
        (
            ServerTls { client_ca_file: Some(authority.file("server.key")), ..good.clone() },
            "server.key",
            "no certificate",
        ),
    ];
    for (tls, file, what) in cases {
        let error = tls.acceptor(Path::new("")).err().unwrap().to_string();
        assert!(error.contains(file) && error.contains(what), "{error}");
    }
}

#[test]
fn paths_are_relative_to_the_base() {
    let authority = Authority::new().unwrap();
    let tls: ServerTls =
        toml::from_str("cert_file = \"server.pem\"\nkey_file = \"server.key\"").unwrap();
    assert!(tls.acceptor(authority.folder()).is_ok());
}

#[test]
fn half_an_identity_is_a_problem() {
    let tls: ClientTls = toml::from_str(
        "ca_file = \"ca.pem\"\ncert_file = \"a.pem\"\nserver_name = \"no name\"\nmin_version = \"1.3\"",
    )
    .unwrap();
    let paths: Vec<_> = tls.check().into_iter().map(|problem| problem.path.join(".")).collect();
    assert_eq!(paths, ["cert_file", "server_name"]);
}
