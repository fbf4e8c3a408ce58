//! NCIRCC's personal account as a process of its own.

fn main() -> std::process::ExitCode {
    bridge_simulators::cli::main(bridge_simulators::Ncircc::start)
}
