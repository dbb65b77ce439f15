//! The receiver: one run from opening the socket to its end.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use forebay_clients::listener::{Endpoint, Open, refused};
use forebay_clients::tls::TlsError;
use forebay_core::component::{BuildContext, Observe, Problem};
use forebay_core::decode::Decode;
use forebay_core::journal::{Intake, schema};
use forebay_core::probe::Probed;
use forebay_core::receiver::{Receiver, ReceiverError};
use rustix::net::sockopt;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use crate::accept::{self, Listener};
use crate::address::Address;
use crate::component::Role;
use crate::config::{Framing, SocketConfig};
use crate::datagrams::Datagrams;
use crate::deliver::Delivery;
use crate::probe::probe;
use crate::state::State;
use crate::{dial, kernel_drops, unix_file};

/// Takes what a socket brings.
pub(crate) struct SocketReceiver {
    config: Arc<SocketConfig>,
    role: Role,
    framing: Framing,
    base: PathBuf,
    decoder: Arc<dyn Decode>,
    state: Arc<State>,
    /// Whether it has run before: then certificates that cannot be read may be half-renewed.
    has_run: bool,
}

impl SocketReceiver {
    pub(crate) fn new(config: SocketConfig, context: &BuildContext) -> Result<Self, Problem> {
        let role = Role::of(&config)?;
        let framing = config.framing.unwrap_or_else(|| role.framing());
        let decoder = config.decoding.decoder(&schema(), "value")?;
        Ok(Self {
            config: Arc::new(config),
            role,
            framing,
            base: context.base.clone(),
            decoder,
            state: Arc::default(),
            has_run: false,
        })
    }

    async fn listen(&self, address: &Address, delivery: Delivery) -> Result<(), ReceiverError> {
        let failed = |error| refused(address, &error);
        match address {
            Address::Tcp(at) => {
                let mut endpoint = Endpoint::new(at.clone(), self.config.tls.clone(), &self.base)
                    .receive_buffer(self.config.receive_buffer())
                    .opened_before(self.has_run);
                let Open { listener, tls, local } = endpoint.open().await?;
                self.state.traffic.set_listening(Some(format!("tcp://{local}")));
                self.serve(Listener::Tcp(listener, tls), delivery).await;
            }
            Address::Unix(path) => {
                let path = self.base.join(path);
                let (listener, file) =
                    unix_file::listen(&path, self.config.mode()).await.map_err(failed)?;
                self.state.traffic.set_listening(Some(format!("unix://{}", path.display())));
                self.serve(Listener::Unix(listener), delivery).await;
                drop(file);
            }
            Address::Udp(at) => {
                let socket = UdpSocket::bind((at.host.as_str(), at.port)).await.map_err(failed)?;
                if let Some(bytes) = self.config.receive_buffer() {
                    sockopt::set_socket_recv_buffer_size(&socket, bytes)
                        .map_err(|error| failed(error.into()))?;
                }
                let local = socket.local_addr().map_err(failed)?;
                self.state.set_datagrams(kernel_drops::inode(&socket));
                self.state.traffic.set_listening(Some(format!("udp://{local}")));
                let max = usize::try_from(self.config.max_frame.0).unwrap_or(usize::MAX);
                let max = max.min(delivery.intake.max_chunk_bytes());
                let datagrams = Datagrams { socket, framing: self.framing, max, delivery };
                let ended = datagrams.run().await;
                // The kernel counts as long as the socket is open.
                self.state.set_datagrams(None);
                drop(datagrams);
                return ended;
            }
        }
        Ok(())
    }

    async fn serve(&self, listener: Listener, delivery: Delivery) {
        accept::serve(listener, Arc::clone(&self.config), self.framing, delivery).await;
    }

    async fn connect(&self, address: &Address, delivery: Delivery) -> Result<(), ReceiverError> {
        let stop = delivery.stop.clone();
        let connecting = async {
            match address {
                Address::Unix(path) => Ok(dial::unix(&self.base.join(path)).await),
                Address::Tcp(at) | Address::Udp(at) => {
                    let tls = self.config.connect_tls.as_ref();
                    let tls = tls
                        .map(|tls| Ok((tls.connector(&self.base)?, tls.server_name(&at.host)?)))
                        .transpose()
                        .map_err(|error| self.tls_failed(&error))?;
                    Ok(dial::tcp(at, tls, self.config.receive_buffer()).await)
                }
            }
        };
        let connected = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            connected = connecting => connected?,
        };
        let stream = connected.map_err(|error| {
            ReceiverError::Transient(format!("cannot connect to {address}: {error}"))
        })?;
        dial::serve(stream, &self.config, self.framing, delivery).await
    }

    fn tls_failed(&self, error: &TlsError) -> ReceiverError {
        match self.has_run {
            false => ReceiverError::Fatal(error.to_string()),
            true => ReceiverError::Transient(error.to_string()),
        }
    }
}

#[async_trait]
impl Receiver for SocketReceiver {
    fn decoder(&self) -> Arc<dyn Decode> {
        Arc::clone(&self.decoder)
    }

    async fn run(&mut self, intake: Intake, stop: CancellationToken) -> Result<(), ReceiverError> {
        let state = Arc::clone(&self.state);
        let ended = match &self.role {
            Role::Listen(address) => {
                let delivery = Delivery { intake, state, stop, peer: Arc::from("") };
                self.listen(address, delivery).await
            }
            Role::Connect(address) => {
                let peer = Arc::from(address.to_string());
                self.connect(address, Delivery { intake, state, stop, peer }).await
            }
        };
        if let Err(error) = &ended {
            self.state.traffic.set_error(error);
        }
        self.has_run = true;
        self.state.traffic.set_listening(None::<String>);
        ended
    }

    async fn probe(&mut self) -> Probed {
        let mut probed = Probed::default();
        // Where it ended is its last step.
        let _ = probe(&self.config, &self.role, &self.base, &mut probed).await;
        probed
    }

    fn observe(&self) -> Option<Arc<dyn Observe>> {
        Some(Arc::clone(&self.state) as Arc<dyn Observe>)
    }
}
