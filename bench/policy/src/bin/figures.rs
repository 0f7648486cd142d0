//! What the graph takes of memory and of time to be built, and how long single checks take, each measured alone; the same for
//! the other two as far as they hold the data. Prints lines for `bench/README.md`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bastide_authz::Graph;
use bastide_bench_policy::data::Data;
use bastide_bench_policy::in_bastide::{self, Bastide, NOW};
use bastide_bench_policy::in_casbin::Casbin;
use bastide_bench_policy::in_cedar::Cedar;
use bastide_bench_policy::questions::{Question, questions};

/// Counts what is in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator; only numbers are added up beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        IN_USE.fetch_add(size, Ordering::Relaxed);
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A thing, what it takes of memory, and how long it took to make.
fn weighed<T>(make: impl FnOnce() -> T) -> (T, usize, Duration) {
    let (before, began) = (IN_USE.load(Ordering::Relaxed), Instant::now());
    let made = make();
    (made, IN_USE.load(Ordering::Relaxed).saturating_sub(before), began.elapsed())
}

/// Prints the median and the slowest percent of single checks, without what looking at the clock takes.
fn single<T>(name: &str, asked: &[T], mut check: impl FnMut(&T) -> bool) -> Vec<bool> {
    let mut empty: Vec<_> = (0..10_000).map(|_| Instant::now().elapsed()).collect();
    empty.sort_unstable();
    let clock = empty[empty.len() / 2];
    // Once without looking, so that nothing is met for the first time.
    let answers: Vec<_> = asked.iter().map(&mut check).collect();
    let mut times = Vec::with_capacity(asked.len());
    for one in asked {
        let began = Instant::now();
        std::hint::black_box(check(one));
        times.push(began.elapsed().saturating_sub(clock));
    }
    times.sort_unstable();
    let at = |of: f64| times[((times.len() - 1) as f64 * of) as usize].as_nanos();
    println!("{name:<22} median {:>9} ns   99 % {:>9} ns   of {} checks", at(0.5), at(0.99), times.len());
    answers
}

fn compare(size: usize, others: bool) {
    let data = Data::of(size);
    let before = IN_USE.load(Ordering::Relaxed);
    let facts = in_bastide::facts(&data);
    println!(
        "{} organizations, {} accounts, {} teams with {} members, {} projects with {} shares, {} resources: {} facts",
        data.parents.len(),
        data.users,
        data.teams.len(),
        data.members.len(),
        data.projects.len(),
        data.shares.len(),
        data.resources.len(),
        facts.len()
    );
    let many = facts.len();
    let began = Instant::now();
    let graph = Graph::build(1, facts);
    let time = began.elapsed();
    // The facts are gone when the graph is there.
    let bytes = IN_USE.load(Ordering::Relaxed) - before;
    println!("graph built            {:.2} s, {} MiB", time.as_secs_f64(), bytes >> 20);
    println!("bytes per fact         {}", bytes / many);
    drop(graph);
    let ask: Vec<Question> = questions(&data, if others { 20_000 } else { 200_000 });
    let mut bastide = Bastide::of(&data);
    let asked: Vec<_> = ask.iter().map(|one| Bastide::asked(*one)).collect();
    single("bastide, the account", &asked, |one| bastide.admits(one));
    let answers = single("bastide", &asked, |one| bastide.may(one));
    let allowed = answers.iter().filter(|may| **may).count();
    println!("allowed                {} %", allowed * 100 / answers.len());
    let by_permit = single("bastide, with permit", &asked, |one| bastide.permits(one));
    assert_eq!(answers, by_permit);
    drop(asked);
    if others {
        let (cedar, bytes, time) = weighed(|| Cedar::of(&data));
        println!("cedar built            {:.2} s, {} MiB", time.as_secs_f64(), bytes >> 20);
        let asked: Vec<_> = ask.iter().map(|one| Cedar::asked(*one)).collect();
        assert_eq!(answers, single("cedar-policy", &asked, |one| cedar.may(one)));
        drop((cedar, asked));
        let (casbin, bytes, time) = weighed(|| Casbin::of(&data));
        println!("casbin built           {:.2} s, {} MiB", time.as_secs_f64(), bytes >> 20);
        let asked: Vec<_> = ask.iter().map(|one| Casbin::asked(&data, *one)).collect();
        assert_eq!(answers, single("casbin", &asked, |one| casbin.may(one)));
    }
}

fn list(size: usize) {
    let data = Data::of(size);
    let (graph, people) = in_bastide::with_lists(&data, &[20, 200, 2_000, 20_000]);
    for (size, caller) in people {
        let mut times: Vec<_> = (0..201)
            .map(|_| {
                let began = Instant::now();
                std::hint::black_box(graph.visible_organizations(&caller, NOW).is_ok());
                began.elapsed()
            })
            .collect();
        times.sort_unstable();
        let median = times[times.len() / 2];
        println!(
            "list of {size:>6}         {:>9.1} µs, {:.1} ns for each",
            median.as_secs_f64() * 1e6,
            median.as_nanos() as f64 / size as f64
        );
    }
}

fn main() {
    let size = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(20_000);
    compare(size, false);
    list(size);
    if std::env::args().nth(2).is_some_and(|word| word == "compared") {
        println!("\nThe same questions to all three:");
        compare(size, true);
    }
}
