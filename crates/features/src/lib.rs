//! No code: the union of third-party features, so that two commands build once.
