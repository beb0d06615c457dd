//! Any kubeconfig context as a cluster
