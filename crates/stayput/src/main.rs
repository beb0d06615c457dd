//! The program `stayput`.

use std::process::ExitCode;

fn main() -> ExitCode {
    stayput::main()
}
