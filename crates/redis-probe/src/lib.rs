//! Talks to, parses and judges one Redis Cluster over streams it is handed
