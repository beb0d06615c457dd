//! The union of third-party features: no code
