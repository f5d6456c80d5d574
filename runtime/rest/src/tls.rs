//! The server side of TLS, for https listeners: rustls with ring.

use std::sync::Arc;

use parking_lot::RwLock;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{NoClientAuth, VerifierBuilderError, WebPkiClientVerifier};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig, version};

use weir_config::listener_tls::{ClientAuth, ListenerTls, Version, java_name};
use weir_keystore::validity::not_after;
use weir_keystore::{self as keystore, elliptic_key};

/// Why an https listener cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A store cannot be read.
    #[error("TLS of the REST API: {0}")]
    Store(#[from] keystore::Error),
    /// The content of the store is inconsistent or not supported.
    #[error("TLS of the REST API: {store}: {cause}")]
    Rustls {
        /// The key that names the store.
        store: String,
        /// What is wrong.
        #[source]
        cause: rustls::Error,
    },
    /// The key does not match the certificate.
    #[error(
        "TLS of the REST API: {store}: the private key does not match the certificate. Put the certificate and its key into one store"
    )]
    Mismatch {
        /// The key that names the store.
        store: String,
    },
    /// The trusted certificates cannot be used.
    #[error("TLS of the REST API: {store}: {cause}")]
    Verifier {
        /// The key that names the store.
        store: String,
        /// What is wrong.
        #[source]
        cause: VerifierBuilderError,
    },
}

/// The TLS acceptor of some listeners. It can be replaced while they are open; open connections continue.
pub struct ServerTls(RwLock<Loaded>);

#[derive(Clone)]
struct Loaded {
    acceptor: TlsAcceptor,
    not_after: Option<u64>,
}

impl ServerTls {
    /// Reads the stores. Blocks while it reads files.
    pub fn open(settings: &ListenerTls) -> Result<Self, Error> {
        load(settings).map(|loaded| Self(RwLock::new(loaded)))
    }

    /// Reads the stores again. After an error, the previous keys and certificates stay in effect.
    pub fn reload(&self, settings: &ListenerTls) -> Result<(), Error> {
        let loaded = load(settings)?;
        *self.0.write() = loaded;
        Ok(())
    }

    /// Returns the acceptor for the next handshake.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.0.read().acceptor.clone()
    }

    /// Returns when the server's certificate expires, in seconds since 1970.
    pub fn not_after(&self) -> Option<u64> {
        self.0.read().not_after
    }
}

/// Checks the stores in the same way as [`ServerTls::open`].
pub fn acceptor(settings: &ListenerTls) -> Result<TlsAcceptor, Error> {
    load(settings).map(|loaded| loaded.acceptor)
}

fn load(settings: &ListenerTls) -> Result<Loaded, Error> {
    let mut provider = ring::default_provider();
    if !settings.cipher_suites.is_empty() {
        provider.cipher_suites.retain(|suite| settings.cipher_suites.contains(&java_name(suite)));
    }
    let provider = Arc::new(provider);
    let own = settings.keystore.load()?.with_identity(&settings.keystore.name)?;
    let versions: Vec<_> = settings
        .versions
        .iter()
        .map(|wanted| match wanted {
            Version::Tls12 => &version::TLS12,
            Version::Tls13 => &version::TLS13,
        })
        .collect();
    let wrong = |cause| {
        let store = settings.keystore.name.clone();
        match cause {
            rustls::Error::InconsistentKeys(_) => Error::Mismatch { store },
            cause => Error::Rustls { store, cause },
        }
    };
    let verifier = verifier(settings, &provider, &own.trusted)?;
    let (Some(key), Some(certificate)) = (own.key, own.chain.first()) else {
        return Err(wrong(rustls::Error::NoCertificatesPresented));
    };
    let key = elliptic_key::complete(key, certificate);
    let not_after = not_after(certificate);
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(wrong)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(own.chain, PrivateKeyDer::Pkcs8(key))
        .map_err(wrong)?;
    Ok(Loaded { acceptor: TlsAcceptor::from(Arc::new(config)), not_after })
}

/// Returns the verifier of client certificates. Without a trust store, the certificates of the key store are trusted, as in Kafka
/// Connect.
fn verifier(
    settings: &ListenerTls,
    provider: &Arc<CryptoProvider>,
    own: &[keystore::CertificateDer<'static>],
) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    if settings.client_auth == ClientAuth::None {
        return Ok(Arc::new(NoClientAuth));
    }
    let (store, trusted) = match &settings.truststore {
        Some(store) => (&store.name, store.load()?.with_trusted(&store.name)?.trusted),
        None => (&settings.keystore.name, own.to_vec()),
    };
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add(certificate).map_err(|cause| Error::Rustls { store: store.clone(), cause })?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = match settings.client_auth {
        ClientAuth::Required => builder,
        ClientAuth::Requested | ClientAuth::None => builder.allow_unauthenticated(),
    };
    builder.build().map_err(|cause| Error::Verifier { store: store.clone(), cause })
}
