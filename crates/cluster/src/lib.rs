//! The contract of a cluster: an API client, commands and files on nodes
