//! `cargo xtask …`: the program, plus the workspace's own chores.

mod codegen;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("codegen") {
        return codegen::main(arguments.next().as_deref());
    }
    stayput::main()
}
