//! A line between two programs that can be cut: a proxy on loopback that forwards bytes, and on command lets them vanish, as
//! a broken network does. Who speaks over it sees no closed connection, only silence.

use std::net::SocketAddr;

use anyhow::Result;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A line. Dropping it ends it and every connection over it.
#[derive(Debug)]
pub struct Line {
    address: SocketAddr,
    whole: watch::Sender<bool>,
    accepting: tokio::task::AbortHandle,
}

impl Line {
    /// A whole line to a port of this machine.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn to(port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, whole) = (listener.local_addr()?, watch::Sender::new(true));
        let accepting = tokio::spawn(accept(listener, port, whole.clone())).abort_handle();
        Ok(Self { address, whole, accepting })
    }

    /// Its near end.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on nothing comes through, in either direction, and nobody is told.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// New connections come through again. Those from before have been silent for too long and break.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, port: u16, whole: watch::Sender<bool>) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((near, _)) = accepted {
                    connections.spawn(carry(near, port, whole.subscribe()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn carry(mut near: TcpStream, port: u16, mut whole: watch::Receiver<bool>) {
    let mut cut = whole.clone();
    let both_ways = async {
        // A line that is cut takes connections and carries nothing.
        let _ = whole.wait_for(|whole| *whole).await;
        if let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await {
            let carried = async {
                let _ = copy_bidirectional(&mut near, &mut far).await;
            };
            tokio::select! {
                () = carried => {}
                () = async { let _ = cut.wait_for(|whole| !*whole).await; } => {
                    let _ = cut.wait_for(|whole| *whole).await;
                }
            }
        }
    };
    both_ways.await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn what_is_sent_over_a_line_that_is_cut_does_not_arrive() {
        let far = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Line::to(far.local_addr().unwrap().port()).await.unwrap();
        let mut near = TcpStream::connect(("127.0.0.1", line.port())).await.unwrap();
        let (mut arrived, _) = far.accept().await.unwrap();
        near.write_all(b"a").await.unwrap();
        assert_eq!(arrived.read_u8().await.unwrap(), b'a');

        line.cut();
        near.write_all(b"b").await.unwrap();
        let silence = tokio::time::timeout(Duration::from_millis(200), arrived.read_u8()).await;
        assert!(silence.is_err(), "{silence:?}");
        line.mend();
        assert_eq!(near.read(&mut [0]).await.unwrap_or(0), 0, "the old connection goes on");
        let mut near = TcpStream::connect(("127.0.0.1", line.port())).await.unwrap();
        let (mut arrived, _) = far.accept().await.unwrap();
        near.write_all(b"c").await.unwrap();
        assert_eq!(arrived.read_u8().await.unwrap(), b'c');
    }
}
