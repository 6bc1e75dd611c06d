//! Project chores: `cargo xtask <name>`.

fn main() -> anyhow::Result<()> {
    anyhow::bail!("usage: cargo xtask <name>")
}
