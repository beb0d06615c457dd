//! Real clusters by kind and its container engine
