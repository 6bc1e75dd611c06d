//! A progress bar on standard error: only on a terminal, and only when a scan takes over a second.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

/// Counts files; draws on its own thread until it is dropped.
pub struct Progress {
    done: Arc<AtomicU64>,
    finished: Arc<AtomicBool>,
    painter: Option<JoinHandle<()>>,
}

impl Progress {
    /// Progress over `total` files, drawn if there is somebody to look.
    pub fn new(total: usize, quiet: bool) -> Self {
        let done = Arc::new(AtomicU64::new(0));
        let finished = Arc::new(AtomicBool::new(false));
        let painter = (!quiet && stderr().is_terminal()).then(|| {
            let (done, finished) = (Arc::clone(&done), Arc::clone(&finished));
            thread::spawn(move || paint(total as u64, &done, &finished))
        });
        Progress {
            done,
            finished,
            painter,
        }
    }

    /// One more file is done.
    pub fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finished.store(true, Ordering::Release);
        if let Some(painter) = self.painter.take() {
            painter.thread().unpark();
            // A painter that panicked has nothing more to tell.
            let _ = painter.join();
        }
    }
}

fn paint(total: u64, done: &AtomicU64, finished: &AtomicBool) {
    thread::park_timeout(PATIENCE);
    if finished.load(Ordering::Acquire) {
        return;
    }
    let template = "{bar:30} {pos}/{len} files, {eta} left";
    let style = ProgressStyle::with_template(template).expect("the template is right");
    let bar = ProgressBar::new(total).with_style(style);
    while !finished.load(Ordering::Acquire) {
        bar.set_position(done.load(Ordering::Relaxed));
        thread::park_timeout(TICK);
    }
    bar.finish_and_clear();
}
