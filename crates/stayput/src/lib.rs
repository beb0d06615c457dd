//! The program: flags, wiring, hints, exit codes.
