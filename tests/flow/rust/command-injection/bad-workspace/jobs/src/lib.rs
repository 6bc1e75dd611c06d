mod inner;

pub use inner::{Runner, net::ping};

pub mod prelude {
    pub use crate::inner::{Execute, Shell};
}
