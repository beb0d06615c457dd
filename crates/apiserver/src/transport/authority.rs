//! Certificates made at start: a CA, the server's and an administrator's; and the kubeconfig with them.
//!
//! Invariant: keys and tokens are in memory and in the texts that are asked for, nowhere else.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};

use crate::rights::ADMINISTRATORS;

/// What a client needs to be known to the server.
#[derive(Clone)]
pub struct Credentials {
    /// The CA's certificate, PEM.
    pub ca: String,
    /// The client's certificate, PEM.
    pub certificate: String,
    /// The client's key, PEM.
    pub key: String,
    /// A bearer token, good for the same.
    pub token: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// A kubeconfig for that server, under that name.
    pub fn kubeconfig(&self, name: &str, server: &str) -> String {
        let encoded = |text: &str| STANDARD.encode(text);
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: {name}\npreferences: {{}}\n\
             clusters:\n- name: {name}\n  cluster:\n    server: {server}\n    certificate-authority-data: {}\n\
             contexts:\n- name: {name}\n  context:\n    cluster: {name}\n    user: {name}\n\
             users:\n- name: {name}\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n    token: {}\n",
            encoded(&self.ca),
            encoded(&self.certificate),
            encoded(&self.key),
            self.token,
        )
    }
}

/// The CA and what it signed.
pub(super) struct Authority {
    pub(super) credentials: Credentials,
    pub(super) roots: RootCertStore,
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    /// SHA-256 of the client's certificate.
    pub(super) client_hash: String,
}

/// Certificates could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// By rcgen.
    #[error("cannot make certificates")]
    Make(#[from] rcgen::Error),
    /// The CA's certificate is not accepted.
    #[error("cannot use the certificates")]
    Use(#[from] rustls::Error),
}

fn named(common: &str, organization: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    if let Some(organization) = organization {
        name.push(DnType::OrganizationName, organization);
    }
    name
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

impl Authority {
    /// Makes everything, for a server known by these names and addresses.
    pub(super) fn new(names: Vec<String>) -> Result<Authority, AuthorityError> {
        let ca_key = KeyPair::generate()?;
        let mut ca = CertificateParams::default();
        ca.distinguished_name = named("kubernetes", None);
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let ca_certificate = ca.self_signed(&ca_key)?;
        let issuer = Issuer::new(ca, ca_key);
        let server_key = KeyPair::generate()?;
        let mut server = CertificateParams::new(names)?;
        server.distinguished_name = named("kube-apiserver", None);
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let server_certificate = server.signed_by(&server_key, &issuer)?;
        let client_key = KeyPair::generate()?;
        let mut client = CertificateParams::default();
        client.distinguished_name = named("kubernetes-admin", Some(ADMINISTRATORS));
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let client_certificate = client.signed_by(&client_key, &issuer)?;
        let mut roots = RootCertStore::empty();
        roots.add(ca_certificate.der().clone())?;
        // A fresh key's bytes are as good a secret as any.
        let token = STANDARD
            .encode(KeyPair::generate()?.serialize_der())
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .rev()
            .take(48)
            .collect();
        Ok(Authority {
            credentials: Credentials {
                ca: ca_certificate.pem(),
                certificate: client_certificate.pem(),
                key: client_key.serialize_pem(),
                token,
            },
            roots,
            chain: vec![server_certificate.der().clone()],
            client_hash: sha256(client_certificate.der()),
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der())),
        })
    }
}
