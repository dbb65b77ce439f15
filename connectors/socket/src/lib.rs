//! Lines and frames from TCP, UDP and unix sockets.
